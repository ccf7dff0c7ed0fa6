"""What services find in a place: one region of AWS, or Google Cloud, in the words that are the same for all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pulumi
from pulumi import Output

from components.edge.websocket_gateway import pusher_environment
from components.workloads.contract import Connection
from stacks.settings import Settings
from stacks.topology.placement import (
    CloudName,
    called_back,
    callees_on_aws,
    in_google,
    on_aws,
    publishers,
    socket_host,
)
from stacks.topology.stock import Stock


@dataclass(frozen=True, kw_only=True)
class Ground:
    """One place."""

    cloud: CloudName
    """The cloud."""
    region: str
    """The region."""
    repositories: Mapping[str, Output[str]]
    """Where the image of each service is pulled from, without tag or digest."""
    secrets: Mapping[str, Output[str]]
    """References of the secrets, by name: `secret-key`."""
    databases: Mapping[str, Connection]
    """How the databases are reached from here, by name."""
    caches: Mapping[str, Connection]
    """How the caches are reached from here, by name."""
    callees: Callable[[str], list[str]]
    """The services that a service calls within this place."""
    variables: Callable[[str], dict[str, pulumi.Input[str]]]
    """What else the platform tells a service."""


def aws_ground(settings: Settings, stock: Stock) -> Ground:
    """The primary region."""
    return Ground(
        cloud="aws",
        region=settings.aws.region,
        repositories=stock.images.aws_repository_urls,
        secrets={name: pair.aws_secret_arn for name, pair in stock.secrets.items()},
        databases={
            name: Connection(url=each.aws_url_secret_arn, authorities=each.aws_authorities_secret_arn)
            for name, each in stock.data.databases.items()
        },
        # ElastiCache's certificates are signed by an authority that every client has.
        caches={
            name: Connection(url=each.aws_url_secret_arn, authorities=None) for name, each in stock.data.caches.items()
        },
        callees=lambda name: callees_on_aws(settings, name),
        variables=lambda name: {
            **_sign_in(stock),
            **stock.storage.variables(settings, name, "aws"),
            **_aws_events(settings, stock, name),
            **_sockets(settings, name),
        },
    )


def recovery_ground(settings: Settings, stock: Stock, region: str) -> Ground:
    """The recovery region: copies of what the primary region has, so that nothing of it is asked.

    The event bus and API Gateway's sockets are in the primary region alone, and a service hears of neither here.
    """
    data = stock.data
    return Ground(
        cloud="aws",
        region=region,
        repositories=stock.images.aws_replica_repository_urls,
        secrets={
            name: pair.aws_replica_secret_arn
            for name, pair in stock.secrets.items()
            if pair.aws_replica_secret_arn is not None
        },
        databases={
            name: Connection(url=each.recovery_url_secret_arn, authorities=each.aws_replica_authorities_secret_arn)
            for name, each in data.databases.items()
            if each.recovery_url_secret_arn is not None
        },
        caches={
            name: Connection(url=each.url_secret_arn, authorities=None) for name, each in data.recovery_caches.items()
        },
        # Nobody who is called stands by here, which the settings' checks see to.
        callees=lambda _name: [],
        variables=lambda name: {**_sign_in(stock), **stock.storage.variables(settings, name, "recovery")},
    )


def gcp_ground(settings: Settings, stock: Stock) -> Ground:
    """Google Cloud. Raises LookupError where there is none."""
    repository = stock.images.gcp_repository_url
    if repository is None:
        raise LookupError("this environment has no standby cloud")
    return Ground(
        cloud="gcp",
        region=settings.gcp.region,
        repositories={name: Output.concat(repository, "/", name) for name in in_google(settings)},
        secrets={name: pair.gcp_secret_id for name, pair in stock.secrets.items() if pair.gcp_secret_id is not None},
        databases={
            name: Connection(url=each.gcp_url_secret_id, authorities=each.gcp_authorities_secret_id)
            for name, each in stock.data.databases.items()
            if each.gcp_url_secret_id is not None
        },
        caches={
            name: Connection(url=each.gcp_url_secret_id, authorities=each.gcp_ca_secret_id)
            for name, each in stock.data.caches.items()
            if each.gcp_url_secret_id is not None
        },
        callees=lambda name: [callee for callee in settings.containers[name].calls if callee in in_google(settings)],
        variables=lambda name: {
            **_sign_in(stock),
            **stock.storage.variables(settings, name, "gcp"),
            **_gcp_events(settings, stock, name),
        },
    )


def _sign_in(stock: Stock) -> dict[str, pulumi.Input[str]]:
    """With these alone a service verifies a customer's token, in any cloud and without asking Google."""
    if stock.sign_in is None:
        return {}
    return {
        "SIGN_IN_ISSUER": stock.sign_in.issuer,
        "SIGN_IN_AUDIENCE": stock.sign_in.audience,
        "SIGN_IN_KEYS_URL": stock.sign_in.jwks_url,
    }


def _aws_events(settings: Settings, stock: Stock, name: str) -> dict[str, pulumi.Input[str]]:
    if name not in publishers(on_aws(settings)):
        return {}
    return {"EVENT_BUS_NAME": stock.bus.bus_name, "EVENT_SOURCE": settings.events.source}


def _sockets(settings: Settings, name: str) -> dict[str, str]:
    callbacks = called_back(settings).get(name)
    return pusher_environment(socket_host(settings, callbacks)) if callbacks else {}


def _gcp_events(settings: Settings, stock: Stock, name: str) -> dict[str, pulumi.Input[str]]:
    topic, subscription = stock.bus.topic_id, stock.bus.subscription_ids.get(name)
    publishes = name in publishers(in_google(settings)) and topic is not None
    return {
        **({"EVENT_TOPIC": topic} if publishes and topic is not None else {}),
        **({"EVENT_SUBSCRIPTION": subscription} if subscription is not None else {}),
    }
