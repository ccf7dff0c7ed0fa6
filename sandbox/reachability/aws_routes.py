"""Routes of AWS: what the route table of a subnet does with a packet. IPv4 only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv4Network
from typing import Any, Final

from sandbox.graph import Graph, Resource
from sandbox.reachability.packets import (
    Directory,
    DroppedError,
    Endpoint,
    GatewayEndpointPlace,
    Hop,
    InternetPlace,
    NotModelledError,
    Packet,
    Step,
    TransitPlace,
    VpcPlace,
    network,
)

VPC: Final = "aws:ec2/vpc:Vpc"
SUBNET: Final = "aws:ec2/subnet:Subnet"
ROUTE_TABLES: Final = ("aws:ec2/routeTable:RouteTable", "aws:ec2/defaultRouteTable:DefaultRouteTable")
INTERNET_GATEWAY: Final = "aws:ec2/internetGateway:InternetGateway"
NAT_GATEWAY: Final = "aws:ec2/natGateway:NatGateway"
TRANSIT_GATEWAY: Final = "aws:ec2transitgateway/transitGateway:TransitGateway"
VPC_ATTACHMENT: Final = "aws:ec2transitgateway/vpcAttachment:VpcAttachment"
VPC_ENDPOINT: Final = "aws:ec2/vpcEndpoint:VpcEndpoint"
UNMODELLED_ON_AWS: Final = (
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
    "aws:ec2/vpnGateway:VpnGateway",
    "aws:ec2transitgateway/connect:Connect",
    "aws:networkfirewall/firewall:Firewall",
)

_TARGETS: Final = ("gatewayId", "natGatewayId", "transitGatewayId")


@dataclass(frozen=True, slots=True)
class VpcRoute:
    """One line of a route table."""

    prefix: IPv4Network
    target: str
    """An id, or `local`."""
    table: str
    """The name of its table."""
    resource: Resource


class VpcRouting:
    """Answers where a packet goes from a subnet of a VPC."""

    def __init__(self, graph: Graph, directory: Directory) -> None:
        self.graph, self.directory = graph, directory
        self._routes = cache(self._read_routes)

    def vpc_of(self, subnet: Resource) -> Resource:
        """The VPC of a subnet. Raises DroppedError when it is gone."""
        vpc = self.directory.find(subnet["vpcId"], VPC)
        if vpc is None:
            raise DroppedError(f"subnet {subnet.name} has no VPC", subnet)
        return vpc

    def cidrs(self, vpc: Resource) -> list[IPv4Network]:
        """Every range of a VPC."""
        more = self.graph.of_type("aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation")
        return [
            network(vpc["cidrBlock"]),
            *(network(a["cidrBlock"]) for a in more if self.directory.find(a["vpcId"], VPC) is vpc),
        ]

    def subnet_at(self, address: IPv4Address) -> Resource | None:
        """The subnet that holds an address."""
        subnets = [s for s in self.graph.of_type(SUBNET) if s.get("cidrBlock")]
        return next((s for s in subnets if address in network(s["cidrBlock"])), None)

    def forward(self, place: VpcPlace, packet: Packet, source: Endpoint, destination: Endpoint) -> Step:
        """Where the route table of the subnet sends a packet."""
        if isinstance(destination.place, GatewayEndpointPlace):
            return self._to_gateway_endpoint(place.subnet, destination.place.endpoint)
        route = self._route(place.subnet, packet.destination)
        hop = Hop(f"{route.table} {route.prefix} via {route.target}", route.resource)
        if route.target == "local":
            return self._locally(place.subnet, packet, destination, hop)
        if internet := self.directory.find(route.target, INTERNET_GATEWAY):
            return self._to_internet(place.subnet, internet, source, hop)
        if nat := self.directory.find(route.target, NAT_GATEWAY):
            return self._translated(nat, packet, hop)
        if transit := self.directory.find(route.target, TRANSIT_GATEWAY):
            return self._to_transit(place.subnet, transit, hop)
        raise DroppedError(f"{hop} leads to nothing: its target is not there", route.resource)

    def _route(self, subnet: Resource, address: IPv4Address) -> VpcRoute:
        """The longest prefix wins; of equal ones the VPC's own."""
        fitting = [route for route in self._routes(subnet.urn) if address in route.prefix]
        if not fitting:
            raise DroppedError(f"subnet {subnet.name} has no route to {address}", subnet)
        return max(fitting, key=lambda route: (route.prefix.prefixlen, route.target == "local"))

    def _read_routes(self, subnet_urn: str) -> tuple[VpcRoute, ...]:
        subnet = self.graph.resources[subnet_urn]
        vpc = self.vpc_of(subnet)
        ids, name = self._table_ids(subnet, vpc)
        local = [VpcRoute(cidr, "local", name, vpc) for cidr in self.cidrs(vpc)]
        tables = [table for table in self.graph.of_type(*ROUTE_TABLES) if table.id in ids]
        inline = [(table, line) for table in tables for line in table.inputs.get("routes") or ()]
        single = [(r, r.inputs) for r in self.graph.of_type("aws:ec2/route:Route") if r["routeTableId"] in ids]
        return (*local, *(route for owner, line in (*inline, *single) for route in self._line(owner, line, name)))

    def _line(self, owner: Resource, line: Mapping[str, Any], table: str) -> Iterator[VpcRoute]:
        prefixes = self.prefix_list(line.get("destinationPrefixListId"))
        cidr = line.get("destinationCidrBlock") or line.get("cidrBlock")
        target = next((str(line[key]) for key in _TARGETS if line.get(key)), None)
        for prefix in (*prefixes, *([network(cidr)] if cidr else [])):
            if target is None:
                raise NotModelledError(f"{owner.urn}: a route by none of {', '.join(_TARGETS)}")
            yield VpcRoute(prefix, target, table, owner)

    def _table_ids(self, subnet: Resource, vpc: Resource) -> tuple[set[str], str]:
        """The ids of the route table of a subnet, and what to call it: the VPC's main table unless another is tied."""
        for tie in self.graph.of_type("aws:ec2/routeTableAssociation:RouteTableAssociation"):
            if tie.get("subnetId") == subnet.id:
                table = self.directory.find(tie["routeTableId"], *ROUTE_TABLES)
                return {str(tie["routeTableId"])}, f"route table {table.name if table else tie['routeTableId']}"
        for tie in self.graph.of_type("aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation"):
            if self.directory.find(tie["vpcId"], VPC) is vpc:
                return {str(tie["routeTableId"])}, f"main route table {tie['routeTableId']}"
        main = {vpc.get("mainRouteTableId"), vpc.get("defaultRouteTableId")} - {None}
        adopted = self.graph.of_type(ROUTE_TABLES[1])
        return {*main, *(t.id for t in adopted if t["defaultRouteTableId"] in main and t.id)}, "main route table"

    def _locally(self, subnet: Resource, packet: Packet, destination: Endpoint, hop: Hop) -> Step:
        if not isinstance(destination.place, VpcPlace) or self.vpc_of(destination.place.subnet) is not self.vpc_of(
            subnet
        ):
            raise DroppedError(f"{hop}: {packet.destination} is not in this VPC", hop.at)
        return Step((hop, Hop(f"subnet {destination.place.subnet.name}", destination.place.subnet)))

    def _to_internet(self, subnet: Resource, gateway: Resource, source: Endpoint, hop: Hop) -> Step:
        if not self._attached(gateway, self.vpc_of(subnet)):
            raise DroppedError(f"internet gateway {gateway.name} is not attached to the VPC", gateway)
        here = isinstance(source.place, VpcPlace) and self.vpc_of(source.place.subnet) is self.vpc_of(subnet)
        if not here or not source.public:
            raise DroppedError(f"{source.label} has no public address to leave by {gateway.name}", gateway)
        return Step((hop, Hop(f"internet gateway {gateway.name}", gateway)), (InternetPlace(),))

    def _attached(self, gateway: Resource, vpc: Resource) -> bool:
        ties = self.graph.of_type("aws:ec2/internetGatewayAttachment:InternetGatewayAttachment")
        vpcs = [gateway.inputs.get("vpcId"), *(t["vpcId"] for t in ties if t["internetGatewayId"] == gateway.id)]
        return any(self.directory.find(value, VPC) is vpc for value in vpcs)

    def internet_gateway(self, subnet: Resource) -> Resource | None:
        """The internet gateway of a subnet's VPC."""
        vpc = self.vpc_of(subnet)
        return next((g for g in self.graph.of_type(INTERNET_GATEWAY) if self._attached(g, vpc)), None)

    def _translated(self, nat: Resource, packet: Packet, hop: Hop) -> Step:
        if packet.reply:
            raise DroppedError(f"NAT gateway {nat.name} takes no answer to what it did not open", nat)
        if nat.get("connectivityType", "public") != "public":
            raise NotModelledError(f"{nat.urn}: a private NAT gateway")
        home = self.directory.find(nat.get("subnetId"), SUBNET)
        if home is None:
            raise DroppedError(f"NAT gateway {nat.name} has no subnet", nat)
        own = Endpoint(label=f"NAT gateway {nat.name}", ranges=(), place=VpcPlace(home), public=True)
        return Step((hop, Hop(f"NAT gateway {nat.name} in {home.name}", nat)), (own.place,), own)

    def _to_transit(self, subnet: Resource, gateway: Resource, hop: Hop) -> Step:
        vpc, zone = self.vpc_of(subnet), subnet.get("availabilityZone")
        for attachment in self.graph.of_type(VPC_ATTACHMENT):
            if attachment["transitGatewayId"] != gateway.id or self.directory.find(attachment["vpcId"], VPC) is not vpc:
                continue
            homes = [self.directory.find(value, SUBNET) for value in attachment["subnetIds"]]
            if zone not in {home.get("availabilityZone") for home in homes if home}:
                raise DroppedError(f"attachment {attachment.name} has no subnet in {zone}", attachment)
            there = Hop(f"transit gateway {gateway.name} by attachment {attachment.name}", attachment)
            return Step((hop, there), (TransitPlace(gateway, str(attachment.id)),))
        raise DroppedError(f"{vpc.name} is not attached to transit gateway {gateway.name}", gateway)

    def _to_gateway_endpoint(self, subnet: Resource, endpoint: Resource) -> Step:
        ids, name = self._table_ids(subnet, self.vpc_of(subnet))
        ties = self.graph.of_type("aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation")
        tables = {*(endpoint.get("routeTableIds") or ())}
        tables |= {t["routeTableId"] for t in ties if t["vpcEndpointId"] == endpoint.id}
        if not ids & tables:
            raise DroppedError(f"{name} has no route to gateway endpoint {endpoint.name}", endpoint)
        return Step((Hop(f"{name} via gateway endpoint {endpoint.name}", endpoint),))

    def prefix_list(self, value: Any) -> list[IPv4Network]:
        """The ranges of a prefix list of the program; none for one that AWS keeps."""
        known = self.directory.find(value, "aws:ec2/managedPrefixList:ManagedPrefixList")
        if known is None:
            return []
        single = self.graph.of_type("aws:ec2/managedPrefixListEntry:ManagedPrefixListEntry")
        entries = [*(known.inputs.get("entries") or ()), *(e.inputs for e in single if e["prefixListId"] == known.id)]
        return [network(entry["cidr"]) for entry in entries]
