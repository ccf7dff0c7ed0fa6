"""Route tables of Transit Gateways: what is attached, associated, propagated and written by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Network
from typing import Final, Literal

from sandbox.graph import Graph, Resource
from sandbox.reachability.aws_routes import SUBNET, TRANSIT_GATEWAY, VPC, VPC_ATTACHMENT, VpcRouting
from sandbox.reachability.circuits import DX_ASSOCIATION
from sandbox.reachability.link import Carrier
from sandbox.reachability.packets import (
    Directory,
    DroppedError,
    Hop,
    NetworkPlace,
    Packet,
    Place,
    Step,
    TransitPlace,
    VpcPlace,
    network,
)
from sandbox.reachability.tunnels import VPN_CONNECTION

ASSOCIATION: Final = "aws:ec2transitgateway/routeTableAssociation:RouteTableAssociation"
PROPAGATION: Final = "aws:ec2transitgateway/routeTablePropagation:RouteTablePropagation"
STATIC_ROUTE: Final = "aws:ec2transitgateway/route:Route"

Kind = Literal["vpc", "direct connect", "vpn"]
PREFERENCE: Final[tuple[Kind, ...]] = ("vpc", "direct connect", "vpn")
"""Which of two propagated routes to the same prefix a Transit Gateway takes."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """What hangs on a Transit Gateway."""

    id: str
    kind: Kind
    resource: Resource
    gateway: Resource
    associates: bool
    """Whether it goes with the default route table when nothing else is said."""
    propagates: bool


@dataclass(frozen=True, slots=True)
class TransitRoute:
    """One line of a route table; without an attachment it is a blackhole."""

    prefix: IPv4Network
    attachment: Attachment | None
    static: bool
    resource: Resource


class TransitRouting:
    """Answers where a packet goes from a Transit Gateway, and what that gateway tells the other cloud."""

    def __init__(self, graph: Graph, directory: Directory, vpcs: VpcRouting, carriers: Sequence[Carrier]) -> None:
        self.graph, self.directory, self.vpcs, self.carriers = graph, directory, vpcs, carriers
        self.routes = cache(self._read_routes)
        """The lines of a route table, by its key."""
        self.attachments = {attachment.id: attachment for attachment in self._attachments()}

    def forward(self, place: TransitPlace, packet: Packet) -> Step:
        """Where the route table sends a packet that came in by an attachment."""
        came_by = self.attachments.get(place.attachment)
        table = self.table_of(came_by) if came_by else None
        if table is None:
            raise DroppedError(
                f"attachment {came_by.resource.name if came_by else place.attachment} goes with no route table",
                came_by.resource if came_by else place.gateway,
            )
        fitting = [route for route in self.routes(table) if packet.destination in route.prefix]
        if not fitting:
            raise DroppedError(f"{place.gateway.name} has no route to {packet.destination}", place.gateway)
        chosen = min(fitting, key=_preference)
        equal = [route for route in fitting if _preference(route) == _preference(chosen)]
        if chosen.attachment is None:
            raise DroppedError(f"{place.gateway.name} sends {chosen.prefix} into a blackhole", chosen.resource)
        if chosen.attachment.kind == "vpc":
            return self._to_vpc(chosen, chosen.attachment)
        return self._to_carriers(place.gateway, packet, {r.attachment.id for r in equal if r.attachment})

    def table_of(self, attachment: Attachment) -> str | None:
        """The table an attachment's packets are looked up in."""
        for tie in self.graph.of_type(ASSOCIATION):
            if tie["transitGatewayAttachmentId"] == attachment.id:
                return self._key(tie["transitGatewayRouteTableId"])
        enabled = attachment.gateway.get("defaultRouteTableAssociation") != "disable"
        return _default_table(attachment.gateway) if enabled and attachment.associates else None

    def told(self, carrier: Carrier) -> tuple[IPv4Network, ...]:
        """The prefixes that reach Google Cloud by this carrier."""
        attachment = self.attachments.get(carrier.attachment or "")
        table = self.table_of(attachment) if attachment else None
        if attachment is None or table is None:
            return ()
        if carrier.allowed is not None:
            return carrier.allowed
        # What Google Cloud told AWS itself it refuses to hear again: its own number is in the path.
        told = {prefix for c in self.carriers if c.network is carrier.network for prefix in c.advertised}
        heard = [route.prefix for route in self.routes(table) if route.attachment and route.prefix not in told]
        return tuple(dict.fromkeys(heard))

    def _read_routes(self, table: str) -> tuple[TransitRoute, ...]:
        static = [r for r in self.graph.of_type(STATIC_ROUTE) if self._key(r["transitGatewayRouteTableId"]) == table]
        lines = [
            TransitRoute(
                network(route["destinationCidrBlock"]),
                None if route.get("blackhole") else self.attachments.get(route.get("transitGatewayAttachmentId", "")),
                static=True,
                resource=route,
            )
            for route in static
        ]
        for attachment in self.attachments.values():
            if table in self._propagates_to(attachment):
                lines += [
                    TransitRoute(prefix, attachment, static=False, resource=attachment.resource)
                    for prefix in self._prefixes(attachment)
                ]
        return tuple(lines)

    def _prefixes(self, attachment: Attachment) -> list[IPv4Network]:
        if attachment.kind == "vpc":
            vpc = self.directory.find(attachment.resource["vpcId"], VPC)
            return self.vpcs.cidrs(vpc) if vpc else []
        carriers = [c for c in self.carriers if c.attachment == attachment.id]
        return list(dict.fromkeys(prefix for carrier in carriers for prefix in carrier.advertised))

    def _propagates_to(self, attachment: Attachment) -> set[str]:
        ties = self.graph.of_type(PROPAGATION)
        named = {
            self._key(t["transitGatewayRouteTableId"]) for t in ties if t["transitGatewayAttachmentId"] == attachment.id
        }
        enabled = attachment.gateway.get("defaultRouteTablePropagation") != "disable"
        return named | ({_default_table(attachment.gateway)} if enabled and attachment.propagates else set())

    def _key(self, table_id: str) -> str:
        """One key for the default table, which a gateway names twice."""
        for gateway in self.graph.of_type(TRANSIT_GATEWAY):
            if table_id in (
                gateway.get("associationDefaultRouteTableId"),
                gateway.get("propagationDefaultRouteTableId"),
            ):
                return _default_table(gateway)
        return table_id

    def _attachments(self) -> list[Attachment]:
        found: list[Attachment] = []
        for resource in self.graph.of_type(VPC_ATTACHMENT):
            gateway = self.directory.find(resource["transitGatewayId"], TRANSIT_GATEWAY)
            associates = resource.inputs.get("transitGatewayDefaultRouteTableAssociation") is not False
            propagates = resource.inputs.get("transitGatewayDefaultRouteTablePropagation") is not False
            if gateway:
                found.append(Attachment(str(resource.id), "vpc", resource, gateway, associates, propagates))
        found += self._link_attachments(VPN_CONNECTION, "transitGatewayId", "vpn")
        found += self._link_attachments(DX_ASSOCIATION, "associatedGatewayId", "direct connect")
        return found

    def _link_attachments(self, token: str, key: str, kind: Kind) -> list[Attachment]:
        """What AWS attaches by itself; like all others it goes with the default table if there is one."""
        found = [(r, self.directory.find(r.get(key), TRANSIT_GATEWAY)) for r in self.graph.of_type(token)]
        return [
            Attachment(str(r["transitGatewayAttachmentId"]), kind, r, gateway, associates=True, propagates=True)
            for r, gateway in found
            if gateway
        ]

    def _to_vpc(self, route: TransitRoute, attachment: Attachment) -> Step:
        homes = [self.directory.find(value, SUBNET) for value in attachment.resource["subnetIds"]]
        there = [home for home in homes if home]
        if not there:
            raise DroppedError(f"attachment {attachment.resource.name} has no subnet", attachment.resource)
        hop = Hop(f"{attachment.gateway.name} {route.prefix} via attachment {attachment.resource.name}", route.resource)
        return Step((hop,), tuple(VpcPlace(home) for home in there))

    def _to_carriers(self, gateway: Resource, packet: Packet, attachments: set[str]) -> Step:
        """Equal tunnels share the traffic, so each of them has to deliver it."""
        usable = [
            (max((p.prefixlen for p in c.advertised if packet.destination in p), default=-1), c)
            for c in self.carriers
            if c.attachment in attachments
        ]
        longest = max((length for length, _ in usable), default=-1)
        best = [carrier for length, carrier in usable if length == longest and longest >= 0]
        if not best:
            raise DroppedError(f"{gateway.name}: no tunnel of the attachment carries {packet.destination}", gateway)
        places: list[Place] = [NetworkPlace(c.network, c.region) for c in best if c.network]
        hop = Hop(f"{gateway.name} via {', '.join(c.label for c in best)}", gateway, tuple(c.resource for c in best))
        return Step((hop,), tuple(dict.fromkeys(places)))


def _preference(route: TransitRoute) -> tuple[int, bool, int]:
    kind = PREFERENCE.index(route.attachment.kind) if route.attachment and not route.static else 0
    return (-route.prefix.prefixlen, not route.static, kind)


def _default_table(gateway: Resource) -> str:
    return f"default route table of {gateway.urn}"
