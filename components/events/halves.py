"""The two halves of a CrossCloudEventBus."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.naming import Carrier, physical_name

SHORTEST_STREAM_RETENTION_HOURS, LONGEST_STREAM_RETENTION_HOURS = 24, 8760


@dataclass(frozen=True, kw_only=True)
class StreamArgs:
    """The stream by which events leave for Google Cloud."""

    shards: int | None
    """Shards, of 1 MiB or 1000 events a second each; None lets AWS scale and bills by use."""
    retention_hours: int
    """Hours that Google Cloud can be away without losing an event, 24 to 8760."""

    def __post_init__(self) -> None:
        """Raise ValueError for what Kinesis refuses."""
        if self.shards is not None and self.shards < 1:
            raise ValueError(f"shards is {self.shards}; write 1 or more, or None to let AWS scale the stream")
        if not SHORTEST_STREAM_RETENTION_HOURS <= self.retention_hours <= LONGEST_STREAM_RETENTION_HOURS:
            raise ValueError(f"retention_hours is {self.retention_hours}; Kinesis keeps events for 24 to 8760 hours")


@dataclass(frozen=True, kw_only=True)
class PushLimits:
    """What the endpoint takes from Google Cloud; beyond it Pub/Sub is told to come again, and slows down."""

    requests_per_second: int
    """Events a second in the long run."""
    burst: int
    """Events at once."""

    def __post_init__(self) -> None:
        """Raise ValueError for limits that let nothing through."""
        if self.requests_per_second < 1 or self.burst < 1:
            raise ValueError(
                f"{self.requests_per_second} requests a second and {self.burst} at once let nothing through; "
                "write 1 or more for both"
            )


@dataclass(frozen=True, kw_only=True)
class AwsEventsArgs:
    """The AWS half of a CrossCloudEventBus."""

    account_id: str
    """The account, 12 digits."""
    region: str
    """The region of the provider, such as `us-east-1`."""
    key_arn: pulumi.Input[str]
    """The KMS key of bus, archive, stream and queues; `events` uses it, and `kinesis` and `sqs` for the roles here."""
    logs_key_arn: pulumi.Input[str]
    """The KMS key that encrypts the logs."""
    log_retention_days: int
    """Days that logs are kept; one of the periods CloudWatch accepts."""
    archive_retention_days: int
    """Days in which an event can be replayed."""
    stream: StreamArgs
    """The stream to Google Cloud; not made without the Google half."""
    push_limits: PushLimits
    """What the endpoint for Google Cloud takes; not made without the Google half."""

    def __post_init__(self) -> None:
        """Raise ValueError for an archive that would keep events for ever, personal data among them."""
        if self.archive_retention_days < 1:
            raise ValueError(
                f"archive_retention_days is {self.archive_retention_days}; EventBridge takes 0 for ever, and events "
                "name people's accounts: write the days after which nobody will replay them"
            )


@dataclass(frozen=True, kw_only=True)
class GcpEventsArgs:
    """The Google Cloud half of a CrossCloudEventBus."""

    project_id: str
    """The project."""
    region: str
    """The one region that keeps messages."""
    key_id: pulumi.Input[str]
    """The Cloud KMS key of the topics; Pub/Sub's service agent may use it."""
    pubsub_agent: pulumi.Input[str]
    """The IAM member of Pub/Sub's service agent."""
    account_prefix: str
    """What the ids of the two service accounts begin with, such as `elson-prd-events`: 23 characters at most."""
    publishers: Mapping[str, pulumi.Input[str]]
    """IAM members that publish events for AWS, by service."""
    subscribers: Mapping[str, pulumi.Input[str]]
    """IAM members that take the events of AWS, by service; each has a subscription of its own."""

    def __post_init__(self) -> None:
        """Raise ValueError for a prefix that is no service account's."""
        for purpose in ("ingest", "push"):
            self.service_account_id(purpose)

    def service_account_id(self, purpose: str) -> str:
        """`elson-prd-events-push`."""
        return physical_name(Carrier.SERVICE_ACCOUNT, self.account_prefix, purpose)
