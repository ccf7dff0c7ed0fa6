"""A task definition as ECS on Fargate takes it, from the words of a service."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi

from components.workloads.contract import health_command

Architecture = Literal["ARM64", "X86_64"]

CPU_UNITS = 1024
MIB = 1024
LONGEST_STOP_SECONDS = 120
"""After which Fargate ends a container, whatever it still does."""
NOBODY = "65532:65532"
"""The user that images without root call `nonroot`."""
SCRATCH_MIB = 64
LOG_BUFFER = "25m"

MEMORY_GIB: Mapping[float, Sequence[float]] = {
    0.25: (0.5, 1, 2),
    0.5: range(1, 5),
    1: range(2, 9),
    2: range(4, 17),
    4: range(8, 31),
    8: range(16, 61, 4),
    16: range(32, 121, 8),
}
"""GiB that Fargate offers for each number of vCPUs."""


@dataclass(frozen=True, kw_only=True)
class ContainerLog:
    """Where a container's output goes."""

    group_name: pulumi.Input[str]
    """The log group."""
    region: str
    """Its region."""
    stream_prefix: str
    """What its streams begin with, such as the colour."""


@dataclass(frozen=True, kw_only=True)
class Container:
    """One container of a task."""

    name: str
    """What it is called."""
    image: pulumi.Input[str]
    """What it runs, by digest."""
    environment: Mapping[str, pulumi.Input[str]]
    """Plain variables."""
    secrets: Mapping[str, pulumi.Input[str]]
    """References of secret variables."""
    log: ContainerLog
    """Where its output goes."""
    stop_seconds: int
    """Seconds between the request to stop and the end, 2 to 120."""
    port: int | None = None
    """The port that it listens on; None for one that takes no requests."""
    health_path: str | None = None
    """Where it is asked from inside whether it lives; None for one that ends by itself."""
    command: Sequence[str] | None = None
    """What it runs instead of the image's own command."""


def fargate_size(cpu: float, memory_gib: float) -> tuple[str, str]:
    """CPU units and MiB as a task definition states them; ValueError for a pair that Fargate does not offer."""
    offered = MEMORY_GIB.get(cpu)
    if offered is None:
        raise ValueError(
            f"Fargate offers no {cpu:g} vCPU; write one of {', '.join(f'{each:g}' for each in MEMORY_GIB)}"
        )
    if memory_gib not in offered:
        choice = ", ".join(f"{each:g}" for each in offered)
        raise ValueError(f"Fargate offers no {memory_gib:g} GiB with {cpu:g} vCPU; write one of {choice}")
    return str(int(cpu * CPU_UNITS)), str(int(memory_gib * MIB))


def fargate_stop(seconds: int) -> int:
    """The same seconds; ValueError for a time that Fargate does not wait."""
    if not 2 <= seconds <= LONGEST_STOP_SECONDS:
        raise ValueError(f"{seconds} seconds to stop; Fargate waits for 2 to {LONGEST_STOP_SECONDS}")
    return seconds


def container_definitions(container: Container) -> pulumi.Output[str]:
    """The JSON of a task definition's `containerDefinitions`: no root, no writable image, no secret by value."""
    return pulumi.Output.json_dumps([_definition(container)])


def _definition(container: Container) -> dict[str, Any]:
    variables = dict(container.environment)
    definition: dict[str, Any] = {
        "name": container.name,
        "image": container.image,
        "essential": True,
        "user": NOBODY,
        "readonlyRootFilesystem": True,
        "privileged": False,
        "linuxParameters": {
            "initProcessEnabled": True,
            "capabilities": {"drop": ["ALL"]},
            # The only place to write. In memory, since a volume would belong to root.
            "tmpfs": [{"containerPath": "/tmp", "size": SCRATCH_MIB, "mountOptions": ["rw", "noexec", "nosuid"]}],  # noqa: S108
        },
        "stopTimeout": fargate_stop(container.stop_seconds),
        "secrets": [{"name": name, "valueFrom": container.secrets[name]} for name in sorted(container.secrets)],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": container.log.group_name,
                "awslogs-region": container.log.region,
                "awslogs-stream-prefix": container.log.stream_prefix,
                # A log that cannot be written must not stop what writes it.
                "mode": "non-blocking",
                "max-buffer-size": LOG_BUFFER,
            },
        },
    }
    if container.port is not None:
        variables = {"PORT": str(container.port), **variables}
        definition["portMappings"] = [{"containerPort": container.port, "protocol": "tcp"}]
        if container.health_path is not None:
            definition["healthCheck"] = {
                "command": health_command(container.port, container.health_path),
                "interval": 10,
                "timeout": 5,
                "retries": 3,
                "startPeriod": 60,
            }
    if container.command is not None:
        definition["command"] = list(container.command)
    definition["environment"] = [{"name": name, "value": variables[name]} for name in sorted(variables)]
    return definition
