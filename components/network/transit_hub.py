"""The hub on AWS to which the VPC and the link to the other cloud are attached."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components.component import Component


@dataclass(frozen=True, kw_only=True)
class TransitHubArgs:
    """What a TransitHub needs to know."""

    vpc_id: pulumi.Input[str]
    """The VPC to attach."""
    subnet_ids: Mapping[str, pulumi.Input[str]]
    """Subnets for the attachment, one in every zone that wants to reach the other cloud, by zone."""
    asn: int
    """The private ASN of the AWS side of every BGP session."""
    remote_ranges: Mapping[str, IPv4Network]
    """What the other cloud has, by use: `nodes`, `pods`, `managed-services`, `dns-forwarders` ..."""
    route_table_ids: Mapping[str, pulumi.Input[str]]
    """The route tables of the VPC that get a way there, by tier and zone: `private-us-east-1a` ..."""


class TransitHub(Component):
    """A Transit Gateway with the VPC attached, and the routes from the VPC to the other cloud.

    Owns the gateway, its one route table, the attachment and a route for every remote range in every table named.
    Guarantees that traffic spreads over all tunnels (ECMP), and that an attachment made by anyone else gets no route:
    the gateway has no default route table and accepts nothing by itself. Leaves out the attachments of the link, which
    joins them to the route table, and from whose BGP sessions the gateway learns the way to the remote ranges.
    """

    transit_gateway_id: Output[str]
    """The Transit Gateway."""
    route_table_id: Output[str]
    """The route table that the VPC and the link share."""
    attachment_id: Output[str]
    """The attachment of the VPC."""

    def __init__(self, name: str, args: TransitHubArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:network:TransitHub", name, None, opts)
        self._name, self._args = name, args

        self.transit_gateway_id = self._transit_gateway()
        self.route_table_id = self._route_table()
        attachment = self._attachment()
        self.attachment_id = attachment.id
        self._join_route_table()
        self._routes(attachment)
        self.publish()

    def _transit_gateway(self) -> Output[str]:
        return aws.ec2transitgateway.TransitGateway(
            self._name,
            description=f"Hub of {self._name}",
            amazon_side_asn=self._args.asn,
            vpn_ecmp_support="enable",
            dns_support="enable",
            auto_accept_shared_attachments="disable",
            default_route_table_association="disable",
            default_route_table_propagation="disable",
            tags={"Name": self._name},
            opts=self.child(),
        ).id

    def _route_table(self) -> Output[str]:
        return aws.ec2transitgateway.RouteTable(
            self._name,
            transit_gateway_id=self.transit_gateway_id,
            tags={"Name": self._name},
            opts=self.child(),
        ).id

    def _attachment(self) -> aws.ec2transitgateway.VpcAttachment:
        return aws.ec2transitgateway.VpcAttachment(
            f"{self._name}-vpc",
            transit_gateway_id=self.transit_gateway_id,
            vpc_id=self._args.vpc_id,
            subnet_ids=list(self._args.subnet_ids.values()),
            dns_support="enable",
            transit_gateway_default_route_table_association=False,
            transit_gateway_default_route_table_propagation=False,
            tags={"Name": f"{self._name}-vpc"},
            opts=self.child(),
        )

    def _join_route_table(self) -> None:
        """Association: the VPC uses the table. Propagation: the table, and by BGP the other cloud, knows the VPC."""
        aws.ec2transitgateway.RouteTableAssociation(
            f"{self._name}-vpc",
            transit_gateway_attachment_id=self.attachment_id,
            transit_gateway_route_table_id=self.route_table_id,
            opts=self.child(),
        )
        aws.ec2transitgateway.RouteTablePropagation(
            f"{self._name}-vpc",
            transit_gateway_attachment_id=self.attachment_id,
            transit_gateway_route_table_id=self.route_table_id,
            opts=self.child(),
        )

    def _routes(self, attachment: aws.ec2transitgateway.VpcAttachment) -> None:
        """What the gateway learns by BGP never reaches the route tables of a VPC: each needs a route of its own."""
        for table, table_id in self._args.route_table_ids.items():
            for use, cidr in self._args.remote_ranges.items():
                aws.ec2.Route(
                    f"{self._name}-{table}-{use}",
                    route_table_id=table_id,
                    destination_cidr_block=str(cidr),
                    transit_gateway_id=self.transit_gateway_id,
                    # The gateway is no valid target for a VPC that is not attached to it yet.
                    opts=self.child(depends_on=[attachment]),
                )
