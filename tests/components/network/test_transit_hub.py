"""The hub of the VPC: what it registers. Whether AWS propagates as told shows in no rehearsal."""

from functools import cache
from ipaddress import IPv4Network

from components.network.transit_hub import TransitHub, TransitHubArgs
from sandbox.graph import Graph
from sandbox.recorder import record_components

REMOTE_RANGES = {
    "nodes": IPv4Network("10.128.0.0/20"),
    "pods": IPv4Network("10.132.0.0/14"),
    "managed-services": IPv4Network("10.140.0.0/20"),
    "dns-forwarders": IPv4Network("35.199.192.0/19"),
}
ROUTE_TABLES = {
    "private-us-east-1a": "rtb-1a",
    "private-us-east-1b": "rtb-1b",
    "database-us-east-1a": "rtb-2a",
    "database-us-east-1b": "rtb-2b",
}


@cache
def hub() -> Graph:
    def build() -> None:
        TransitHub(
            "hub",
            TransitHubArgs(
                vpc_id="vpc-1",
                subnet_ids={"us-east-1a": "subnet-1a", "us-east-1b": "subnet-1b"},
                asn=64512,
                remote_ranges=REMOTE_RANGES,
                route_table_ids=ROUTE_TABLES,
            ),
        )

    return record_components(build)


def test_every_route_table_has_a_route_to_every_remote_range() -> None:
    gateway = hub().named("hub", "aws:ec2transitgateway/transitGateway:TransitGateway")
    routes = hub().of_type("aws:ec2/route:Route")
    found = {(route["routeTableId"], route["destinationCidrBlock"]) for route in routes}
    wanted = {(table, str(cidr)) for table in ROUTE_TABLES.values() for cidr in REMOTE_RANGES.values()}
    assert found == wanted, "what the gateway learns by BGP reaches no route table of the VPC by itself"
    assert len(routes) == len(wanted), "AWS refuses the second route to one range in one table"
    assert {route["transitGatewayId"] for route in routes} == {gateway.id}


def test_routes_wait_for_the_vpc_to_be_attached() -> None:
    attachment = hub().named("hub-vpc", "aws:ec2transitgateway/vpcAttachment:VpcAttachment")
    early = [r.name for r in hub().of_type("aws:ec2/route:Route") if attachment not in hub().dependencies(r)]
    assert early == [], "AWS takes no route to a gateway that the VPC is not attached to"


def test_the_names_of_routes_come_from_the_keys_alone() -> None:
    names = {route.name for route in hub().of_type("aws:ec2/route:Route")}
    assert names == {f"hub-{table}-{use}" for table in ROUTE_TABLES for use in REMOTE_RANGES}


def test_the_vpc_is_attached_in_every_zone_given() -> None:
    attachment = hub().named("hub-vpc", "aws:ec2transitgateway/vpcAttachment:VpcAttachment")
    assert set(attachment["subnetIds"]) == {"subnet-1a", "subnet-1b"}, "a zone without one cannot reach the gateway"
    assert attachment["vpcId"] == "vpc-1"


def test_traffic_spreads_over_all_tunnels() -> None:
    gateway = hub().named("hub", "aws:ec2transitgateway/transitGateway:TransitGateway")
    assert gateway["vpnEcmpSupport"] == "enable", "three of four tunnels would idle"
    assert gateway["amazonSideAsn"] == 64512


def test_an_attachment_of_somebody_else_gets_no_route() -> None:
    gateway = hub().named("hub", "aws:ec2transitgateway/transitGateway:TransitGateway")
    attachment = hub().named("hub-vpc", "aws:ec2transitgateway/vpcAttachment:VpcAttachment")
    switches = (
        gateway["autoAcceptSharedAttachments"],
        gateway["defaultRouteTableAssociation"],
        gateway["defaultRouteTablePropagation"],
        attachment["transitGatewayDefaultRouteTableAssociation"],
        attachment["transitGatewayDefaultRouteTablePropagation"],
    )
    assert switches == ("disable", "disable", "disable", False, False)


def test_the_vpc_uses_and_fills_the_hubs_own_route_table() -> None:
    table = hub().named("hub", "aws:ec2transitgateway/routeTable:RouteTable")
    attachment = hub().named("hub-vpc", "aws:ec2transitgateway/vpcAttachment:VpcAttachment")
    for kind in ("routeTableAssociation:RouteTableAssociation", "routeTablePropagation:RouteTablePropagation"):
        (joined,) = hub().of_type(f"aws:ec2transitgateway/{kind}")
        ends = (joined["transitGatewayAttachmentId"], joined["transitGatewayRouteTableId"])
        assert ends == (attachment.id, table.id), f"{kind}: traffic would stop at the gateway in one direction"
