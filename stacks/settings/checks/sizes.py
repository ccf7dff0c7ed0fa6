"""Sizes and counts against what the places of a service accept."""

from collections.abc import Iterator, Mapping

from stacks.settings.checks.draft import mistake
from stacks.settings.mistakes import Mistake
from stacks.settings.services import ContainerService
from stacks.settings.settings import Settings

FARGATE_MEMORY_GIB: Mapping[float, tuple[float, ...]] = {
    0.25: (0.5, 1, 2),
    0.5: (1, 2, 3, 4),
    1: tuple(range(2, 9)),
    2: tuple(range(4, 17)),
    4: tuple(range(8, 31)),
    8: tuple(range(16, 61, 4)),
    16: tuple(range(32, 121, 8)),
}
"""GiB that Fargate offers for each number of vCPUs."""

CLOUD_RUN_MEMORY_GIB: Mapping[float, tuple[float, float]] = {
    1: (0.5, 4),
    2: (0.5, 8),
    4: (2, 16),
    6: (4, 24),
    8: (4, 32),
}
"""Least and most GiB that Cloud Run gives to each number of vCPUs, with requests in parallel."""

FARGATE_STOP_SECONDS = (2, 120)

CLOUD_RUN_SCALE_OUT_PERCENT = (10, 95)
"""Between which CPU utilisations Cloud Run can be told to add copies."""


def fargate_offers_the_size(settings: Settings) -> Iterator[Mistake]:
    """Fargate has fixed pairs of CPU and memory."""
    for name, service in _in_place(settings, "ecs"):
        sizes = FARGATE_MEMORY_GIB.get(service.cpu)
        if sizes is None:
            yield _size(name, "cpu", service.cpu, "Fargate", FARGATE_MEMORY_GIB)
        elif service.memory_gib not in sizes:
            yield _size(name, "memory_gib", service.memory_gib, f"Fargate with {service.cpu:g} vCPU", sizes)


def cloud_run_offers_the_size(settings: Settings) -> Iterator[Mistake]:
    """Cloud Run ties memory to CPU, up to 8 vCPU and 32 GiB."""
    for name, service in _in_place(settings, "cloud_run"):
        limits = CLOUD_RUN_MEMORY_GIB.get(service.cpu)
        if limits is None:
            yield _size(name, "cpu", service.cpu, "Cloud Run", CLOUD_RUN_MEMORY_GIB)
        elif not limits[0] <= service.memory_gib <= limits[1]:
            yield mistake(
                "services",
                name,
                "memory_gib",
                value=service.memory_gib,
                reason=f"Cloud Run does not give this much memory to {service.cpu:g} vCPU.",
                cure=f"write a number from {limits[0]:g} to {limits[1]:g}, or other vCPUs",
            )


def _in_place(settings: Settings, place: str) -> Iterator[tuple[str, ContainerService]]:
    for name, service in settings.containers.items():
        if place in (service.primary, service.standby):
            yield name, service


def _size(name: str, key: str, value: float, where: str, sizes: Mapping[float, object] | tuple[float, ...]) -> Mistake:
    return mistake(
        "services",
        name,
        key,
        value=value,
        reason=f"{where} does not offer this size.",
        cure=f"write one of {', '.join(f'{size:g}' for size in sizes)}",
    )


def fargate_waits_for_the_stop(settings: Settings) -> Iterator[Mistake]:
    """Fargate ends a container after two minutes at the latest."""
    least, most = FARGATE_STOP_SECONDS
    for name, service in _in_place(settings, "ecs"):
        if not least <= service.graceful_stop_seconds <= most:
            yield mistake(
                "services",
                name,
                "graceful_stop_seconds",
                value=service.graceful_stop_seconds,
                reason=f"Fargate ends a container after {least} to {most} seconds, open requests or not.",
                cure=f"write a number from {least} to {most}",
            )


def cloud_run_scales_at_the_limit(settings: Settings) -> Iterator[Mistake]:
    """Cloud Run takes no limit that is hardly ever, or always, met."""
    least, most = CLOUD_RUN_SCALE_OUT_PERCENT
    for name, service in _in_place(settings, "cloud_run"):
        if not least <= service.scaling.cpu_out_percent <= most:
            yield mistake(
                *("services", name, "scaling", "cpu_out_percent"),
                value=service.scaling.cpu_out_percent,
                reason=f"Cloud Run adds copies above {least} to {most} % of CPU, and at no other limit.",
                cure=f"write a number from {least} to {most}",
            )


def a_release_finds_copies(settings: Settings) -> Iterator[Mistake]:
    """AWS starts what is asked for at once, but a minute passes until it answers."""
    percent = settings.release.green_percent
    for name, service in settings.containers.items():
        takes_requests = service.exposure != "none" and service.primary in ("ecs", "ec2", "eks")
        if percent and takes_requests and service.replicas.standby == 0:
            yield mistake(
                *("services", name, "replicas", "standby"),
                value=0,
                reason=f"{percent} % go to green: its first requests, and those of a rollback, would find no copy.",
                cure="deploy 1 here with `platform:release.green_percent` 0 first, then raise the percentage",
            )


def replicas_are_in_order(settings: Settings) -> Iterator[Mistake]:
    """The least is at most the most, and so is what stands by."""
    for name, service in settings.containers.items():
        replicas = service.replicas
        for key in ("min", "standby"):
            if getattr(replicas, key) > replicas.max:
                yield mistake(
                    "services",
                    name,
                    "replicas",
                    key,
                    value=getattr(replicas, key),
                    reason=f"It is more than the {replicas.max} that scaling stops at.",
                    cure=f"write at most {replicas.max}, or a higher `max`",
                )


def scaling_has_a_gap(settings: Settings) -> Iterator[Mistake]:
    """Limits that touch add and take away copies in turn."""
    for name, service in settings.containers.items():
        scaling = service.scaling
        if scaling.cpu_in_percent >= scaling.cpu_out_percent:
            yield mistake(
                "services",
                name,
                "scaling",
                "cpu_in_percent",
                value=scaling.cpu_in_percent,
                reason=f"Copies are added above {scaling.cpu_out_percent} %: they would be added and taken away in"
                " turn.",
                cure=f"write a number well below {scaling.cpu_out_percent}",
            )


CHECKS = (
    fargate_offers_the_size,
    cloud_run_offers_the_size,
    fargate_waits_for_the_stop,
    cloud_run_scales_at_the_limit,
    a_release_finds_copies,
    replicas_are_in_order,
    scaling_has_a_gap,
)
