"""What both kinds of link between the clouds have in common: BGP sessions, and routes told over them."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any, Final

from sandbox.graph import Graph, Resource
from sandbox.reachability.google_routes import NETWORK, ROUTER, NetworkRouting
from sandbox.reachability.packets import Directory, DroppedError, network, region_of

ROUTER_INTERFACE: Final = "gcp:compute/routerInterface:RouterInterface"
ROUTER_PEER: Final = "gcp:compute/routerPeer:RouterPeer"
TRANSIT_GATEWAY: Final = "aws:ec2transitgateway/transitGateway:TransitGateway"
DEFAULT_AMAZON_ASN: Final = "64512"


@dataclass(frozen=True, kw_only=True)
class Carrier:
    """One BGP session between the clouds and what it runs over."""

    resource: Resource
    """The tunnel or the circuit, as Google Cloud has it."""
    label: str
    gateway: Resource | None = None
    """The Transit Gateway it ends in."""
    attachment: str | None = None
    """The id of its attachment there."""
    network: Resource | None = None
    """The Google network it ends in."""
    region: str | None = None
    """The region of its router."""
    advertised: tuple[IPv4Network, ...] = ()
    """What Google Cloud tells AWS."""
    allowed: tuple[IPv4Network, ...] | None = None
    """What AWS tells Google Cloud, where that is written down and not taken from a route table."""
    problem: str | None = None
    """Why it carries nothing; such a one says no more than that."""


class Sessions:
    """Reads BGP sessions; each end must agree with the other on all that makes a session come up."""

    def __init__(self, graph: Graph, directory: Directory, networks: NetworkRouting) -> None:
        self.graph, self.directory, self.networks = graph, directory, networks

    def found(self, owner: Resource, key: str, *types: str) -> Resource:
        """What a property names. Raises DroppedError when that is not there."""
        found = self.directory.find(owner.get(key), *types)
        if found is None:
            raise DroppedError(f"{key} of {owner.name} leads to nothing", owner)
        return found

    def session(self, runs_over: Resource, key: str, own: str, far: str) -> tuple[Resource, Resource]:
        """The router and the BGP peer on top of a tunnel or circuit, `own` with its prefix length and `far` without.

        Raises DroppedError unless their addresses are those of the two ends.
        """
        interfaces = self.graph.of_type(ROUTER_INTERFACE)
        interface = next((i for i in interfaces if self.directory.find(i.get(key), runs_over.type) is runs_over), None)
        if interface is None:
            raise DroppedError(f"no router interface runs over {runs_over.name}", runs_over)
        if interface.get("ipRange") != own:
            raise DroppedError(f"inside address {interface.get('ipRange')} where AWS expects {own}", interface)
        router = self.found(interface, "router", ROUTER)
        peers = self.graph.of_type(ROUTER_PEER)
        peer = next((p for p in peers if self.directory.find(p["interface"], ROUTER_INTERFACE) is interface), None)
        if peer is None or peer.inputs.get("enable") is False:
            raise DroppedError(f"no BGP session on {interface.name}", interface)
        if self.found(peer, "router", ROUTER) is not router:
            raise DroppedError(f"BGP peer {peer.name} belongs to another router than its interface", peer)
        bare = own.partition("/")[0]
        if peer["peerIpAddress"] != far or peer.inputs.get("ipAddress", bare) != bare:
            raise DroppedError(f"BGP peer address {peer['peerIpAddress']} where AWS answers at {far}", peer)
        return router, peer

    def agree_on_numbers(self, router: Resource, peer: Resource, amazon: Any, expected: Any) -> None:
        """Raise DroppedError unless each side expects the other's ASN, AWS the `expected` one, and the two differ."""
        google, far = asn((router.inputs.get("bgp") or {}).get("asn")), asn(amazon)
        if asn(peer["peerAsn"]) != far:
            raise DroppedError(f"BGP peer {peer.name} expects ASN {asn(peer['peerAsn'])}, AWS is {far}", peer)
        if asn(expected) != google:
            raise DroppedError(f"AWS expects ASN {asn(expected)}, router {router.name} is {google}", router)
        if far == google:
            raise DroppedError(f"both sides have ASN {google} and refuse each other's routes", router)

    def advertised(self, home: Resource, router: Resource, peer: Resource) -> tuple[IPv4Network, ...]:
        """What a router tells this peer: the peer's own settings replace the router's, never add to them."""
        regions = None if home.get("routingMode") == "GLOBAL" else {region_of(self.graph, router)}
        subnets = self.networks.subnet_ranges(home, regions)
        settings: Mapping[str, Any] = peer.inputs
        if settings.get("advertiseMode", "DEFAULT") == "DEFAULT":
            settings = router.inputs.get("bgp") or {}
        if settings.get("advertiseMode", "DEFAULT") == "DEFAULT":
            return tuple(subnets)
        named = [network(item["range"]) for item in settings.get("advertisedIpRanges") or ()]
        return (*(subnets if "ALL_SUBNETS" in (settings.get("advertisedGroups") or ()) else ()), *named)

    def home(self, router: Resource) -> Resource:
        """The network of a router."""
        return self.found(router, "network", NETWORK)


def asn(value: Any) -> str:
    """One spelling for numbers that are texts in one place and numbers in another."""
    return str(int(float(value))) if value not in (None, "") else "none"
