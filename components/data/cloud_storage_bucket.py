"""A bucket on Cloud Storage."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp
from pulumi import Output

from components.component import Component
from components.data.lifecycle import Lifecycle
from components.ordering import after

SECONDS_A_DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class RetentionLock:
    """For how long nobody overwrites or deletes an object."""

    days: int
    """Days from the writing of each object."""
    permanent: bool
    """Whether the period can never be shortened or lifted again, by anybody, nor the bucket deleted before it ends."""


@dataclass(frozen=True, kw_only=True)
class CloudStorageBucketArgs:
    """What a CloudStorageBucket needs to know."""

    project_id: str
    """The project that owns the bucket."""
    location: str
    """The region of the bucket; a multi-region would keep copies wherever Google likes."""
    key_id: pulumi.Input[str]
    """The Cloud KMS key of that region; Cloud Storage's service agent may use it."""
    lifecycle: Lifecycle
    """When objects move to cheaper storage, and when they end."""
    soft_delete_days: int
    """Days in which deleted objects can be restored, even those of a deleted bucket: 7 to 90, or 0 for none."""
    retention: RetentionLock | None = None
    """For how long objects cannot be deleted or overwritten; None keeps their versions instead."""
    readers: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """IAM members that read and list objects, by what they are for."""
    writers: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """IAM members that add objects, and neither read, overwrite nor delete any, by what they are for."""

    def __post_init__(self) -> None:
        """Raise ValueError for what Cloud Storage refuses."""
        if self.soft_delete_days != 0 and not 7 <= self.soft_delete_days <= 90:
            raise ValueError(f"soft_delete_days is {self.soft_delete_days}; Cloud Storage takes 0 or 7 to 90")
        if self.lifecycle.deep_archive_after_days is not None:
            raise ValueError("deep_archive_after_days has no meaning here: ARCHIVE is Cloud Storage's cheapest class")


class CloudStorageBucket(Component):
    """A bucket that keeps what it is given.

    Owns the bucket and who reads and writes it. Guarantees that nothing in it can be made public, that permissions hold
    for all of it, that every object is encrypted by the given key, that an overwritten or deleted object can be brought
    back, and that the program never empties it. With a retention nobody overwrites anything, and versions are not kept:
    Cloud Storage has one or the other. TLS needs no rule, its API has no other way in. Leaves out access logs: who
    asked for what stands in the audit logs of the project.
    """

    bucket_name: Output[str]
    """The bucket, once its readers and writers may use it."""
    bucket_url: Output[str]
    """`gs://<bucket>`."""

    def __init__(self, name: str, args: CloudStorageBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:data:CloudStorageBucket", name, None, opts)
        self._name, self._args = name, args

        bucket = self._bucket()
        self.bucket_name = after(bucket.name, self._grants(bucket))
        self.bucket_url = bucket.url
        self.publish()

    def _bucket(self) -> gcp.storage.Bucket:
        args = self._args
        return gcp.storage.Bucket(
            self._name,
            project=args.project_id,
            location=args.location.upper(),
            storage_class="STANDARD",
            force_destroy=False,
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            encryption=gcp.storage.BucketEncryptionArgs(default_kms_key_name=args.key_id),
            versioning=gcp.storage.BucketVersioningArgs(enabled=args.retention is None),
            retention_policy=gcp.storage.BucketRetentionPolicyArgs(
                retention_period=str(args.retention.days * SECONDS_A_DAY), is_locked=args.retention.permanent
            )
            if args.retention
            else None,
            soft_delete_policy=gcp.storage.BucketSoftDeletePolicyArgs(
                retention_duration_seconds=args.soft_delete_days * SECONDS_A_DAY
            ),
            lifecycle_rules=lifecycle_rules(args.lifecycle),
            opts=self.child(protect=True),
        )

    def _grants(self, bucket: gcp.storage.Bucket) -> list[gcp.storage.BucketIAMMember]:
        """One grant a member, beside what others granted: a binding would take away theirs."""
        grants = [
            *((f"reader-{key}", "roles/storage.objectViewer", member) for key, member in self._args.readers.items()),
            *((f"writer-{key}", "roles/storage.objectCreator", member) for key, member in self._args.writers.items()),
        ]
        return [
            gcp.storage.BucketIAMMember(
                f"{self._name}-{key}", bucket=bucket.name, role=role, member=member, opts=self.child()
            )
            for key, role, member in grants
        ]


def lifecycle_rules(lifecycle: Lifecycle) -> list[gcp.storage.BucketLifecycleRuleArgs]:
    """The rules of Cloud Storage, where S3 has one with several actions."""
    rules = [
        _rule("Delete", days_since_noncurrent_time=lifecycle.noncurrent_days, with_state="ARCHIVED"),
        _rule("AbortIncompleteMultipartUpload", age=lifecycle.abandoned_upload_days),
    ]
    if lifecycle.archive_after_days is not None:
        rules.append(_rule("SetStorageClass", "ARCHIVE", age=lifecycle.archive_after_days, with_state="LIVE"))
    if lifecycle.expire_after_days is not None:
        rules.append(_rule("Delete", age=lifecycle.expire_after_days, with_state="LIVE"))
    return rules


def _rule(
    action: str,
    storage_class: str | None = None,
    *,
    age: int | None = None,
    days_since_noncurrent_time: int | None = None,
    with_state: str | None = None,
) -> gcp.storage.BucketLifecycleRuleArgs:
    return gcp.storage.BucketLifecycleRuleArgs(
        action=gcp.storage.BucketLifecycleRuleActionArgs(type=action, storage_class=storage_class),
        condition=gcp.storage.BucketLifecycleRuleConditionArgs(
            age=age, days_since_noncurrent_time=days_since_noncurrent_time, with_state=with_state
        ),
    )
