"""The network in both clouds: a VPC each, the link between them, and names that resolve in either."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
from pulumi import Output

from components.component import Component
from components.network import subnets
from components.network.aws_network import AwsNetwork, AwsNetworkArgs
from components.network.gcp_network import GcpNetwork, GcpNetworkArgs
from components.network.interconnect_link import InterconnectLink, InterconnectLinkArgs, InterconnectPath
from components.network.private_dns import AwsDnsArgs, GcpDnsArgs, PrivateDns, PrivateDnsArgs, ResolverSubnet
from components.network.ranges import GOOGLE_DNS_FORWARDERS
from components.network.transit_hub import TransitHub, TransitHubArgs
from components.network.vpn_link import VpnLink, VpnLinkArgs


@dataclass(frozen=True, kw_only=True)
class Tunnels:
    """Four VPN tunnels over the internet."""

    cidrs: Sequence[IPv4Network]
    """The insides of the tunnels, each a /30 of 169.254.0.0/16."""


@dataclass(frozen=True, kw_only=True)
class Circuits:
    """Private circuits, ordered and plugged together beforehand."""

    direct_connect_asn: int
    """The private ASN of the Direct Connect gateway, another one than either cloud's."""
    bandwidth_mbps: int
    """What each circuit may carry, in Mbit/s."""
    paths: Mapping[str, InterconnectPath]
    """The circuits, by a name that stays."""


@dataclass(frozen=True, kw_only=True)
class LinkArgs:
    """What the link between the halves needs to know beyond them."""

    aws_asn: int
    """The private ASN of AWS."""
    gcp_asn: int
    """The private ASN of Google Cloud, another one."""
    transport: Tunnels | Circuits
    """What carries the link; the halves and the Transit Gateway are the same for either."""


@dataclass(frozen=True, kw_only=True)
class NetworkPairArgs:
    """What a NetworkPair needs to know."""

    internal_domain: str
    """The domain of private names, such as `internal.example.com`."""
    aws: AwsNetworkArgs
    """The AWS half."""
    gcp: GcpNetworkArgs | None
    """The Google Cloud half, or None where there is no standby."""
    link: LinkArgs | None
    """The link between the halves, or None to keep them apart."""

    def __post_init__(self) -> None:
        """Raise ValueError for a link that would have only one end."""
        if self.link is not None and self.gcp is None:
            raise ValueError("the link needs both halves: give the Google Cloud half or leave out the link")


class NetworkPair(Component):
    """The two halves of the network, the Transit Gateway and the link that join them, and their private names.

    Owns nothing but these parts. Guarantees that what one cloud routes to the other it gets answers from: each range of
    Google Cloud, the managed services and Cloud DNS among them, has a route in every private and database table and is
    advertised by the link. Leaves out who may use the routes, which the access rules say.
    """

    vpc_id: Output[str]
    """The VPC on AWS."""
    public_subnet_ids: Mapping[str, Output[str]]
    """Subnets on AWS for load balancers, by zone."""
    private_subnet_ids: Mapping[str, Output[str]]
    """Subnets on AWS for workloads, by zone."""
    database_subnet_ids: Mapping[str, Output[str]]
    """Subnets on AWS for managed databases and caches, by zone."""
    aws_nat_addresses: Mapping[str, Output[str]]
    """Public addresses that traffic from AWS comes from, by the zone of the NAT gateway."""
    aws_domain: Output[str]
    """The name below which AWS's private names live."""
    aws_zone_id: Output[str]
    """The zone of AWS's private names."""
    transit_gateway_id: Output[str] | None
    """The Transit Gateway, if there is a link."""

    network_id: Output[str] | None
    """The VPC on Google Cloud."""
    network_name: Output[str] | None
    """The name of that VPC."""
    network_self_link: Output[str] | None
    """The URL of that VPC."""
    nodes_subnetwork_id: Output[str] | None
    """The subnet on Google Cloud for Kubernetes nodes and other instances."""
    pods_range_name: Output[str] | None
    """The secondary range for pods, within the nodes' subnet."""
    services_range_name: Output[str] | None
    """The secondary range for Kubernetes services, within the nodes' subnet."""
    control_plane_subnetwork_id: Output[str] | None
    """The subnet for the private endpoint of a Kubernetes control plane."""
    serverless_subnetwork_id: Output[str] | None
    """The subnet for Cloud Run's instances."""
    balancers_subnetwork_id: Output[str] | None
    """The subnet for addresses of internal load balancers, once there is a subnet for their proxies too."""
    pipelines_subnetwork_id: Output[str] | None
    """The subnet for the interfaces of data pipelines, such as Datastream's."""
    managed_services_range_name: Output[str] | None
    """The reserved range of managed databases and caches."""
    services_peering: Output[str] | None
    """The peering with the managed services; one created before it is there gets no private address."""
    gcp_nat_addresses: Mapping[str, Output[str]] | None
    """Public addresses that traffic from Google Cloud comes from."""
    gcp_domain: Output[str] | None
    """The name below which Google Cloud's private names live."""
    gcp_zone_name: Output[str] | None
    """The zone of Google Cloud's private names."""
    router_name: Output[str] | None
    """The Cloud Router that speaks BGP with AWS, if there is a link."""

    def __init__(self, name: str, args: NetworkPairArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:network:NetworkPair", name, None, opts)
        self._name, self._args = name, args

        aws = AwsNetwork(f"{name}-aws", args.aws, self.child())
        gcp = None if args.gcp is None else GcpNetwork(f"{name}-gcp", args.gcp, self.child())
        self._take_aws(aws)
        self._take_gcp(gcp)
        self.transit_gateway_id, self.router_name = None, None
        if gcp is not None and args.gcp is not None and args.link is not None:
            self._link(aws, gcp, args.gcp, args.link)
        self._private_dns(aws, gcp)
        self.publish()

    def _take_aws(self, half: AwsNetwork) -> None:
        self.vpc_id = half.vpc_id
        self.public_subnet_ids = half.public_subnet_ids
        self.private_subnet_ids = half.private_subnet_ids
        self.database_subnet_ids = half.database_subnet_ids
        self.aws_nat_addresses = half.nat_addresses

    def _take_gcp(self, half: GcpNetwork | None) -> None:
        self.network_id = half and half.network_id
        self.network_name = half and half.network_name
        self.network_self_link = half and half.network_self_link
        self.nodes_subnetwork_id = half and half.nodes_subnetwork_id
        self.pods_range_name = half and half.pods_range_name
        self.services_range_name = half and half.services_range_name
        self.control_plane_subnetwork_id = half and half.control_plane_subnetwork_id
        self.serverless_subnetwork_id = half and half.serverless_subnetwork_id
        self.balancers_subnetwork_id = half and half.balancers_subnetwork_id
        self.pipelines_subnetwork_id = half and half.pipelines_subnetwork_id
        self.managed_services_range_name = half and half.managed_services_range_name
        self.services_peering = half and half.services_peering
        self.gcp_nat_addresses = half and half.nat_addresses

    def _link(self, aws: AwsNetwork, gcp: GcpNetwork, args: GcpNetworkArgs, link: LinkArgs) -> None:
        hub = self._transit_hub(aws, args, link)
        self.transit_gateway_id = hub.transit_gateway_id
        match link.transport:
            case Tunnels() as tunnels:
                self.router_name = self._vpn(hub, gcp, args, link, tunnels)
            case Circuits() as circuits:
                self.router_name = self._interconnect(hub, gcp, args, link, circuits)

    def _vpn(
        self, hub: TransitHub, gcp: GcpNetwork, args: GcpNetworkArgs, link: LinkArgs, tunnels: Tunnels
    ) -> Output[str]:
        return VpnLink(
            f"{self._name}-vpn",
            VpnLinkArgs(
                transit_gateway_id=hub.transit_gateway_id,
                transit_route_table_id=hub.route_table_id,
                aws_asn=link.aws_asn,
                gcp_asn=link.gcp_asn,
                gcp_project_id=args.project_id,
                gcp_region=args.region,
                network_id=gcp.network_id,
                advertised_ranges=ranges_beside_subnets(args),
                tunnel_cidrs=tunnels.cidrs,
                log_retention_days=self._args.aws.flow_log_retention_days,
                logs_key_arn=self._args.aws.logs_key_arn,
            ),
            self.child(),
        ).router_name

    def _interconnect(
        self, hub: TransitHub, gcp: GcpNetwork, args: GcpNetworkArgs, link: LinkArgs, circuits: Circuits
    ) -> Output[str]:
        return InterconnectLink(
            f"{self._name}-interconnect",
            InterconnectLinkArgs(
                transit_gateway_id=hub.transit_gateway_id,
                transit_route_table_id=hub.route_table_id,
                direct_connect_asn=circuits.direct_connect_asn,
                gcp_asn=link.gcp_asn,
                gcp_project_id=args.project_id,
                gcp_region=args.region,
                network_id=gcp.network_id,
                advertised_ranges=ranges_beside_subnets(args),
                aws_ranges={"vpc": self._args.aws.cidr},
                bandwidth_mbps=circuits.bandwidth_mbps,
                paths=circuits.paths,
            ),
            self.child(),
        ).router_name

    def _transit_hub(self, aws: AwsNetwork, args: GcpNetworkArgs, link: LinkArgs) -> TransitHub:
        return TransitHub(
            f"{self._name}-hub",
            TransitHubArgs(
                vpc_id=aws.vpc_id,
                subnet_ids=aws.transit_subnet_ids,
                asn=link.aws_asn,
                remote_ranges={**subnet_ranges(args), **ranges_beside_subnets(args)},
                route_table_ids={
                    **{f"private-{zone}": table for zone, table in aws.private_route_table_ids.items()},
                    **{f"database-{zone}": table for zone, table in aws.database_route_table_ids.items()},
                },
            ),
            self.child(),
        )

    def _private_dns(self, aws: AwsNetwork, gcp: GcpNetwork | None) -> None:
        dns = PrivateDns(
            f"{self._name}-dns",
            PrivateDnsArgs(
                domain=self._args.internal_domain,
                aws=self._aws_dns(aws),
                gcp=None if gcp is None or self._args.gcp is None else _gcp_dns(gcp, self._args.gcp),
                forwarding=self._args.link is not None,
            ),
            self.child(),
        )
        self.aws_domain, self.aws_zone_id = dns.aws_domain, dns.aws_zone_id
        self.gcp_domain, self.gcp_zone_name = dns.gcp_domain, dns.gcp_zone_name

    def _aws_dns(self, aws: AwsNetwork) -> AwsDnsArgs:
        plan = subnets.plan(self._args.aws.cidr, self._args.aws.zones)
        return AwsDnsArgs(
            vpc_id=aws.vpc_id,
            resolver_subnets={
                zone: ResolverSubnet(subnet_id=subnet, cidr=plan[zone].private)
                for zone, subnet in aws.private_subnet_ids.items()
            },
        )


def subnet_ranges(args: GcpNetworkArgs) -> dict[str, IPv4Network]:
    """The ranges of Google Cloud's subnets that AWS may talk to, which every BGP session advertises by itself.

    The range of Kubernetes services is not among them: its addresses mean something inside the cluster only. Nor is
    that of the load balancers' proxies: who calls a load balancer knows its address, which is one of the nodes' range.
    """
    return {
        "nodes": args.nodes,
        "pods": args.pods,
        "control-plane": args.control_plane,
        "serverless": args.serverless,
        "resolver": args.resolver,
        "pipelines": args.pipelines,
    }


def ranges_beside_subnets(args: GcpNetworkArgs) -> dict[str, IPv4Network]:
    """What AWS has to reach but is no subnet of the VPC, so that the link has to be told to advertise it."""
    return {"managed-services": args.managed_services, "dns-forwarders": GOOGLE_DNS_FORWARDERS}


def _gcp_dns(gcp: GcpNetwork, args: GcpNetworkArgs) -> GcpDnsArgs:
    return GcpDnsArgs(
        project_id=args.project_id,
        region=args.region,
        network_id=gcp.network_id,
        network_name=gcp.network_name,
        resolver_subnetwork_id=gcp.resolver_subnetwork_id,
        resolver_cidr=args.resolver,
        subnetwork_ids={
            "nodes": gcp.nodes_subnetwork_id,
            "serverless": gcp.serverless_subnetwork_id,
            "control-plane": gcp.control_plane_subnetwork_id,
            "pipelines": gcp.pipelines_subnetwork_id,
        },
        services_peering=gcp.services_peering,
    )
