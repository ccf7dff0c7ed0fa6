"""How requests reach a service on AWS, the same whatever it runs on: a move to another runtime rebuilds none of it.

Target groups have fixed names and rules fixed priorities, of which AWS takes no second one. Were they parts of what
runs the service, a move would make new ones beside the old, and be refused.
"""

from collections.abc import Mapping

import pulumi

from components.compute.aws_runtime import AwsRouter, AwsTarget
from components.compute.service_targets import ServiceTargets, ServiceTargetsArgs, TargetType
from components.compute.traffic_split import TrafficSplit, TrafficSplitArgs
from components.workloads.service import ServiceSpec
from stacks.topology.regions import AwsRegion


def service_targets(
    name: str,
    own: ServiceSpec,
    region: AwsRegion,
    target_type: TargetType,
    routers: Mapping[str, AwsRouter],
) -> ServiceTargets | None:
    """Where the load balancers of a region look for a service; None for a worker, to which none leads."""
    if not routers:
        return None
    return ServiceTargets(
        name,
        ServiceTargetsArgs(spec=own, vpc_id=region.vpc_id, target_type=target_type, routers=routers),
        region.options(),
    )


def registered_in(targets: ServiceTargets | None) -> dict[str, AwsTarget]:
    """The same as what runs the service is told of it."""
    if targets is None:
        return {}
    return {
        key: AwsTarget(target_group_arn=arn, alarm_name=targets.alarm_names[key])
        for key, arn in targets.target_group_arns.items()
    }


def traffic_split(
    name: str,
    own: ServiceSpec,
    region: AwsRegion,
    routers: Mapping[str, AwsRouter],
    target_group_arns: Mapping[str, pulumi.Input[str]],
) -> None:
    """The customers' rules; the target groups come from what runs the service, once it has been asked for copies."""
    if routers:
        TrafficSplit(
            name,
            TrafficSplitArgs(release=own.release, routers=routers, target_group_arns=target_group_arns),
            region.options(),
        )
