"""Firewall rules of a Google network, and the two that nobody writes. IPv4 only."""

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address
from typing import Any, Final, Literal

from sandbox.graph import Graph, Resource
from sandbox.reachability.google_routes import NETWORK
from sandbox.reachability.packets import Directory, DroppedError, Endpoint, Hop, NetworkPlace, Packet, network

Direction = Literal["INGRESS", "EGRESS"]

FIREWALL: Final = "gcp:compute/firewall:Firewall"
DEFAULT_PRIORITY: Final = 1000
EVERYWHERE: Final = ("0.0.0.0/0",)
_PROTOCOL_NAMES: Final = {"6": "tcp", "17": "udp", "1": "icmp"}


class NetworkFirewall:
    """Answers what the firewall of a network lets through."""

    def __init__(self, graph: Graph, directory: Directory) -> None:
        self.graph, self.directory = graph, directory

    def admit(self, direction: Direction, own: Endpoint, peer: Endpoint, packet: Packet) -> Hop | None:
        """The rule that lets the connection pass; None for what no firewall looks at. Answers need no rule.

        Raises DroppedError when a rule, or the implied one, denies it.
        """
        if not isinstance(own.place, NetworkPlace) or own.subnet is None:
            return None
        for rule in self._rules(own.place.network, direction):
            denies = bool(rule.inputs.get("denies"))
            if not self._applies(rule, own) or not self._matches(rule, direction, peer, own.place.network, packet):
                continue
            lines = rule.inputs.get("denies") or rule.inputs.get("allows") or ()
            if not any(_covers(line, packet, wholly=denies) for line in lines):
                continue
            if denies:
                raise DroppedError(f"firewall rule {rule.name} denies {direction.lower()} of {packet}", rule)
            return Hop(f"firewall rule {rule.name} allows {direction.lower()} of {packet}", rule)
        if direction == "EGRESS":
            return Hop("egress that no firewall rule denies", own.place.network)
        sender = f"{packet.source} ({peer.label})"
        raise DroppedError(f"no firewall rule lets {packet} from {sender} in to {own.label}", own.place.network)

    def ingress_ports(self, own: Endpoint) -> set[tuple[str, int]]:
        """Protocol and first port of every rule that lets something in; 0 stands for all ports."""
        if not isinstance(own.place, NetworkPlace):
            return set()
        rules = [rule for rule in self._rules(own.place.network, "INGRESS") if self._applies(rule, own)]
        found: set[tuple[str, int]] = set()
        for line in (line for rule in rules for line in rule.inputs.get("allows") or ()):
            protocol = "tcp" if line["protocol"] == "all" else line["protocol"]
            found |= {(protocol, _port_range(port)[0]) for port in line.get("ports") or ("0",)}
        return found

    def _rules(self, home: Resource, direction: Direction) -> Iterator[Resource]:
        """The rules in the order that Google asks them: by priority, those that deny first."""
        rules = [
            rule
            for rule in self.graph.of_type(FIREWALL)
            if self.directory.find(rule["network"], NETWORK) is home
            and not rule.inputs.get("disabled")
            and _direction(rule) == direction
        ]
        yield from sorted(rules, key=lambda rule: (_priority(rule), not rule.inputs.get("denies")))

    def _applies(self, rule: Resource, own: Endpoint) -> bool:
        tags, accounts = set(rule.inputs.get("targetTags") or ()), rule.inputs.get("targetServiceAccounts") or ()
        if not tags and not accounts:
            return True
        return bool(tags & own.tags) or own.service_account in accounts

    def _matches(self, rule: Resource, direction: Direction, peer: Endpoint, home: Resource, packet: Packet) -> bool:
        if direction == "EGRESS":
            return _within(packet.destination, rule.inputs.get("destinationRanges") or EVERYWHERE) and _within(
                packet.source, rule.inputs.get("sourceRanges") or EVERYWHERE
            )
        ranges = rule.inputs.get("sourceRanges") or ()
        tags, accounts = set(rule.inputs.get("sourceTags") or ()), rule.inputs.get("sourceServiceAccounts") or ()
        if not ranges and not tags and not accounts:
            return True
        if _within(packet.source, ranges):
            return True
        # Who sends is told by tag or account only for the first address of an instance of the same network.
        told = isinstance(peer.place, NetworkPlace) and peer.place.network is home and not peer.anonymous
        return told and (bool(tags & peer.tags) or peer.service_account in accounts)


def _direction(rule: Resource) -> str:
    return str(rule.inputs.get("direction") or ("EGRESS" if rule.inputs.get("destinationRanges") else "INGRESS"))


def _priority(rule: Resource) -> int:
    given = rule.inputs.get("priority")
    return DEFAULT_PRIORITY if given is None else int(given)


def _within(address: IPv4Address, ranges: Iterable[str]) -> bool:
    return any(address in network(item) for item in ranges if ":" not in item)


def _covers(line: Mapping[str, Any], packet: Packet, *, wholly: bool) -> bool:
    """Whether a line is about the packet; for any port, a line that denies must be about every one."""
    protocol = str(line["protocol"]).lower()
    if protocol != "all" and _PROTOCOL_NAMES.get(protocol, protocol) != packet.protocol:
        return False
    ports = [_port_range(port) for port in line.get("ports") or ()]
    if not ports or packet.port is None:
        return not ports or not wholly
    return any(first <= packet.port <= last for first, last in ports)


def _port_range(text: Any) -> tuple[int, int]:
    first, _, last = str(text).partition("-")
    return int(float(first)), int(float(last or first))
