"""What the SDKs' own classes tell of a type, and what a provider would refuse."""

import pytest

from sandbox import schema
from sandbox.graph import UNKNOWN
from sandbox.replacements import REPLACED, says_replacement

SERVICE = "aws:ecs/service:Service"


def known(token: str) -> schema.ResourceSchema:
    found = schema.resource(token)
    assert found is not None, f"{token} is a type of an installed SDK"
    return found


def messages(token: str, inputs: dict[str, object]) -> dict[str, str]:
    return {problem.path: problem.message for problem in known(token).problems(inputs)}


@pytest.mark.parametrize(
    "token",
    [
        "aws:rds/instance:Instance",
        "gcp:sql/databaseInstance:DatabaseInstance",
        "kubernetes:apps/v1:Deployment",
        "vault:kv/secretV2:SecretV2",
        "random:index/randomPassword:RandomPassword",
        "pulumi:providers:aws",
        "pulumi:providers:kubernetes",
    ],
)
def test_every_package_tells_its_types(token: str) -> None:
    found = known(token)
    assert found.inputs
    assert found.required <= set(found.inputs)
    if not token.startswith("pulumi:providers:kubernetes"):
        assert found.outputs


@pytest.mark.parametrize("token", ["platform:network:Pair", "kubernetes:gateway.networking.k8s.io/v1:Gateway", "x:y:Z"])
def test_a_type_that_no_sdk_knows_has_no_schema(token: str) -> None:
    assert schema.resource(token) is None


def test_a_misspelt_nested_key_is_found_and_the_right_one_named() -> None:
    found = messages(SERVICE, {"deploymentConfiguration": {"bakeTimeMinutes": "5"}})
    assert found == {
        "deploymentConfiguration.bakeTimeMinutes": "no such property; did you mean bakeTimeInMinutes?",
    }, "the provider drops such a key in silence"


def test_a_missing_nested_property_is_found_by_its_path() -> None:
    assert messages(SERVICE, {"loadBalancers": [{"containerName": "api"}]}) == {
        "loadBalancers[0].containerPort": "required, but missing"
    }


def test_a_missing_property_of_the_resource_is_found() -> None:
    assert messages("aws:ec2/subnet:Subnet", {}) == {"vpcId": "required, but missing"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, {}),
        (5.0, {}),
        ("5", {}),
        (UNKNOWN, {}),
        (None, {}),
        (5.5, {"desiredCount": "integer expected, number given"}),
        (True, {"desiredCount": "integer expected, boolean given"}),
        ("five", {"desiredCount": "integer expected, string given"}),
        ([5], {"desiredCount": "integer expected, list given"}),
    ],
)
def test_a_number_is_what_the_provider_can_read_as_one(value: object, expected: dict[str, str]) -> None:
    assert messages(SERVICE, {"desiredCount": value}) == expected


def test_a_boolean_is_no_word_but_true_and_false() -> None:
    instance = {"instanceClass": "db.t4g.micro"}
    assert messages("aws:rds/instance:Instance", {**instance, "multiAz": "true"}) == {}
    assert messages("aws:rds/instance:Instance", {**instance, "multiAz": "maybe"}) == {
        "multiAz": "boolean expected, string given"
    }


def test_kubernetes_reads_no_number_from_a_text() -> None:
    spec = {"selector": {}, "template": {}, "replicas": "2"}
    assert messages("kubernetes:apps/v1:Deployment", {"spec": spec}) == {
        "spec.replicas": "integer expected, string given"
    }, "the API server refuses it, unlike a bridged provider"


def test_the_message_of_a_mistyped_value_keeps_the_value_to_itself() -> None:
    found = messages("aws:ssm/parameter:Parameter", {"type": "String", "value": ["hunter2hunter2"]})
    assert found == {"value": "string expected, list given"}
    assert "hunter2" not in str(found)


def test_the_settings_of_a_provider_are_read_from_the_json_they_travel_as() -> None:
    aws = known("pulumi:providers:aws")
    assert aws.problems({"defaultTags": '{"tags":{"a":"b"}}', "allowedAccountIds": '["1"]', "region": "x"}) == []
    assert [p.path for p in aws.problems({"defaultTags": '{"tagz":{"a":"b"}}'})] == ["defaultTags.tagz"]


def test_a_type_that_contains_itself_is_read_only_as_deep_as_the_value() -> None:
    statement = {"notStatement": {"statement": {"geoMatchStatement": {"countryCode": ["US"]}}}}
    rule = {"name": "r", "priority": 1, "visibilityConfig": {}, "statement": statement}
    found = messages("aws:wafv2/webAcl:WebAcl", {"scope": "REGIONAL", "rules": [rule]})
    assert "rules[0].statement.notStatement.statement.geoMatchStatement.countryCode" in found


@pytest.mark.parametrize(
    ("token", "path"),
    [
        ("aws:rds/instance:Instance", "engine"),
        ("aws:rds/instance:Instance", "kmsKeyId"),
        ("aws:rds/instance:Instance", "region"),
        ("aws:ecs/taskDefinition:TaskDefinition", "containerDefinitions"),
        ("gcp:container/cluster:Cluster", "ipAllocationPolicy.clusterIpv4CidrBlock"),
        ("gcp:compute/network:Network", "name"),
        ("gcp:projects/iAMMember:IAMMember", "role"),
        ("kubernetes:apps/v1:Deployment", "spec.selector.matchLabels.app"),
        ("kubernetes:core/v1:Namespace", "metadata.name"),
        ("random:index/randomPassword:RandomPassword", "length"),
        ("gcp:bigquery/table:Table", "datasetId"),
    ],
)
def test_a_change_of_what_cannot_be_changed_replaces(token: str, path: str) -> None:
    assert known(token).replaces(path)


@pytest.mark.parametrize(
    ("token", "path"),
    [
        ("aws:rds/instance:Instance", "instanceClass"),
        ("aws:rds/instance:Instance", "tags.owner"),
        ("aws:ecs/taskDefinition:TaskDefinition", "tags.owner"),
        ("gcp:sql/databaseInstance:DatabaseInstance", "settings.tier"),
        ("kubernetes:apps/v1:Deployment", "spec.template.spec.containers[0].image"),
        ("kubernetes:core/v1:Secret", "immutable"),
        ("pulumi:providers:aws", "region"),
    ],
)
def test_a_change_of_what_can_be_changed_does_not(token: str, path: str) -> None:
    assert not known(token).replaces(path)


@pytest.mark.parametrize(
    ("doc", "expected"),
    [
        ("The name. Changing this forces a new resource to be created.", True),
        ("Forces new resource.", True),
        ("Immutable. The zone.", True),
        ("Changing this value will not force a new resource.", False),
        ("Can be changed without forcing a new resource.", False),
        ("The immutable identifier of the account.", False),
        ("The size in GiB.", False),
    ],
)
def test_the_documentation_is_read_with_its_denials(doc: str, expected: bool) -> None:
    assert says_replacement(doc) is expected


def test_every_path_of_the_replacement_table_exists_in_the_sdk() -> None:
    unknown = [
        (token, path)
        for token, paths in REPLACED.items()
        for path in paths - {"*"}
        if schema.resource(token) is None or known(token).property_at(path.lstrip("!")) is None
    ]
    assert unknown == [], "a row that names nothing protects nothing"


def test_the_secret_outputs_are_those_the_sdk_marks() -> None:
    assert known("random:index/randomPassword:RandomPassword").secret_outputs == {"result", "bcryptHash"}
    assert known("aws:ec2/vpnConnection:VpnConnection").secret_outputs == {
        "customerGatewayConfiguration",
        "tunnel1PresharedKey",
        "tunnel2PresharedKey",
    }
    assert known("aws:s3/bucket:Bucket").secret_outputs == set()
