"""The link between the clouds over the internet: four IPsec tunnels with BGP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any, Literal

import pulumi
import pulumi_aws as aws
import pulumi_gcp as gcp
import pulumi_random as random
from pulumi import Output

from components.component import Component
from components.network import bgp, tunnels
from components.network.tunnels import TUNNELS, Tunnel

LARGEST_PLAIN_ASN = 2**31 - 1
"""A customer gateway takes a larger number under another name only."""

KEY_LENGTH = 48
"""Letters and digits of a pre-shared key, about 285 bits; AWS takes 64 characters at most."""


@dataclass(frozen=True, kw_only=True)
class VpnLinkArgs:
    """What a VpnLink needs to know."""

    transit_gateway_id: pulumi.Input[str]
    """The Transit Gateway on which the tunnels end."""
    transit_route_table_id: pulumi.Input[str]
    """The route table of the Transit Gateway that the tunnels use and fill."""
    aws_asn: int
    """The private ASN of the Transit Gateway."""
    gcp_asn: int
    """The private ASN of Google Cloud, another one."""
    gcp_project_id: str
    """The project of the Google Cloud network."""
    gcp_region: str
    """The region of the Google Cloud end."""
    network_id: pulumi.Input[str]
    """The Google Cloud network."""
    advertised_ranges: Mapping[str, IPv4Network]
    """What AWS shall reach beside all subnets, by use: `managed-services`, `dns-forwarders` ..."""
    tunnel_cidrs: Sequence[IPv4Network]
    """The inside of the tunnels a1, a2, b1 and b2: four /30 of 169.254.0.0/16."""
    log_retention_days: int
    """Days that tunnel logs are kept in CloudWatch Logs; one of the periods CloudWatch accepts."""
    logs_key_arn: pulumi.Input[str]
    """The KMS key of the region of AWS that encrypts the tunnel logs."""

    def __post_init__(self) -> None:
        """Raise ValueError for numbers with which the tunnels could not come up or would carry no routes."""
        bgp.check_asns(self.aws_asn, self.gcp_asn)
        tunnels.check_cidrs(self.tunnel_cidrs)


class VpnLink(Component):
    """HA VPN: four tunnels between a Transit Gateway and a Google Cloud network, each with its BGP session.

    Owns the gateways, tunnels, keys, sessions and tunnel logs of both sides. Guarantees AES-256 with one proposal a
    phase and nothing to fall back to, a key of its own for each tunnel, and that any three tunnels may fail. Leaves out
    the routes inside the VPC, which AWS never learns, and the alarms on the tunnels.
    """

    vpn_connection_ids: Mapping[str, Output[str]]
    """The VPN connections on AWS, by letter."""
    transit_attachment_ids: Mapping[str, Output[str]]
    """Their attachments to the Transit Gateway, by letter."""
    aws_addresses: Mapping[str, Output[str]]
    """Public addresses of the tunnels on AWS, by tunnel."""
    google_gateway_id: Output[str]
    """The HA VPN gateway."""
    google_addresses: Mapping[str, Output[str]]
    """Public addresses of the HA VPN gateway, by the letter of the connection that ends there."""
    tunnel_ids: Mapping[str, Output[str]]
    """The tunnels on Google Cloud, by tunnel."""
    router_name: Output[str]
    """The Cloud Router that speaks BGP with AWS."""
    log_group_name: Output[str]
    """Where AWS logs the tunnels."""

    def __init__(self, name: str, args: VpnLinkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:network:VpnLink", name, None, opts)
        self._name, self._args = name, args
        self._cidrs = {tunnel.key: cidr for tunnel, cidr in zip(TUNNELS, args.tunnel_cidrs, strict=True)}

        self.google_gateway_id, self.google_addresses = self._google_gateway()
        self._shared_keys = {tunnel.key: self._shared_key(tunnel.key) for tunnel in TUNNELS}
        logs = self._log_group()
        self.log_group_name = logs.name
        connections = {letter: self._connection(letter, logs.arn) for letter in self.google_addresses}
        self.vpn_connection_ids = {letter: connection.id for letter, connection in connections.items()}
        self.transit_attachment_ids = self._join_route_table(connections)
        self.aws_addresses = {t.key: _of_tunnel(connections[t.connection], t, "address") for t in TUNNELS}
        peer = self._peer_gateway()
        self.router_name = self._router()
        ends = {tunnel.key: self._tunnel(tunnel, peer) for tunnel in TUNNELS}
        self.tunnel_ids = {key: end.id for key, end in ends.items()}
        for tunnel in TUNNELS:
            self._session(tunnel, ends[tunnel.key], connections[tunnel.connection])
        self.publish()

    def _google_gateway(self) -> tuple[Output[str], dict[str, Output[str]]]:
        gateway = gcp.compute.HaVpnGateway(
            self._name,
            project=self._args.gcp_project_id,
            region=self._args.gcp_region,
            network=self._args.network_id,
            description=f"Google Cloud end of {self._name}",
            opts=self.child(),
        )
        ends = {tunnel.connection: tunnel.google_interface for tunnel in TUNNELS}
        return gateway.id, {letter: gateway.vpn_interfaces[i].ip_address for letter, i in ends.items()}

    def _shared_key(self, tunnel: str) -> Output[str]:
        """A pre-shared key that AWS takes: no other special characters than `.` and `_`, no leading zero."""
        password = random.RandomPassword(f"{self._name}-{tunnel}", length=KEY_LENGTH, special=False, opts=self.child())
        return Output.concat("k", Output.secret(password.result))

    def _log_group(self) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{self._name}-tunnels",
            # AWS lets its services write below this prefix; elsewhere each group lengthens a policy with a hard limit.
            name_prefix=f"/aws/vendedlogs/{self._name}-",
            retention_in_days=self._args.log_retention_days,
            kms_key_id=self._args.logs_key_arn,
            opts=self.child(),
        )

    def _connection(self, letter: str, log_group_arn: Output[str]) -> aws.ec2.VpnConnection:
        large = self._args.gcp_asn > LARGEST_PLAIN_ASN
        gateway = aws.ec2.CustomerGateway(
            f"{self._name}-{letter}",
            type="ipsec.1",
            ip_address=self.google_addresses[letter],
            bgp_asn=None if large else str(self._args.gcp_asn),
            bgp_asn_extended=str(self._args.gcp_asn) if large else None,
            tags={"Name": f"{self._name}-{letter}"},
            opts=self.child(),
        )
        return aws.ec2.VpnConnection(
            f"{self._name}-{letter}",
            type="ipsec.1",
            customer_gateway_id=gateway.id,
            transit_gateway_id=self._args.transit_gateway_id,
            static_routes_only=False,
            tunnel1_log_options=aws.ec2.VpnConnectionTunnel1LogOptionsArgs(
                cloudwatch_log_options=aws.ec2.VpnConnectionTunnel1LogOptionsCloudwatchLogOptionsArgs(
                    log_enabled=True, log_group_arn=log_group_arn, log_output_format="json"
                )
            ),
            tunnel2_log_options=aws.ec2.VpnConnectionTunnel2LogOptionsArgs(
                cloudwatch_log_options=aws.ec2.VpnConnectionTunnel2LogOptionsCloudwatchLogOptionsArgs(
                    log_enabled=True, log_group_arn=log_group_arn, log_output_format="json"
                )
            ),
            **self._tunnel_options(letter, 1),
            **self._tunnel_options(letter, 2),
            tags={"Name": f"{self._name}-{letter}"},
            opts=self.child(),
        )

    def _tunnel_options(self, letter: str, number: Literal[1, 2]) -> dict[str, Any]:
        key = f"{letter}{number}"
        options = {
            "inside_cidr": str(self._cidrs[key]),
            "preshared_key": self._shared_keys[key],
            **tunnels.aws_proposal(),
            # Either side brings a tunnel up again, so that it needs no traffic to come back.
            "startup_action": "start",
            "dpd_timeout_action": "restart",
        }
        return {f"tunnel{number}_{option}": value for option, value in options.items()}

    def _join_route_table(self, connections: Mapping[str, aws.ec2.VpnConnection]) -> dict[str, Output[str]]:
        """Association: traffic from Google finds the VPC. Propagation: the VPC finds what Google advertises."""
        ids = {letter: connection.transit_gateway_attachment_id for letter, connection in connections.items()}
        for letter, attachment_id in ids.items():
            aws.ec2transitgateway.RouteTableAssociation(
                f"{self._name}-{letter}",
                transit_gateway_attachment_id=attachment_id,
                transit_gateway_route_table_id=self._args.transit_route_table_id,
                opts=self.child(),
            )
            aws.ec2transitgateway.RouteTablePropagation(
                f"{self._name}-{letter}",
                transit_gateway_attachment_id=attachment_id,
                transit_gateway_route_table_id=self._args.transit_route_table_id,
                opts=self.child(),
            )
            # AWS makes the attachment by itself and gives it none of the connection's tags.
            aws.ec2.Tag(
                f"{self._name}-{letter}-attachment",
                resource_id=attachment_id,
                key="Name",
                value=f"{self._name}-{letter}",
                opts=self.child(),
            )
        return ids

    def _peer_gateway(self) -> Output[str]:
        """AWS as Google sees it: one gateway with four addresses; two gateways would not get the 99.99%."""
        return gcp.compute.ExternalVpnGateway(
            self._name,
            project=self._args.gcp_project_id,
            description=f"AWS end of {self._name}",
            redundancy_type="FOUR_IPS_REDUNDANCY",
            interfaces=[
                gcp.compute.ExternalVpnGatewayInterfaceArgs(
                    id=tunnel.aws_interface, ip_address=self.aws_addresses[tunnel.key]
                )
                for tunnel in TUNNELS
            ],
            opts=self.child(),
        ).id

    def _router(self) -> Output[str]:
        """Says nothing of what to advertise: what a session says of it replaces, and does not extend, the router's."""
        return gcp.compute.Router(
            self._name,
            project=self._args.gcp_project_id,
            region=self._args.gcp_region,
            network=self._args.network_id,
            description=f"BGP with AWS over {self._name}",
            bgp=gcp.compute.RouterBgpArgs(asn=self._args.gcp_asn),
            opts=self.child(),
        ).name

    def _tunnel(self, tunnel: Tunnel, peer_gateway_id: Output[str]) -> gcp.compute.VPNTunnel:
        return gcp.compute.VPNTunnel(
            f"{self._name}-{tunnel.key}",
            project=self._args.gcp_project_id,
            region=self._args.gcp_region,
            vpn_gateway=self.google_gateway_id,
            vpn_gateway_interface=tunnel.google_interface,
            peer_external_gateway=peer_gateway_id,
            peer_external_gateway_interface=tunnel.aws_interface,
            shared_secret=self._shared_keys[tunnel.key],
            router=self.router_name,
            ike_version=2,
            cipher_suite=tunnels.google_proposal(),
            # Two ends carry one tunnel at a time, so the old one has to go first.
            opts=self.child(delete_before_replace=True),
        )

    def _session(self, tunnel: Tunnel, google: gcp.compute.VPNTunnel, connection: aws.ec2.VpnConnection) -> None:
        """BGP inside a tunnel; without BFD, which AWS does not speak over VPN, a dead one is left after 30 seconds."""
        interface = gcp.compute.RouterInterface(
            f"{self._name}-{tunnel.key}",
            project=self._args.gcp_project_id,
            region=self._args.gcp_region,
            router=self.router_name,
            # Google's end is the customer gateway in the words of AWS.
            ip_range=Output.concat(_of_tunnel(connection, tunnel, "cgw_inside_address"), "/30"),
            vpn_tunnel=google.name,
            # A router refuses a second interface with the addresses of the first.
            opts=self.child(delete_before_replace=True),
        )
        gcp.compute.RouterPeer(
            f"{self._name}-{tunnel.key}",
            project=self._args.gcp_project_id,
            region=self._args.gcp_region,
            router=self.router_name,
            interface=interface.name,
            peer_ip_address=_of_tunnel(connection, tunnel, "vgw_inside_address"),
            peer_asn=self._args.aws_asn,
            advertised_route_priority=bgp.ROUTE_PRIORITY,
            advertise_mode="CUSTOM",
            advertised_groups=["ALL_SUBNETS"],
            advertised_ip_ranges=bgp.advertisements(self._args.advertised_ranges),
            # A router refuses a second session with the same neighbour.
            opts=self.child(delete_before_replace=True),
        )


def _of_tunnel(connection: aws.ec2.VpnConnection, tunnel: Tunnel, output: str) -> Output[str]:
    """An output that a VPN connection has once for each of its two tunnels."""
    return getattr(connection, f"tunnel{tunnel.number}_{output}")
