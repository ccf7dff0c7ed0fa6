"""The rules of two colours that hold for every runtime in AWS."""

from collections.abc import Iterable, Mapping

import pulumi
from pulumi import Output

from components.compute.aws_runtime import AwsTarget
from components.ordering import after
from components.workloads.service import Capacity, Colour, ServiceSpec, capacity


def of_colour(targets: Mapping[str, AwsTarget], colour: Colour) -> list[AwsTarget]:
    """The targets of a colour among those of a service, by `<colour>-<router>`."""
    return [target for key, target in targets.items() if key.partition("-")[0] == colour]


def target_groups_after(
    targets: Mapping[str, AwsTarget], asked: Iterable[pulumi.Resource]
) -> Mapping[str, Output[str]]:
    """The target groups of a service, once what asks for its copies exists.

    For the customers' rule, which comes last of all: a weight that came before the bounds would send customers to a
    colour that is still small.
    """
    ready = list(asked)
    return {key: after(Output.from_input(target.target_group_arn), ready) for key, target in targets.items()}


def bounds(spec: ServiceSpec, colour: Colour) -> Capacity:
    """Between how many copies a colour scales here.

    AWS applies bounds the moment it is told of them. A lower `max` for the colour that is losing its traffic would take
    its copies away while requests are still sent to it, and leave one of them to a rollback; so only `min` follows the
    weight, and copies nobody needs go by the usual steps.
    """
    return Capacity(min=capacity(spec, colour, "primary").min, max=spec.replicas.max)


def check_release(spec: ServiceSpec) -> None:
    """Raise ValueError for a weight that would find, or leave behind, a colour without copies.

    AWS starts what is asked for at once, but a minute passes until it answers. With a standby the first requests, and
    those of a rollback, meet a copy that runs; without one they would be refused.
    """
    if spec.release.green_percent and not spec.replicas.standby:
        raise ValueError(
            f"{spec.name} sends {spec.release.green_percent} % to green and keeps no standby: the first requests to a "
            "colour, and those of a rollback, would find no copy; deploy replicas.standby 1 first, then the weight"
        )
