"""Questions that a graph answers, on small graphs put together by hand."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from sandbox.graph import SECRET, UNKNOWN, Graph, Options, Resource


def resource(name: str, kind: str = "aws:ec2/vpc:Vpc", **fields: Any) -> Resource:
    """A resource whose URN is its name; `waits` names what it depends on."""
    given: dict[str, Any] = {
        "urn": name,
        "type": kind,
        "name": name,
        "custom": not kind.startswith("platform:"),
        "parent": None,
        "provider": None,
        "id": f"{name}-id",
        "inputs": {},
        "outputs": {},
        "registered": None,
        "secret_inputs": frozenset(),
        "secret_outputs": frozenset(),
        "secret_registered": frozenset(),
        "dependencies": frozenset(fields.pop("waits", ())),
        "property_dependencies": {},
        "options": Options(),
        "source": None,
    }
    return Resource(**{**given, **fields})


def graph(*resources: Resource, **fields: Any) -> Graph:
    return Graph("test", "shop", {r.urn: r for r in resources}, **fields)


HOUSE = graph(
    resource("cloud", "pulumi:providers:aws"),
    resource("house", "platform:x:House"),
    resource("floor", "platform:x:Floor", parent="house"),
    resource("vpc", parent="floor", provider="cloud", outputs={"arn": "arn:vpc", "ownerId": "1111222"}),
    resource(
        "subnet",
        "aws:ec2/subnet:Subnet",
        parent="floor",
        outputs={"vpcId": "vpc-id", "cidrBlock": "10.0.0.0/24", "ownerId": "1111222"},
        inputs={"vpcId": "vpc-id", "cidrBlock": "10.0.0.0/24"},
        waits=["vpc"],
        property_dependencies={"vpcId": frozenset({"vpc"})},
    ),
)


def names(resources: list[Resource]) -> list[str]:
    return [r.name for r in resources]


def test_types_are_matched_exactly_and_in_the_order_asked_for() -> None:
    assert names(HOUSE.of_type("aws:ec2/subnet:Subnet", "aws:ec2/vpc:Vpc")) == ["subnet", "vpc"]
    assert HOUSE.of_type("aws:ec2") == []


def test_a_name_that_nobody_has_is_answered_with_near_ones() -> None:
    with pytest.raises(LookupError, match="no resource is named 'subnets'; near: subnet"):
        HOUSE.named("subnets")


def test_a_name_that_several_have_needs_a_type() -> None:
    twins = graph(resource("x", urn="1"), resource("x", "aws:ec2/eip:Eip", urn="2"))
    with pytest.raises(LookupError, match="'x' names 2 resources"):
        twins.named("x")
    assert twins.named("x", "aws:ec2/eip:Eip").urn == "2"


def test_the_tree_is_walked_both_ways() -> None:
    house, floor, vpc = (HOUSE.named(name) for name in ("house", "floor", "vpc"))
    assert names(HOUSE.children(house)) == ["floor"]
    assert names(HOUSE.descendants(house)) == ["floor", "vpc", "subnet"]
    assert HOUSE.ancestors(vpc) == [floor, house]
    assert HOUSE.component_path(vpc) == "house/floor/vpc"
    assert [(r.name, [child.name for child, _ in below]) for r, below in HOUSE.tree()] == [
        ("cloud", []),
        ("house", ["floor"]),
    ]


def test_dependencies_are_known_in_both_directions() -> None:
    vpc, subnet = HOUSE.named("vpc"), HOUSE.named("subnet")
    assert (HOUSE.dependencies(subnet), HOUSE.dependents(vpc)) == ([vpc], [subnet])
    assert HOUSE.references(subnet) == [vpc]


def test_a_resource_on_a_default_provider_has_none_to_show() -> None:
    assert HOUSE.provider(HOUSE.named("vpc")).name == "cloud"
    with pytest.raises(LookupError, match="has no explicit provider"):
        HOUSE.provider(HOUSE.named("subnet"))


def test_a_value_belongs_to_the_one_resource_that_brought_it_forth() -> None:
    vpc = HOUSE.named("vpc")
    assert HOUSE.referred("arn:vpc") is vpc
    assert HOUSE.referred("vpc-id") is vpc, "an input of another resource is no claim to it"
    assert HOUSE.referred("10.0.0.0/24") is None, "what the program gave is not the resource's own"
    assert HOUSE.referred("1111222") is None, "what several share names none of them"
    assert HOUSE.referred(UNKNOWN) is None


def test_of_two_that_bear_a_name_the_one_depended_on_is_meant() -> None:
    repositories = [
        resource(region, "aws:ecr/repository:Repository", id="api", inputs={"name": "api"}, outputs={"name": "api"})
        for region in ("east", "west")
    ]
    policy = resource("policy", "aws:ecr/lifecyclePolicy:LifecyclePolicy", inputs={"repository": "api"}, waits=["west"])
    both = graph(*repositories, policy)
    assert both.referred("api") is None
    assert both.referred("api", by=policy) is repositories[1]


def test_a_resource_that_points_at_another_does_not_own_its_arn() -> None:
    secret = resource("secret", outputs={"arn": "arn:secret"}, id="arn:secret")
    version = resource("version", inputs={"secretId": "arn:secret"}, outputs={"arn": "arn:secret"})
    assert graph(secret, version).referred("arn:secret") is secret


def test_the_longest_chain_is_the_one_that_takes_longest_not_the_one_with_most_links() -> None:
    minutes: Mapping[str, float] = {"a": 1, "b": 1, "c": 1, "slow": 10, "end": 1}
    chained = graph(
        resource("a"),
        resource("b", waits=["a"]),
        resource("c", waits=["b"]),
        resource("slow", waits=["a"]),
        resource("end", waits=["c", "slow"]),
    )
    assert names(chained.longest_chain(lambda r: minutes[r.name])) == ["a", "slow", "end"]


def test_a_provider_is_waited_for() -> None:
    chained = graph(resource("p", "pulumi:providers:aws"), resource("a", provider="p"))
    assert names(chained.longest_chain(lambda _: 1)) == ["p", "a"]


def test_an_empty_graph_has_no_chain() -> None:
    assert graph().longest_chain(lambda _: 1) == []


def test_an_output_is_read_by_its_wire_name() -> None:
    vpc = HOUSE.named("vpc")
    assert vpc["arn"] == "arn:vpc"
    assert (vpc.get("nothing"), vpc.get("nothing", 4)) == (None, 4)
    with pytest.raises(KeyError):
        vpc["nothing"]


def test_its_json_holds_back_secrets_and_spells_out_the_unknown() -> None:
    held = resource(
        "db",
        inputs={"password": "hunter2", "users": [{"key": "abc"}], "size": 4},
        outputs={"password": "hunter2", "endpoint": UNKNOWN, "token": "generated"},
        secret_inputs=frozenset({"password", "users[0].key"}),
        secret_outputs=frozenset({"token"}),
        registered={"url": "postgres://hunter2"},
        secret_registered=frozenset({"url"}),
    )
    shown = json.loads(json.dumps(graph(held, exports={"a": "hunter2"}, secret_exports=frozenset({"a"})).to_json()))
    assert shown["resources"][0]["inputs"] == {"password": SECRET, "users": [{"key": SECRET}], "size": 4}
    assert shown["resources"][0]["outputs"] == {"password": SECRET, "endpoint": "[unknown]", "token": SECRET}
    assert shown["exports"] == {"a": SECRET}
    assert "hunter2" not in json.dumps(shown)
