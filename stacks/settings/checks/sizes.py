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

FARGATE_LONGEST_STOP_SECONDS = 120


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
    for name, service in _in_place(settings, "ecs"):
        if service.graceful_stop_seconds > FARGATE_LONGEST_STOP_SECONDS:
            yield mistake(
                "services",
                name,
                "graceful_stop_seconds",
                value=service.graceful_stop_seconds,
                reason="Fargate ends a container after 120 seconds at the latest, open requests or not.",
                cure=f"write at most {FARGATE_LONGEST_STOP_SECONDS}",
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
    replicas_are_in_order,
    scaling_has_a_gap,
)
