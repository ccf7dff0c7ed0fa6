"""What happens on the platform, told in both clouds."""

from collections.abc import Mapping
from typing import Any

from components.compute.service_identity import ServiceIdentity
from components.events.cross_cloud_event_bus import CrossCloudEventBus, CrossCloudEventBusArgs
from components.events.halves import AwsEventsArgs, GcpEventsArgs, PushLimits, StreamArgs
from components.naming import stack_prefix
from components.security.key_pair import KeyPair
from stacks.settings import Settings
from stacks.topology.placement import in_google, publishers, subscribers
from stacks.topology.providers import Providers

PUBSUB = "pubsub.googleapis.com"


def events(
    settings: Settings, providers: Providers, keys: Mapping[str, KeyPair], who: Mapping[str, ServiceIdentity]
) -> CrossCloudEventBus:
    """The event bus; without the standby half it stays on AWS."""
    return CrossCloudEventBus(
        "trading-events",
        CrossCloudEventBusArgs(
            source=settings.events.source,
            schemas=_schemas(settings),
            aws=_aws(settings, keys),
            gcp=_gcp(settings, providers, keys["events"], who),
        ),
        providers.options(),
    )


def event_outputs(bus: CrossCloudEventBus) -> dict[str, Any]:
    """What publishers, alarms and operators look up."""
    return {
        "event_bus_name": bus.bus_name,
        "event_archive_arn": bus.archive_arn,
        "event_dead_letter_queues": bus.dead_letter_queue_names,
        "event_stream_name": bus.stream_name,
        "event_topic_id": bus.topic_id,
        "event_dead_letter_subscription": bus.dead_letter_subscription_id,
    }


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
    )


def _gcp(
    settings: Settings, providers: Providers, key: KeyPair, who: Mapping[str, ServiceIdentity]
) -> GcpEventsArgs | None:
    if key.gcp_key_id is None:
        return None
    return GcpEventsArgs(
        project_id=settings.gcp.project_id,
        region=settings.gcp.region,
        key_id=key.gcp_key_id,
        pubsub_agent=providers.google_agents[PUBSUB],
        account_prefix=f"{stack_prefix(settings.environment.project, settings.environment.name)}-events",
        publishers={name: who[name].member for name in publishers(in_google(settings))},
        subscribers={name: who[name].member for name in subscribers(in_google(settings))},
    )
