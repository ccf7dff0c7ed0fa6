"""Private names of both clouds, each resolved in the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

import pulumi
import pulumi_aws as aws
import pulumi_gcp as gcp
from pulumi import Output

from components.component import Component
from components.network import resolver_addresses
from components.network.gcp_network import SERVICE_NETWORKING
from components.network.ranges import GOOGLE_DNS_FORWARDERS

DNS = 53
PROTOCOLS = ("tcp", "udp")


@dataclass(frozen=True, kw_only=True)
class ResolverSubnet:
    """A subnet of one zone that holds an address of each resolver endpoint."""

    subnet_id: pulumi.Input[str]
    """The subnet, whose route table leads to the other cloud."""
    cidr: IPv4Network
    """Its range, from whose end the addresses are taken."""


@dataclass(frozen=True, kw_only=True)
class AwsDnsArgs:
    """The AWS half."""

    vpc_id: pulumi.Input[str]
    """The VPC in which the names resolve."""
    resolver_subnets: Mapping[str, ResolverSubnet]
    """Where the resolver endpoints live, by zone."""


@dataclass(frozen=True, kw_only=True)
class GcpDnsArgs:
    """The Google Cloud half."""

    project_id: str
    """The project that owns the VPC."""
    region: str
    """The region of the resolver's subnet."""
    network_id: pulumi.Input[str]
    """The VPC in which the names resolve."""
    network_name: pulumi.Input[str]
    """The name of that VPC."""
    resolver_subnetwork_id: pulumi.Input[str]
    """The subnet of the one address at which Cloud DNS answers AWS."""
    resolver_cidr: IPv4Network
    """Its range, /29."""
    subnetwork_ids: Mapping[str, pulumi.Input[str]]
    """The other subnets of the VPC by role, in each of which Cloud DNS takes an address too; not that of proxies."""
    services_peering: pulumi.Input[str]
    """The peering over which managed services ask for names of AWS."""

    def __post_init__(self) -> None:
        """Raise ValueError for a range with more or fewer than four free addresses."""
        if self.resolver_cidr.prefixlen != 29:
            raise ValueError(
                f"resolver_cidr {self.resolver_cidr} is not a /29: the address in it would be left to chance"
            )


@dataclass(frozen=True, kw_only=True)
class PrivateDnsArgs:
    """What PrivateDns needs to know."""

    domain: str
    """The internal domain, such as `internal.example.com`; each cloud serves its own name below it."""
    aws: AwsDnsArgs
    """The AWS half."""
    gcp: GcpDnsArgs | None
    """The Google Cloud half, or None where there is no standby."""
    forwarding: bool
    """Whether the clouds are linked, so that each can ask the other."""

    def __post_init__(self) -> None:
        """Raise ValueError for forwarding without another cloud, or with fewer zones than AWS accepts."""
        if self.forwarding and self.gcp is None:
            raise ValueError("forwarding needs both clouds: give the Google Cloud half or turn forwarding off")
        if self.forwarding and len(self.aws.resolver_subnets) < 2:
            raise ValueError("forwarding needs two zones: a resolver endpoint has no fewer than two addresses")


class PrivateDns(Component):
    """A private zone in each cloud, and the resolvers that answer and ask the other cloud.

    Owns the zones `aws.<domain>` and `gcp.<domain>`, Route 53's endpoints with their security groups, and Cloud DNS's
    policy and forwarding zone. Guarantees that both directions use addresses known before the first deployment, and
    that Route 53 answers only to, and asks only, Cloud DNS. Leaves out the records, which belong to what they name, and
    the routes between the clouds, which belong to the link: it has to carry GOOGLE_DNS_FORWARDERS too.
    """

    aws_domain: Output[str]
    """The name below which AWS's private names live."""
    aws_zone_id: Output[str]
    """The zone of AWS's private names."""
    gcp_domain: Output[str] | None
    """The name below which Google Cloud's private names live."""
    gcp_zone_name: Output[str] | None
    """The zone of Google Cloud's private names."""

    def __init__(self, name: str, args: PrivateDnsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:network:PrivateDns", name, None, opts)
        self._name, self._args = name, args
        self._aws_name, self._gcp_name = f"aws.{args.domain}", f"gcp.{args.domain}"

        self.aws_domain, self.aws_zone_id = Output.from_input(self._aws_name), self._aws_zone()
        self.gcp_domain, self.gcp_zone_name = None, None
        if args.gcp is not None:
            self.gcp_domain, self.gcp_zone_name = Output.from_input(self._gcp_name), self._gcp_zone(args.gcp)
            if args.forwarding:
                self._aws_answers()
                self._gcp_asks(args.gcp)
                self._gcp_answers(args.gcp)
                self._aws_asks(args.gcp)
        self.publish()

    def _aws_zone(self) -> Output[str]:
        return aws.route53.Zone(
            f"{self._name}-aws",
            name=self._aws_name,
            comment=f"Private names of {self._name} in AWS",
            vpcs=[aws.route53.ZoneVpcArgs(vpc_id=self._args.aws.vpc_id)],
            opts=self.child(protect=True),
        ).zone_id

    def _gcp_zone(self, half: GcpDnsArgs) -> Output[str]:
        return gcp.dns.ManagedZone(
            f"{self._name}-gcp",
            project=half.project_id,
            description=f"Private names of {self._name} in Google Cloud",
            dns_name=f"{self._gcp_name}.",
            visibility="private",
            private_visibility_config=_visible_in(half.network_id),
            opts=self.child(protect=True),
        ).name

    def _aws_answers(self) -> None:
        """An endpoint at which Route 53 takes Cloud DNS's questions, at addresses that the network keeps for it."""
        group = self._security_group("inbound", "Route 53 answers Cloud DNS")
        for protocol in PROTOCOLS:
            aws.vpc.SecurityGroupIngressRule(
                f"{self._name}-inbound-{protocol}",
                security_group_id=group,
                description="Questions from Cloud DNS",
                cidr_ipv4=str(GOOGLE_DNS_FORWARDERS),
                ip_protocol=protocol,
                from_port=DNS,
                to_port=DNS,
                opts=self.child(),
            )
        self._endpoint(
            "inbound", group, {zone: resolver_addresses.inbound(s.cidr) for zone, s in self._resolver_subnets()}
        )

    def _aws_asks(self, half: GcpDnsArgs) -> None:
        """An endpoint from which Route 53 asks Cloud DNS about the names of Google Cloud."""
        target = resolver_addresses.cloud_dns(half.resolver_cidr)
        group = self._security_group("outbound", "Route 53 asks Cloud DNS")
        for protocol in PROTOCOLS:
            aws.vpc.SecurityGroupEgressRule(
                f"{self._name}-outbound-{protocol}",
                security_group_id=group,
                description="Questions to Cloud DNS",
                cidr_ipv4=f"{target}/32",
                ip_protocol=protocol,
                from_port=DNS,
                to_port=DNS,
                opts=self.child(),
            )
        endpoint = self._endpoint(
            "outbound", group, {z: resolver_addresses.outbound(s.cidr) for z, s in self._resolver_subnets()}
        )
        rule = aws.route53.ResolverRule(
            f"{self._name}-gcp",
            domain_name=self._gcp_name,
            rule_type="FORWARD",
            resolver_endpoint_id=endpoint,
            target_ips=[aws.route53.ResolverRuleTargetIpArgs(ip=str(target), port=DNS)],
            tags={"Name": f"{self._name}-gcp"},
            opts=self.child(),
        )
        aws.route53.ResolverRuleAssociation(
            f"{self._name}-gcp", resolver_rule_id=rule.id, vpc_id=self._args.aws.vpc_id, opts=self.child()
        )

    def _gcp_asks(self, half: GcpDnsArgs) -> None:
        """A zone that forwards questions about AWS's names, for the VPC and for the managed services peered with it."""
        gcp.dns.ManagedZone(
            f"{self._name}-aws",
            project=half.project_id,
            description=f"Private names of {self._name} in AWS, asked of Route 53",
            dns_name=f"{self._aws_name}.",
            visibility="private",
            private_visibility_config=_visible_in(half.network_id),
            forwarding_config=gcp.dns.ManagedZoneForwardingConfigArgs(
                target_name_servers=[
                    gcp.dns.ManagedZoneForwardingConfigTargetNameServerArgs(
                        ipv4_address=str(resolver_addresses.inbound(subnet.cidr)), forwarding_path="private"
                    )
                    for _, subnet in self._resolver_subnets()
                ]
            ),
            opts=self.child(protect=True),
        )
        gcp.servicenetworking.PeeredDnsDomain(
            f"{self._name}-aws",
            project=half.project_id,
            # The API names the VPC and means the peering, which therefore has to be there.
            network=_once_there(half.network_name, half.services_peering),
            service=SERVICE_NETWORKING,
            dns_suffix=f"{self._aws_name}.",
            opts=self.child(),
        )

    def _gcp_answers(self, half: GcpDnsArgs) -> None:
        """Have Cloud DNS answer AWS at the one address of its subnet that is left to take.

        Cloud DNS takes a free address in every subnet of the VPC and tells none of them to the program. A /29 has four
        that can be taken, so the three that are held here leave it a single one, known beforehand. Should it ever have
        taken another, holding that one fails, loudly.
        """
        held = [
            gcp.compute.Address(
                f"{self._name}-held-{address.packed[-1]}",
                project=half.project_id,
                region=half.region,
                subnetwork=half.resolver_subnetwork_id,
                address_type="INTERNAL",
                purpose="GCE_ENDPOINT",
                address=str(address),
                description="Held, so that Cloud DNS answers at the one address left",
                opts=self.child(),
            )
            for address in resolver_addresses.held(half.resolver_cidr)
        ]
        gcp.dns.Policy(
            f"{self._name}-inbound",
            project=half.project_id,
            description="Cloud DNS answers AWS",
            enable_inbound_forwarding=True,
            enable_logging=True,
            networks=[
                gcp.dns.PolicyNetworkArgs(
                    # A subnet can not be deleted while the policy has an address in it, so the policy goes first.
                    network_url=_once_there(half.network_id, *half.subnetwork_ids.values())
                )
            ],
            # The policy takes its addresses the moment it exists, and has to find the others held.
            opts=self.child(depends_on=held),
        )

    def _resolver_subnets(self) -> list[tuple[str, ResolverSubnet]]:
        return sorted(self._args.aws.resolver_subnets.items())

    def _security_group(self, role: str, description: str) -> Output[str]:
        return aws.ec2.SecurityGroup(
            f"{self._name}-{role}",
            description=description,
            vpc_id=self._args.aws.vpc_id,
            tags={"Name": f"{self._name}-{role}"},
            opts=self.child(),
        ).id

    def _endpoint(self, role: str, group: Output[str], addresses: Mapping[str, IPv4Address]) -> Output[str]:
        return aws.route53.ResolverEndpoint(
            f"{self._name}-{role}",
            direction=role.upper(),
            resolver_endpoint_type="IPV4",
            protocols=["Do53"],
            security_group_ids=[group],
            ip_addresses=[
                aws.route53.ResolverEndpointIpAddressArgs(
                    subnet_id=self._args.aws.resolver_subnets[zone].subnet_id, ip=str(address)
                )
                for zone, address in addresses.items()
            ],
            tags={"Name": f"{self._name}-{role}"},
            opts=self.child(),
        ).id


def _once_there(value: pulumi.Input[str], *others: pulumi.Input[str]) -> Output[str]:
    """The value, carrying a dependency on what the others belong to."""
    return Output.all(value, *others).apply(lambda values: values[0])


def _visible_in(network_id: pulumi.Input[str]) -> gcp.dns.ManagedZonePrivateVisibilityConfigArgs:
    return gcp.dns.ManagedZonePrivateVisibilityConfigArgs(
        networks=[gcp.dns.ManagedZonePrivateVisibilityConfigNetworkArgs(network_url=network_id)]
    )
