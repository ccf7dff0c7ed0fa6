"""What Cloud Run accepts of a service: sizes, requests in parallel, and times."""

from collections.abc import Mapping
from typing import Literal

from components.workloads.service import ServiceSpec

MEMORY_GIB: Mapping[float, tuple[float, float]] = {
    1: (0.5, 4),
    2: (0.5, 8),
    4: (2, 16),
    6: (4, 24),
    8: (4, 32),
}
"""Least and most GiB for each number of vCPUs in the second generation; less than 1 vCPU runs in the first only."""

MOST_REQUESTS_AT_ONCE = 1000

TIMEOUT_SECONDS: Mapping[Literal["http", "websocket"], int] = {"http": 300, "websocket": 3600}
"""How long a request may take. A websocket is one request: after 60 minutes, the most there is, it is opened again."""

STARTUP_SECONDS = 240
"""The longest that Cloud Run waits for the startup probe."""

STOP_SECONDS = 10
"""Between the request to stop and the end of an instance; fixed."""


SCALE_OUT_PERCENT = (10, 95)
"""Between which CPU utilisations instances can be added."""


def cpu_limit(spec: ServiceSpec) -> str:
    """The vCPUs as Cloud Run writes them: `2`."""
    return f"{spec.cpu:g}"


def memory_limit(spec: ServiceSpec) -> str:
    """The memory as Cloud Run writes it: `4Gi`, or `1536Mi` where it is no whole number."""
    whole = float(spec.memory_gib).is_integer()
    return f"{spec.memory_gib:g}Gi" if whole else f"{round(spec.memory_gib * 1024)}Mi"


def check(spec: ServiceSpec) -> None:
    """Raise ValueError for a size, or a limit of scaling, that Cloud Run does not offer."""
    limits = MEMORY_GIB.get(spec.cpu)
    if limits is None:
        offered = ", ".join(f"{cpu:g}" for cpu in MEMORY_GIB)
        raise ValueError(f"{spec.name}: Cloud Run does not offer {spec.cpu:g} vCPU; write one of {offered}")
    least, most = limits
    if not least <= spec.memory_gib <= most:
        raise ValueError(
            f"{spec.name}: Cloud Run does not give {spec.memory_gib:g} GiB to {spec.cpu:g} vCPU; "
            f"write {least:g} to {most:g} GiB"
        )
    lowest, highest = SCALE_OUT_PERCENT
    if not lowest <= spec.scaling.cpu_out_percent <= highest:
        raise ValueError(
            f"{spec.name}: Cloud Run does not add instances above {spec.scaling.cpu_out_percent} % of CPU; "
            f"write {lowest} to {highest}"
        )
