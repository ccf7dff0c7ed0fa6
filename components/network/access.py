"""Who may talk to whom: one table of flows, enforced by each cloud in its own words.

A name in the table is a *party* where this cloud can recognise its members (a security group on AWS, a network tag on
Google Cloud), and a set of address ranges everywhere else; of a few that belong to AWS, it is a list that AWS keeps.
The same table goes to both halves: each enforces the ends that are its parties.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Any, Literal

import pulumi
import pulumi_aws as aws
import pulumi_gcp as gcp
from pulumi import Output

from components.component import Component

ALLOW_PRIORITY = 1000
AWS_DESCRIPTION = 255
GCP_DESCRIPTION = 2048
"""What the clouds take as the longest description of a rule."""
DENY_PRIORITY = 65534
"""Just above the two implied rules of every Google network, which log nothing."""


@dataclass(frozen=True, kw_only=True)
class Flow:
    """One row: `source` may open connections to `destination`; answers come back by themselves."""

    source: str
    """The party or range that opens the connection."""
    destination: str
    """The party or range that listens."""
    port: int | None
    """The port listened on; None for every port, which only the members of one party grant each other."""
    protocol: Literal["tcp", "udp", "all"] = "tcp"
    """The transport; `all` goes with `port=None`."""
    why: str
    """The reason, shown beside the rule in the cloud's console."""

    def __post_init__(self) -> None:
        """Raise ValueError for a row that the clouds would read in different ways."""
        if (self.port is None) != (self.protocol == "all"):
            raise ValueError(f"{self.source} to {self.destination}: every port goes with protocol 'all', and only so")

    @property
    def key(self) -> str:
        """The stable part of the names of this flow's rules."""
        port = "" if self.port is None else f"-{self.port}"
        return f"{self.source}-to-{self.destination}-{self.protocol}{port}"


@dataclass(frozen=True, kw_only=True)
class AwsAccessArgs:
    """What AwsAccess needs to know."""

    vpc_id: pulumi.Input[str]
    """The VPC of the security groups."""
    parties: Mapping[str, str]
    """Who gets a security group, and what it is, as its description."""
    ranges: Mapping[str, Sequence[IPv4Network]]
    """The addresses of every name in the table that is no party here."""
    flows: Sequence[Flow]
    """The table."""
    prefix_lists: Mapping[str, str] = field(default_factory=dict)
    """Lists that AWS keeps, by the name that stands for their addresses in the table: `pl-3b927c52`."""


class AwsAccess(Component):
    """A security group for each party, with the rules of the flows it takes part in.

    Guarantees that a group admits and reaches what the table says and nothing else, and that a flow between two parties
    names their groups, not addresses. Leaves out attaching the groups: each resource takes the one of its party.
    """

    security_group_ids: Mapping[str, Output[str]]
    """The security groups, by party."""

    def __init__(self, name: str, args: AwsAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:network:AwsAccess", name, None, opts)
        self._name, self._args = name, args
        self._flows = own_flows(args.flows, args.parties, {**args.ranges, **args.prefix_lists})

        self.security_group_ids = self._groups()
        for party in args.parties:
            self._admit(party)
            self._let_out(party)
        self.publish()

    def _groups(self) -> dict[str, Output[str]]:
        return {
            party: aws.ec2.SecurityGroup(
                f"{self._name}-{party}",
                description=description,
                vpc_id=self._args.vpc_id,
                tags={"Name": f"{self._name}-{party}"},
                opts=self.child(),
            ).id
            for party, description in self._args.parties.items()
        }

    def _admit(self, party: str) -> None:
        flows = [flow for flow in self._flows if flow.destination == party]
        for key, peer, rows in self._rules((flow.source, flow) for flow in flows):
            aws.vpc.SecurityGroupIngressRule(
                f"{self._name}-in-{party}-{key}",
                security_group_id=self.security_group_ids[party],
                description=_reasons(rows, AWS_DESCRIPTION),
                ip_protocol=_aws_protocol(rows[0]),
                from_port=rows[0].port,
                to_port=rows[0].port,
                **_peer(peer),
                opts=self.child(),
            )

    def _let_out(self, party: str) -> None:
        flows = [flow for flow in self._flows if flow.source == party]
        for key, peer, rows in self._rules((flow.destination, flow) for flow in flows):
            aws.vpc.SecurityGroupEgressRule(
                f"{self._name}-out-{party}-{key}",
                security_group_id=self.security_group_ids[party],
                description=_reasons(rows, AWS_DESCRIPTION),
                ip_protocol=_aws_protocol(rows[0]),
                from_port=rows[0].port,
                to_port=rows[0].port,
                **_peer(peer),
                opts=self.child(),
            )

    def _rules(self, others: Iterable[tuple[str, Flow]]) -> list[tuple[str, str | Output[str], list[Flow]]]:
        """What tells a rule from the others, the other end, and the flows it stands for.

        EC2 refuses a second rule of the same port and peer, whatever it is called: two services behind one range share
        one, named by the range so that it stays when one of them goes.
        """
        peers: dict[str, str | Output[str]] = {}
        rows: dict[str, list[Flow]] = {}
        for other, flow in others:
            port = "all" if flow.port is None else f"{flow.protocol}-{flow.port}"
            for end, peer in self._ends(other):
                peers[f"{port}-{end}"] = peer
                rows.setdefault(f"{port}-{end}", []).append(flow)
        return [(key, peer, rows[key]) for key, peer in peers.items()]

    def _ends(self, other: str) -> list[tuple[str, str | Output[str]]]:
        """What a name of the table is to a security group: another group, a list, or ranges."""
        if other in self.security_group_ids:
            return [(other, self.security_group_ids[other])]
        if other in self._args.prefix_lists:
            return [(other, self._args.prefix_lists[other])]
        return [(_dashed(cidr), str(cidr)) for cidr in self._args.ranges[other]]


@dataclass(frozen=True, kw_only=True)
class GcpAccessArgs:
    """What GcpAccess needs to know."""

    network_id: pulumi.Input[str]
    """The network of the firewall."""
    parties: Mapping[str, str]
    """Who gets a network tag, and what it is."""
    ranges: Mapping[str, Sequence[IPv4Network]]
    """The addresses of every name in the table, of parties too: the other end of a rule is always a range."""
    flows: Sequence[Flow]
    """The table."""
    untagged: Sequence[str] = ()
    """Who calls with no tag of ours from a range that is theirs alone, as machines of Google's services do."""


class GcpAccess(Component):
    """Firewall rules for the flows of the table, above a rule each way that denies the rest and logs what it denied.

    Owns a rule for each port that a party listens on, and for each port that it calls. Guarantees that an instance
    reaches and admits what the table says of its tags and nothing else; untagged ones are alone, but for those that
    call from a range of their own. Leaves out what Google adds itself: the rules of a GKE cluster for its own control
    plane.
    """

    network_tags: Mapping[str, Output[str]]
    """The tags that put an instance among the members of a party, by party."""

    def __init__(self, name: str, args: GcpAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:network:GcpAccess", name, None, opts)
        self._name, self._args = name, args
        self._flows = own_flows(args.flows, {*args.parties, *args.untagged}, args.ranges)

        self._tags = {party: f"{name}-{party}" for party in args.parties}
        self.network_tags = {party: Output.from_input(tag) for party, tag in self._tags.items()}
        self._deny_rest("INGRESS")
        self._deny_rest("EGRESS")
        for party in args.parties:
            self._admit(party)
            self._let_out(party)
        for caller in args.untagged:
            self._let_out(caller)
        self.publish()

    def _deny_rest(self, direction: Literal["INGRESS", "EGRESS"]) -> None:
        everywhere = ["0.0.0.0/0"]
        gcp.compute.Firewall(
            f"{self._name}-deny-{direction.lower()}",
            network=self._args.network_id,
            description=f"{direction.capitalize()} that no flow allows",
            direction=direction,
            priority=DENY_PRIORITY,
            source_ranges=everywhere if direction == "INGRESS" else None,
            destination_ranges=everywhere if direction == "EGRESS" else None,
            denies=[gcp.compute.FirewallDenyArgs(protocol="all")],
            log_config=gcp.compute.FirewallLogConfigArgs(metadata="EXCLUDE_ALL_METADATA"),
            opts=self.child(),
        )

    def _admit(self, party: str) -> None:
        """By the addresses of the source: as a source, a tag means neither pods nor instances of Cloud Run.

        Which service of Cloud Run it is that calls, the rule that lets it out decides by its tag.
        """
        for port, flows in _by_port(flow for flow in self._flows if flow.destination == party):
            gcp.compute.Firewall(
                f"{self._name}-in-{party}-{port}",
                network=self._args.network_id,
                description=_reasons(flows, GCP_DESCRIPTION),
                direction="INGRESS",
                priority=ALLOW_PRIORITY,
                source_ranges=self._cidrs([flow.source for flow in flows]),
                target_tags=[self._tags[party]],
                allows=[_gcp_allow(flows[0])],
                opts=self.child(),
            )

    def _let_out(self, party: str) -> None:
        tag = self._tags.get(party)
        for port, flows in _by_port(flow for flow in self._flows if flow.source == party):
            gcp.compute.Firewall(
                f"{self._name}-out-{party}-{port}",
                network=self._args.network_id,
                description=_reasons(flows, GCP_DESCRIPTION),
                direction="EGRESS",
                priority=ALLOW_PRIORITY,
                source_ranges=None if tag else self._cidrs([party]),
                destination_ranges=self._cidrs([flow.destination for flow in flows]),
                target_tags=[tag] if tag else None,
                allows=[_gcp_allow(flows[0])],
                opts=self.child(),
            )

    def _cidrs(self, names: Sequence[str]) -> list[str]:
        return sorted({str(cidr) for name in names for cidr in self._args.ranges[name]})


def own_flows(flows: Sequence[Flow], parties: Container[str], ranges: Container[str]) -> list[Flow]:
    """The rows in which a party of this half takes part.

    Raises ValueError for a row whose other end has no address here: it would silently open nothing.
    """
    own = [flow for flow in flows if flow.source in parties or flow.destination in parties]
    ends = {end for flow in own for end in (flow.source, flow.destination)}
    unknown = {end for end in ends if end not in parties and end not in ranges}
    if unknown:
        raise ValueError(f"flows name {', '.join(sorted(unknown))}, which is neither a party nor a range")
    return own


def _peer(peer: str | Output[str]) -> dict[str, Any]:
    """The argument of a rule that names its other end."""
    if not isinstance(peer, str):
        return {"referenced_security_group_id": peer}
    return {"prefix_list_id": peer} if peer.startswith("pl-") else {"cidr_ipv4": peer}


def _aws_protocol(flow: Flow) -> str:
    return "-1" if flow.protocol == "all" else flow.protocol


def _by_port(flows: Iterable[Flow]) -> list[tuple[str, list[Flow]]]:
    """The flows that one rule can hold: those of one port and transport, keyed by what tells the rules apart."""
    found: dict[str, list[Flow]] = {}
    for flow in flows:
        key = "all" if flow.port is None else f"{flow.protocol}-{flow.port}"
        found.setdefault(key, []).append(flow)
    return list(found.items())


def _reasons(flows: Sequence[Flow], longest: int) -> str:
    reasons = "; ".join(sorted({flow.why for flow in flows}))
    return reasons if len(reasons) <= longest else f"{reasons[: longest - 4]} ..."


def _gcp_allow(flow: Flow) -> gcp.compute.FirewallAllowArgs:
    ports = None if flow.port is None else [str(flow.port)]
    return gcp.compute.FirewallAllowArgs(protocol=flow.protocol, ports=ports)


def _dashed(cidr: IPv4Network) -> str:
    return str(cidr).replace(".", "-").replace("/", "-")
