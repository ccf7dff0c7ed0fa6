"""The offline plan of made-up graphs: what it shows, what it holds back, and the exit code it comes to."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from rich.console import Console

from sandbox import plan_view
from sandbox.difference import difference
from sandbox.graph import SECRET, UNKNOWN, Graph, Options, Resource
from sandbox.hygiene import Leak
from sandbox.plan import BROKEN, OK, STATEFUL, Comparison, Plan, short
from sandbox.plan_difference import show_difference

VPC, SUBNET, DATABASE = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:rds/instance:Instance"


def resource(token: str, name: str, parent: Resource | None = None, **fields: Any) -> Resource:
    inputs = fields.pop("inputs", {})
    needs: Sequence[Resource] = fields.pop("needs", ())
    standard: dict[str, Any] = {
        "urn": f"urn:pulumi:test::shop::{token}::{name}",
        "type": token,
        "name": name,
        "custom": not token.startswith("shop:"),
        "parent": parent.urn if parent else None,
        "provider": None,
        "id": name,
        "inputs": inputs,
        "outputs": inputs,
        "registered": None,
        "secret_inputs": frozenset[str](),
        "secret_outputs": frozenset[str](),
        "secret_registered": frozenset[str](),
        "dependencies": frozenset(r.urn for r in needs),
        "property_dependencies": {},
        "options": Options(),
        "source": None,
    }
    return Resource(**{**standard, **fields})


def graph(*resources: Resource, **fields: Any) -> Graph:
    return Graph(stack="test", project="shop", resources={r.urn: r for r in resources}, **fields)


def plan(*resources: Resource, against: Graph | None = None, leaks: Sequence[Leak] = (), **fields: Any) -> Plan:
    recorded = graph(*resources, **fields)
    compared = Comparison("main", difference(against, recorded)) if against else None
    return Plan(recorded, recorded, leaks, compared)


class Screen:
    """A console of 100 columns and what was printed on it."""

    def __init__(self, color: bool = False) -> None:
        self.file = io.StringIO()
        self.console = Console(file=self.file, width=100, force_terminal=color, highlight=False, markup=False)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.file.getvalue().splitlines() if line.strip()]


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        (VPC, "aws:ec2:Vpc"),
        ("gcp:compute/vPNTunnel:VPNTunnel", "gcp:compute:VPNTunnel"),
        ("kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:Deployment"),
        ("shop:front:Shop", "shop:front:Shop"),
        ("pulumi:providers:aws", "pulumi:providers:aws"),
    ],
)
def test_a_type_is_shown_as_the_engine_shows_it(token: str, shown: str) -> None:
    assert short(token) == shown


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["key"], "key"),
        (["key-logs-aws", "key-data-aws", "key-rows-aws"], "key-{logs, data, rows}-aws"),
        (["a", "b"], "{a, b}"),
        (["net-a", "net"], "{net-a, net}"),
        (["net-a", "net-a"], "net-{a, a}"),
    ],
)
def test_names_of_a_crowd_say_once_what_they_share(names: list[str], shown: str) -> None:
    assert plan_view.gathered(names) == shown


class TestTheTree:
    """What stands where in the tree, and what shares a line."""

    def tree(self, *resources: Resource, full: bool = False) -> list[str]:
        return [f"{row.guides}{row.type} {row.name}" for row in plan_view.rows(graph(*resources), full)]

    def test_resources_stand_below_the_component_that_holds_them(self) -> None:
        shop = resource("shop:front:Shop", "shop")
        vpc = resource(VPC, "shop-vpc", shop)
        subnet = resource(SUBNET, "shop-subnet", shop)
        topic = resource("aws:sns/topic:Topic", "topic")
        assert self.tree(shop, vpc, topic, subnet) == [
            "├─ shop:front:Shop shop",
            "│  ├─ aws:ec2:Vpc shop-vpc",
            "│  └─ aws:ec2:Subnet shop-subnet",
            "└─ aws:sns:Topic topic",
        ]

    def test_many_alike_share_a_line_and_few_do_not(self) -> None:
        subnets = [resource(SUBNET, f"subnet-{zone}") for zone in "abcd"]
        assert self.tree(*subnets) == ["└─ aws:ec2:Subnet x 4 subnet-{a, b, c, d}"]
        assert len(self.tree(*subnets[:3])) == 3, "three names are read faster than a set in braces"

    def test_components_of_one_shape_share_their_lines_and_an_odd_one_keeps_its_own(self) -> None:
        shops = [resource("shop:front:Shop", f"shop-{key}") for key in "abcde"]
        vpcs = [resource(VPC, f"{shop.name}-vpc", shop) for shop in shops]
        cellar = resource(SUBNET, "cellar", shops[4])
        assert self.tree(*shops, *vpcs, cellar) == [
            "├─ shop:front:Shop x 4 shop-{a, b, c, d}",
            "│  └─ aws:ec2:Vpc x 4 shop-{a, b, c, d}-vpc",
            "└─ shop:front:Shop shop-e",
            "   ├─ aws:ec2:Vpc shop-e-vpc",
            "   └─ aws:ec2:Subnet cellar",
        ]

    def test_everything_has_a_line_of_its_own_when_asked_for(self) -> None:
        subnets = [resource(SUBNET, f"subnet-{zone}") for zone in "abcdef"]
        assert len(self.tree(*subnets, full=True)) == 6

    def test_one_that_is_not_protected_does_not_hide_among_those_that_are(self) -> None:
        kept = [resource(SUBNET, f"subnet-{zone}", options=Options(protect=True)) for zone in "abcd"]
        screen = Screen()
        plan_view.show_tree(graph(*kept, resource(SUBNET, "open")), screen.console)
        assert [line for line in screen.lines if line.endswith("protected")] == [screen.lines[2]]
        assert screen.lines[3].endswith("open"), "a crowd is protected as a whole or not at all"

    def test_no_line_is_longer_than_the_terminal_and_the_mark_stays_in_sight(self) -> None:
        crowd = [resource(SUBNET, f"{'long-' * 9}{zone}", options=Options(protect=True)) for zone in "abcdefgh"]
        screen = Screen()
        plan_view.show_tree(graph(*crowd), screen.console)
        assert max(map(len, screen.lines)) <= 100
        assert screen.lines[-1].endswith("…  protected"), "the name gives way, the mark does not"


def test_counts_name_the_provider_once_and_its_parts_when_there_are_several() -> None:
    first, second = resource("pulumi:providers:aws", "here"), resource("pulumi:providers:aws", "there")
    random = resource("pulumi:providers:random", "random")
    counts = plan(
        *(first, second, random),
        resource("shop:front:Shop", "shop"),
        resource(VPC, "a", provider=first.urn),
        resource(VPC, "b", provider=second.urn),
        resource(SUBNET, "c", provider=second.urn),
        resource("random:index/randomPassword:RandomPassword", "d", provider=random.urn),
    ).counts
    assert counts == {
        "aws (here)": {"aws:ec2:Vpc": 1},
        "aws (there)": {"aws:ec2:Vpc": 1, "aws:ec2:Subnet": 1},
        "random": {"random:index:RandomPassword": 1},
    }, "components and providers are no resources of a cloud"


def test_the_longest_chain_is_counted_in_minutes_from_the_start_of_the_deploy() -> None:
    vpc = resource(VPC, "vpc")
    gateway = resource("aws:ec2/natGateway:NatGateway", "gateway", needs=[vpc])
    database = resource(DATABASE, "database", needs=[vpc])
    shown = plan(vpc, gateway, database)
    assert [(step.resource.name, round(step.start, 1), step.minutes) for step in shown.chain] == [
        ("vpc", 0, 0.1),
        ("database", 0.1, 15),
    ]
    assert shown.minutes == pytest.approx(15.1)


class TestTheOutputs:
    """What the stack exports, as far as it may be seen."""

    def shown(self, before: Mapping[str, Any], after: Mapping[str, Any], secrets: frozenset[str]) -> list[str]:
        screen = Screen()
        first, known = graph(exports=before, secret_exports=secrets), graph(exports=after, secret_exports=secrets)
        plan_view.show_outputs(Plan(known, first), screen.console)
        return screen.lines[1:]

    def test_a_secret_is_named_and_not_shown(self) -> None:
        exports = {"login": {"user": "shop", "password": "hunter2"}, "token": "t0ken"}
        lines = self.shown(exports, exports, frozenset({"token", "login.password"}))
        assert lines == [f'    login  {{"user": "shop", "password": "{SECRET}"}}', f"    token  {SECRET}"]

    def test_a_made_up_value_is_called_an_example(self) -> None:
        lines = self.shown({"id": UNKNOWN, "size": 3}, {"id": "vpc-1", "size": 3}, frozenset())
        assert lines == ["    id    from the cloud, such as vpc-1", "    size  3"], "nobody should look for vpc-1"


class TestTheDifference:
    """What separates two recordings, on the screen and in the exit code."""

    BEFORE = graph(
        resource(VPC, "vpc", inputs={"cidrBlock": "10.0.0.0/16", "tags": {"stage": "one"}}),
        resource(DATABASE, "orders", inputs={"engine": "postgres", "password": "old"}),
        resource(SUBNET, "cellar"),
    )

    def shown(self, *resources: Resource, full: bool = False) -> list[str]:
        screen = Screen()
        show_difference(Comparison("main", difference(self.BEFORE, graph(*resources))), screen.console, full)
        return screen.lines

    def test_added_changed_and_deleted_resources_are_shown_with_what_changed(self) -> None:
        assert self.shown(
            resource(VPC, "vpc", inputs={"cidrBlock": "10.0.0.0/16", "tags": {"stage": "two"}}),
            resource(DATABASE, "orders", inputs={"engine": "postgres", "password": "old"}),
            resource("aws:sns/topic:Topic", "topic"),
        ) == [
            "Against main",
            " +   aws:sns:Topic   topic",
            " ~   aws:ec2:Vpc     vpc",
            '         tags.stage: "one" -> "two"',
            " -   aws:ec2:Subnet  cellar",
            "    1 to add, 1 to change, 0 to replace, 1 to delete",
        ]

    def test_a_replacement_says_which_property_forces_it_and_that_state_is_lost(self) -> None:
        lines = self.shown(
            resource(VPC, "vpc", inputs={"cidrBlock": "10.1.0.0/16", "tags": {"stage": "one"}}),
            resource(DATABASE, "orders", inputs={"engine": "postgres", "password": "old"}),
            resource(SUBNET, "cellar"),
        )
        assert lines[1:3] == [
            " +-  aws:ec2:Vpc  vpc  stateful",
            '         cidrBlock: "10.0.0.0/16" -> "10.1.0.0/16"  forces replacement',
        ]

    def test_secrets_are_never_among_the_values(self) -> None:
        secret = resource(
            DATABASE,
            "orders",
            inputs={"engine": "postgres", "password": "new"},
            secret_inputs=frozenset({"password"}),
        )
        lines = self.shown(self.BEFORE.named("vpc"), secret, resource(SUBNET, "cellar"))
        assert lines[2] == f'         password: "{SECRET}" -> "{SECRET}"'

    def test_equal_changes_of_many_are_told_once(self) -> None:
        zones = [resource(SUBNET, f"subnet-{zone}", inputs={"tags": {"stage": "one"}}) for zone in "abcd"]
        moved = [resource(SUBNET, f"subnet-{zone}", inputs={"tags": {"stage": "two"}}) for zone in "abcd"]
        screen = Screen()
        show_difference(Comparison("main", difference(graph(*zones), graph(*moved))), screen.console)
        assert screen.lines[1:3] == [
            " ~   aws:ec2:Subnet x 4  subnet-{a, b, c, d}",
            '         tags.stage: "one" -> "two"',
        ]

    def test_of_two_long_values_the_part_is_shown_in_which_they_differ(self) -> None:
        start = "the same beginning of both documents, " * 4
        before = graph(resource("aws:iam/role:Role", "role", inputs={"assumeRolePolicy": f"{start}old{start}"}))
        after = graph(resource("aws:iam/role:Role", "role", inputs={"assumeRolePolicy": f"{start}new{start}"}))
        screen = Screen()
        show_difference(Comparison("main", difference(before, after)), screen.console)
        old, _, new = screen.lines[2].partition(" -> ")
        assert "old" in old
        assert "new" in new
        full = Screen()
        show_difference(Comparison("main", difference(before, after)), full.console, full=True)
        assert f"{start}new{start}" in full.file.getvalue(), "everything was asked for"

    def test_what_would_lose_state_is_red_and_nothing_else(self) -> None:
        screen = Screen(color=True)
        kept = resource(SUBNET, "cellar")
        show_difference(Comparison("main", difference(self.BEFORE, graph(kept))), screen.console)
        red = [line for line in screen.lines if "\x1b[1;31m" in line]
        assert len(red) == 2, "the network and the database"
        assert all("stateful" in line for line in red)

    def test_without_a_difference_it_says_so(self) -> None:
        assert self.shown(*self.BEFORE) == ["Against main", "    no difference"]


class TestTheExitCode:
    """0: nothing to object to; 1: broken; 2: state would be lost."""

    VPC_HERE = resource(VPC, "vpc")

    def test_a_plan_without_objections_is_fine(self) -> None:
        assert plan(self.VPC_HERE, warnings=["mind the step"]).exit_code == OK, "a warning stops nobody"

    def test_a_problem_or_a_secret_in_the_open_breaks_it(self) -> None:
        assert plan(self.VPC_HERE, problems=["no such property"]).exit_code == BROKEN
        assert plan(self.VPC_HERE, leaks=[Leak("vpc", "tags.key", "shop:key")]).exit_code == BROKEN

    def test_a_problem_of_the_first_preview_alone_breaks_it_too(self) -> None:
        known, unknown = graph(self.VPC_HERE), graph(self.VPC_HERE, problems=["no such property"])
        assert Plan(known, unknown).exit_code == BROKEN

    def test_losing_something_stateful_has_a_code_of_its_own_unless_it_cannot_run_anyway(self) -> None:
        before = graph(self.VPC_HERE, resource(DATABASE, "orders"))
        assert plan(self.VPC_HERE, against=before).exit_code == STATEFUL
        assert plan(self.VPC_HERE, against=before, problems=["no such property"]).exit_code == BROKEN

    def test_losing_what_can_be_made_again_is_no_loss(self) -> None:
        before = graph(self.VPC_HERE, resource(SUBNET, "cellar"))
        assert plan(self.VPC_HERE, against=before).exit_code == OK


def test_a_leak_is_reported_by_resource_property_and_name_of_the_secret() -> None:
    screen = Screen()
    shown = plan(leaks=[Leak("shop/orders", "tags.note", "shop:card-key")])
    plan_view.show_diagnostics(shown, screen.console)
    plan_view.show_verdict(shown, screen.console)
    assert "    error: shop/orders: tags.note shows shop:card-key in plain text" in screen.lines
    assert screen.lines[-1] == "    1 error, shown above"
