"""The policy of a KMS key as data: every statement, and who may do what by it."""

from typing import Any

import pytest

from components.security.key_policy import MANAGE, USE, key_policy

ACCOUNT = "111122223333"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT}:role/platform-administrator"
USER = f"arn:aws:iam::{ACCOUNT}:role/vault"
READS = {"kms:Decrypt", "kms:Encrypt", "kms:CreateGrant"}


def statements(**changes: Any) -> dict[str, dict[str, Any]]:
    """The statements of a full policy, or of one with other arguments, by Sid."""
    arguments: dict[str, Any] = {
        "account_id": ACCOUNT,
        "region": "us-east-1",
        "administrators": [ADMINISTRATOR],
        "users": [USER],
        "services": ["logs", "events"],
        "via_services": ["rds", "secretsmanager"],
        "recovery_region": "us-west-2",
        "deletion_window_days": 30,
    }
    document = key_policy(**(arguments | changes))
    return {each["Sid"]: each for each in document["Statement"]}


def test_a_full_policy_has_exactly_these_statements() -> None:
    assert {sid: (each["Effect"], each["Principal"]) for sid, each in statements().items()} == {
        "AccountManages": ("Allow", {"AWS": ROOT}),
        "AdministratorsManage": ("Allow", {"AWS": [ADMINISTRATOR]}),
        "UsersUse": ("Allow", {"AWS": [USER]}),
        "UsersGrantToServices": ("Allow", {"AWS": [USER]}),
        "AccountUsesThroughServices": ("Allow", {"AWS": ROOT}),
        "AccountGrantsToServices": ("Allow", {"AWS": ROOT}),
        "LogsUses": ("Allow", {"Service": "logs.us-east-1.amazonaws.com"}),
        "EventsUses": ("Allow", {"Service": "events.amazonaws.com"}),
        "ReplicateElsewhere": ("Deny", "*"),
        "DeleteHastily": ("Deny", "*"),
    }


def test_a_policy_without_users_and_services_names_the_account_and_its_administrators_only() -> None:
    bare = statements(users=[], services=[], via_services=[])
    assert set(bare) == {"AccountManages", "AdministratorsManage", "ReplicateElsewhere", "DeleteHastily"}


def test_a_key_without_named_administrators_is_still_managed_by_the_account() -> None:
    assert "AdministratorsManage" not in statements(administrators=[]), "an empty principal is refused by KMS"


@pytest.mark.parametrize("sid", ["AccountManages", "AdministratorsManage"])
def test_managing_a_key_reads_nothing_with_it(sid: str) -> None:
    actions = statements()[sid]["Action"]
    assert actions == MANAGE
    assert not READS & set(actions), "who manages a key could decrypt, or let others decrypt"
    assert not [action for action in actions if "*" in action], "a wildcard may one day match decryption"


def test_the_account_can_always_repair_the_policy() -> None:
    assert "kms:PutKeyPolicy" in statements()["AccountManages"]["Action"], "else the key is lost with its last role"


def test_a_user_uses_the_key_and_manages_nothing() -> None:
    both = statements()
    assert both["UsersUse"]["Action"] == USE
    assert not set(USE) & set(MANAGE) - {"kms:DescribeKey"}


@pytest.mark.parametrize("sid", ["UsersGrantToServices", "AccountGrantsToServices"])
def test_a_grant_goes_to_aws_services_only(sid: str) -> None:
    statement = statements()[sid]
    assert statement["Action"] == ["kms:CreateGrant"]
    assert statement["Condition"]["Bool"] == {"kms:GrantIsForAWSResource": "true"}, "else anyone is given decryption"


@pytest.mark.parametrize("sid", ["AccountUsesThroughServices", "AccountGrantsToServices"])
def test_the_account_uses_the_key_only_while_a_named_service_of_the_region_works_for_it(sid: str) -> None:
    assert statements()[sid]["Condition"]["StringEquals"] == {
        "kms:CallerAccount": ACCOUNT,
        "kms:ViaService": ["rds.us-east-1.amazonaws.com", "secretsmanager.us-east-1.amazonaws.com"],
    }


def test_cloudwatch_logs_uses_the_key_for_log_groups_of_this_account_and_region() -> None:
    statement = statements()["LogsUses"]
    assert statement["Action"] == ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    assert statement["Condition"] == {
        "ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:us-east-1:{ACCOUNT}:*"}
    }


def test_eventbridge_encrypts_again_what_it_moves_into_an_archive() -> None:
    statement = statements()["EventsUses"]
    assert statement["Action"] == ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}, "a confused deputy"


def test_any_other_service_uses_the_key_on_behalf_of_this_account() -> None:
    statement = statements(services=["cloudtrail"])["CloudtrailUses"]
    assert statement["Action"] == ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"]
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}, "a confused deputy"


def test_the_policy_of_a_replica_speaks_of_its_own_region() -> None:
    there = statements(region="us-west-2")
    assert there["LogsUses"]["Principal"] == {"Service": "logs.us-west-2.amazonaws.com"}
    assert "us-east-1" not in str(there), "a replica is used through the services of its own region"


def test_a_key_is_replicated_to_the_recovery_region_and_nowhere_else() -> None:
    statement = statements()["ReplicateElsewhere"]
    assert statement["Action"] == ["kms:ReplicateKey"]
    assert statement["Condition"] == {"StringNotEquals": {"kms:ReplicaRegion": "us-west-2"}}


def test_a_key_without_a_recovery_region_is_replicated_nowhere() -> None:
    assert "Condition" not in statements(recovery_region=None)["ReplicateElsewhere"], "residency: no copy anywhere"


def test_nobody_shortens_the_time_to_cancel_a_deletion() -> None:
    statement = statements(deletion_window_days=14)["DeleteHastily"]
    assert statement["Action"] == ["kms:ScheduleKeyDeletion"]
    assert statement["Condition"] == {"NumericLessThan": {"kms:ScheduleKeyDeletionPendingWindowInDays": "14"}}
