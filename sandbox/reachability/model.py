"""Answers whether A reaches B, and by which hops, from the resources that a program registered."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network
from itertools import product
from typing import Final

from sandbox.graph import Graph, Resource
from sandbox.reachability import placement
from sandbox.reachability.aws_filters import VpcFilters
from sandbox.reachability.aws_routes import SUBNET, UNMODELLED_ON_AWS, VpcRouting
from sandbox.reachability.aws_transit import TransitRouting
from sandbox.reachability.circuits import Circuits
from sandbox.reachability.google_firewall import NetworkFirewall
from sandbox.reachability.google_routes import NETWORK, SUBNETWORK, UNMODELLED_ON_GOOGLE, NetworkRouting
from sandbox.reachability.link import Carrier
from sandbox.reachability.packets import (
    GOOGLE_DNS_FORWARDERS,
    GOOGLE_HEALTH_CHECKS,
    GOOGLE_TUNNELLED_SSH,
    Blocked,
    Directory,
    DroppedError,
    EdgePlace,
    Endpoint,
    GatewayEndpointPlace,
    Hop,
    InternetPlace,
    NetworkPlace,
    NotModelledError,
    Packet,
    Path,
    Place,
    ProducerPlace,
    Step,
    TransitPlace,
    VpcPlace,
    internet_ranges,
    network,
    region_of,
    samples,
)
from sandbox.reachability.placement import Exposure
from sandbox.reachability.tunnels import Tunnels

MOST_HOPS: Final = 16
Ends = Endpoint | Iterable[Endpoint]


class Reachability:
    """Routes, filters and the link of one recorded graph, outputs known.

    Knows AWS VPCs, Transit Gateways, security groups and network ACLs, Google networks with their firewall rules and
    managed services, and VPN tunnels and circuits between the two. A connection needs its filters on the way there, as
    they keep state, and a route both ways. Leaves out IPv6, names, quotas, and whether anything listens.

    Raises NotModelledError for a graph with something on the way that it knows nothing of, and ValueError for one that
    was recorded with outputs unknown.
    """

    def __init__(self, graph: Graph) -> None:
        if not graph.known:
            raise ValueError("reachability needs a graph that was recorded with outputs known")
        strange = graph.of_type(*UNMODELLED_ON_AWS, *UNMODELLED_ON_GOOGLE)
        if strange:
            raise NotModelledError(f"{', '.join(r.urn for r in strange)} may carry or stop traffic; teach the model")
        self.graph = graph
        self._directory = Directory(graph)
        self._vpcs = VpcRouting(graph, self._directory)
        self._filters = VpcFilters(graph, self._directory, self._vpcs)
        self._networks = NetworkRouting(graph, self._directory)
        self._firewall = NetworkFirewall(graph, self._directory)
        links = (Tunnels(graph, self._directory, self._networks), Circuits(graph, self._directory, self._networks))
        self.carriers: tuple[Carrier, ...] = tuple(carrier for link in links for carrier in link.carriers())
        """Every tunnel and circuit between the clouds; one that carries nothing says why in `problem`."""
        self._transit = TransitRouting(graph, self._directory, self._vpcs, self.carriers)
        self._networks.learn(self.carriers, self._transit.told)

    # Questions

    def path(
        self, source: Ends, destination: Ends, *, port: int | None = None, protocol: str = "tcp"
    ) -> Path | Blocked:
        """How every address of `source` reaches every address of `destination`, or why one does not.

        `port` is the one listened on; None means some port, whichever.
        """
        return self._first(source, destination, port, protocol, wanted=False)

    def any_path(
        self, source: Ends, destination: Ends, *, port: int | None = None, protocol: str = "tcp"
    ) -> Path | Blocked:
        """How some address of `source` reaches some address of `destination`, or why none does."""
        return self._first(source, destination, port, protocol, wanted=True)

    def without(self, *resources: Resource) -> "Reachability":
        """The model of the same graph after these resources broke."""
        gone = {resource.urn for resource in resources}
        left = {urn: resource for urn, resource in self.graph.resources.items() if urn not in gone}
        return Reachability(Graph(stack=self.graph.stack, project=self.graph.project, resources=left))

    def only(self, carrier: Resource) -> "Reachability":
        """The model after every tunnel and circuit but this one broke."""
        return self.without(*(c.resource for c in self.carriers if c.resource is not carrier))

    def reachable_from_internet(self) -> list[Exposure]:
        """Everything that answers the internet, and on which port."""
        return placement.exposures(self, self._directory)

    # Endpoints

    @property
    def internet(self) -> Endpoint:
        """Anyone."""
        return Endpoint(label="the internet", ranges=internet_ranges(), place=InternetPlace(), public=True)

    @property
    def health_checks(self) -> Endpoint:
        """Google's load balancers and their health checks."""
        return Endpoint(label="Google's load balancers", ranges=GOOGLE_HEALTH_CHECKS, place=EdgePlace())

    @property
    def tunnelled_ssh(self) -> Endpoint:
        """Google's Identity-Aware Proxy."""
        return Endpoint(label="the Identity-Aware Proxy", ranges=GOOGLE_TUNNELLED_SSH, place=EdgePlace())

    def dns_forwarders(self, home: Resource) -> Endpoint:
        """Where Cloud DNS asks from when a zone of this network forwards to private addresses."""
        place = NetworkPlace(home, None)
        return Endpoint(label=f"Cloud DNS of {home.name}", ranges=GOOGLE_DNS_FORWARDERS, place=place)

    def managed_services(self, connection: Resource) -> Endpoint:
        """The databases and caches that Google runs behind a private connection."""
        ranges = tuple(self._networks.managed_ranges(connection))
        return Endpoint(label="managed services", ranges=ranges, place=ProducerPlace(connection))

    def outsider(self, label: str, *ranges: str, prefix_lists: Iterable[str] = ()) -> Endpoint:
        """Somebody on the internet at these addresses, or behind these prefix lists of AWS."""
        where = tuple(network(item) for item in ranges) or internet_ranges()
        return Endpoint(label=label, ranges=where, place=InternetPlace(), public=True, lists=frozenset(prefix_lists))

    def subnet(
        self,
        subnet: Resource,
        *,
        address: str | None = None,
        groups: Iterable[Resource | str] | None = None,
        tags: Iterable[str] = (),
        service_account: str | None = None,
        secondary_range: str | None = None,
        public: bool | None = None,
        serverless: bool = False,
    ) -> Endpoint:
        """What sits in a subnet of either cloud: all its addresses, or the one given.

        On AWS `groups` are its security groups or their ids; None asks for routes and network ACLs alone. On Google
        Cloud `tags` and `service_account` are the instance's, `secondary_range` is the name of the range of the pods,
        and `serverless` says that it is Cloud Run. `public` supposes an address on the internet; None takes what the
        subnet gives.
        """
        label = f"{secondary_range} of {subnet.name}" if secondary_range else subnet.name
        whole = self._range_of(subnet, secondary_range)
        given = bool(subnet.get("mapPublicIpOnLaunch", False)) if public is None else public
        return Endpoint(
            label=label,
            ranges=(network(address) if address else whole,),
            place=self._place_of(subnet),
            subnet=subnet,
            groups=None if groups is None else frozenset(g if isinstance(g, str) else str(g.id) for g in groups),
            tags=frozenset(tags),
            service_account=service_account,
            secondary_range=secondary_range,
            public=given,
            serverless=serverless,
        )

    def of(self, resource: Resource) -> list[Endpoint]:
        """Where a resource sits, with its own filters: one endpoint for each of its subnets."""
        return placement.endpoints(self, self._directory, resource)

    def subnets(self) -> list[Endpoint]:
        """Every range of every subnet of both clouds, asking for routes alone on AWS and for no tag on Google Cloud."""
        found = [self.subnet(subnet) for subnet in self.graph.of_type(SUBNET)]
        for home in self.graph.of_type(NETWORK):
            found += [self.subnet(s, secondary_range=name) for _, s, name in self._networks.ranges(home)]
        return found

    def rule_ports(self, end: Endpoint) -> set[tuple[str, int]]:
        """Protocol and first port of every rule that may let something in to an endpoint; 0 stands for every port."""
        return self._filters.ingress_ports(end.groups or ()) | self._firewall.ingress_ports(end)

    def gateway_endpoint(self, endpoint: Resource) -> Endpoint:
        """The AWS service behind a gateway endpoint."""
        return Endpoint(
            label=str(endpoint["serviceName"]),
            ranges=internet_ranges()[:1],
            place=GatewayEndpointPlace(endpoint),
            lists=frozenset({str(endpoint["prefixListId"])}),
        )

    def _range_of(self, subnet: Resource, secondary_range: str | None) -> IPv4Network:
        if secondary_range is None:
            return network(subnet["cidrBlock"] if subnet.type == SUBNET else subnet["ipCidrRange"])
        secondary = subnet.inputs.get("secondaryIpRanges") or ()
        found = next((item["ipCidrRange"] for item in secondary if item["rangeName"] == secondary_range), None)
        if found is None:
            raise LookupError(f"{subnet.urn} has no secondary range {secondary_range!r}")
        return network(found)

    def _place_of(self, subnet: Resource) -> Place:
        if subnet.type == SUBNET:
            return VpcPlace(subnet)
        home = self._directory.find(subnet.get("network"), NETWORK) if subnet.type == SUBNETWORK else None
        if home is None:
            raise LookupError(f"{subnet.urn} is no subnet of a network in the graph")
        return NetworkPlace(home, region_of(self.graph, subnet))

    # Answers

    def _first(
        self, source: Ends, destination: Ends, port: int | None, protocol: str, *, wanted: bool
    ) -> Path | Blocked:
        """The first answer of the kind wanted, else the first of the other kind."""
        first: Path | Blocked | None = None
        for own, peer in product(_listed(source), _listed(destination)):
            for here, there in product(self._samples(own), self._samples(peer)):
                answer = self._answer(own, peer, Packet(here, there, protocol, port))
                if bool(answer) is wanted:
                    return answer
                first = answer if first is None else first
        if first is None:
            raise ValueError("an endpoint without addresses reaches and is reached by nothing: name another")
        return first

    def _samples(self, end: Endpoint) -> list[IPv4Address]:
        return list(samples(end.ranges, self._directory.prefixes))

    def _answer(self, source: Endpoint, destination: Endpoint, packet: Packet) -> Path | Blocked:
        try:
            leaving = self._leave(source, destination, packet)
            there = self._walk(source.place, packet, source, destination)
            arriving = self._arrive(source, destination, packet)
            back = self._back(source, destination, packet, there)
        except DroppedError as dropped:
            return Blocked(f"{source.label} to {destination.label}, {packet}: {dropped.reason}", dropped.at)
        start = Hop(f"{source.label} ({packet.source})", source.subnet)
        end = Hop(f"{destination.label} ({packet.destination})", destination.subnet)
        return Path((start, *leaving, *there, *arriving, end), back)

    def _leave(self, source: Endpoint, destination: Endpoint, packet: Packet) -> tuple[Hop, ...]:
        allowed = self._filters.admit("egress", source, destination, packet)
        return _present(allowed, self._firewall.admit("EGRESS", source, destination, packet))

    def _arrive(self, source: Endpoint, destination: Endpoint, packet: Packet) -> tuple[Hop, ...]:
        self._filters.check_network_acls(packet, source, destination)
        allowed = self._filters.admit("ingress", destination, source, packet)
        return _present(allowed, self._firewall.admit("INGRESS", destination, source, packet))

    def _back(self, source: Endpoint, destination: Endpoint, packet: Packet, there: tuple[Hop, ...]) -> tuple[Hop, ...]:
        """What goes out to the internet comes back the way it went; everything else needs a route of its own."""
        if isinstance(destination.place, InternetPlace | GatewayEndpointPlace):
            return there[-1:]
        answer = Packet(packet.destination, packet.source, packet.protocol, packet.port, reply=True)
        return self._walk(destination.place, answer, destination, source)

    def _walk(
        self, place: Place, packet: Packet, source: Endpoint, destination: Endpoint, hops: int = 0
    ) -> tuple[Hop, ...]:
        if hops > MOST_HOPS:
            raise DroppedError(f"{packet.destination} goes round in circles")
        step = self._step(place, packet, source, destination)
        ways = [self._walk(on, packet, step.source or source, destination, hops + 1) for on in step.places]
        return (*step.hops, *(ways[0] if ways else ()))

    def _step(self, place: Place, packet: Packet, source: Endpoint, destination: Endpoint) -> Step:
        match place:
            case VpcPlace():
                return self._vpcs.forward(place, packet, source, destination)
            case TransitPlace():
                return self._transit.forward(place, packet)
            case NetworkPlace():
                return self._networks.forward(place, packet, source, destination)
            case ProducerPlace():
                return self._networks.from_producer(place, packet, destination)
            case EdgePlace():
                return self._from_edge(destination)
            case InternetPlace():
                return self._from_internet(packet, source, destination)
            case GatewayEndpointPlace():
                raise DroppedError("an AWS service opens no connections", place.endpoint)

    def _from_edge(self, destination: Endpoint) -> Step:
        if not isinstance(destination.place, NetworkPlace):
            raise DroppedError(f"Google's front ends reach no {destination.label}", destination.subnet)
        return Step(())

    def _from_internet(self, packet: Packet, source: Endpoint, destination: Endpoint) -> Step:
        if isinstance(destination.place, InternetPlace):
            return Step(())
        if not isinstance(source.place, InternetPlace):
            raise DroppedError(f"no one on the internet knows a way to {packet.destination}", source.subnet)
        if not destination.public:
            raise DroppedError(f"{destination.label} has no address on the internet", destination.subnet)
        if isinstance(destination.place, VpcPlace):
            gateway = self._vpcs.internet_gateway(destination.place.subnet)
            if gateway is None:
                raise DroppedError(f"the VPC of {destination.label} has no internet gateway", destination.subnet)
            return Step((Hop(f"internet gateway {gateway.name}", gateway),))
        return Step((Hop(f"external address of {destination.label}", destination.subnet),))


def _listed(ends: Ends) -> list[Endpoint]:
    return [ends] if isinstance(ends, Endpoint) else list(ends)


def _present(*hops: Hop | None) -> tuple[Hop, ...]:
    return tuple(hop for hop in hops if hop is not None)
