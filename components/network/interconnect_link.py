"""The link between the clouds over private circuits: Cross-Cloud Interconnect meets Direct Connect."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws
import pulumi_gcp as gcp
import pulumi_random as random
from pulumi import Output

from components.component import Component
from components.network import bgp

BANDWIDTHS = {
    50: "BPS_50M",
    100: "BPS_100M",
    200: "BPS_200M",
    300: "BPS_300M",
    400: "BPS_400M",
    500: "BPS_500M",
    1_000: "BPS_1G",
    2_000: "BPS_2G",
    5_000: "BPS_5G",
    10_000: "BPS_10G",
    20_000: "BPS_20G",
    50_000: "BPS_50G",
    100_000: "BPS_100G",
    400_000: "BPS_400G",
}
"""What a VLAN attachment may carry, in Mbit/s."""

VLAN_IDS = range(2, 4095)
LARGEST_VIRTUAL_INTERFACE_ASN = 2**31 - 2
"""A virtual interface takes a larger number under another name only."""

KEY_LENGTH = 48
"""Letters and digits of a BGP key; Google Cloud and AWS take 80 at most."""


@dataclass(frozen=True, kw_only=True)
class InterconnectPath:
    """One circuit between the clouds, ordered from both and plugged together before this program runs."""

    interconnect: str
    """The self link of Google's interconnect."""
    connection_id: str
    """The Direct Connect connection or link aggregation group at its other end: `dxcon-...` or `dxlag-...`."""
    vlan: int
    """The VLAN of the link on this circuit, 2 to 4094; the same at both ends."""
    cidr: IPv4Network
    """The addresses of the BGP session: a /29 of 169.254.0.0/16."""


@dataclass(frozen=True, kw_only=True)
class InterconnectLinkArgs:
    """What an InterconnectLink needs to know."""

    transit_gateway_id: pulumi.Input[str]
    """The Transit Gateway to which the circuits lead."""
    transit_route_table_id: pulumi.Input[str]
    """The route table of the Transit Gateway that the link uses and fills."""
    direct_connect_asn: int
    """The private ASN of the Direct Connect gateway; AWS refuses the one of the Transit Gateway."""
    gcp_asn: int
    """The private ASN of Google Cloud, another one again."""
    gcp_project_id: str
    """The project of the Google Cloud network."""
    gcp_region: str
    """The region of the Google Cloud end."""
    network_id: pulumi.Input[str]
    """The Google Cloud network."""
    advertised_ranges: Mapping[str, IPv4Network]
    """What AWS shall reach beside all subnets, by use: `managed-services`, `dns-forwarders` ..."""
    aws_ranges: Mapping[str, IPv4Network]
    """What Google Cloud shall reach, by use: Direct Connect advertises what is written here and nothing else."""
    bandwidth_mbps: int
    """What each path may carry, in Mbit/s: one of the steps from 50 to 400000 that Google Cloud sells."""
    paths: Mapping[str, InterconnectPath]
    """The circuits by a name that stays, two at least: each must bear the whole traffic alone."""

    def __post_init__(self) -> None:
        """Raise ValueError for numbers that a cloud refuses, and for paths that fail together."""
        bgp.check_asns(self.direct_connect_asn, self.gcp_asn)
        if self.bandwidth_mbps not in BANDWIDTHS:
            raise ValueError(f"bandwidth {self.bandwidth_mbps} Mbit/s is not sold: write one of {[*BANDWIDTHS]}")
        _check_paths(self.paths)


class InterconnectLink(Component):
    """Private circuits between a Transit Gateway and a Google Cloud network, each with its BGP session.

    Owns the VLANs, sessions and gateways on circuits that exist. Guarantees that no packet touches the internet, that
    nobody speaks BGP without the key of the session, and that a dead circuit is left within seconds. Neither cloud
    encrypts such a link by itself: where it must be, order the ports on both sides with MACsec and have both refuse
    plain frames (`must_encrypt`, no `fail-open`), which this program can neither see nor set. MACsec covers the way
    between the two edge routers; beyond it the clouds' own encryption and the TLS of the connections carry on.

    Two paths in the two edge availability domains of one metropolitan area get Google's 99.9%, four in two areas its
    99.99%. Leaves out the orders, and the routes inside the VPC, which AWS never learns.
    """

    direct_connect_gateway_id: Output[str]
    """The Direct Connect gateway, on which all paths end."""
    virtual_interface_ids: Mapping[str, Output[str]]
    """The transit virtual interfaces on AWS, by path."""
    transit_attachment_ids: Mapping[str, Output[str]]
    """The attachment of the Direct Connect gateway to the Transit Gateway, which all paths share."""
    vlan_attachment_ids: Mapping[str, Output[str]]
    """The VLAN attachments on Google Cloud, by path."""
    router_name: Output[str]
    """The Cloud Router that speaks BGP with AWS."""

    def __init__(self, name: str, args: InterconnectLinkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:network:InterconnectLink", name, None, opts)
        self._name, self._args = name, args

        self.direct_connect_gateway_id = self._direct_connect_gateway()
        self.transit_attachment_ids = {"direct-connect": self._transit_attachment()}
        router = self._router()
        self.router_name = router.name
        attachments = {key: self._vlan_attachment(key, path, router) for key, path in args.paths.items()}
        self.vlan_attachment_ids = {key: attachment.id for key, attachment in attachments.items()}
        keys = {path: self._session_key(path) for path in args.paths}
        self.virtual_interface_ids = {
            key: self._virtual_interface(key, path, attachments[key], keys[key]) for key, path in args.paths.items()
        }
        for path, attachment in attachments.items():
            self._session(path, attachment, keys[path])
        self.publish()

    def _direct_connect_gateway(self) -> Output[str]:
        return aws.directconnect.Gateway(
            self._name, amazon_side_asn=str(self._args.direct_connect_asn), opts=self.child()
        ).id

    def _transit_attachment(self) -> Output[str]:
        """The gateway advertises the ranges named here to Google, and fills the route table with what it hears."""
        attachment_id = aws.directconnect.GatewayAssociation(
            self._name,
            dx_gateway_id=self.direct_connect_gateway_id,
            associated_gateway_id=self._args.transit_gateway_id,
            allowed_prefixes=[str(cidr) for cidr in self._args.aws_ranges.values()],
            opts=self.child(),
        ).transit_gateway_attachment_id
        aws.ec2transitgateway.RouteTableAssociation(
            self._name,
            transit_gateway_attachment_id=attachment_id,
            transit_gateway_route_table_id=self._args.transit_route_table_id,
            opts=self.child(),
        )
        aws.ec2transitgateway.RouteTablePropagation(
            self._name,
            transit_gateway_attachment_id=attachment_id,
            transit_gateway_route_table_id=self._args.transit_route_table_id,
            opts=self.child(),
        )
        return attachment_id

    def _router(self) -> gcp.compute.Router:
        return gcp.compute.Router(
            self._name,
            project=self._args.gcp_project_id,
            region=self._args.gcp_region,
            network=self._args.network_id,
            description=f"BGP with AWS over {self._name}",
            bgp=gcp.compute.RouterBgpArgs(asn=self._args.gcp_asn),
            opts=self.child(),
        )

    def _vlan_attachment(
        self, key: str, path: InterconnectPath, router: gcp.compute.Router
    ) -> gcp.compute.InterconnectAttachment:
        return gcp.compute.InterconnectAttachment(
            f"{self._name}-{key}",
            project=self._args.gcp_project_id,
            region=self._args.gcp_region,
            description=f"Path {key} of {self._name}",
            type="DEDICATED",
            interconnect=path.interconnect,
            router=router.id,
            vlan_tag8021q=path.vlan,
            bandwidth=BANDWIDTHS[self._args.bandwidth_mbps],
            candidate_subnets=[str(path.cidr)],
            mtu="1460",  # as the network of instances; larger packets would be dropped there
            # A circuit carries a VLAN once, so the old attachment has to go first.
            opts=self.child(delete_before_replace=True),
        )

    def _session_key(self, path: str) -> Output[str]:
        password = random.RandomPassword(f"{self._name}-{path}", length=KEY_LENGTH, special=False, opts=self.child())
        return Output.secret(password.result)

    def _virtual_interface(
        self, key: str, path: InterconnectPath, google: gcp.compute.InterconnectAttachment, session_key: Output[str]
    ) -> Output[str]:
        """The AWS end of a path, where Google is the customer: each takes the addresses that Google allotted."""
        large = self._args.gcp_asn > LARGEST_VIRTUAL_INTERFACE_ASN
        return aws.directconnect.TransitVirtualInterface(
            f"{self._name}-{key}",
            connection_id=path.connection_id,
            dx_gateway_id=self.direct_connect_gateway_id,
            vlan=path.vlan,
            address_family="ipv4",
            amazon_address=google.customer_router_ip_address,
            customer_address=google.cloud_router_ip_address,
            bgp_asn=None if large else self._args.gcp_asn,
            bgp_asn_long=str(self._args.gcp_asn) if large else None,
            bgp_auth_key=session_key,
            mtu=1500,
            sitelink_enabled=False,
            tags={"Name": f"{self._name}-{key}"},
            # A circuit carries a VLAN once, so the old interface has to go first.
            opts=self.child(delete_before_replace=True),
        ).id

    def _session(self, path: str, google: gcp.compute.InterconnectAttachment, session_key: Output[str]) -> None:
        interface = gcp.compute.RouterInterface(
            f"{self._name}-{path}",
            project=self._args.gcp_project_id,
            region=self._args.gcp_region,
            router=self.router_name,
            ip_range=google.cloud_router_ip_address,
            interconnect_attachment=google.self_link,
            # A router refuses a second interface with the addresses of the first.
            opts=self.child(delete_before_replace=True),
        )
        gcp.compute.RouterPeer(
            f"{self._name}-{path}",
            project=self._args.gcp_project_id,
            region=self._args.gcp_region,
            router=self.router_name,
            interface=interface.name,
            peer_ip_address=google.customer_router_ip_address.apply(lambda address: address.split("/")[0]),
            peer_asn=self._args.direct_connect_asn,
            md5_authentication_key=gcp.compute.RouterPeerMd5AuthenticationKeyArgs(name=f"key-{path}", key=session_key),
            advertised_route_priority=bgp.ROUTE_PRIORITY,
            advertise_mode="CUSTOM",
            advertised_groups=["ALL_SUBNETS"],
            advertised_ip_ranges=bgp.advertisements(self._args.advertised_ranges),
            # Five seconds to leave a dead path instead of a hold time of a minute; no lower values are taken.
            bfd=gcp.compute.RouterPeerBfdArgs(
                session_initialization_mode="ACTIVE",
                min_transmit_interval=1000,
                min_receive_interval=1000,
                multiplier=5,
            ),
            # A router refuses a second session with the same neighbour.
            opts=self.child(delete_before_replace=True),
        )


def _check_paths(paths: Mapping[str, InterconnectPath]) -> None:
    if len(paths) < 2:
        raise ValueError(f"paths {[*paths]}: with one circuit every maintenance cuts the clouds apart: write two")
    for what in ("interconnect", "connection_id", "cidr"):
        values = [getattr(path, what) for path in paths.values()]
        if len(set(values)) != len(values):
            raise ValueError(f"two paths share one {what}, and would fail together: write another")
    for key, path in paths.items():
        if path.vlan not in VLAN_IDS:
            raise ValueError(f"VLAN {path.vlan} of path {key} is not between 2 and 4094")
        if path.cidr.prefixlen != 29 or not path.cidr.subnet_of(bgp.LINK_LOCAL):
            raise ValueError(
                f"range {path.cidr} of path {key} is no /29 of {bgp.LINK_LOCAL}: Google takes nothing else"
            )
