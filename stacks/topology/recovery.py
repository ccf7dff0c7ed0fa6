"""What stands by in the recovery region of AWS: a few copies of the services, on copies of all that they need.

The region stands on its own. A service there has its own cache, the replica of its database, copies of its secrets and
images under copies of their keys, and asks the primary region for nothing. What it does without until the primary
region is back: services in Kubernetes, which have no place there and whose addresses it is not given; the event bus,
of which it hears nothing and on which it may put nothing; and the sockets that API Gateway holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from components.compute.ecs_cluster import EcsCluster
from components.compute.ecs_service import EcsService
from components.security.key_pair import KeyPair
from components.workloads.service import ServiceSpec
from stacks.settings import Settings
from stacks.topology.ecs import ecs_cluster, ecs_service
from stacks.topology.entrances import Entrances, recovery_entrances
from stacks.topology.ground import Ground, recovery_ground
from stacks.topology.names import Names
from stacks.topology.network import Networks
from stacks.topology.placement import RECOVERY, at_the_recovery_edge
from stacks.topology.providers import Providers
from stacks.topology.regions import AwsRegion, recovery_region
from stacks.topology.routers import edge_router
from stacks.topology.specs import spec
from stacks.topology.stock import Stock

CLUSTER = "services-recovery"


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """What names, alarms and operations need of the recovery region."""

    cluster: EcsCluster
    """Its cluster of ECS."""
    ecs: Mapping[str, EcsService]
    """The services that stand by, by name."""
    entrances: Entrances | None
    """The way in from the internet; None where nobody comes from there."""

    def outputs(self) -> dict[str, Any]:
        """What operators look up."""
        public = self.entrances.public if self.entrances else None
        return {
            "recovery_cluster_name": self.cluster.name,
            "recovery_ecs_services": {name: each.service_names for name, each in self.ecs.items()},
            "recovery_load_balancer": public.dns_name if public else None,
        }


def recovery(
    settings: Settings,
    providers: Providers,
    keys: Mapping[str, KeyPair],
    network: Networks,
    names: Names,
    entrances: Entrances,
    stock: Stock,
) -> Recovery | None:
    """The standby of every service that the settings name for it; None where they name none."""
    region = recovery_region(settings, providers, keys, network)
    if region is None or not settings.compute.recovery:
        return None
    way_in = (
        recovery_entrances(settings, region, names, entrances.origin_secret) if at_the_recovery_edge(settings) else None
    )
    cluster, ground = ecs_cluster(CLUSTER, settings, region), recovery_ground(settings, stock, region.name)
    return Recovery(
        cluster=cluster,
        ecs={
            name: _standby(name, settings, region, ground, cluster, way_in, stock) for name in settings.compute.recovery
        },
        entrances=way_in,
    )


def _standby(
    name: str,
    settings: Settings,
    region: AwsRegion,
    ground: Ground,
    cluster: EcsCluster,
    way_in: Entrances | None,
    stock: Stock,
) -> EcsService:
    """It answers to the names of the primary region too, so that they can be moved here as they are."""
    public = name in at_the_recovery_edge(settings)
    return ecs_service(
        f"{name}-recovery",
        _own(name, settings, ground),
        settings,
        region,
        cluster,
        routers=edge_router(settings, name, way_in, ["aws", RECOVERY]) if way_in and public else {},
        identity=region.identity(
            settings,
            stock.images.aws_replica_repository_arns[name],
            stock.storage.statements(settings, name, "recovery", region),
        ),
    )


def _own(name: str, settings: Settings, ground: Ground) -> ServiceSpec:
    """The service with the release and weight of everywhere, and with fewer copies, as many as are asked for."""
    own, copies = spec(settings, name, ground), settings.compute.recovery[name]
    return replace(own, replicas=replace(own.replicas, min=copies, max=max(copies, own.replicas.max)))
