"""What a container's runtime and its code may do in AWS, as policy statements."""

from collections.abc import Iterable, Sequence
from typing import Any

import pulumi
from pulumi import Output

from components import policy
from components.compute.aws_runtime import AwsIdentity

SECRET_ARN_PARTS = 7
"""What follows in a reference is the key of a JSON secret, and its version."""


def start_statements(
    identity: AwsIdentity, secrets: Iterable[pulumi.Input[str]], log_group_arn: pulumi.Input[str]
) -> list[dict[str, Any]]:
    """What starting a container takes: pull the image, read its secrets, write its log."""
    return [*_pull(identity.repository_arns), _write_log(log_group_arn), *_read_secrets(identity, list(secrets))]


def secret_arn(reference: pulumi.Input[str]) -> Output[str]:
    """The secret itself, of a reference that may name a key in it."""
    return Output.from_input(reference).apply(lambda value: ":".join(value.split(":")[:SECRET_ARN_PARTS]))


def _pull(repository_arns: Sequence[pulumi.Input[str]]) -> list[dict[str, Any]]:
    return [
        # The token opens nothing by itself and belongs to no repository: IAM knows no other resource for it.
        policy.allow("LogInToRegistry", ["ecr:GetAuthorizationToken"], ["*"]),
        policy.allow(
            "PullImage",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            repository_arns,
        ),
    ]


def _write_log(log_group_arn: pulumi.Input[str]) -> dict[str, Any]:
    """The group exists, so creating groups is not allowed."""
    return policy.allow(
        "WriteLog", ["logs:CreateLogStream", "logs:PutLogEvents"], [Output.concat(log_group_arn, ":log-stream:*")]
    )


def _read_secrets(identity: AwsIdentity, secrets: Sequence[pulumi.Input[str]]) -> list[dict[str, Any]]:
    if not secrets:
        return []
    return [
        policy.allow("ReadSecrets", ["secretsmanager:GetSecretValue"], [secret_arn(each) for each in secrets]),
        policy.allow(
            "DecryptSecrets",
            ["kms:Decrypt"],
            identity.secret_key_arns,
            conditions={
                "StringEquals": {
                    "kms:CallerAccount": identity.account_id,
                    "kms:ViaService": f"secretsmanager.{identity.region}.amazonaws.com",
                }
            },
        ),
    ]
