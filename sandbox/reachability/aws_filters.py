"""Filters of AWS: security groups and network ACLs. IPv4 only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv4Network
from typing import Any, Final, Literal

from sandbox.graph import Graph, Resource
from sandbox.reachability.aws_routes import VpcRouting
from sandbox.reachability.packets import Directory, DroppedError, Endpoint, Hop, Packet, VpcPlace, network

Direction = Literal["ingress", "egress"]

SECURITY_GROUPS: Final = ("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
RULES: Final[Mapping[Direction, str]] = {
    "ingress": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "egress": "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
}
LEGACY_RULE: Final = "aws:ec2/securityGroupRule:SecurityGroupRule"
NETWORK_ACL: Final = "aws:ec2/networkAcl:NetworkAcl"
DEFAULT_NETWORK_ACL: Final = "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl"
EPHEMERAL_PORT: Final = 49152
"""Where answers go; network ACLs keep no state, so they need a rule of their own."""

ALL: Final = "-1"
_PROTOCOL_NAMES: Final = {"6": "tcp", "17": "udp", "1": "icmp", "all": ALL}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a security group or an entry of a network ACL, in one form."""

    protocol: str
    first: int
    """The first port; -1 for every port."""
    last: int
    cidrs: tuple[IPv4Network, ...]
    lists: frozenset[str]
    groups: frozenset[str]
    resource: Resource

    def covers(self, packet: Packet, *, wholly: bool = False) -> bool:
        """Whether it is about this protocol and port; about any port of them, or with `wholly` every one, for None."""
        if self.protocol not in (ALL, packet.protocol):
            return False
        every = self.protocol == ALL or self.first == -1 or (self.first == 0 and self.last == 65535)
        if packet.port is None:
            return every or not wholly
        return every or self.first <= packet.port <= self.last


class VpcFilters:
    """Answers what the filters around a subnet let through."""

    def __init__(self, graph: Graph, directory: Directory, routing: VpcRouting) -> None:
        self.graph, self.directory, self.routing = graph, directory, routing
        self._rules = cache(self._read_rules)

    def admit(self, direction: Direction, own: Endpoint, peer: Endpoint, packet: Packet) -> Hop | None:
        """The security group that lets the connection pass, None when `own` asks for routes alone.

        Raises DroppedError when no rule does. Answers need no rule.
        """
        if own.groups is None:
            return None
        address = packet.source if direction == "ingress" else packet.destination
        for group in sorted(own.groups):
            for rule in self._rules(group, direction):
                if rule.covers(packet) and self._matches(rule, address, own, peer):
                    return Hop(f"security group {self._name(group)} allows {direction} of {packet}", rule.resource)
        names = " and ".join(map(self._name, sorted(own.groups))) or "no security group at all"
        found = next((self.directory.find(group, *SECURITY_GROUPS) for group in sorted(own.groups)), own.subnet)
        way = "from" if direction == "ingress" else "to"
        raise DroppedError(f"{names} has no {direction} rule for {packet} {way} {address} ({peer.label})", found)

    def ingress_ports(self, groups: Iterable[str]) -> set[tuple[str, int]]:
        """Protocol and first port of every ingress rule of these groups; 0 stands for a rule for all ports."""
        rules = [rule for group in groups for rule in self._rules(group, "ingress")]
        return {("tcp" if rule.protocol == ALL else rule.protocol, max(rule.first, 0)) for rule in rules}

    def check_network_acls(self, packet: Packet, source: Endpoint, destination: Endpoint) -> None:
        """Raise DroppedError unless the network ACLs of both subnets pass the packet and its answer."""
        out, into = _subnet(source), _subnet(destination)
        if out is into:
            return
        port, answer = packet.port, None if packet.port is None else EPHEMERAL_PORT
        self._pass_acl(out, "egress", packet, packet.destination, port)
        self._pass_acl(into, "ingress", packet, packet.source, port)
        self._pass_acl(into, "egress", packet, packet.source, answer)
        self._pass_acl(out, "ingress", packet, packet.destination, answer)

    def _name(self, group: str) -> str:
        found = self.directory.find(group, *SECURITY_GROUPS)
        return f"security group {found.name}" if found else f"security group {group}"

    def _matches(self, rule: Rule, address: IPv4Address, own: Endpoint, peer: Endpoint) -> bool:
        listed = (prefix for item in rule.lists for prefix in self.routing.prefix_list(item))
        if rule.lists & peer.lists or any(address in prefix for prefix in (*rule.cidrs, *listed)):
            return True
        if not rule.groups & (peer.groups or frozenset()):
            return False
        # A group says something within its own VPC only, not across a Transit Gateway.
        here, there = _subnet(own), _subnet(peer)
        return here is not None and there is not None and self.routing.vpc_of(here) is self.routing.vpc_of(there)

    def _read_rules(self, group: str, direction: Direction) -> tuple[Rule, ...]:
        """The rules of a group, whichever of the three ways they are written in."""
        owners = [resource for resource in self.graph.of_type(*SECURITY_GROUPS) if resource.id == group]
        inline = [(owner, line) for owner in owners for line in owner.inputs.get(direction) or ()]
        single = [(rule, rule.inputs) for rule in self.graph.of_type(RULES[direction])]
        single += [(r, r.inputs) for r in self.graph.of_type(LEGACY_RULE) if r.inputs["type"] == direction]
        own = [(rule, line) for rule, line in single if line["securityGroupId"] == group]
        return tuple(_rule(resource, line, group) for resource, line in (*inline, *own))

    def _pass_acl(
        self, subnet: Resource | None, direction: Direction, packet: Packet, peer: IPv4Address, port: int | None
    ) -> None:
        acl = self._acl(subnet) if subnet else None
        if acl is None:
            return
        asked = Packet(peer, peer, packet.protocol, port)
        for _, action, rule in sorted(self._entries(acl, direction), key=lambda entry: entry[0]):
            if any(peer in cidr for cidr in rule.cidrs) and rule.covers(asked, wholly=action == "deny"):
                if action == "allow":
                    return
                break
        raise DroppedError(f"network ACL {acl.name} denies {direction} of {asked}, peer {peer}", acl)

    def _acl(self, subnet: Resource) -> Resource | None:
        """The ACL of a subnet; None for the default one that the program leaves as AWS makes it, all open."""
        ties = self.graph.of_type("aws:ec2/networkAclAssociation:NetworkAclAssociation")
        tied = {tie["networkAclId"] for tie in ties if tie["subnetId"] == subnet.id}
        for acl in self.graph.of_type(NETWORK_ACL):
            if acl.id in tied or subnet.id in (acl.inputs.get("subnetIds") or ()):
                return acl
        default = self.routing.vpc_of(subnet).get("defaultNetworkAclId")
        adopted = self.graph.of_type(DEFAULT_NETWORK_ACL)
        return next((acl for acl in adopted if default and acl["defaultNetworkAclId"] == default), None)

    def _entries(self, acl: Resource, direction: Direction) -> list[tuple[int, str, Rule]]:
        inline = acl.inputs.get(direction) or ()
        entries = [(int(line["ruleNo"]), str(line["action"]), _rule(acl, line)) for line in inline]
        for single in self.graph.of_type("aws:ec2/networkAclRule:NetworkAclRule"):
            if single["networkAclId"] == acl.id and bool(single.get("egress")) == (direction == "egress"):
                entries.append((int(single["ruleNumber"]), str(single["ruleAction"]), _rule(single, single.inputs)))
        return entries


def _subnet(end: Endpoint) -> Resource | None:
    return end.place.subnet if isinstance(end.place, VpcPlace) else None


def _rule(resource: Resource, line: Mapping[str, Any], group: str = "") -> Rule:
    """One form for the words that each way of writing a rule has for the same things."""
    protocol = str(line.get("ipProtocol") or line.get("protocol"))
    cidrs = [line.get("cidrIpv4"), line.get("cidrBlock"), *(line.get("cidrBlocks") or ())]
    lists = [line.get("prefixListId"), *(line.get("prefixListIds") or ())]
    groups = [line.get("referencedSecurityGroupId"), line.get("sourceSecurityGroupId")]
    groups += [*(line.get("securityGroups") or ()), group if line.get("self") else None]
    return Rule(
        protocol=_PROTOCOL_NAMES.get(protocol, protocol),
        first=-1 if line.get("fromPort") is None else int(line["fromPort"]),
        last=-1 if line.get("toPort") is None else int(line["toPort"]),
        cidrs=tuple(network(cidr) for cidr in cidrs if cidr),
        lists=frozenset(str(item) for item in lists if item),
        groups=frozenset(str(item) for item in groups if item),
        resource=resource,
    )
