"""The policy of a KMS key, as data."""

from collections.abc import Sequence
from typing import Any

import pulumi

from components import policy

MANAGE = [
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:ReplicateKey",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
    "kms:UpdatePrimaryRegion",
]
"""What keeps a key in order and reads nothing with it; no CreateGrant, which would hand out decryption."""

USE = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
"""What encrypts and decrypts; the wildcards are the two families that KMS itself documents together."""

THIS_KEY = ["*"]
"""A key policy speaks of its own key only; `*` is how it is written there."""


def key_policy(
    *,
    account_id: str,
    region: str,
    administrators: Sequence[str],
    users: Sequence[pulumi.Input[str]],
    services: Sequence[str],
    via_services: Sequence[str],
    recovery_region: str | None,
    deletion_window_days: int,
) -> dict[str, Any]:
    """Who manages a key, who uses it, and what nobody may do; the same for a key and, with its region, its replica."""
    statements = [_account_manages(account_id)]
    if administrators:
        statements.append(
            policy.allow("AdministratorsManage", MANAGE, THIS_KEY, principals={"AWS": list(administrators)})
        )
    if users:
        statements += _users_use(users)
    if via_services:
        statements += _account_uses_through_services(account_id, region, via_services)
    statements += [_service_uses(service, account_id, region) for service in services]
    statements += [_only_to_recovery_region(recovery_region), _no_hasty_deletion(deletion_window_days)]
    return policy.document(*statements)


def _account_manages(account_id: str) -> dict[str, Any]:
    """The account itself, so that IAM can always name a new administrator.

    KMS keeps no back door: a key whose named administrators are all deleted is lost to everybody, AWS support included.
    The usual `kms:*` would also let any IAM policy of the account grant decryption; this one lets IAM grant management.
    """
    return policy.allow("AccountManages", MANAGE, THIS_KEY, principals={"AWS": _root(account_id)})


def _users_use(users: Sequence[pulumi.Input[str]]) -> list[dict[str, Any]]:
    principals = {"AWS": list(users)}
    return [
        policy.allow("UsersUse", USE, THIS_KEY, principals=principals),
        _grants_to_services("UsersGrantToServices", principals),
    ]


def _account_uses_through_services(account_id: str, region: str, via_services: Sequence[str]) -> list[dict[str, Any]]:
    """Whoever IAM allows to, but only while one of the named services works for them, never by calling KMS."""
    principals = {"AWS": _root(account_id)}
    through = {
        "kms:CallerAccount": account_id,
        "kms:ViaService": [f"{service}.{region}.amazonaws.com" for service in via_services],
    }
    return [
        policy.allow(
            "AccountUsesThroughServices",
            USE,
            THIS_KEY,
            principals=principals,
            conditions={"StringEquals": through},
        ),
        _grants_to_services("AccountGrantsToServices", principals, {"StringEquals": through}),
    ]


def _grants_to_services(
    sid: str, principals: dict[str, Any], conditions: policy.Conditions | None = None
) -> dict[str, Any]:
    """Volumes, databases and repositories go on using the key by a grant; only AWS services may be handed one."""
    return policy.allow(
        sid,
        ["kms:CreateGrant"],
        THIS_KEY,
        principals=principals,
        conditions={**(conditions or {}), "Bool": {"kms:GrantIsForAWSResource": "true"}},
    )


def _service_uses(service: str, account_id: str, region: str) -> dict[str, Any]:
    """A service that comes by itself; always for this account, so that it cannot be sent by another customer."""
    if service == "logs":
        return policy.allow(
            "LogsUses",
            # No DescribeKey: it carries no encryption context, so this condition would never let it through.
            ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            THIS_KEY,
            principals={"Service": f"logs.{region}.amazonaws.com"},
            # CloudWatch Logs sends no source account; the log group in the encryption context stands for it.
            conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{region}:{account_id}:*"}},
        )
    # EventBridge encrypts an event again when it moves it from its bus into an archive that has a key of ours.
    further = ["kms:ReEncrypt*"] if service == "events" else []
    return policy.allow(
        f"{service.title().replace('-', '').replace('.', '')}Uses",
        ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*", *further],
        THIS_KEY,
        principals={"Service": f"{service}.amazonaws.com"},
        conditions={"StringEquals": {"aws:SourceAccount": account_id}},
    )


def _only_to_recovery_region(recovery_region: str | None) -> dict[str, Any]:
    """Residency: a key copied to another region opens there what was encrypted here."""
    elsewhere = {"StringNotEquals": {"kms:ReplicaRegion": recovery_region}} if recovery_region else None
    return policy.deny("ReplicateElsewhere", ["kms:ReplicateKey"], THIS_KEY, principals="*", conditions=elsewhere)


def _no_hasty_deletion(deletion_window_days: int) -> dict[str, Any]:
    """The window in which a deletion can be noticed and cancelled holds for the console and the CLI too."""
    return policy.deny(
        "DeleteHastily",
        ["kms:ScheduleKeyDeletion"],
        THIS_KEY,
        principals="*",
        conditions={
            "NumericLessThan": {"kms:ScheduleKeyDeletionPendingWindowInDays": str(deletion_window_days)},
        },
    )


def _root(account_id: str) -> str:
    return f"arn:aws:iam::{account_id}:root"
