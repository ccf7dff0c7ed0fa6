"""An encryption key for one purpose, in both clouds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi
import pulumi_aws as aws
import pulumi_gcp as gcp
from pulumi import Output

from components import policy
from components.component import Component
from components.ordering import after
from components.security.key_policy import key_policy

SECONDS_A_DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class AwsKeyArgs:
    """The AWS half of a KeyPair."""

    account_id: str
    """The account that owns the key, 12 digits."""
    region: str
    """The region of the provider, such as `us-east-1`."""
    recovery_region: str | None
    """Where a replica of the key opens what was encrypted here; None allows no replica anywhere."""
    administrators: Sequence[str]
    """ARNs of existing roles that manage the key without using it."""
    users: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """ARNs of roles that encrypt and decrypt by calling KMS, by what they are for."""
    services: Sequence[str] = ()
    """AWS services that use the key by themselves, as in their principals: `logs`, `cloudtrail`, `events` ..."""
    via_services: Sequence[str] = ()
    """AWS services through which the account's roles use the key: `secretsmanager`, `rds`, `ecr` ..."""


@dataclass(frozen=True, kw_only=True)
class GcpKeyArgs:
    """The Google Cloud half of a KeyPair."""

    project_id: str
    """The project that owns the key."""
    region: str
    """The location of the key ring; Google's services take a key of their own region only."""
    administrators: Sequence[str]
    """IAM members that manage the key without using it, such as `group:platform@example.com`."""
    users: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """IAM members that encrypt and decrypt by calling Cloud KMS, by what they are for."""
    services: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Service agents that use the key by themselves, by service."""
    protection: Literal["HSM", "SOFTWARE"] = "HSM"
    """Where the key material lives; AWS keeps every key in an HSM."""


@dataclass(frozen=True, kw_only=True)
class KeyPairArgs:
    """What a KeyPair needs to know."""

    purpose: str
    """What the key protects, in a few words; a key has one purpose."""
    rotation_days: int
    """Days between two rotations of the key material, 90 to 2560."""
    deletion_window_days: int
    """Days in which a scheduled deletion can still be cancelled, 7 to 30."""
    aws: AwsKeyArgs
    """The AWS half."""
    gcp: GcpKeyArgs | None
    """The Google Cloud half; None where there is no standby cloud."""


class KeyPair(Component):
    """A KMS key and a Cloud KMS key for the same purpose.

    Owns the keys, the replica in the recovery region, the aliases, and who may use them. Guarantees that both rotate by
    themselves, that managing a key and decrypting with it are different permissions, that on AWS no IAM policy grants
    decryption unless the key's own policy agrees, and that neither key is ever deleted by the program: what it
    encrypted would be lost. Building an environment a second time leaves the first one's keys where they are.
    Leaves out the data: the two keys share no material, so nothing encrypted by one is opened by the other.
    """

    aws_key_arn: Output[str]
    """The KMS key, for what lives in the primary region."""
    aws_key_id: Output[str]
    """The id of the KMS key, which its replica shares."""
    aws_alias_name: Output[str]
    """The alias of the key, the same in each region."""
    aws_replica_key_arn: Output[str] | None
    """The replica, for what lives in the recovery region; None if there is none."""
    gcp_key_id: Output[str] | None
    """The Cloud KMS key, once its users and service agents may use it; None without the Google half."""
    gcp_key_ring_id: Output[str] | None
    """The key ring of the Cloud KMS key; None without the Google half."""

    def __init__(self, name: str, args: KeyPairArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:security:KeyPair", name, None, opts)
        self._name, self._args = name, args

        aws_key = self._aws_key(args.aws)
        self.aws_key_arn, self.aws_key_id = aws_key.arn, aws_key.key_id
        self.aws_alias_name = self._aws_alias(self.aws_key_arn, args.aws.region)
        self.aws_replica_key_arn = (
            self._aws_replica(aws_key, args.aws, args.aws.recovery_region) if args.aws.recovery_region else None
        )
        self.gcp_key_ring_id = self._gcp_key_ring(args.gcp) if args.gcp else None
        self.gcp_key_id = (
            self._gcp_key(args.gcp, self.gcp_key_ring_id) if args.gcp and self.gcp_key_ring_id is not None else None
        )
        self.publish()

    def _aws_key(self, half: AwsKeyArgs) -> aws.kms.Key:
        return aws.kms.Key(
            f"{self._name}-aws",
            description=self._args.purpose,
            enable_key_rotation=True,
            rotation_period_in_days=self._args.rotation_days,
            deletion_window_in_days=self._args.deletion_window_days,
            # A key cannot become multi-region later: a recovery region added to a running environment would replace
            # every key. Its policy decides whether, and where to, it is replicated.
            multi_region=True,
            policy=self._aws_policy(half, half.region),
            opts=self.child(protect=True, retain_on_delete=True),
        )

    def _aws_replica(self, key: aws.kms.Key, half: AwsKeyArgs, recovery_region: str) -> Output[str]:
        """The same key material in the recovery region; it rotates with its primary."""
        replica = aws.kms.ReplicaKey(
            f"{self._name}-aws-{recovery_region}",
            region=recovery_region,
            primary_key_arn=key.arn,
            description=self._args.purpose,
            deletion_window_in_days=self._args.deletion_window_days,
            policy=self._aws_policy(half, recovery_region),
            opts=self.child(protect=True, retain_on_delete=True),
        )
        self._aws_alias(replica.arn, recovery_region)
        return replica.arn

    def _aws_alias(self, key_arn: Output[str], region: str) -> Output[str]:
        return aws.kms.Alias(
            f"{self._name}-aws-{region}",
            region=region,
            name=f"alias/{self._name}",
            target_key_id=key_arn,
            opts=self.child(),
        ).name

    def _aws_policy(self, half: AwsKeyArgs, region: str) -> Output[str]:
        return policy.rendered(
            key_policy(
                account_id=half.account_id,
                region=region,
                administrators=half.administrators,
                users=list(half.users.values()),
                services=half.services,
                via_services=half.via_services,
                recovery_region=half.recovery_region,
                deletion_window_days=self._args.deletion_window_days,
            )
        )

    def _gcp_key_ring(self, half: GcpKeyArgs) -> Output[str]:
        """Neither ring nor key can ever be deleted in Google Cloud, so their names are not chosen but generated."""
        return gcp.kms.KeyRing(
            f"{self._name}-gcp",
            project=half.project_id,
            location=half.region,
            opts=self.child(protect=True, retain_on_delete=True),
        ).id

    def _gcp_key(self, half: GcpKeyArgs, key_ring_id: Output[str]) -> Output[str]:
        key = gcp.kms.CryptoKey(
            f"{self._name}-gcp",
            key_ring=key_ring_id,
            purpose="ENCRYPT_DECRYPT",
            rotation_period=f"{self._args.rotation_days * SECONDS_A_DAY}s",
            destroy_scheduled_duration=f"{self._args.deletion_window_days * SECONDS_A_DAY}s",
            version_template=gcp.kms.CryptoKeyVersionTemplateArgs(
                algorithm="GOOGLE_SYMMETRIC_ENCRYPTION", protection_level=half.protection
            ),
            deletion_policy="PREVENT",
            # Google fixes the window when the key is created; another one in the settings must not replace the key.
            opts=self.child(protect=True, retain_on_delete=True, ignore_changes=["destroyScheduledDuration"]),
        )
        return after(key.id, self._gcp_grants(half, key.id))

    def _gcp_grants(self, half: GcpKeyArgs, key_id: Output[str]) -> list[gcp.kms.CryptoKeyIAMMember]:
        """One grant a member, beside what others granted: a binding would take away theirs."""
        manage, use = "roles/cloudkms.admin", "roles/cloudkms.cryptoKeyEncrypterDecrypter"
        grants = [
            *((f"administrator-{member}", manage, member) for member in half.administrators),
            *((f"user-{key}", use, member) for key, member in half.users.items()),
            *((f"service-{key}", use, member) for key, member in half.services.items()),
        ]
        return [
            gcp.kms.CryptoKeyIAMMember(
                f"{self._name}-gcp-{key}", crypto_key_id=key_id, role=role, member=member, opts=self.child()
            )
            for key, role, member in grants
        ]
