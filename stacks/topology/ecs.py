"""ECS in any region of AWS."""

from collections.abc import Mapping

from components.compute.aws_runtime import AwsIdentity, AwsRouter
from components.compute.ecs_cluster import EcsCluster, EcsClusterArgs
from components.compute.ecs_service import EcsPlace, EcsService, EcsServiceArgs
from components.workloads.service import ServiceSpec
from stacks.settings import Settings
from stacks.topology.regions import AwsRegion
from stacks.topology.routes import registered_in, service_targets, traffic_split


def ecs_cluster(name: str, settings: Settings, region: AwsRegion) -> EcsCluster:
    """The cluster of a region."""
    return EcsCluster(
        name,
        EcsClusterArgs(
            key_arn=region.key_arns["logs"],
            log_retention_days=settings.compute.log_retention_days,
        ),
        region.options(),
    )


def ecs_service(
    name: str,
    own: ServiceSpec,
    settings: Settings,
    region: AwsRegion,
    cluster: EcsCluster,
    *,
    routers: Mapping[str, AwsRouter],
    identity: AwsIdentity,
) -> EcsService:
    """A service in the cluster of a region, with the ways to it."""
    targets = service_targets(name, own, region, "ip", routers)
    service = EcsService(
        name,
        EcsServiceArgs(
            spec=own,
            place=EcsPlace(
                cluster_arn=cluster.arn,
                cluster_name=cluster.name,
                capacity_provider="FARGATE_SPOT" if settings.compute.spot else "FARGATE",
                architecture=settings.compute.architecture,
            ),
            network=region.place(own.name),
            targets=registered_in(targets),
            identity=identity,
            logs=region.logs(settings),
        ),
        region.options(),
    )
    traffic_split(name, own, region, routers, service.target_group_arns)
    return service
