"""A bus as the tests build it."""

from typing import Any

from components.events.cross_cloud_event_bus import CrossCloudEventBus, CrossCloudEventBusArgs
from components.events.halves import AwsEventsArgs, GcpEventsArgs, PushLimits, StreamArgs
from sandbox.graph import Graph
from sandbox.recorder import record_components

NAME = "trading-events"
ACCOUNT = "111122223333"
REGION = "us-east-1"
PROJECT = "elson-test"
SOURCE = "elson.trading"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/events"
LOGS_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/logs"
GCP_KEY = "projects/elson-test/locations/us-central1/keyRings/ring/cryptoKeys/events"
AGENT = "serviceAccount:service-42@gcp-sa-pubsub.iam.gserviceaccount.com"
BACKEND = "serviceAccount:backend-api@elson-test.iam.gserviceaccount.com"
REPORTS = "serviceAccount:reports@elson-test.iam.gserviceaccount.com"


def aws_args(**changes: Any) -> AwsEventsArgs:
    given: dict[str, Any] = {
        "account_id": ACCOUNT,
        "region": REGION,
        "key_arn": KEY,
        "logs_key_arn": LOGS_KEY,
        "log_retention_days": 30,
        "archive_retention_days": 90,
        "stream": StreamArgs(shards=None, retention_hours=168),
        "push_limits": PushLimits(requests_per_second=100, burst=200),
    }
    return AwsEventsArgs(**given | changes)


def gcp_args(**changes: Any) -> GcpEventsArgs:
    given: dict[str, Any] = {
        "project_id": PROJECT,
        "region": "us-central1",
        "key_id": GCP_KEY,
        "pubsub_agent": AGENT,
        "account_prefix": "elson-stg-events",
        "publishers": {"backend-api": BACKEND},
        "subscribers": {"backend-api": BACKEND, "reports": REPORTS},
    }
    return GcpEventsArgs(**given | changes)


def bus_args(**changes: Any) -> CrossCloudEventBusArgs:
    given: dict[str, Any] = {
        "source": SOURCE,
        "schemas": {"OrderExecuted": {"order_id": {"type": "string"}}},
        "aws": aws_args(),
        "gcp": gcp_args(),
    }
    return CrossCloudEventBusArgs(**given | changes)


def recorded(known: bool = True, name: str = NAME, **changes: Any) -> Graph:
    """The graph of one bus, with these arguments changed."""
    return record_components(lambda: CrossCloudEventBus(name, bus_args(**changes)), known=known)
