"""Which requests the load balancers of AWS lead to which service."""

from collections.abc import Sequence

from pulumi import Output

from components.compute.aws_runtime import AwsRouter, rule_priority
from components.edge.load_balancer import LoadBalancer
from stacks.settings import Settings
from stacks.topology.entrances import Entrances
from stacks.topology.placement import PlaceName, place_host, public_host


def edge_router(
    settings: Settings, name: str, entrances: Entrances, places: Sequence[PlaceName]
) -> dict[str, AwsRouter]:
    """The public way to a service, by its names; it asks for the origin secret where nothing but the CDN is to come."""
    if entrances.public is None:
        return {}
    service = settings.containers[name]
    here = [place_host(settings, service, place) for place in places]
    if service.exposure == "cdn":
        return {"public": router(name, entrances.public, here, entrances.origin_secret)}
    return {"public": router(name, entrances.public, [public_host(settings, service), *here], None)}


def router(name: str, balancer: LoadBalancer, hosts: Sequence[str], origin_secret: Output[str] | None) -> AwsRouter:
    """The rule of a service at a load balancer."""
    return AwsRouter(
        listener_arn=balancer.listener_arn,
        load_balancer_arn_suffix=balancer.arn_suffix,
        hosts=hosts,
        priority=rule_priority(name),
        origin_secret=origin_secret,
    )
