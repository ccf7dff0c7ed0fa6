"""The buckets that services name, in both clouds, and what their code may do there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
from pulumi import Output

from components.compute.service_identity import ServiceIdentity
from components.data.bucket import AccessLogs, Bucket, BucketArgs, BucketReplica, ObjectLock
from components.data.bucket_policy import LogWriter, use_statements
from components.data.cloud_storage_bucket import CloudStorageBucket, CloudStorageBucketArgs, RetentionLock
from components.data.lifecycle import Lifecycle
from components.security.key_pair import KeyPair
from components.workloads.contract import variable
from stacks.settings import Settings
from stacks.settings import storage as settings_of
from stacks.topology.placement import PlaceName, in_google
from stacks.topology.providers import Providers
from stacks.topology.regions import AwsRegion

ACCESS_LOGS = "access-logs"
UNDO_DAYS = 1
"""Lines of a log are written once."""


@dataclass(frozen=True, kw_only=True)
class Storage:
    """What services and operations need of the buckets."""

    access_logs: Bucket
    """Where it is written down who asked the others for what."""
    buckets: Mapping[str, Bucket]
    """The buckets in AWS, by name."""
    standbys: Mapping[str, CloudStorageBucket]
    """Those in Google Cloud, by name; not every bucket has one."""

    def names(self, place: PlaceName) -> dict[str, Output[str]]:
        """What the buckets of a place are called there, by name."""
        match place:
            case "aws":
                return {name: each.bucket_name for name, each in self.buckets.items()}
            case "recovery":
                return _there({name: each.replica_bucket_name for name, each in self.buckets.items()})
            case "gcp":
                return {name: each.bucket_name for name, each in self.standbys.items()}

    def variables(self, settings: Settings, service: str, place: PlaceName) -> dict[str, pulumi.Input[str]]:
        """What a service is told: `BUCKET_STATEMENTS`, where the place has such a bucket."""
        names = self.names(place)
        return {
            f"BUCKET_{variable(name)}": names[name] for name in settings.containers[service].buckets if name in names
        }

    def statements(
        self, settings: Settings, service: str, place: Literal["aws", "recovery"], region: AwsRegion
    ) -> list[dict[str, Any]]:
        """What the code of a service may do with the buckets of a region of AWS."""
        arns = self._arns(place)
        own = [arns[name] for name in settings.containers[service].buckets if name in arns]
        return use_statements(own, region=region.name, key_arn=region.key_arns["data"]) if own else []

    def outputs(self) -> dict[str, Any]:
        """What operators look up."""
        return {
            "access_log_bucket": self.access_logs.bucket_name,
            "buckets": self.names("aws"),
            "recovery_buckets": self.names("recovery"),
            "gcp_buckets": self.names("gcp"),
        }

    def _arns(self, place: Literal["aws", "recovery"]) -> dict[str, Output[str]]:
        if place == "recovery":
            return _there({name: each.replica_bucket_arn for name, each in self.buckets.items()})
        return {name: each.bucket_arn for name, each in self.buckets.items()}


def storage(
    settings: Settings, providers: Providers, keys: Mapping[str, KeyPair], who: Mapping[str, ServiceIdentity]
) -> Storage:
    """Every bucket of the settings."""
    logs, key, buckets = _access_logs(settings, providers), keys["data"], settings.storage.buckets
    return Storage(
        access_logs=logs,
        buckets={name: _bucket(name, each, settings, providers, key, logs) for name, each in buckets.items()},
        standbys={
            name: _standby(name, each, each.standby, settings, providers, key.gcp_key_id, who)
            for name, each in buckets.items()
            if each.standby and key.gcp_key_id is not None
        },
    )


def _access_logs(settings: Settings, providers: Providers) -> Bucket:
    """With S3's own key: S3 writes access logs with no other."""
    return Bucket(
        ACCESS_LOGS,
        BucketArgs(
            account_id=settings.aws.account_id,
            region=settings.aws.region,
            key_arn=None,
            lifecycle=Lifecycle(noncurrent_days=UNDO_DAYS, expire_after_days=settings.storage.access_log_days),
            access_logs=None,
            writers=[LogWriter(source="s3", prefix=name) for name in settings.storage.buckets],
        ),
        providers.options(),
    )


def _bucket(
    name: str, own: settings_of.Bucket, settings: Settings, providers: Providers, key: KeyPair, logs: Bucket
) -> Bucket:
    recovery, replica_key_arn = settings.aws.recovery, key.aws_replica_key_arn
    return Bucket(
        f"bucket-{name}",
        BucketArgs(
            account_id=settings.aws.account_id,
            region=settings.aws.region,
            key_arn=key.aws_key_arn,
            lifecycle=Lifecycle(
                noncurrent_days=own.noncurrent_days,
                archive_after_days=own.archive_after_days,
                deep_archive_after_days=own.deep_archive_after_days,
                expire_after_days=own.expire_after_days,
            ),
            access_logs=AccessLogs(bucket_name=logs.bucket_name, prefix=name),
            object_lock=ObjectLock(mode=own.lock.mode, days=own.lock.days) if own.lock else None,
            replica=BucketReplica(region=recovery.region, key_arn=replica_key_arn)
            if own.replicated and recovery and replica_key_arn is not None
            else None,
        ),
        providers.options(),
    )


def _standby(
    name: str,
    own: settings_of.Bucket,
    standby: settings_of.BucketStandby,
    settings: Settings,
    providers: Providers,
    key_id: Output[str],
    who: Mapping[str, ServiceIdentity],
) -> CloudStorageBucket:
    """With contents of its own; whoever names it reads and adds, and nobody overwrites or deletes."""
    users = {user: who[user].member for user, service in in_google(settings).items() if name in service.buckets}
    retention = standby.retention
    return CloudStorageBucket(
        f"bucket-{name}-gcp",
        CloudStorageBucketArgs(
            project_id=settings.gcp.project_id,
            location=settings.gcp.region,
            key_id=key_id,
            lifecycle=Lifecycle(
                noncurrent_days=own.noncurrent_days,
                archive_after_days=own.archive_after_days,
                expire_after_days=own.expire_after_days,
            ),
            soft_delete_days=standby.soft_delete_days,
            retention=RetentionLock(days=retention.days, permanent=retention.permanent) if retention else None,
            readers=users,
            writers=users,
        ),
        providers.options(),
    )


def _there(values: Mapping[str, Output[str] | None]) -> dict[str, Output[str]]:
    return {name: value for name, value in values.items() if value is not None}
