"""The function that rotates secrets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components import policy
from components.component import Component
from components.ordering import after
from components.security.generated_secret import TOKEN_CHARACTERS
from components.security.lambda_function import function_code, write_log
from components.security.secret_pair import SecretReplica

PACKAGE = "functions/rotate_secret"
MODULES = ("__init__", "google_identity", "handler", "rotation", "secret_manager")
TIMEOUT_SECONDS = 60
MEMORY_MIB = 256


@dataclass(frozen=True, kw_only=True)
class FunctionRole:
    """The role that the function runs as, see FunctionIdentity."""

    arn: pulumi.Input[str]
    """The role."""
    name: pulumi.Input[str]
    """Its name, by which the permissions are put on it."""


@dataclass(frozen=True, kw_only=True)
class RotatedSecrets:
    """What the function may rotate."""

    names: Sequence[str]
    """The secrets by name, the same in both clouds."""
    key_arn: pulumi.Input[str]
    """The KMS key that encrypts them."""
    replica: SecretReplica | None
    """Their copies in the recovery region; None where there is no such region."""


@dataclass(frozen=True, kw_only=True)
class GoogleAccess:
    """How the function reaches Secret Manager."""

    project_id: str
    """The project that owns the secrets."""
    provider_name: pulumi.Input[str]
    """The identity pool's provider for the AWS account, whose condition admits the role: see CloudTrust."""
    service_account: pulumi.Input[str]
    """The e-mail address of the service account that the role may act as."""


@dataclass(frozen=True, kw_only=True)
class SecretRotationArgs:
    """What a SecretRotation needs to know."""

    account_id: str
    """The account that owns the secrets, 12 digits."""
    region: str
    """The region of the provider, such as `us-east-1`."""
    lambda_runtime: str
    """What Lambda runs the code with: `python3.12` or newer."""
    role: FunctionRole
    """The role that the function runs as."""
    secrets: RotatedSecrets
    """What it may rotate."""
    google: GoogleAccess | None
    """How it reaches Secret Manager; None where there is no standby cloud."""
    logs_key_arn: pulumi.Input[str]
    """The KMS key that encrypts the logs."""
    log_retention_days: int
    """Days that logs are kept; one of the periods CloudWatch accepts."""


class SecretRotation(Component):
    """A Lambda function that gives a secret a new value in both clouds, called by Secrets Manager.

    Owns the function, what its role may do, and its log. Guarantees that it rotates the named secrets and can read no
    other, that it runs once at a time, and that neither its environment nor its log holds a value. Google Cloud gets a
    value before AWS makes it current, so a rotation that fails between the two leaves AWS as it was and is completed by
    the next attempt. Leaves out who is rotated and when, and the permission to call the function: see SecretPair.

    The one concurrent execution is reserved out of the account's quota, of which AWS keeps some for the other
    functions: a new account, whose quota is ten, has to have it raised first.
    """

    function_arn: Output[str]
    """The function, once it may do its work."""
    function_name: Output[str]
    """Its name, by which its metrics are found."""
    log_group_name: Output[str]
    """Where its steps are logged."""

    def __init__(self, name: str, args: SecretRotationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:security:SecretRotation", name, None, opts)
        self._name, self._args = name, args

        log = self._log()
        permissions = self._permissions(log.arn)
        function = self._function(log.name)
        self.function_arn = after(function.arn, [permissions])
        self.function_name, self.log_group_name = function.name, log.name
        self.publish()

    def _log(self) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{self._name}-log",
            kms_key_id=self._args.logs_key_arn,
            retention_in_days=self._args.log_retention_days,
            opts=self.child(),
        )

    def _permissions(self, log_group_arn: Output[str]) -> aws.iam.RolePolicy:
        return aws.iam.RolePolicy(
            f"{self._name}-aws",
            role=self._args.role.name,
            policy=policy.rendered(
                rotation_policy(self._args.account_id, self._args.region, self._args.secrets, log_group_arn)
            ),
            opts=self.child(),
        )

    def _function(self, log_group_name: Output[str]) -> aws.lambda_.Function:
        return aws.lambda_.Function(
            f"{self._name}-aws",
            description="Gives a secret a new value in both clouds",
            role=self._args.role.arn,
            runtime=self._args.lambda_runtime,
            architectures=["arm64"],
            handler=f"{PACKAGE.replace('/', '.')}.handler.handler",
            code=function_code(PACKAGE, MODULES),
            timeout=TIMEOUT_SECONDS,
            memory_size=MEMORY_MIB,
            # Looking for a value and adding it are two requests to Google: two runs at once could both add.
            reserved_concurrent_executions=1,
            environment=aws.lambda_.FunctionEnvironmentArgs(
                variables={"VALUE_CHARACTERS": str(TOKEN_CHARACTERS), **_google_variables(self._args.google)}
            ),
            logging_config=aws.lambda_.FunctionLoggingConfigArgs(
                log_group=log_group_name,
                log_format="JSON",
                # At DEBUG, botocore would log what it sends and receives.
                application_log_level="INFO",
                system_log_level="WARN",
            ),
            opts=self.child(),
        )


def _google_variables(google: GoogleAccess | None) -> dict[str, pulumi.Input[str]]:
    if google is None:
        return {}
    return {
        "GOOGLE_PROJECT_ID": google.project_id,
        "GOOGLE_PROVIDER_NAME": google.provider_name,
        "GOOGLE_SERVICE_ACCOUNT": google.service_account,
    }


def rotation_policy(
    account_id: str, region: str, secrets: RotatedSecrets, log_group_arn: pulumi.Input[str]
) -> dict[str, Any]:
    """The named secrets, their keys while Secrets Manager asks for them, and the function's own log."""
    statements = [
        policy.allow(
            "RotateSecrets",
            [
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue",
                "secretsmanager:PutSecretValue",
                "secretsmanager:UpdateSecretVersionStage",
            ],
            # By name: a secret's schedule names the function, so the function cannot wait for the secret's ARN. The six
            # characters that AWS puts behind a name are six wildcards here, which no longer name fits.
            [f"arn:aws:secretsmanager:{region}:{account_id}:secret:{name}-??????" for name in secrets.names],
        ),
        policy.allow(
            "UseKey",
            ["kms:Decrypt", "kms:GenerateDataKey"],
            [secrets.key_arn],
            conditions=_through_secrets_manager(account_id, region),
        ),
        write_log(log_group_arn),
    ]
    if secrets.replica is not None:
        statements.append(
            policy.allow(
                "EncryptCopies",
                # What AWS asks of whoever has a secret copied to another region; the copy is never read from here.
                ["kms:Encrypt", "kms:GenerateDataKey"],
                [secrets.replica.key_arn],
                conditions=_through_secrets_manager(account_id, secrets.replica.region),
            )
        )
    return policy.document(*statements)


def _through_secrets_manager(account_id: str, region: str) -> policy.Conditions:
    return {
        "StringEquals": {
            "kms:CallerAccount": account_id,
            "kms:ViaService": f"secretsmanager.{region}.amazonaws.com",
        }
    }
