"""The services that run on AWS, and the routes to those that run in Kubernetes there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pulumi import Output

from components.compute.aws_runtime import AwsIdentity, AwsRouter
from components.compute.ec2_service import Ec2Place, Ec2Service, Ec2ServiceArgs
from components.compute.ecs_cluster import EcsCluster
from components.compute.ecs_service import EcsService
from components.compute.migration_task import MigrationTask, MigrationTaskArgs
from components.compute.service_targets import ServiceTargets
from components.compute.task_definition import Architecture
from components.events.cross_cloud_event_bus import publishing
from components.security.key_pair import KeyPair
from stacks.settings import Settings
from stacks.topology import access
from stacks.topology.ecs import ecs_cluster, ecs_service
from stacks.topology.entrances import Entrances
from stacks.topology.ground import aws_ground
from stacks.topology.network import Networks
from stacks.topology.placement import (
    at_the_edge,
    inside,
    migrating,
    on_aws,
    on_machines,
    private_host,
    publishers,
)
from stacks.topology.providers import Providers
from stacks.topology.regions import primary_region
from stacks.topology.routers import edge_router, router
from stacks.topology.routes import registered_in, service_targets, traffic_split
from stacks.topology.specs import spec
from stacks.topology.stock import Stock

CLUSTER = "services"


@dataclass(frozen=True, kw_only=True)
class AwsServices:
    """What alarms, operations and the clusters need of the services on AWS."""

    cluster: EcsCluster | None
    """The cluster of ECS; None where nothing runs there."""
    ecs: Mapping[str, EcsService]
    """The services on ECS, by name."""
    ec2: Mapping[str, Ec2Service]
    """The services on machines, by name."""
    pods: Mapping[str, ServiceTargets]
    """Where the load balancers look for the pods of services in Kubernetes, by name."""
    migrations: Mapping[str, MigrationTask]
    """The tasks that migrate databases, by the service whose they are."""

    def role_arn(self, name: str) -> Output[str]:
        """Who the code of a service is to AWS. Raises LookupError for a service that is not here."""
        if name in self.ecs:
            return self.ecs[name].task_role_arn
        return self.ec2[name].role_arn

    def outputs(self) -> dict[str, Any]:
        """What operators look up."""
        return {
            "ecs_services": {name: each.service_names for name, each in self.ecs.items()},
            "ec2_groups": {name: each.autoscaling_group_names for name, each in self.ec2.items()},
            "target_group_arns": {name: each.target_group_arns for name, each in self.pods.items()},
            "migration_commands": {name: each.run_command for name, each in self.migrations.items()},
        }


def aws_services(
    settings: Settings,
    providers: Providers,
    keys: Mapping[str, KeyPair],
    network: Networks,
    entrances: Entrances,
    stock: Stock,
) -> AwsServices:
    """Every service of the settings that has its primary place on AWS."""
    return _AwsServices(settings, providers, keys, network, entrances, stock).made()


class _AwsServices:
    """The arguments of every service, from the settings and from what it is built on."""

    def __init__(
        self,
        settings: Settings,
        providers: Providers,
        keys: Mapping[str, KeyPair],
        network: Networks,
        entrances: Entrances,
        stock: Stock,
    ) -> None:
        self._settings, self._entrances, self._stock = settings, entrances, stock
        self._region = primary_region(settings, providers, keys, network)
        self._ground = aws_ground(settings, stock)

    def made(self) -> AwsServices:
        machines = on_machines(self._settings)
        migrations = migrating(self._settings)
        on_ecs = [name for name, service in machines.items() if service.primary == "ecs"]
        cluster = ecs_cluster(CLUSTER, self._settings, self._region) if on_ecs or migrations else None
        return AwsServices(
            cluster=cluster,
            ecs={name: self._ecs(name, cluster) for name in on_ecs if cluster},
            ec2={name: self._ec2(name) for name, service in machines.items() if service.primary == "ec2"},
            pods=self._pods(),
            migrations={name: self._migration(name, cluster) for name in migrations if cluster},
        )

    def _ecs(self, name: str, cluster: EcsCluster) -> EcsService:
        return ecs_service(
            name,
            spec(self._settings, name, self._ground),
            self._settings,
            self._region,
            cluster,
            routers=self._routers(name),
            identity=self._identity(name, self._statements(name)),
        )

    def _ec2(self, name: str) -> Ec2Service:
        machines = self._settings.compute.ec2
        if machines is None:
            raise LookupError(f"{name} runs on machines, and the settings name none")
        own, routers = spec(self._settings, name, self._ground), self._routers(name)
        targets = service_targets(name, own, self._region, "instance", routers)
        service = Ec2Service(
            name,
            Ec2ServiceArgs(
                spec=own,
                place=Ec2Place(
                    instance_type=machines.instance_type, image_id=machines.image_id, disk_gib=machines.disk_gib
                ),
                network=self._region.place(name),
                targets=registered_in(targets),
                identity=self._identity(name, self._statements(name)),
                logs=self._region.logs(self._settings),
            ),
            self._region.options(),
        )
        traffic_split(name, own, self._region, routers, service.target_group_arns)
        return service

    def _pods(self) -> dict[str, ServiceTargets]:
        """Routes and weights are those of every other service; the cluster puts its pods behind them."""
        found: dict[str, ServiceTargets] = {}
        for name in (name for name, service in on_aws(self._settings).items() if service.primary == "eks"):
            own, routers = spec(self._settings, name, self._ground), self._routers(name)
            targets = service_targets(name, own, self._region, "ip", routers)
            if targets is not None:
                traffic_split(name, own, self._region, routers, targets.target_group_arns)
                found[name] = targets
        return found

    def _migration(self, name: str, cluster: EcsCluster) -> MigrationTask:
        """With the green image: whatever the weight, it is the one whose schema has to be there first."""
        own, service = spec(self._settings, name, self._ground), self._settings.containers[name]
        return MigrationTask(
            access.migration(name),
            MigrationTaskArgs(
                image=own.release.images["green"],
                command=service.migration,
                architecture=self._architecture(),
                cpu=own.cpu,
                memory_gib=own.memory_gib,
                environment=own.environment,
                secrets=own.secrets,
                cluster_name=cluster.name,
                network=self._region.place(access.migration(name)),
                identity=self._identity(name, []),
                logs=self._region.logs(self._settings),
            ),
            self._region.options(),
        )

    def _routers(self, name: str) -> dict[str, AwsRouter]:
        found: dict[str, AwsRouter] = {}
        service, internal = at_the_edge(self._settings).get(name), self._entrances.internal
        if service is not None:
            found |= edge_router(self._settings, name, self._entrances, ["aws"])
        if name in inside(self._settings) and internal is not None:
            found["internal"] = router(name, internal, [private_host(self._settings, name, "aws")], None)
        return found

    def _identity(self, name: str, statements: list[dict[str, Any]]) -> AwsIdentity:
        return self._region.identity(self._settings, self._stock.images.aws_repository_arns[name], statements)

    def _statements(self, name: str) -> list[dict[str, Any]]:
        """What the code of a service may do in AWS."""
        stored = self._stock.storage.statements(self._settings, name, "aws", self._region)
        if name not in publishers(on_machines(self._settings)):
            return stored
        return [publishing(self._stock.bus.bus_arn, self._settings.events.source), *stored]

    def _architecture(self) -> Architecture:
        return self._settings.compute.architecture
