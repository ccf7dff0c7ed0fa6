"""What a service is, in the words that every runtime takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi

Colour = Literal["blue", "green"]
COLOURS: tuple[Colour, ...] = ("blue", "green")
"""The two releases that run beside each other; blue is the one that is there when nothing is being released."""

Place = Literal["primary", "standby"]
"""Whether a runtime serves customers, or waits in the other cloud until the first one fails."""

TESTERS_HEADER = "X-Release"
"""A request that carries this header with a colour is sent to it, whatever the weights say."""


@dataclass(frozen=True, kw_only=True)
class Replicas:
    """How many copies of a service run."""

    min: int
    """Copies of a colour that carries traffic, at the least; 1 or more."""
    max: int
    """Copies that scaling stops at."""
    standby: int
    """Copies of the colour without traffic, and of a standby place until it is needed; may be 0."""


@dataclass(frozen=True, kw_only=True)
class HealthPaths:
    """Where the probes ask."""

    startup: str
    """Answers once the process has started."""
    ready: str
    """Answers while the process can take requests."""
    live: str
    """Answers unless the process needs a restart."""


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """When copies are added and taken away."""

    cpu_out_percent: int
    """CPU above which copies are added."""
    cpu_in_percent: int
    """CPU below which copies are taken away."""
    memory_percent: int
    """Memory above which copies are added."""
    out_after_minutes: int
    """Minutes above the limit before copies are added."""
    in_after_minutes: int
    """Minutes below the limit before copies are taken away."""
    cooldown_minutes: int
    """Minutes of rest after each step."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """Two images and how the traffic is shared between them."""

    images: Mapping[Colour, pulumi.Input[str]]
    """The image of each colour, as the runtime pulls it: `<registry>/<path>@sha256:...`."""
    green_percent: int
    """How much of the traffic green receives: 0, 10, 25, 50 or 100."""

    def percent(self, colour: Colour) -> int:
        """The share of the traffic that a colour receives."""
        return self.green_percent if colour == "green" else 100 - self.green_percent


@dataclass(frozen=True, kw_only=True)
class ServiceSpec:
    """A service, whatever it runs on."""

    name: str
    """Its name, such as `backend-api`."""
    protocol: Literal["http", "websocket"]
    """How it is spoken to."""
    port: int
    """The port that it listens on, 1024 or above."""
    cpu: float
    """vCPUs of one copy."""
    memory_gib: float
    """GiB of memory of one copy."""
    replicas: Replicas
    """How many copies run."""
    health: HealthPaths
    """Where the probes ask."""
    scaling: Scaling
    """When copies are added and taken away."""
    release: Release
    """The images of the two colours, and the weight."""
    environment: Mapping[str, pulumi.Input[str]]
    """Plain variables; never a credential."""
    secrets: Mapping[str, pulumi.Input[str]]
    """Secret variables, each with a reference in the runtime's own form: an ARN, or a Secret Manager id."""
    graceful_stop_seconds: int
    """Seconds between the request to stop and the end, in which open requests are finished."""


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """The bounds between which a runtime scales."""

    min: int
    """Copies that always run."""
    max: int
    """Copies that scaling stops at."""


def capacity(service: ServiceSpec, colour: Colour, place: Place) -> Capacity:
    """How many copies of a colour a place runs.

    A colour with traffic has its full bounds in the primary place, however small its share: a canary that is short of
    capacity would be judged for that, not for its code. Without traffic it stands by, ready for a rollback.
    """
    replicas = service.replicas
    if service.release.percent(colour) == 0:
        return Capacity(min=replicas.standby if place == "primary" else 0, max=max(replicas.standby, 1))
    if place == "standby":
        return Capacity(min=replicas.standby, max=replicas.max)
    return Capacity(min=replicas.min, max=replicas.max)
