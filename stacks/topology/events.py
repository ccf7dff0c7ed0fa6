"""What happens on the platform, told in both clouds."""

from collections.abc import Mapping
from typing import Any

from components.events.cross_cloud_event_bus import CrossCloudEventBus, CrossCloudEventBusArgs
from components.events.halves import AwsEventsArgs, GcpEventsArgs, PushLimits, StreamArgs
from components.naming import stack_prefix
from components.security.key_pair import KeyPair
from stacks.settings import Settings
from stacks.topology.providers import Providers

PUBSUB = "pubsub.googleapis.com"


def events(settings: Settings, providers: Providers, keys: Mapping[str, KeyPair]) -> CrossCloudEventBus:
    """The event bus; without the standby half it stays on AWS.

    Nobody publishes or subscribes yet: whoever does has an identity, and those come with the services.
    """
    return CrossCloudEventBus(
        "trading-events",
        CrossCloudEventBusArgs(
            source=settings.events.source,
            schemas=_schemas(settings),
            aws=_aws(settings, keys),
            gcp=_gcp(settings, providers, keys["events"]),
        ),
        providers.options(),
    )


def _schemas(settings: Settings) -> dict[str, dict[str, Any]]:
    return {
        event: {field: {"type": kind} for field, kind in fields.items()}
        for event, fields in settings.events.schemas.items()
    }


def _aws(settings: Settings, keys: Mapping[str, KeyPair]) -> AwsEventsArgs:
    stream, limits = settings.events.stream, settings.events.push_limits
    return AwsEventsArgs(
        account_id=settings.aws.account_id,
        region=settings.aws.region,
        key_arn=keys["events"].aws_key_arn,
        logs_key_arn=keys["logs"].aws_key_arn,
        log_retention_days=settings.events.log_retention_days,
        archive_retention_days=settings.events.archive_retention_days,
        stream=StreamArgs(shards=stream.shards, retention_hours=stream.retention_hours),
        push_limits=PushLimits(requests_per_second=limits.requests_per_second, burst=limits.burst),
        publishers={},
    )


def _gcp(settings: Settings, providers: Providers, key: KeyPair) -> GcpEventsArgs | None:
    if key.gcp_key_id is None:
        return None
    return GcpEventsArgs(
        project_id=settings.gcp.project_id,
        region=settings.gcp.region,
        key_id=key.gcp_key_id,
        pubsub_agent=providers.google_agents[PUBSUB],
        account_prefix=f"{stack_prefix(settings.environment.project, settings.environment.name)}-events",
        publishers={},
        subscribers={},
    )
