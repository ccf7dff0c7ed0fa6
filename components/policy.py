"""IAM policy documents as data: pure functions that return the dictionaries AWS reads.

Values may be Outputs; `rendered` turns a document into the JSON string a resource takes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

Conditions = Mapping[str, Mapping[str, Any]]


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    """A policy document of the current policy language version."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]] | None = None,
    *,
    principals: Mapping[str, Any] | str | None = None,
    conditions: Conditions | None = None,
) -> dict[str, Any]:
    """One Allow statement; `resources` is left out of trust policies, `principals` of identity policies."""
    return _statement("Allow", sid, actions, resources, principals, conditions)


def deny(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]] | None = None,
    *,
    principals: Mapping[str, Any] | str | None = None,
    conditions: Conditions | None = None,
) -> dict[str, Any]:
    """One Deny statement, which no Allow anywhere can undo."""
    return _statement("Deny", sid, actions, resources, principals, conditions)


def service_trust(service: str, account_id: str, source_arn: pulumi.Input[str] | None = None) -> dict[str, Any]:
    """The trust policy of a role that an AWS service assumes on behalf of this account.

    Without the source conditions another customer could make the service act with our role (confused deputy).
    """
    conditions: dict[str, dict[str, Any]] = {"StringEquals": {"aws:SourceAccount": account_id}}
    if source_arn is not None:
        conditions["ArnLike"] = {"aws:SourceArn": source_arn}
    return document(allow("ServiceAssumes", ["sts:AssumeRole"], principals={"Service": service}, conditions=conditions))


def rendered(policy: Mapping[str, Any]) -> pulumi.Output[str]:
    """The document as JSON, once every value in it is known."""
    return pulumi.Output.json_dumps(policy)


def _statement(
    effect: str,
    sid: str,
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]] | None,
    principals: Mapping[str, Any] | str | None,
    conditions: Conditions | None,
) -> dict[str, Any]:
    statement: dict[str, Any] = {"Sid": sid, "Effect": effect}
    if principals is not None:
        statement["Principal"] = principals
    statement["Action"] = list(actions)
    if resources is not None:
        statement["Resource"] = list(resources)
    if conditions:
        statement["Condition"] = conditions
    return statement
