"""Where a resource sits: the subnets, filters and public addresses that its own properties name."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from sandbox.graph import Resource
from sandbox.reachability.aws_routes import SUBNET
from sandbox.reachability.google_routes import SUBNETWORK
from sandbox.reachability.packets import Directory, Endpoint

if TYPE_CHECKING:
    from sandbox.reachability.model import Reachability

LOAD_BALANCER: Final = "aws:lb/loadBalancer:LoadBalancer"
LISTENER: Final = "aws:lb/listener:Listener"
LAUNCH_TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
DEFAULT_GROUP: Final = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
EIP: Final = "aws:ec2/eip:Eip"
INSTANCES: Final = ("aws:ec2/instance:Instance", "gcp:compute/instance:Instance")
FORWARDING_RULES: Final = (
    "gcp:compute/forwardingRule:ForwardingRule",
    "gcp:compute/globalForwardingRule:GlobalForwardingRule",
)
SUBNET_GROUPS: Final = (
    "aws:rds/subnetGroup:SubnetGroup",
    "aws:elasticache/subnetGroup:SubnetGroup",
    "aws:dms/replicationSubnetGroup:ReplicationSubnetGroup",
)

_SUBNET_KEYS: Final = ("subnetId", "subnetIds", "subnets", "vpcZoneIdentifiers", "vpcSubnetIds")
_GROUP_KEYS: Final = ("securityGroupIds", "vpcSecurityGroupIds", "securityGroups")
_SUBNET_GROUP_KEYS: Final = ("dbSubnetGroupName", "subnetGroupName", "replicationSubnetGroupId")
_NESTED: Final = (
    "networkConfiguration",
    "vpcConfig",
    "vpcOptions",
    "networkInterfaces",
    "subnetMappings",
    "ipAddresses",
)
_PUBLIC_KEYS: Final = ("associatePublicIpAddress", "publiclyAccessible", "assignPublicIp")


class Exposure(NamedTuple):
    """Something that the internet can open a connection to."""

    resource: Resource
    protocol: str
    port: int
    """0 stands for every port."""


def endpoints(model: "Reachability", directory: Directory, resource: Resource) -> list[Endpoint]:
    """One endpoint for each subnet that a resource sits in; none for one that sits in no subnet.

    A resource of AWS that names no security group has the default one of its VPC, load balancers of packets have none.
    """
    if resource.type == INSTANCES[1]:
        return _google_instance(model, directory, resource)
    said = [*_settings(resource.inputs)]
    template = next((item for part in said for item in _template(directory, part)), None)
    said += _settings(template.inputs) if template else []
    found = [directory.find(value, SUBNET) for value in _subnet_ids(directory, said)]
    return [
        model.subnet(subnet, groups=_groups(directory, said, resource, subnet), public=_public(model, said, resource))
        for subnet in dict.fromkeys(subnet for subnet in found if subnet)
    ]


def exposures(model: "Reachability", directory: Directory) -> list[Exposure]:
    """Load balancers, instances and databases that answer the internet, with the ports on which they do."""
    found: list[Exposure] = []
    for resource in model.graph:
        if resource.type in FORWARDING_RULES and "EXTERNAL" in resource.inputs.get("loadBalancingScheme", "EXTERNAL"):
            found += [Exposure(resource, _protocol(resource), port) for port in _ports(resource)]
        elif resource.package in ("aws", "gcp") and resource.custom:
            ends = [end for end in endpoints(model, directory, resource) if end.public]
            asked = sorted({port for end in ends for port in _asked(model, resource, end)})
            for protocol, port in asked:
                if model.any_path(model.internet, ends, port=port or None, protocol=protocol):
                    found.append(Exposure(resource, protocol, port))
    return found


def _asked(model: "Reachability", resource: Resource, end: Endpoint) -> set[tuple[str, int]]:
    """The ports worth asking: those of the listeners of a load balancer, else those of any rule."""
    if resource.type != LOAD_BALANCER:
        return model.rule_ports(end)
    listeners = [item for item in model.graph.of_type(LISTENER) if item.get("loadBalancerArn") == resource.get("arn")]
    return {("udp" if item.get("protocol") == "UDP" else "tcp", int(item["port"])) for item in listeners}


def _settings(inputs: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The inputs, and the blocks inside that tell of the network."""
    yield inputs
    for key in _NESTED:
        for block in _many(inputs.get(key)):
            if isinstance(block, Mapping):
                yield cast("Mapping[str, Any]", block)


def _template(directory: Directory, said: Mapping[str, Any]) -> Iterator[Resource]:
    for block in _many(said.get("launchTemplate")):
        found = directory.find(block.get("id") or block.get("name"), LAUNCH_TEMPLATE)
        if found:
            yield found


def _subnet_ids(directory: Directory, said: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for part in said:
        for key in _SUBNET_KEYS:
            yield from (value for value in _many(part.get(key)) if isinstance(value, str))
        for key in _SUBNET_GROUP_KEYS:
            group = directory.find(part.get(key), *SUBNET_GROUPS)
            yield from (group.get("subnetIds") or ()) if group else ()


def _groups(
    directory: Directory, said: Iterable[Mapping[str, Any]], resource: Resource, subnet: Resource
) -> list[str] | None:
    named = [str(value) for part in said for key in _GROUP_KEYS for value in _many(part.get(key))]
    if named:
        return named
    if resource.type == LOAD_BALANCER and resource.get("loadBalancerType") in ("network", "gateway"):
        return None
    adopted = [g for g in directory.graph.of_type(DEFAULT_GROUP) if g.get("vpcId") == subnet["vpcId"]]
    return [str(group.id) for group in adopted]


def _public(model: "Reachability", said: Iterable[Mapping[str, Any]], resource: Resource) -> bool | None:
    """Whether it has a public address; None for what takes the word of its subnet."""
    if resource.type == LOAD_BALANCER:
        return not resource.inputs.get("internal")
    if any(item.get("instance") == resource.id for item in model.graph.of_type(EIP)):
        return True
    told = [part[key] for part in said for key in _PUBLIC_KEYS if part.get(key) is not None]
    if told:
        return any(value in (True, "true") for value in told)
    return None if resource.type == INSTANCES[0] or resource.inputs.get("launchTemplate") else False


def _google_instance(model: "Reachability", directory: Directory, resource: Resource) -> list[Endpoint]:
    found: list[Endpoint] = []
    for card in resource.inputs.get("networkInterfaces") or ():
        subnet = directory.find(card.get("subnetwork"), SUBNETWORK)
        if subnet:
            account = (resource.inputs.get("serviceAccount") or {}).get("email")
            found.append(
                model.subnet(
                    subnet,
                    address=card.get("networkIp"),
                    tags=resource.inputs.get("tags") or (),
                    service_account=account,
                    public=bool(card.get("accessConfigs")),
                )
            )
    return found


def _ports(rule: Resource) -> list[int]:
    given = [*_many(rule.inputs.get("ports")), *_many(rule.inputs.get("portRange"))]
    return [int(str(port).partition("-")[0]) for port in given] or [0]


def _protocol(rule: Resource) -> str:
    return str(rule.inputs.get("ipProtocol") or "TCP").lower()


def _many(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(cast("list[Any]", value)) if isinstance(value, list | tuple) else [value]
