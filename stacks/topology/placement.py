"""Where services are and how they are reached: what the rest of the topology reads off the settings."""

from collections.abc import Mapping
from typing import Literal

from stacks.settings import Settings
from stacks.settings.caches import Cache
from stacks.settings.databases import Database
from stacks.settings.services import Callbacks, ContainerService, StaticSite

Services = Mapping[str, ContainerService]
Recoverable = Database | Cache
CloudName = Literal["aws", "gcp"]
PlaceName = Literal["aws", "gcp", "recovery"]
RECOVERY: PlaceName = "recovery"
"""AWS's recovery region, as the names below the domain call it."""

MACHINES = ("ecs", "ec2")
"""Places on AWS that this part of the topology runs services in; in Kubernetes, pods come with the clusters."""
ON_AWS = (*MACHINES, "eks")
AT_THE_EDGE = ("public", "cdn")


def on_machines(settings: Settings) -> Services:
    """Services that run on ECS or EC2."""
    return {name: service for name, service in settings.containers.items() if service.primary in MACHINES}


def on_aws(settings: Settings) -> Services:
    """Services whose primary place is AWS."""
    return {name: service for name, service in settings.containers.items() if service.primary in ON_AWS}


def at_the_edge(settings: Settings) -> Services:
    """Services behind the public load balancer of AWS."""
    return {name: service for name, service in on_aws(settings).items() if service.exposure in AT_THE_EDGE}


def open_to_the_internet(behind: Services) -> bool:
    """Whether somebody comes to a public load balancer of AWS by another way than the CDN."""
    return any(service.exposure == "public" for service in behind.values())


def inside(settings: Settings) -> Services:
    """Services behind the internal load balancer of AWS; pods call each other without it."""
    return {
        name: service
        for name, service in on_aws(settings).items()
        if _waits_for_calls(service) or callers_on_aws(settings, name)
    }


def callers_on_aws(settings: Settings, called: str) -> list[str]:
    """Services on AWS that call this one through the internal load balancer."""
    here = on_aws(settings)
    if called not in here:
        return []
    callers = [name for name, service in here.items() if called in service.calls]
    if here[called].primary == "eks":
        return [name for name in callers if here[name].primary != "eks"]
    return callers


def callees_on_aws(settings: Settings, caller: str) -> list[str]:
    """Services that this one calls through the internal load balancer of AWS."""
    return [name for name in settings.containers[caller].calls if caller in callers_on_aws(settings, name)]


def in_google(settings: Settings) -> Services:
    """Services that have a place in Google Cloud."""
    return {
        name: service
        for name, service in settings.containers.items()
        if service.primary == "cloud_run" or service.standby != "none"
    }


def on_cloud_run(settings: Settings) -> Services:
    """Services that run, or stand by, on Cloud Run."""
    return {
        name: service
        for name, service in settings.containers.items()
        if "cloud_run" in (service.primary, service.standby)
    }


def published_in_google(settings: Settings) -> Services:
    """Services of Cloud Run behind the public load balancer of Google Cloud."""
    return {name: service for name, service in on_cloud_run(settings).items() if service.exposure == "public"}


def called_on_cloud_run(settings: Settings) -> Services:
    """Services of Cloud Run behind the internal load balancer of Google Cloud."""
    return {
        name: service
        for name, service in on_cloud_run(settings).items()
        if service.exposure == "internal" or callers_in_google(settings, name)
    }


def callers_in_google(settings: Settings, called: str) -> list[str]:
    """Services that call this one within Google Cloud."""
    return [name for name, service in in_google(settings).items() if called in service.calls]


def called_back(settings: Settings) -> Mapping[str, Callbacks]:
    """How API Gateway calls the services for which it holds the clients' WebSockets."""
    return {name: service.callbacks for name, service in on_machines(settings).items() if service.callbacks is not None}


def socket_host(settings: Settings, callbacks: Callbacks) -> str:
    """The name at which clients connect: `stream.example.com`."""
    return f"{callbacks.hostname}.{settings.environment.domain}"


def in_recovery(settings: Settings) -> Services:
    """Services that stand by in the recovery region."""
    return {name: settings.containers[name] for name in settings.compute.recovery}


def at_the_recovery_edge(settings: Settings) -> Services:
    """Those behind its public load balancer."""
    return {name: service for name, service in in_recovery(settings).items() if service.exposure in AT_THE_EDGE}


def recovered(data: Mapping[str, Recoverable]) -> list[str]:
    """The databases, or the caches, that are in the recovery region too."""
    return sorted(name for name, each in data.items() if each.recovery is not None)


def migrating(settings: Settings) -> Services:
    """Services whose databases are migrated by a task on ECS."""
    return {name: service for name, service in on_machines(settings).items() if service.migration}


def publishers(services: Services) -> list[str]:
    """Those that put events on the bus."""
    return [name for name, service in services.items() if "publish" in service.events]


def subscribers(services: Services) -> list[str]:
    """Those that take events from it."""
    return [name for name, service in services.items() if "subscribe" in service.events]


def public_host(settings: Settings, service: ContainerService | StaticSite) -> str:
    """`api.example.com`. Raises LookupError for a service without a name, which the settings' checks refuse."""
    return f"{_label(service)}.{settings.environment.domain}"


def place_host(settings: Settings, service: ContainerService | StaticSite, place: PlaceName) -> str:
    """The name that always answers from one place: `api.aws.example.com`."""
    return f"{_label(service)}.{place}.{settings.environment.domain}"


def internal_domain(settings: Settings) -> str:
    """What private names end with: `internal.example.com`."""
    return f"internal.{settings.environment.domain}"


def private_host(settings: Settings, name: str, cloud: CloudName) -> str:
    """The name by which services of one cloud call each other: `auth-service.aws.internal.example.com`."""
    return f"{name}.{cloud}.{internal_domain(settings)}"


def _waits_for_calls(service: ContainerService) -> bool:
    return service.callbacks is not None or (service.primary in MACHINES and service.exposure == "internal")


def _label(service: ContainerService | StaticSite) -> str:
    if service.hostname is None:
        raise LookupError("a service that nobody finds by name was asked for its name")
    return service.hostname
