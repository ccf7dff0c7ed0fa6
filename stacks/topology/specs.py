"""A service of the settings in the words that every runtime takes."""

from collections.abc import Mapping

import pulumi
from pulumi import Output

from components.workloads import contract
from components.workloads.contract import Connection, ProvidedSecrets
from components.workloads.service import Colour, HealthPaths, Release, Replicas, Scaling, ServiceSpec
from stacks.settings import Settings
from stacks.settings.services import ContainerService
from stacks.topology.ground import Ground
from stacks.topology.placement import private_host


def spec(settings: Settings, name: str, ground: Ground) -> ServiceSpec:
    """The service as one place runs it."""
    service = settings.containers[name]
    return ServiceSpec(
        name=name,
        protocol=service.protocol,
        port=service.port,
        cpu=service.cpu,
        memory_gib=service.memory_gib,
        replicas=Replicas(min=service.replicas.min, max=service.replicas.max, standby=service.replicas.standby),
        health=HealthPaths(startup=service.health.startup, ready=service.health.ready, live=service.health.live),
        scaling=Scaling(
            cpu_out_percent=service.scaling.cpu_out_percent,
            cpu_in_percent=service.scaling.cpu_in_percent,
            memory_percent=service.scaling.memory_percent,
            out_after_minutes=service.scaling.out_after_minutes,
            in_after_minutes=service.scaling.in_after_minutes,
            cooldown_minutes=service.scaling.cooldown_minutes,
        ),
        release=release(settings, name, ground),
        environment=_environment(settings, name, ground),
        secrets=_secrets(service, ground),
        graceful_stop_seconds=service.graceful_stop_seconds,
    )


def release(settings: Settings, name: str, ground: Ground) -> Release:
    """The images of both colours, and the weight, which is one for all services."""
    images = settings.containers[name].images
    by_colour: dict[Colour, str] = {"blue": images.blue, "green": images.green}
    return Release(
        images={colour: _image(ground.repositories[name], image) for colour, image in by_colour.items()},
        green_percent=settings.release.green_percent,
    )


def base_url(settings: Settings, name: str, ground: Ground) -> str:
    """Where a service is called within a place."""
    return f"https://{private_host(settings, name, ground.cloud)}"


def _image(repository: Output[str], image: str) -> Output[str]:
    return Output.concat(repository, "@" if image.startswith("sha256:") else ":", image)


def _environment(settings: Settings, name: str, ground: Ground) -> Mapping[str, pulumi.Input[str]]:
    return contract.environment(
        cloud=ground.cloud,
        region=ground.region,
        own=settings.containers[name].environment,
        calls={callee: base_url(settings, callee, ground) for callee in ground.callees(name)},
        platform=ground.variables(name),
    )


def _secrets(service: ContainerService, ground: Ground) -> Mapping[str, pulumi.Input[str]]:
    """The first database and cache are the ones of the common variables, each further one has its own name."""
    databases = [(name, ground.databases[name]) for name in service.databases if name in ground.databases]
    caches = [(name, ground.caches[name]) for name in service.caches if name in ground.caches]
    own: dict[str, pulumi.Input[str]] = {name: ground.secrets[_pair(name)] for name in service.secrets}
    for kind, connections in (("database", databases[1:]), ("redis", caches[1:])):
        for name, connection in connections:
            own |= _named(f"{name}-{kind}", connection)
    return contract.secrets(
        provided=ProvidedSecrets(
            secret_key=ground.secrets["secret-key"],
            encryption_key=ground.secrets["encryption-key"],
            database=databases[0][1] if databases else None,
            cache=caches[0][1] if caches else None,
        ),
        own=own,
    )


def _named(prefix: str, connection: Connection) -> dict[str, pulumi.Input[str]]:
    if connection.authorities is None:
        return {f"{prefix}-url": connection.url}
    return {f"{prefix}-url": connection.url, f"{prefix}-authorities": connection.authorities}


def _pair(secret: str) -> str:
    """`JWT_SECRET` and `jwt-secret` are one secret."""
    return secret.lower().replace("_", "-")
