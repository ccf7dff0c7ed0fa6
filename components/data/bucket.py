"""A bucket on S3."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components import policy
from components.component import Component
from components.data.bucket_policy import LogWriter, bucket_policy, replication_policy, replication_trust
from components.data.bucket_rules import lifecycle_rule, replication_rule
from components.data.lifecycle import Lifecycle
from components.ordering import after

UNENCRYPTABLE = ("s3", "load_balancer")
"""Writers of logs that cannot use a KMS key."""


@dataclass(frozen=True, kw_only=True)
class AccessLogs:
    """Where it is written down who asked for what."""

    bucket_name: pulumi.Input[str]
    """A bucket of the same region and account that lets S3 write."""
    prefix: str
    """The folder in it, without slashes at its ends."""


@dataclass(frozen=True, kw_only=True)
class ObjectLock:
    """For how long nobody overwrites or deletes a version."""

    mode: Literal["GOVERNANCE", "COMPLIANCE"]
    """`GOVERNANCE` can be lifted by a permission of its own; `COMPLIANCE` by nobody, the account's root included."""
    days: int
    """Days from the writing of each version."""


@dataclass(frozen=True, kw_only=True)
class BucketReplica:
    """The copy of a bucket in the recovery region."""

    region: str
    """The recovery region."""
    key_arn: pulumi.Input[str]
    """The KMS key there, such as the replica of the bucket's own."""


@dataclass(frozen=True, kw_only=True)
class BucketArgs:
    """What a Bucket needs to know."""

    account_id: str
    """The account that owns the bucket, 12 digits."""
    region: str
    """Where the bucket is; a region other than the provider's is possible."""
    key_arn: pulumi.Input[str] | None
    """The KMS key of that region; None for S3's own, the only one that some writers of logs can use."""
    lifecycle: Lifecycle
    """When objects move to cheaper storage, and when they end."""
    access_logs: AccessLogs | None
    """Where it is written down who asked for what; None for a bucket that holds such logs itself."""
    writers: Sequence[LogWriter] = ()
    """Services of AWS that write logs into the bucket."""
    object_lock: ObjectLock | None = None
    """For how long versions cannot be deleted; None for as long as nobody deletes them."""
    replica: BucketReplica | None = None
    """The copy in the recovery region; None where there is none."""

    def __post_init__(self) -> None:
        """Raise ValueError for what S3 refuses, or accepts and then fails to do."""
        stopped = sorted(writer.source for writer in self.writers if writer.source in UNENCRYPTABLE)
        if self.key_arn is not None and stopped:
            raise ValueError(
                f"{' and '.join(stopped)} cannot write to a bucket with a KMS key, and their logs would be lost "
                "in silence; give the bucket key_arn=None"
            )
        if self.replica and self.key_arn is None:
            raise ValueError("a bucket without a key has no replica; give it key_arn")
        if self.object_lock and "s3" in {writer.source for writer in self.writers}:
            raise ValueError("s3 cannot write access logs to a bucket with a lock; give object_lock=None")


class Bucket(Component):
    """A bucket that keeps what it is given.

    Owns the bucket, its policy, and its copy in the recovery region. Guarantees that nothing in it is public, that
    nobody reaches it without TLS, that every object is encrypted by the given key, that an overwritten or deleted
    object can be brought back, and that the program never empties it. The lock and the replica can be added later
    without replacing the bucket; both begin with what is written from then on. Leaves out who reads and writes: the
    policy of the bucket only refuses, so that is for each role to say. A bucket for logs is one with `writers`, which
    says which services of AWS write to it, and without access logs of its own, which would never end.
    """

    bucket_name: Output[str]
    """The bucket, once its policy is in force."""
    bucket_arn: Output[str]
    """Its ARN, for the policies of roles."""
    regional_domain_name: Output[str]
    """The host at which CloudFront and clients of the same region find it."""
    replica_bucket_name: Output[str] | None
    """Its copy in the recovery region; None if there is none."""
    replica_bucket_arn: Output[str] | None
    """The ARN of the copy; None if there is none."""

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:data:Bucket", name, None, opts)
        self._name, self._args = name, args

        bucket, keeping = self._hardened(name, args.region, args.key_arn)
        self._access_logs(bucket)
        in_force = self._policy(name, args.region, bucket, args.key_arn, args.writers)
        self.bucket_name, self.bucket_arn = after(bucket.bucket, [in_force]), bucket.arn
        self.regional_domain_name = bucket.bucket_regional_domain_name
        replica = (
            self._replica(args.replica, args.key_arn, bucket, keeping)
            if args.replica and args.key_arn is not None
            else None
        )
        self.replica_bucket_name = replica.bucket if replica else None
        self.replica_bucket_arn = replica.arn if replica else None
        self.publish()

    def _hardened(
        self, name: str, region: str, key_arn: pulumi.Input[str] | None
    ) -> tuple[aws.s3.Bucket, list[pulumi.Resource]]:
        """The bucket, and what makes it keep every version."""
        bucket = aws.s3.Bucket(name, region=region, force_destroy=False, opts=self.child(protect=True))
        aws.s3.BucketOwnershipControls(
            name,
            region=region,
            bucket=bucket.id,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=self.child(),
        )
        self._encryption(name, region, bucket, key_arn)
        versioned = aws.s3.BucketVersioning(
            name,
            region=region,
            bucket=bucket.id,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=self.child(),
        )
        self._lifecycle(name, region, bucket, versioned)
        lock = self._args.object_lock
        locked = [self._lock(name, region, bucket, versioned, lock)] if lock else []
        return bucket, [versioned, *locked]

    def _encryption(self, name: str, region: str, bucket: aws.s3.Bucket, key_arn: pulumi.Input[str] | None) -> None:
        default = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
            sse_algorithm="AES256" if key_arn is None else "aws:kms", kms_master_key_id=key_arn
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            region=region,
            bucket=bucket.id,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=default,
                    # One call of KMS for many objects, where each would cost its own.
                    bucket_key_enabled=key_arn is not None,
                )
            ],
            opts=self.child(),
        )

    def _lifecycle(self, name: str, region: str, bucket: aws.s3.Bucket, versioned: aws.s3.BucketVersioning) -> None:
        aws.s3.BucketLifecycleConfiguration(
            name,
            region=region,
            bucket=bucket.id,
            rules=[lifecycle_rule(self._args.lifecycle)],
            # S3 takes rules about older versions only from a bucket that keeps them.
            opts=self.child(depends_on=[versioned]),
        )

    def _lock(
        self, name: str, region: str, bucket: aws.s3.Bucket, versioned: aws.s3.BucketVersioning, lock: ObjectLock
    ) -> aws.s3.BucketObjectLockConfiguration:
        """Enabled by this resource and not by the bucket's own argument, which would replace an existing bucket."""
        return aws.s3.BucketObjectLockConfiguration(
            name,
            region=region,
            bucket=bucket.id,
            rule=aws.s3.BucketObjectLockConfigurationRuleArgs(
                default_retention=aws.s3.BucketObjectLockConfigurationRuleDefaultRetentionArgs(
                    mode=lock.mode, days=lock.days
                )
            ),
            # S3 locks versions, so there must be some.
            opts=self.child(depends_on=[versioned], protect=True),
        )

    def _policy(
        self,
        name: str,
        region: str,
        bucket: aws.s3.Bucket,
        key_arn: pulumi.Input[str] | None,
        writers: Sequence[LogWriter],
    ) -> aws.s3.BucketPolicy:
        closed = aws.s3.BucketPublicAccessBlock(
            name,
            region=region,
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self.child(),
        )
        document = bucket_policy(
            bucket.arn, account_id=self._args.account_id, region=region, key_arn=key_arn, writers=writers
        )
        return aws.s3.BucketPolicy(
            name,
            region=region,
            bucket=bucket.id,
            policy=policy.rendered(document),
            # S3 refuses two changes of who may come in at the same time.
            opts=self.child(depends_on=[closed]),
        )

    def _access_logs(self, bucket: aws.s3.Bucket) -> None:
        if self._args.access_logs:
            aws.s3.BucketLogging(
                self._name,
                region=self._args.region,
                bucket=bucket.id,
                target_bucket=self._args.access_logs.bucket_name,
                target_prefix=f"{self._args.access_logs.prefix}/",
                opts=self.child(),
            )

    def _replica(
        self,
        replica: BucketReplica,
        source_key_arn: pulumi.Input[str],
        source: aws.s3.Bucket,
        keeping: Sequence[pulumi.Resource],
    ) -> aws.s3.Bucket:
        name = f"{self._name}-{replica.region}"
        bucket, replica_keeping = self._hardened(name, replica.region, replica.key_arn)
        self._policy(name, replica.region, bucket, replica.key_arn, writers=())
        role, permission = self._replication_role(replica, source_key_arn, source, bucket)
        aws.s3.BucketReplicationConfig(
            name,
            region=self._args.region,
            bucket=source.id,
            role=role.arn,
            rules=[replication_rule(bucket.arn, replica.key_arn)],
            # S3 replicates between buckets with versions only, and locked versions to a locked bucket only; what it may
            # not copy yet, it never tries again.
            opts=self.child(depends_on=[*keeping, *replica_keeping, permission]),
        )
        return bucket

    def _replication_role(
        self,
        replica: BucketReplica,
        source_key_arn: pulumi.Input[str],
        source: aws.s3.Bucket,
        bucket: aws.s3.Bucket,
    ) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        role = aws.iam.Role(
            f"{self._name}-replication",
            description=f"S3 copies {self._name} to {replica.region}",
            assume_role_policy=policy.rendered(replication_trust()),
            opts=self.child(),
        )
        document = replication_policy(
            source_arn=source.arn,
            source_key_arn=source_key_arn,
            source_region=self._args.region,
            replica_arn=bucket.arn,
            replica_key_arn=replica.key_arn,
            replica_region=replica.region,
        )
        permission = aws.iam.RolePolicy(
            f"{self._name}-replication", role=role.id, policy=policy.rendered(document), opts=self.child()
        )
        return role, permission
