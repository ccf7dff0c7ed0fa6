"""What a SecretPair promises; that a rotation function keeps its side is not proven here."""

import json
from typing import Any

import pulumi_random as random
import pytest

from components.security.secret_pair import (
    AwsSecretArgs,
    GcpSecretArgs,
    Rotation,
    SecretPair,
    SecretPairArgs,
    SecretReplica,
    read_policy,
    secret_policy,
)
from sandbox.graph import Graph
from sandbox.recorder import record_components

ACCOUNT = "111122223333"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/mrk-1"
REPLICA_KEY = f"arn:aws:kms:us-west-2:{ACCOUNT}:key/mrk-1"
GOOGLE_KEY = "projects/elson-test/locations/us-central1/keyRings/data/cryptoKeys/data"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:rotate"
READER = "serviceAccount:backend-api@elson-test.iam.gserviceaccount.com"
ROTATOR = "serviceAccount:rotation@elson-test.iam.gserviceaccount.com"
READS, ADDS = "roles/secretmanager.secretAccessor", "roles/secretmanager.secretVersionAdder"
ROTATION = Rotation(days=90, function_arn=FUNCTION, google_member=ROTATOR)
AWS = AwsSecretArgs(
    account_id=ACCOUNT,
    region="us-east-1",
    key_arn=KEY,
    replica=SecretReplica(region="us-west-2", key_arn=REPLICA_KEY),
)
GCP = GcpSecretArgs(project_id="elson-test", region="us-central1", key_id=GOOGLE_KEY, readers={"backend-api": READER})

AWS_VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
GCP_VERSION = "gcp:secretmanager/secretVersion:SecretVersion"
GRANT = "gcp:secretmanager/secretIamMember:SecretIamMember"


def args(
    *,
    recovery_window_days: int = 30,
    rotation: Rotation | None = None,
    aws: AwsSecretArgs = AWS,
    gcp: GcpSecretArgs | None = GCP,
) -> SecretPairArgs:
    return SecretPairArgs(
        description="signs sessions",
        value="correct horse",
        recovery_window_days=recovery_window_days,
        rotation=rotation,
        aws=aws,
        gcp=gcp,
    )


def recorded(given: SecretPairArgs, *, known: bool = True) -> Graph:
    return record_components(lambda: SecretPair("jwt", given), known=known)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return recorded(args())


@pytest.fixture(scope="module")
def rotated() -> Graph:
    return recorded(args(rotation=ROTATION))


def outputs(graph: Graph) -> dict[str, Any]:
    return dict(graph.named("jwt", "platform:security:SecretPair").registered or {})


def test_both_clouds_hold_the_same_value_and_hold_it_secret(graph: Graph) -> None:
    (version,) = graph.of_type(AWS_VERSION)
    (google_version,) = graph.of_type(GCP_VERSION)
    assert version["secretString"] == google_version["secretData"] == "correct horse"
    assert "secretString" in version.secret_inputs
    assert "secretData" in google_version.secret_inputs


def test_the_value_goes_nowhere_else(graph: Graph) -> None:
    holders = [each.type for each in graph.resources.values() if "correct horse" in str(each.inputs)]
    assert sorted(holders) == [AWS_VERSION, GCP_VERSION]
    assert "correct horse" not in str(outputs(graph)), "components pass on where a secret is, never what it is"


def test_a_secret_has_the_same_name_in_both_clouds(graph: Graph) -> None:
    (secret,) = graph.of_type("aws:secretsmanager/secret:Secret")
    (google_secret,) = graph.of_type("gcp:secretmanager/secret:Secret")
    assert (secret["name"], google_secret["secretId"]) == ("jwt", "jwt")


def test_the_recovery_region_has_a_copy_under_its_own_key(graph: Graph) -> None:
    (secret,) = graph.of_type("aws:secretsmanager/secret:Secret")
    assert secret["kmsKeyId"] == KEY
    assert [(each["region"], each["kmsKeyId"]) for each in secret["replicas"]] == [("us-west-2", REPLICA_KEY)]
    assert outputs(graph)["aws_replica_secret_arn"] == outputs(graph)["aws_secret_arn"].replace(
        ":us-east-1:", ":us-west-2:"
    )


def test_without_a_recovery_region_there_is_no_copy() -> None:
    alone = AwsSecretArgs(account_id=ACCOUNT, region="us-east-1", key_arn=KEY, replica=None)
    graph = recorded(args(aws=alone))
    assert graph.of_type("aws:secretsmanager/secret:Secret")[0]["replicas"] == []
    assert set(outputs(graph)) == {"aws_secret_arn", "gcp_secret_id", "gcp_secret_version"}, "None is not registered"


def test_google_keeps_the_value_in_the_named_region_under_our_key(graph: Graph) -> None:
    (secret,) = graph.of_type("gcp:secretmanager/secret:Secret")
    kept = {"location": "us-central1", "customerManagedEncryption": {"kmsKeyName": GOOGLE_KEY}}
    assert secret["replication"] == {"userManaged": {"replicas": [kept]}}, "automatic replication ignores residency"


def test_a_deleted_secret_and_a_replaced_value_can_be_restored(graph: Graph) -> None:
    (secret,) = graph.of_type("aws:secretsmanager/secret:Secret")
    (google_secret,) = graph.of_type("gcp:secretmanager/secret:Secret")
    assert secret["recoveryWindowInDays"] == 30
    assert (google_secret["versionDestroyTtl"], google_secret["deletionProtection"]) == ("2592000s", True)
    assert (secret.options.protect, google_secret.options.protect) == (True, True)


def test_without_a_recovery_window_nothing_lingers() -> None:
    graph = recorded(args(recovery_window_days=0))
    (google_secret,) = graph.of_type("gcp:secretmanager/secret:Secret")
    assert graph.of_type("aws:secretsmanager/secret:Secret")[0]["recoveryWindowInDays"] == 0
    assert ("versionDestroyTtl" in google_secret.inputs, google_secret["deletionProtection"]) == (False, False)


@pytest.mark.parametrize("days", [-1, 1, 6, 31])
def test_a_recovery_window_that_aws_refuses_is_refused_here(days: int) -> None:
    with pytest.raises(ValueError, match="takes 0 or 7 to 30"):
        args(recovery_window_days=days)


def test_google_members_have_exactly_these_roles(graph: Graph, rotated: Graph) -> None:
    def grants(of: Graph) -> set[tuple[str, str]]:
        return {(each["member"], each["role"]) for each in of.of_type(GRANT)}

    assert grants(graph) == {(READER, READS)}
    assert grants(rotated) == {(READER, READS), (ROTATOR, ADDS), (ROTATOR, READS)}


def test_whoever_is_given_the_secret_finds_a_value_that_it_may_read() -> None:
    def build() -> None:
        pair = SecretPair("jwt", args())
        random.RandomId("aws-reader", byte_length=1, keepers={"secret": pair.aws_secret_arn})
        assert pair.gcp_secret_id is not None
        random.RandomId("google-reader", byte_length=1, keepers={"secret": pair.gcp_secret_id})
        assert pair.gcp_secret_version is not None
        random.RandomId("one-value", byte_length=1, keepers={"secret": pair.gcp_secret_version})

    used = record_components(build)
    assert AWS_VERSION in {each.type for each in used.dependencies(used.named("aws-reader"))}, "ECS fails to start"
    assert {GCP_VERSION, GRANT} <= {each.type for each in used.dependencies(used.named("google-reader"))}, (
        "the first revision of Cloud Run fails for good"
    )
    assert {GCP_VERSION, GRANT} <= {each.type for each in used.dependencies(used.named("one-value"))}


def test_a_value_is_named_by_its_version_unless_a_rotation_will_replace_it(graph: Graph, rotated: Graph) -> None:
    (version,) = graph.of_type(GCP_VERSION)
    assert outputs(graph)["gcp_secret_version"] == version.id
    assert "gcp_secret_version" not in outputs(rotated), "its first value opens nothing after the first rotation"


def test_nobody_outside_the_account_reads_the_secret(graph: Graph) -> None:
    (attached,) = graph.of_type("aws:secretsmanager/secretPolicy:SecretPolicy")
    assert attached["blockPublicPolicy"] is True
    assert json.loads(attached["policy"]) == secret_policy(ACCOUNT)
    (statement,) = secret_policy(ACCOUNT)["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    assert statement["Condition"] == {
        "StringNotEquals": {"aws:PrincipalAccount": ACCOUNT},
        "Bool": {"aws:PrincipalIsAWSService": "false"},
    }, "replication and rotation are calls of AWS itself"


def test_a_reader_reads_this_secret_and_decrypts_through_secrets_manager_only() -> None:
    read, decrypt = read_policy("arn:secret", KEY, ACCOUNT, "us-east-1")["Statement"]
    assert read["Action"] == ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
    assert read["Resource"] == ["arn:secret"]
    assert (decrypt["Action"], decrypt["Resource"]) == (["kms:Decrypt"], [KEY])
    assert decrypt["Condition"]["StringEquals"] == {
        "kms:CallerAccount": ACCOUNT,
        "kms:ViaService": "secretsmanager.us-east-1.amazonaws.com",
    }


def test_without_a_rotation_a_new_value_reaches_both_clouds(graph: Graph) -> None:
    for each in graph.of_type(AWS_VERSION, GCP_VERSION):
        assert each.options.ignore_changes == (), each.name
    assert graph.of_type("aws:secretsmanager/secretRotation:SecretRotation", "aws:lambda/permission:Permission") == []


def test_a_rotated_value_is_never_overwritten_by_a_deployment(rotated: Graph) -> None:
    ignored = {each.type: each.options.ignore_changes for each in rotated.of_type(AWS_VERSION, GCP_VERSION)}
    assert {kind: set(paths) for kind, paths in ignored.items()} == {
        AWS_VERSION: {"secretString", "versionStages"},
        GCP_VERSION: {"secretData"},
    }, "a value has one writer, and so has the label that says which one is current"


def test_the_first_version_of_a_rotated_secret_is_never_cleared_away(graph: Graph, rotated: Graph) -> None:
    (version,) = rotated.of_type(AWS_VERSION)
    assert version["versionStages"] == ["AWSCURRENT", "FIRST"], (
        "AWS removes old versions without a label; a refresh would miss this one, and the program write it again"
    )
    assert "versionStages" not in graph.of_type(AWS_VERSION)[0].inputs, "the program's own versions follow each other"


def test_secrets_manager_calls_the_function_by_schedule(rotated: Graph) -> None:
    (rotation,) = rotated.of_type("aws:secretsmanager/secretRotation:SecretRotation")
    assert rotation["rotationLambdaArn"] == FUNCTION
    assert rotation["rotationRules"] == {"automaticallyAfterDays": 90}
    assert rotation["rotateImmediately"] is False, "a deployment is not a rotation"
    waits_for = {each.type for each in rotated.dependencies(rotation)}
    assert {AWS_VERSION, GCP_VERSION, GRANT, "aws:lambda/permission:Permission"} <= waits_for, (
        "the function is called at once, to read the value in both clouds"
    )


def test_the_function_is_called_for_this_secret_only(rotated: Graph) -> None:
    (permission,) = rotated.of_type("aws:lambda/permission:Permission")
    (secret,) = rotated.of_type("aws:secretsmanager/secret:Secret")
    assert permission["principal"] == "secretsmanager.amazonaws.com"
    assert (permission["sourceArn"], permission["sourceAccount"]) == (secret["arn"], ACCOUNT)


def test_a_rotation_that_misses_one_of_the_clouds_is_refused() -> None:
    one_sided = Rotation(days=90, function_arn=FUNCTION, google_member=None)
    for rotation, gcp in ((one_sided, GCP), (ROTATION, None)):
        with pytest.raises(ValueError, match="the two values part at the first rotation"):
            args(rotation=rotation, gcp=gcp)


def test_without_a_standby_cloud_the_secret_is_in_aws_only() -> None:
    graph = recorded(args(gcp=None))
    assert [each.name for each in graph.resources.values() if each.type.startswith("gcp:")] == []
    assert set(outputs(graph)) == {"aws_secret_arn", "aws_replica_secret_arn"}, "None is not registered"


@pytest.mark.parametrize("known", [True, False])
def test_it_is_built_whether_its_outputs_are_known_or_not(known: bool) -> None:
    assert len(recorded(args(rotation=ROTATION), known=known).of_type(AWS_VERSION)) == 1
