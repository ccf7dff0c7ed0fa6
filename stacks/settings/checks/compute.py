"""What services run on, against the services themselves."""

import re
from collections.abc import Iterator

from stacks.settings.checks.draft import mistake
from stacks.settings.mistakes import Mistake
from stacks.settings.settings import Settings

GRAVITON = re.compile(r"a1|[a-z]+[0-9]+g[a-z]*(-.*)?")
"""Families of machines with ARM processors have a `g` behind their generation: `m7g`, `c8gn`."""


def machines_are_described(settings: Settings) -> Iterator[Mistake]:
    """A service on machines of its own needs to know which."""
    on_machines = [name for name, service in settings.containers.items() if service.primary == "ec2"]
    if on_machines and settings.compute.ec2 is None:
        yield mistake(
            "compute",
            "ec2",
            value=None,
            reason=f"{', '.join(on_machines)} runs on EC2, and nothing says on what machines.",
            cure="write `instance_type`, `image_id` and `disk_gib`, or another primary for the service",
        )


def machines_run_the_images(settings: Settings) -> Iterator[Mistake]:
    """An image starts only on the processor that it was built for."""
    machines, architecture = settings.compute.ec2, settings.compute.architecture
    if machines is None:
        return
    has_arm = GRAVITON.fullmatch(machines.instance_type.split(".")[0]) is not None
    if has_arm != (architecture == "ARM64"):
        yield mistake(
            *("compute", "ec2", "instance_type"),
            value=machines.instance_type,
            reason=f"Images are built for {architecture}, which this machine is not: none would start.",
            cure=f"write a machine such as {'m7g.large' if architecture == 'ARM64' else 'm7i.large'}",
        )


def recovery_is_of_services_on_ecs(settings: Settings) -> Iterator[Mistake]:
    """In the recovery region there is a cluster of ECS and nothing else."""
    on_ecs = [name for name, service in settings.containers.items() if service.primary == "ecs"]
    for name, copies in settings.compute.recovery.items():
        if name not in on_ecs:
            yield mistake(
                *("compute", "recovery", name),
                value=copies,
                reason="Only services of ECS stand by in the recovery region, and this is none.",
                cure=f"remove it; those of ECS are {', '.join(on_ecs) or '(none)'}",
            )


def recovery_has_a_region(settings: Settings) -> Iterator[Mistake]:
    """What stands by needs a place to stand in."""
    if settings.compute.recovery and settings.aws.recovery is None:
        yield mistake(
            *("compute", "recovery"),
            value=dict(settings.compute.recovery),
            reason="There is no recovery region that these services could stand by in.",
            cure="write {}, or set `platform:aws.recovery`",
        )


def services_in_the_recovery_region_have_their_databases(settings: Settings) -> Iterator[Mistake]:
    """A service that stands by without its database stands by for nothing."""
    for name, copies in settings.compute.recovery.items():
        service = settings.containers.get(name)
        for used in service.databases if service is not None else ():
            database = settings.databases.managed.get(used)
            if database is None or database.recovery is None:
                yield mistake(
                    *("compute", "recovery", name),
                    value=copies,
                    reason=f"The service uses the database {used}, which has no replica in the recovery region.",
                    cure=f"remove it, or give `platform:databases.managed.{used}.recovery`",
                )


def services_in_the_recovery_region_have_their_caches(settings: Settings) -> Iterator[Mistake]:
    """Those of the primary region are lost with it."""
    for name, copies in settings.compute.recovery.items():
        service = settings.containers.get(name)
        for used in service.caches if service is not None else ():
            cache = settings.caches.managed.get(used)
            if cache is None or cache.recovery is None:
                yield mistake(
                    *("compute", "recovery", name),
                    value=copies,
                    reason=f"The service uses the cache {used}, which there is none of in the recovery region.",
                    cure=f"remove it, or give `platform:caches.managed.{used}.recovery`",
                )


def services_in_the_recovery_region_call_none_there(settings: Settings) -> Iterator[Mistake]:
    """Calls go by an internal load balancer, which only the primary region has."""
    there = settings.compute.recovery
    for name, copies in there.items():
        service = settings.containers.get(name)
        called = [other for other in (service.calls if service is not None else ()) if other in there]
        if called:
            yield mistake(
                *("compute", "recovery", name),
                value=copies,
                reason=f"It calls {', '.join(called)}, and in the recovery region nothing leads from one to the other.",
                cure=f"remove it, or {', '.join(called)}",
            )


def a_websocket_keeps_its_cpu(settings: Settings) -> Iterator[Mistake]:
    """Who pushes has to run while nobody asks."""
    for name, service in settings.containers.items():
        if service.protocol == "websocket" and service.cloud_run.cpu_idle:
            yield mistake(
                *("services", name, "cloud_run", "cpu_idle"),
                value=True,
                reason="A websocket pushes when nobody asks, which it can't while its CPU is stopped.",
                cure="write false",
            )


CHECKS = (
    machines_are_described,
    machines_run_the_images,
    recovery_is_of_services_on_ecs,
    recovery_has_a_region,
    services_in_the_recovery_region_have_their_databases,
    services_in_the_recovery_region_have_their_caches,
    services_in_the_recovery_region_call_none_there,
    a_websocket_keeps_its_cpu,
)
