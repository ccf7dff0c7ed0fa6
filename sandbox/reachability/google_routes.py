"""Routes of Google Cloud: what a network, and the network of its managed services, does with a packet. IPv4 only."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Final

from sandbox.graph import Graph, Resource
from sandbox.reachability.packets import (
    ANYWHERE,
    GOOGLE_DNS_FORWARDERS,
    GOOGLE_PRIVATE_APIS,
    Directory,
    DroppedError,
    EdgePlace,
    Endpoint,
    Hop,
    InternetPlace,
    NetworkPlace,
    NotModelledError,
    Packet,
    ProducerPlace,
    Step,
    TransitPlace,
    network,
    region_of,
)

if TYPE_CHECKING:
    from sandbox.reachability.link import Carrier

NETWORK: Final = "gcp:compute/network:Network"
SUBNETWORK: Final = "gcp:compute/subnetwork:Subnetwork"
ROUTE: Final = "gcp:compute/route:Route"
ROUTER: Final = "gcp:compute/router:Router"
NAT: Final = "gcp:compute/routerNat:RouterNat"
CONNECTION: Final = "gcp:servicenetworking/connection:Connection"
GLOBAL_ADDRESS: Final = "gcp:compute/globalAddress:GlobalAddress"
PEERING_ROUTES: Final = "gcp:compute/networkPeeringRoutesConfig:NetworkPeeringRoutesConfig"
UNMODELLED_ON_GOOGLE: Final = (
    "gcp:compute/networkPeering:NetworkPeering",
    "gcp:compute/networkFirewallPolicyAssociation:NetworkFirewallPolicyAssociation",
    "gcp:compute/regionNetworkFirewallPolicyAssociation:RegionNetworkFirewallPolicyAssociation",
    "gcp:networkconnectivity/spoke:Spoke",
)

Told = Callable[["Carrier"], tuple[IPv4Network, ...]]
_OWN, _PEERING, _STATIC, _DYNAMIC = range(4)
"""Which of two routes to the same prefix a network takes."""


@dataclass(frozen=True, slots=True)
class NetworkRoute:
    """One route of a network; equal ones of the best kind share the traffic."""

    prefix: IPv4Network
    kind: int
    priority: int
    resource: Resource
    carrier: "Carrier | None" = None

    @property
    def preference(self) -> tuple[int, int, int]:
        """Smaller is better."""
        return (-self.prefix.prefixlen, self.kind, self.priority)


class NetworkRouting:
    """Answers where a packet goes from a Google network."""

    def __init__(self, graph: Graph, directory: Directory) -> None:
        self.graph, self.directory = graph, directory
        self.carriers: Sequence[Carrier] = ()
        self.told: Told = lambda _: ()

    def learn(self, carriers: Sequence["Carrier"], told: Told) -> None:
        """What the other cloud tells over which carrier; known only once both clouds are read."""
        self.carriers, self.told = carriers, told

    def ranges(self, home: Resource) -> list[tuple[IPv4Network, Resource, str | None]]:
        """Every range of every subnet of a network, with the name of a secondary one."""
        found: list[tuple[IPv4Network, Resource, str | None]] = []
        for subnet in self.graph.of_type(SUBNETWORK):
            if self.directory.find(subnet["network"], NETWORK) is home:
                found.append((network(subnet["ipCidrRange"]), subnet, None))
                secondary = subnet.inputs.get("secondaryIpRanges") or ()
                found += [(network(item["ipCidrRange"]), subnet, item["rangeName"]) for item in secondary]
        return found

    def subnet_ranges(self, home: Resource, regions: set[str | None] | None) -> list[IPv4Network]:
        """The ranges of the subnets of these regions, None for all."""
        ranges = self.ranges(home)
        return [prefix for prefix, s, _ in ranges if regions is None or region_of(self.graph, s) in regions]

    def subnet_at(self, address: IPv4Address) -> tuple[Resource, str | None] | None:
        """The subnet that holds an address, with the name of the secondary range it is in."""
        found = [entry for home in self.graph.of_type(NETWORK) for entry in self.ranges(home)]
        return next(((subnet, name) for prefix, subnet, name in found if address in prefix), None)

    def managed_ranges(self, connection: Resource) -> list[IPv4Network]:
        """What is reserved for managed services behind a connection."""
        named = connection.get("reservedPeeringRanges") or ()
        addresses = [self.directory.find(value, GLOBAL_ADDRESS) for value in named]
        return [network(f"{a['address']}/{int(a['prefixLength'])}") for a in addresses if a and a.get("prefixLength")]

    def forward(self, place: NetworkPlace, packet: Packet, source: Endpoint, destination: Endpoint) -> Step:
        """Where the routes of the network send a packet."""
        if step := self._to_google_itself(place, packet, destination):
            return step
        fitting = [r for r in self._routes(place, source) if packet.destination in r.prefix]
        if not fitting:
            raise DroppedError(f"network {place.network.name} has no route to {packet.destination}", place.network)
        best = min(fitting, key=lambda route: route.preference)
        hop = Hop(f"network {place.network.name} {best.prefix} via {best.resource.name}", best.resource)
        if best.kind == _OWN:
            return self._delivered(place, packet, destination, hop)
        if best.kind == _PEERING:
            return Step((hop,), (ProducerPlace(best.resource),))
        if best.kind == _DYNAMIC:
            return self._to_carriers(place, [r for r in fitting if r.preference == best.preference])
        return self._to_internet(place, packet, source, best, hop)

    def from_producer(self, place: ProducerPlace, packet: Packet, destination: Endpoint) -> Step:
        """What the network of the managed services knows: our subnets, and our other routes if they are exported."""
        if place == destination.place:
            return Step((Hop(f"managed services by {place.connection.name}", place.connection),))
        home = self.directory.find(place.connection["network"], NETWORK)
        if home is None:
            raise DroppedError(f"connection {place.connection.name} has no network", place.connection)
        hop = Hop(f"peering {place.connection.name} to network {home.name}", place.connection)
        if any(packet.destination in prefix for prefix, _, _ in self.ranges(home)):
            return Step((hop,), (NetworkPlace(home, None),))
        if isinstance(destination.place, InternetPlace):
            raise DroppedError("no route to the internet is ever exported to managed services", place.connection)
        if not self._exports(place.connection, home):
            reason = f"the managed services know no way to {packet.destination}: custom routes are not exported"
            raise DroppedError(reason, place.connection)
        return Step((hop,), (NetworkPlace(home, None),))

    def _routes(self, place: NetworkPlace, source: Endpoint) -> Iterable[NetworkRoute]:
        home = place.network
        for prefix, subnet, _ in self.ranges(home):
            yield NetworkRoute(prefix, _OWN, 0, subnet)
        for connection in self.graph.of_type(CONNECTION):
            if self.directory.find(connection["network"], NETWORK) is home:
                for prefix in self.managed_ranges(connection):
                    yield NetworkRoute(prefix, _PEERING, 0, connection)
        if not home.inputs.get("deleteDefaultRoutesOnCreate"):
            yield NetworkRoute(ANYWHERE, _STATIC, 1000, home)
        for route in self.graph.of_type(ROUTE):
            tags = set(route.inputs.get("tags") or ())
            if self.directory.find(route["network"], NETWORK) is home and (not tags or tags & source.tags):
                priority = int(route.inputs.get("priority") or 1000)
                yield NetworkRoute(network(route["destRange"]), _STATIC, priority, route)
        for carrier in self.carriers:
            near = place.region is None or carrier.region == place.region or home.get("routingMode") == "GLOBAL"
            if carrier.network is home and near:
                for prefix in self.told(carrier):
                    yield NetworkRoute(prefix, _DYNAMIC, 0, carrier.resource, carrier)

    def _to_google_itself(self, place: NetworkPlace, packet: Packet, destination: Endpoint) -> Step | None:
        """Ranges that no route of a network shows."""
        if isinstance(destination.place, EdgePlace):
            return Step((Hop(f"network {place.network.name} to {destination.label}", place.network),))
        forwarders = any(packet.destination in block for block in GOOGLE_DNS_FORWARDERS)
        if forwarders and isinstance(destination.place, NetworkPlace) and destination.place.network is place.network:
            return Step((Hop(f"network {place.network.name} to {destination.label}", place.network),))
        return None

    def _delivered(self, place: NetworkPlace, packet: Packet, destination: Endpoint, hop: Hop) -> Step:
        there = destination.place
        if not isinstance(there, NetworkPlace) or there.network is not place.network:
            raise DroppedError(f"{hop}: {packet.destination} is taken for an address of this network", hop.at)
        return Step((hop,))

    def _to_carriers(self, place: NetworkPlace, equal: Iterable[NetworkRoute]) -> Step:
        carriers = [route.carrier for route in equal if route.carrier]
        labels = ", ".join(carrier.label for carrier in carriers)
        hop = Hop(f"network {place.network.name} via {labels}", place.network, tuple(c.resource for c in carriers))
        places = [TransitPlace(c.gateway, c.attachment) for c in carriers if c.gateway and c.attachment]
        return Step((hop,), tuple(dict.fromkeys(places)))

    def _to_internet(
        self, place: NetworkPlace, packet: Packet, source: Endpoint, route: NetworkRoute, hop: Hop
    ) -> Step:
        named = route.resource.inputs
        gateway = str(named.get("nextHopGateway") or "")
        if route.resource.type == ROUTE and not gateway.endswith("default-internet-gateway"):
            raise NotModelledError(f"{route.resource.urn}: a route by none but the default internet gateway")
        own = isinstance(source.place, NetworkPlace) and source.place.network is place.network
        if any(packet.destination in block for block in GOOGLE_PRIVATE_APIS):
            # A subnet has to be allowed to use them; who comes over the link is not asked.
            if own and source.subnet is not None and not source.subnet.get("privateIpGoogleAccess"):
                raise DroppedError(f"{source.label} has no private access to Google's APIs", source.subnet)
            return Step((hop, Hop("Google's APIs by their private addresses", source.subnet)), (InternetPlace(),))
        if own and source.public:
            return Step((hop, Hop(f"external address of {source.label}", source.subnet)), (InternetPlace(),))
        if packet.reply:
            raise DroppedError(f"Cloud NAT takes no answer from {source.label} to what it did not open", place.network)
        nat = next((nat for nat in self.graph.of_type(NAT) if self._translates(nat, place, source)), None)
        if nat is None:
            raise DroppedError(f"{source.label} has neither an external address nor Cloud NAT", place.network)
        return Step((hop, Hop(f"Cloud NAT {nat.name}", nat)), (InternetPlace(),))

    def _translates(self, nat: Resource, place: NetworkPlace, source: Endpoint) -> bool:
        router = self.directory.find(nat["router"], ROUTER)
        subnet = source.subnet
        if router is None or subnet is None or self.directory.find(router["network"], NETWORK) is not place.network:
            return False
        if region_of(self.graph, router) != region_of(self.graph, subnet):
            return False
        scope, range_name = nat["sourceSubnetworkIpRangesToNat"], source.secondary_range
        if scope == "ALL_SUBNETWORKS_ALL_IP_RANGES":
            return True
        if scope == "ALL_SUBNETWORKS_ALL_PRIMARY_IP_RANGES":
            return range_name is None
        for entry in nat.inputs.get("subnetworks") or ():
            kinds: set[str] = set(entry.get("sourceIpRangesToNats") or ())
            secondary = range_name in (entry.get("secondaryIpRangeNames") or ())
            covered = "PRIMARY_IP_RANGE" in kinds if range_name is None else secondary
            if self.directory.find(entry["name"], SUBNETWORK) is subnet and ("ALL_IP_RANGES" in kinds or covered):
                return True
        return False

    def _exports(self, connection: Resource, home: Resource) -> bool:
        return any(
            config.get("peering") == connection.get("peering")
            and self.directory.find(config["network"], NETWORK) is home
            and bool(config.get("exportCustomRoutes"))
            for config in self.graph.of_type(PEERING_ROUTES)
        )
