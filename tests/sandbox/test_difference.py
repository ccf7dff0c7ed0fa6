"""What a change of the program would do: said once, with paths, without secrets, and with what it would cost."""

import json
from collections.abc import Callable
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pulumi_random as random
import pytest

from sandbox import schema
from sandbox.difference import STATEFUL_TYPES, Difference, difference
from sandbox.graph import SECRET, Graph
from sandbox.recorder import record_components

Build = Callable[[], object]


def recorded(build: Build, stack: str = "test") -> Graph:
    return record_components(build, stack=stack)


def between(before: Build, after: Build) -> Difference:
    return difference(recorded(before), recorded(after))


def database(**inputs: object) -> Build:
    def build() -> None:
        opts = inputs.pop("opts", None)
        given = {"engine": "postgres", "instance_class": "db.t4g.micro", **inputs}
        aws.rds.Instance("db", **given, opts=opts)  # pyright: ignore[reportArgumentType, reportCallIssue]

    return build


def test_two_recordings_of_one_program_differ_in_nothing() -> None:
    found = between(database(), database())
    assert not found
    assert found.stateful == []


def test_every_type_of_the_table_of_state_is_known_to_its_sdk() -> None:
    unknown = {token for token in STATEFUL_TYPES if schema.resource(token) is None}
    assert unknown == set(), "a misspelt type protects nothing"


def test_a_change_names_the_paths_with_before_and_after() -> None:
    found = between(
        database(tags={"a": "1", "b": "1"}, enabled_cloudwatch_logs_exports=["x"]),
        database(tags={"a": "2", "b": "1"}, enabled_cloudwatch_logs_exports=["x", "y"]),
    )
    assert (found.added, found.replaced, found.deleted) == ([], [], [])
    assert {(p.path, p.before, p.after) for change in found.changed for p in change.properties} == {
        ("tags.a", "1", "2"),
        ("enabledCloudwatchLogsExports[1]", None, "y"),
    }


def test_a_change_inside_a_policy_is_named_by_its_path_inside() -> None:
    def role(principal: str, spaces: int) -> Build:
        policy = {"Statement": [{"Effect": "Allow", "Principal": principal}]}
        return lambda: aws.iam.Role("r", assume_role_policy=json.dumps(policy, indent=spaces))

    found = between(role("one", 0), role("two", 2))
    assert [change.paths for change in found.changed] == [["assumeRolePolicy.Statement[0].Principal"]]
    assert not between(role("one", 0), role("one", 2)), "the same document written otherwise is the same"


def test_a_change_that_replaces_a_database_is_a_loss_of_state() -> None:
    found = between(database(engine="postgres"), database(engine="mysql"))
    assert [change.paths for change in found.replaced] == [["engine"]]
    assert found.changed == []
    assert [r.name for r in found.stateful] == ["db"]


def test_an_addition_and_a_deletion_are_told_apart() -> None:
    found = between(lambda: random.RandomPet("old"), lambda: random.RandomPet("new"))
    assert ([r.name for r in found.added], [r.name for r in found.deleted]) == (["new"], ["old"])
    assert found.stateful == []


def test_a_deleted_bucket_is_a_loss_unless_the_program_gives_it_up_on_purpose() -> None:
    kept = pulumi.ResourceOptions(retain_on_delete=True)
    assert [r.name for r in between(lambda: aws.s3.Bucket("b"), lambda: None).stateful] == ["b"]
    assert between(lambda: aws.s3.Bucket("b", opts=kept), lambda: None).stateful == []


def test_what_the_program_protects_is_a_loss_whatever_its_type() -> None:
    protected = pulumi.ResourceOptions(protect=True)
    found = between(lambda: random.RandomPet("seed", opts=protected), lambda: None)
    assert [r.name for r in found.stateful] == ["seed"]


def test_an_ignored_path_is_no_change() -> None:
    def service(count: int, ignored: list[str]) -> Build:
        opts = pulumi.ResourceOptions(ignore_changes=ignored)
        return lambda: aws.ecs.Service("s", desired_count=count, tags={"n": str(count)}, opts=opts)

    assert not between(service(1, ["desiredCount", "tags"]), service(2, ["desiredCount", "tags"]))
    found = between(service(1, ["desiredCount"]), service(2, ["desiredCount"]))
    assert [change.paths for change in found.changed] == [["tags.n"]]
    assert not between(service(1, ["*"]), service(2, ["*"]))


def test_a_path_that_the_program_lets_replace_replaces() -> None:
    def tagged(value: str) -> Build:
        opts = pulumi.ResourceOptions(replace_on_changes=["tags.a"])
        return lambda: aws.ec2.Vpc("v", tags={"a": value}, opts=opts)

    assert [change.paths for change in between(tagged("1"), tagged("2")).replaced] == [["tags.a"]]


def test_a_secret_that_changed_is_named_and_not_shown() -> None:
    found = between(database(password="first-password"), database(password="second-password"))
    assert [(p.path, p.before, p.after) for c in found.changed for p in c.properties] == [("password", SECRET, SECRET)]


def test_a_change_inside_a_secret_object_is_not_shown_either() -> None:
    def tagged(value: str) -> Build:
        return lambda: aws.ec2.Vpc("v", tags=pulumi.Output.secret({"key": value}))

    found = between(tagged("first"), tagged("second"))
    assert [(p.path, p.before, p.after) for c in found.changed for p in c.properties] == [("tags.key", SECRET, SECRET)]


def test_a_renamed_resource_with_an_alias_is_the_same_and_so_are_references_to_it() -> None:
    def build(name: str, former: list[pulumi.Alias]) -> Build:
        def run() -> None:
            vpc = aws.ec2.Vpc(name, cidr_block="10.0.0.0/16", opts=pulumi.ResourceOptions(aliases=[*former]))
            aws.ec2.Subnet("s", vpc_id=vpc.id, tags={"all": vpc.arn.apply(lambda arn: f'["{arn}", "x"]')})

        return run

    assert not between(build("old", []), build("new", [pulumi.Alias(name="old")]))
    without = between(build("old", []), build("new", []))
    assert ([r.name for r in without.added], [r.name for r in without.stateful]) == (["new"], ["old"])
    assert [c.after.name for c in without.replaced] == ["s"], "its network is another one now"


def test_what_follows_from_a_replacement_is_listed_apart_and_counted_once() -> None:
    def build(block: str) -> Build:
        def run() -> None:
            vpc = aws.ec2.Vpc("vpc", cidr_block=block)
            subnet = aws.ec2.Subnet("subnet", vpc_id=vpc.id, cidr_block="10.0.0.0/24")
            aws.efs.MountTarget("mount", file_system_id="fs-1", subnet_id=subnet.id)
            aws.ec2.FlowLog("log", vpc_id="vpc-of-another", tags={"of": vpc.id})

        return run

    found = between(build("10.0.0.0/16"), build("10.1.0.0/16"))
    assert [change.paths for change in found.replaced] == [["cidrBlock"]]
    assert [(c.after.name, c.paths) for c in found.following] == [("subnet", ["vpcId"]), ("mount", ["subnetId"])]
    assert (found.changed, found.added, found.deleted) == ([], [], [])


def test_a_resource_that_moves_to_another_provider_is_replaced() -> None:
    def build(name: str) -> Build:
        def run() -> None:
            providers = {n: aws.Provider(n, region="eu-west-1") for n in ("one", "two")}
            aws.s3.Bucket("b", opts=pulumi.ResourceOptions(provider=providers[name]))

        return run

    assert [change.paths for change in between(build("one"), build("two")).replaced] == [["provider"]]


@pytest.mark.parametrize(("first", "second"), [("staging", "production"), ("production", "staging")])
def test_two_stacks_are_compared_as_if_they_had_one_name(first: str, second: str) -> None:
    def build() -> None:
        root = pulumi.ComponentResource("t:t:T", pulumi.get_stack(), None)
        vpc = aws.ec2.Vpc(f"{pulumi.get_stack()}-vpc", opts=pulumi.ResourceOptions(parent=root))
        aws.ec2.Subnet("subnet", vpc_id=vpc.id, opts=pulumi.ResourceOptions(parent=root))

    assert not difference(recorded(build, first), recorded(build, second))


def test_code_is_changed_when_what_it_holds_is_changed(tmp_path: Path) -> None:
    code = tmp_path / "handler.py"

    def build() -> None:
        provider = aws.Provider("aws", region="eu-west-1", allowed_account_ids=["111122223333"])
        aws.lambda_.Function(
            "function",
            role="arn:aws:iam::111122223333:role/function",
            runtime="python3.13",
            handler="handler.handle",
            code=pulumi.AssetArchive({"handler.py": pulumi.FileAsset(str(code))}),
            opts=pulumi.ResourceOptions(provider=provider),
        )

    graphs: list[Graph] = []
    for text in ("one", "one", "another"):
        code.write_text(text)
        graphs.append(record_components(build))
    assert not difference(graphs[0], graphs[1]), "the same code is no change"
    assert [change.resource.name for change in difference(graphs[1], graphs[2]).changed] == ["function"]
