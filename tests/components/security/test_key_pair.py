"""What a KeyPair promises; that KMS accepts the policies is not proven here."""

import json
from typing import Any

import pulumi_random as random
import pytest

from components.security.key_pair import AwsKeyArgs, GcpKeyArgs, KeyPair, KeyPairArgs
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components

ACCOUNT = "111122223333"
ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT}:role/platform-administrator"
VAULT = f"arn:aws:iam::{ACCOUNT}:role/vault"
GOOGLE_VAULT = "serviceAccount:vault@elson-test.iam.gserviceaccount.com"
SQL_AGENT = "serviceAccount:service-42@gcp-sa-cloud-sql.iam.gserviceaccount.com"
OUTPUTS = {
    "aws_key_arn",
    "aws_key_id",
    "aws_alias_name",
    "aws_replica_key_arn",
    "gcp_key_id",
    "gcp_key_ring_id",
}


def build(recovery_region: str | None = "us-west-2", *, google: bool = True) -> KeyPair:
    aws = AwsKeyArgs(
        account_id=ACCOUNT,
        region="us-east-1",
        recovery_region=recovery_region,
        administrators=[ADMINISTRATOR],
        users={"vault": VAULT},
        services=["logs"],
        via_services=["rds"],
    )
    gcp = GcpKeyArgs(
        project_id="elson-test",
        region="us-central1",
        administrators=["group:platform@example.com"],
        users={"vault": GOOGLE_VAULT},
        services={"sqladmin.googleapis.com": SQL_AGENT},
    )
    args = KeyPairArgs(
        purpose="data at rest", rotation_days=365, deletion_window_days=30, aws=aws, gcp=gcp if google else None
    )
    return KeyPair("data", args)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return record_components(build)


def outputs(graph: Graph) -> dict[str, Any]:
    return dict(graph.named("data", "platform:security:KeyPair").registered or {})


def sids(key: Resource) -> set[str]:
    return {each["Sid"] for each in json.loads(key.inputs["policy"])["Statement"]}


def test_every_half_that_is_built_is_published(graph: Graph) -> None:
    assert set(outputs(graph)) == OUTPUTS


def test_both_keys_rotate_by_themselves_in_the_same_rhythm(graph: Graph) -> None:
    (key,) = graph.of_type("aws:kms/key:Key")
    (google_key,) = graph.of_type("gcp:kms/cryptoKey:CryptoKey")
    assert (key["enableKeyRotation"], key["rotationPeriodInDays"]) == (True, 365)
    assert google_key["rotationPeriod"] == "31536000s", "365 days, as Google counts them"


def test_both_keys_leave_the_same_time_to_cancel_a_deletion(graph: Graph) -> None:
    (key,) = graph.of_type("aws:kms/key:Key")
    (google_key,) = graph.of_type("gcp:kms/cryptoKey:CryptoKey")
    assert (key["deletionWindowInDays"], google_key["destroyScheduledDuration"]) == (30, "2592000s")


def test_no_key_is_deleted_or_replaced_by_the_program(graph: Graph) -> None:
    keys = graph.of_type(
        "aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey", "gcp:kms/keyRing:KeyRing", "gcp:kms/cryptoKey:CryptoKey"
    )
    kept = {(each.type, each.options.protect, each.options.retain_on_delete) for each in keys}
    assert kept == {
        ("aws:kms/key:Key", True, True),
        ("aws:kms/replicaKey:ReplicaKey", True, True),
        ("gcp:kms/keyRing:KeyRing", True, True),
        ("gcp:kms/cryptoKey:CryptoKey", True, True),
    }, "what the key encrypted would be lost"
    assert graph.of_type("gcp:kms/cryptoKey:CryptoKey")[0]["deletionPolicy"] == "PREVENT"


def test_a_changed_window_does_not_replace_the_google_key(graph: Graph) -> None:
    (google_key,) = graph.of_type("gcp:kms/cryptoKey:CryptoKey")
    assert google_key.options.ignore_changes == ("destroyScheduledDuration",), "Google fixes it at creation"


def test_google_names_are_generated_because_they_can_never_be_used_again(graph: Graph) -> None:
    for each in graph.of_type("gcp:kms/keyRing:KeyRing", "gcp:kms/cryptoKey:CryptoKey"):
        assert "name" not in each.inputs, f"{each.name}: a second environment of this name could not be built"


def test_the_google_key_lives_in_an_hsm_like_every_key_of_aws(graph: Graph) -> None:
    (google_key,) = graph.of_type("gcp:kms/cryptoKey:CryptoKey")
    assert google_key["versionTemplate"] == {
        "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION",
        "protectionLevel": "HSM",
    }


def test_the_recovery_region_has_a_replica_with_a_policy_of_its_own(graph: Graph) -> None:
    (key,) = graph.of_type("aws:kms/key:Key")
    (replica,) = graph.of_type("aws:kms/replicaKey:ReplicaKey")
    assert key["multiRegion"] is True
    assert (replica["region"], replica["primaryKeyArn"]) == ("us-west-2", key["arn"])
    assert sids(replica) == sids(key), "what may be done with a key may be done with its replica"
    assert "logs.us-west-2.amazonaws.com" in replica["policy"]
    assert "logs.us-east-1.amazonaws.com" not in replica["policy"]
    assert outputs(graph)["aws_replica_key_arn"] == replica["arn"]


def test_the_alias_is_the_same_in_each_region(graph: Graph) -> None:
    aliases = {(each["region"], each["name"], each["targetKeyId"]) for each in graph.of_type("aws:kms/alias:Alias")}
    arns = outputs(graph)
    assert aliases == {
        ("us-east-1", "alias/data", arns["aws_key_arn"]),
        ("us-west-2", "alias/data", arns["aws_replica_key_arn"]),
    }


def test_a_recovery_region_can_be_added_without_replacing_the_key() -> None:
    alone = record_components(lambda: build(recovery_region=None))
    assert alone.of_type("aws:kms/replicaKey:ReplicaKey") == []
    assert set(outputs(alone)) == OUTPUTS - {"aws_replica_key_arn"}, "None is not registered"
    assert alone.of_type("aws:kms/key:Key")[0]["multiRegion"] is True, "a key cannot become multi-region later"


def test_google_members_have_exactly_these_roles(graph: Graph) -> None:
    grants = {(each["member"], each["role"]) for each in graph.of_type("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember")}
    assert grants == {
        ("group:platform@example.com", "roles/cloudkms.admin"),
        (GOOGLE_VAULT, "roles/cloudkms.cryptoKeyEncrypterDecrypter"),
        (SQL_AGENT, "roles/cloudkms.cryptoKeyEncrypterDecrypter"),
    }, "managing a key and decrypting with it are different permissions"


def test_whoever_is_given_the_google_key_finds_that_its_members_may_use_it() -> None:
    def build_and_use() -> None:
        key = build()
        assert key.gcp_key_id is not None
        random.RandomId("reader", byte_length=1, keepers={"key": key.gcp_key_id})

    used = record_components(build_and_use)
    granted = [each.urn for each in used.of_type("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember")]
    waits_for = {each.urn for each in used.dependencies(used.named("reader"))}
    assert set(granted) < waits_for, "Google refuses a key that the service's agent may not use yet"


def test_without_a_standby_cloud_there_is_no_google_key() -> None:
    alone = record_components(lambda: build(google=False))
    assert [each.name for each in alone.resources.values() if each.type.startswith("gcp:")] == []
    assert set(outputs(alone)) == OUTPUTS - {"gcp_key_id", "gcp_key_ring_id"}, "None is not registered"


@pytest.mark.parametrize("known", [True, False])
def test_it_is_built_whether_its_outputs_are_known_or_not(known: bool) -> None:
    assert len(record_components(build, known=known).of_type("aws:kms/key:Key")) == 1
