"""A secret that exists in both clouds from one value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_gcp as gcp
from pulumi import Output

from components import policy
from components.component import Component
from components.ordering import after

SECONDS_A_DAY = 86_400

FIRST_VERSION = "FIRST"
"""The staging label of the program's version of a rotated secret: AWS removes old versions that have no label, and a
refresh would then have the program write its outdated value anew."""


@dataclass(frozen=True, kw_only=True)
class SecretReplica:
    """The copy of an AWS secret in the recovery region."""

    region: str
    """The recovery region."""
    key_arn: pulumi.Input[str]
    """The KMS key there, such as the replica of the secret's own."""


@dataclass(frozen=True, kw_only=True)
class AwsSecretArgs:
    """The AWS half of a SecretPair; who reads it is decided by the readers' roles, see `read_policy`."""

    account_id: str
    """The account that owns the secret, 12 digits."""
    region: str
    """The region of the provider, such as `us-east-1`."""
    key_arn: pulumi.Input[str]
    """The KMS key that encrypts the secret."""
    replica: SecretReplica | None
    """The copy in the recovery region; None where there is no such region."""


@dataclass(frozen=True, kw_only=True)
class GcpSecretArgs:
    """The Google Cloud half of a SecretPair."""

    project_id: str
    """The project that owns the secret."""
    region: str
    """The one region that keeps the value."""
    key_id: pulumi.Input[str]
    """The Cloud KMS key of that region; Secret Manager's service agent may use it."""
    readers: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """IAM members that read the value, by what they are for."""


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """A function that replaces the value in both clouds, and how often it does."""

    days: int
    """Days between two rotations, 1 to 1000."""
    function_arn: pulumi.Input[str]
    """The Lambda function that Secrets Manager calls."""
    google_member: pulumi.Input[str] | None
    """The IAM member as which the function writes to Secret Manager; None without the Google half."""


@dataclass(frozen=True, kw_only=True)
class SecretPairArgs:
    """What a SecretPair needs to know."""

    description: str
    """What the secret opens, and for whom."""
    value: pulumi.Input[str]
    """The value; with a rotation, the first one."""
    recovery_window_days: int
    """Days in which a deleted secret or a replaced value can be restored: 7 to 30, or 0 for none."""
    rotation: Rotation | None
    """How the value is replaced by schedule; None for values that someone else issues, or that encrypt stored data."""
    aws: AwsSecretArgs
    """The AWS half."""
    gcp: GcpSecretArgs | None
    """The Google Cloud half; None where there is no standby cloud."""

    def __post_init__(self) -> None:
        if self.recovery_window_days != 0 and not 7 <= self.recovery_window_days <= 30:
            raise ValueError(
                f"recovery_window_days is {self.recovery_window_days}; Secrets Manager takes 0 or 7 to 30, "
                "and 0 means that a deleted secret is gone at once"
            )
        if self.rotation and (self.gcp is None) != (self.rotation.google_member is None):
            raise ValueError(
                "a rotation writes to the clouds that the secret is in; give google_member with the Google half and "
                "only with it, or the two values part at the first rotation"
            )


class SecretPair(Component):
    """A secret of the same name in Secrets Manager and in Secret Manager.

    Owns the secrets, their first value, the replica in the recovery region and the rotation. Guarantees that both hold
    the same value: it has one writer. Without a rotation that is the program: a new value in the settings, or a raised
    generation, reaches both clouds in one deployment. With a rotation it is the rotation's function, by the schedule of
    Secrets Manager; the program writes the first value and never again, so that a deployment cannot bring back an old
    one. Guarantees also that nobody outside the account reads the AWS half, whatever policy is attached to it later.

    Leaves out what to rotate. Values that sign or authenticate can be rotated by schedule, if their readers accept the
    previous one for a while. Values that someone else issues (broker keys, certificates, chat tokens) are rotated there
    and then set here. A key that encrypts stored data must not be rotated: what it encrypted becomes unreadable.

    The value is also in the state, encrypted, as it is in the settings or the generator it comes from. Write-only
    arguments would keep it out of one of the places only, and need a counter raised by hand with each new value.
    """

    aws_secret_arn: Output[str]
    """The secret in Secrets Manager, once it has a value."""
    aws_replica_secret_arn: Output[str] | None
    """Its copy in the recovery region; None if there is none."""
    gcp_secret_id: Output[str] | None
    """The secret in Secret Manager, once it has a value and its readers may read it; None without the Google half."""
    gcp_secret_version: Output[str] | None
    """The value in it, `projects/<p>/secrets/<s>/versions/<v>`, for what takes no other; None for one that rotates."""

    def __init__(self, name: str, args: SecretPairArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:security:SecretPair", name, None, opts)
        self._name, self._args = name, args

        self.aws_secret_arn = self._aws_secret(args.aws)
        self.aws_replica_secret_arn = (
            _in_region(self.aws_secret_arn, args.aws.region, args.aws.replica.region) if args.aws.replica else None
        )
        in_google = self._gcp_secret(args.gcp) if args.gcp else []
        self.gcp_secret_id = after(in_google[0].id, in_google) if in_google else None
        self.gcp_secret_version = after(in_google[1].id, in_google) if in_google and not args.rotation else None
        if args.rotation:
            self._aws_rotation(args.rotation, args.aws, in_google)
        self.publish()

    def _aws_secret(self, half: AwsSecretArgs) -> Output[str]:
        replicas = [half.replica] if half.replica else []
        secret = aws.secretsmanager.Secret(
            f"{self._name}-aws",
            name=self._name,
            description=self._args.description,
            kms_key_id=half.key_arn,
            recovery_window_in_days=self._args.recovery_window_days,
            replicas=[
                aws.secretsmanager.SecretReplicaArgs(region=replica.region, kms_key_id=replica.key_arn)
                for replica in replicas
            ],
            opts=self.child(protect=True),
        )
        aws.secretsmanager.SecretPolicy(
            f"{self._name}-aws",
            secret_arn=secret.arn,
            policy=policy.rendered(secret_policy(half.account_id)),
            block_public_policy=True,
            opts=self.child(),
        )
        rotated = self._args.rotation is not None
        version = aws.secretsmanager.SecretVersion(
            f"{self._name}-aws",
            secret_id=secret.id,
            secret_string=self._args.value,
            version_stages=["AWSCURRENT", FIRST_VERSION] if rotated else None,
            opts=self.child(ignore_changes=["secretString", "versionStages"] if rotated else []),
        )
        return after(secret.arn, [version])

    def _aws_rotation(self, rotation: Rotation, half: AwsSecretArgs, in_google: list[pulumi.CustomResource]) -> None:
        permission = aws.lambda_.Permission(
            f"{self._name}-aws-rotation",
            function=rotation.function_arn,
            action="lambda:InvokeFunction",
            principal="secretsmanager.amazonaws.com",
            source_arn=self.aws_secret_arn,
            source_account=half.account_id,
            opts=self.child(),
        )
        aws.secretsmanager.SecretRotation(
            f"{self._name}-aws",
            secret_id=self.aws_secret_arn,
            rotation_lambda_arn=rotation.function_arn,
            rotation_rules=aws.secretsmanager.SecretRotationRotationRulesArgs(automatically_after_days=rotation.days),
            # A deployment is not a rotation: what just read the first value would hold an outdated one.
            rotate_immediately=False,
            # Secrets Manager calls the function once when it gets the schedule, which then reads both clouds.
            opts=self.child(depends_on=[permission, *in_google]),
        )

    def _gcp_secret(self, half: GcpSecretArgs) -> list[pulumi.CustomResource]:
        """The secret, and then what makes it whole: its value and who may read it."""
        window = self._args.recovery_window_days
        secret = gcp.secretmanager.Secret(
            f"{self._name}-gcp",
            project=half.project_id,
            secret_id=self._name,
            replication=_kept_in(half.region, half.key_id),
            version_destroy_ttl=f"{window * SECONDS_A_DAY}s" if window else None,
            deletion_protection=window > 0,
            opts=self.child(protect=True),
        )
        version = gcp.secretmanager.SecretVersion(
            f"{self._name}-gcp",
            secret=secret.id,
            secret_data=self._args.value,
            opts=self.child(ignore_changes=["secretData"] if self._args.rotation else []),
        )
        return [secret, version, *self._gcp_grants(half, secret.id)]

    def _gcp_grants(self, half: GcpSecretArgs, secret_id: Output[str]) -> list[gcp.secretmanager.SecretIamMember]:
        """Readers read; the rotation adds a version and reads it back, and can disable or destroy none."""
        read, add = "roles/secretmanager.secretAccessor", "roles/secretmanager.secretVersionAdder"
        grants = [(f"reader-{key}", read, member) for key, member in half.readers.items()]
        if self._args.rotation and self._args.rotation.google_member is not None:
            member = self._args.rotation.google_member
            grants += [("rotation-adds", add, member), ("rotation-reads", read, member)]
        return [
            gcp.secretmanager.SecretIamMember(
                f"{self._name}-gcp-{key}",
                project=half.project_id,
                secret_id=secret_id,
                role=role,
                member=member,
                opts=self.child(),
            )
            for key, role, member in grants
        ]


def _kept_in(region: str, key_id: pulumi.Input[str]) -> gcp.secretmanager.SecretReplicationArgs:
    """One named region: automatic replication keeps copies wherever Google likes, which residency forbids."""
    encryption = gcp.secretmanager.SecretReplicationUserManagedReplicaCustomerManagedEncryptionArgs(kms_key_name=key_id)
    return gcp.secretmanager.SecretReplicationArgs(
        user_managed=gcp.secretmanager.SecretReplicationUserManagedArgs(
            replicas=[
                gcp.secretmanager.SecretReplicationUserManagedReplicaArgs(
                    location=region, customer_managed_encryption=encryption
                )
            ]
        )
    )


def _in_region(secret_arn: Output[str], region: str, replica_region: str) -> Output[str]:
    """A replica has the name, and the random suffix, of its original."""
    return secret_arn.apply(lambda arn: arn.replace(f":secretsmanager:{region}:", f":secretsmanager:{replica_region}:"))


def secret_policy(account_id: str) -> dict[str, Any]:
    """Nobody from outside the account, except AWS services that already work for somebody inside."""
    return policy.document(
        policy.deny(
            "OtherAccounts",
            ["secretsmanager:*"],
            ["*"],  # the policy of a secret speaks of that secret only
            principals="*",
            conditions={
                "StringNotEquals": {"aws:PrincipalAccount": account_id},
                "Bool": {"aws:PrincipalIsAWSService": "false"},
            },
        )
    )


def read_policy(
    secret_arn: pulumi.Input[str], key_arn: pulumi.Input[str], account_id: str, region: str
) -> dict[str, Any]:
    """What a reader's own role needs: this secret, and its key while Secrets Manager asks for it."""
    return policy.document(
        policy.allow("ReadSecret", ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"], [secret_arn]),
        policy.allow(
            "DecryptSecret",
            ["kms:Decrypt"],
            [key_arn],
            conditions={
                "StringEquals": {
                    "kms:CallerAccount": account_id,
                    "kms:ViaService": f"secretsmanager.{region}.amazonaws.com",
                }
            },
        ),
    )
