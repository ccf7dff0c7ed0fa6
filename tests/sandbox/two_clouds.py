"""A small network in both clouds and a link of four tunnels, whole; tests break one thing of it at a time."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pulumi_aws as aws
import pulumi_gcp as gcp

from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components

TUNNELS = {"a1": (0, 0, "a", 1), "a2": (0, 1, "a", 2), "b1": (1, 2, "b", 1), "b2": (1, 3, "b", 2)}
"""Google's interface, AWS's interface as Google counts, the connection and which of its tunnels."""

GOOGLE_RANGES = {"nodes": "10.64.0.0/16", "pods": "10.68.0.0/16", "managed": "10.80.0.0/20", "dns": "35.199.192.0/19"}


@cache
def two_clouds() -> Graph:
    """The whole network, recorded once."""
    return record_components(_build)


def altered(graph: Graph, resource: Resource, **properties: Any) -> Graph:
    """The same graph with other properties of one resource; None takes a property away."""

    def laid_over(values: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in {**values, **properties}.items() if value is not None}

    other = replace(resource, inputs=laid_over(resource.inputs), outputs=laid_over(resource.outputs))
    return replace(graph, resources={**graph.resources, resource.urn: other})


def without(graph: Graph, *resources: Resource) -> Graph:
    """The same graph without some resources."""
    return replace(graph, resources={urn: r for urn, r in graph.resources.items() if r not in resources})


def with_resource(graph: Graph, token: str, name: str, properties: Mapping[str, Any]) -> Graph:
    """The same graph with one more resource."""
    pattern = next(iter(graph.of_type("aws:ec2/vpc:Vpc")))
    extra = replace(
        pattern, urn=f"{token}::{name}", type=token, name=name, id=f"id-{name}", inputs=properties, outputs=properties
    )
    return replace(graph, resources={**graph.resources, extra.urn: extra})


def _build() -> None:
    vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16")
    subnets, tables = _subnets(vpc), _route_tables(vpc)
    transit = _transit_gateway(vpc, subnets, tables)
    _internet(vpc, subnets, tables)
    _security(vpc, subnets)
    network = _google_network()
    _managed_services(network)
    _link(transit, network)


def _subnets(vpc: aws.ec2.Vpc) -> dict[str, aws.ec2.Subnet]:
    plan = {"public-a": "10.0.0.0/24", "app-a": "10.0.1.0/24", "app-b": "10.0.2.0/24", "data-a": "10.0.3.0/24"}
    return {
        name: aws.ec2.Subnet(name, vpc_id=vpc.id, cidr_block=cidr, availability_zone=f"us-east-1{name[-1]}")
        for name, cidr in plan.items()
    } | {"spare": aws.ec2.Subnet("spare", vpc_id=vpc.id, cidr_block="10.0.9.0/24", availability_zone="us-east-1a")}


def _route_tables(vpc: aws.ec2.Vpc) -> dict[str, aws.ec2.RouteTable]:
    return {name: aws.ec2.RouteTable(name, vpc_id=vpc.id) for name in ("public", "app", "data")}


def _transit_gateway(
    vpc: aws.ec2.Vpc, subnets: dict[str, aws.ec2.Subnet], tables: dict[str, aws.ec2.RouteTable]
) -> aws.ec2transitgateway.TransitGateway:
    """With the default route table; attached in zone a alone."""
    transit = aws.ec2transitgateway.TransitGateway("transit", amazon_side_asn=64512)
    aws.ec2transitgateway.VpcAttachment(
        "transit-vpc", transit_gateway_id=transit.id, vpc_id=vpc.id, subnet_ids=[subnets["app-a"].id]
    )
    for table in ("app", "data"):
        for use, cidr in GOOGLE_RANGES.items():
            aws.ec2.Route(
                f"{table}-{use}",
                route_table_id=tables[table].id,
                destination_cidr_block=cidr,
                transit_gateway_id=transit.id,
            )
    return transit


def _internet(vpc: aws.ec2.Vpc, subnets: dict[str, aws.ec2.Subnet], tables: dict[str, aws.ec2.RouteTable]) -> None:
    gateway = aws.ec2.InternetGateway("gateway", vpc_id=vpc.id)
    address = aws.ec2.Eip("nat", domain="vpc")
    nat = aws.ec2.NatGateway("nat", subnet_id=subnets["public-a"].id, allocation_id=address.id)
    everywhere = "0.0.0.0/0"
    aws.ec2.Route("out", route_table_id=tables["public"].id, destination_cidr_block=everywhere, gateway_id=gateway.id)
    aws.ec2.Route("app-out", route_table_id=tables["app"].id, destination_cidr_block=everywhere, nat_gateway_id=nat.id)
    for name, table in (("public-a", "public"), ("app-a", "app"), ("app-b", "app"), ("data-a", "data")):
        aws.ec2.RouteTableAssociation(name, subnet_id=subnets[name].id, route_table_id=tables[table].id)
    aws.ec2.VpcEndpoint(
        "s3",
        vpc_id=vpc.id,
        service_name="com.amazonaws.us-east-1.s3",
        vpc_endpoint_type="Gateway",
        route_table_ids=[tables["app"].id],
    )


def _security(vpc: aws.ec2.Vpc, subnets: dict[str, aws.ec2.Subnet]) -> None:
    groups = {name: aws.ec2.SecurityGroup(name, vpc_id=vpc.id) for name in ("web", "app", "data")}
    _rule("web-in", groups["web"], 443, cidr_ipv4="0.0.0.0/0")
    _rule("web-out", groups["web"], 8080, referenced_security_group_id=groups["app"].id)
    _rule("app-in", groups["app"], 8080, referenced_security_group_id=groups["web"].id)
    _rule("app-in-google", groups["app"], 8080, cidr_ipv4=GOOGLE_RANGES["pods"])
    _rule("app-out", groups["app"], 5432, referenced_security_group_id=groups["data"].id)
    _rule("app-out-google", groups["app"], 5432, cidr_ipv4="10.64.0.0/10")
    _rule("app-out-web", groups["app"], 443, cidr_ipv4="0.0.0.0/0")
    _rule("data-in", groups["data"], 5432, referenced_security_group_id=groups["app"].id)
    _rule("data-in-google", groups["data"], 5432, cidr_ipv4=GOOGLE_RANGES["pods"])
    balancer = aws.lb.LoadBalancer("front", subnets=[subnets["public-a"].id], security_groups=[groups["web"].id])
    target = aws.lb.TargetGroup("front", port=8080, protocol="HTTP", vpc_id=vpc.id)
    action = aws.lb.ListenerDefaultActionArgs(type="forward", target_group_arn=target.arn)
    for port in (443, 8443):
        aws.lb.Listener(f"front-{port}", load_balancer_arn=balancer.arn, port=port, default_actions=[action])


def _rule(name: str, group: aws.ec2.SecurityGroup, port: int, **peer: Any) -> None:
    kind = aws.vpc.SecurityGroupIngressRule if "-in" in name else aws.vpc.SecurityGroupEgressRule
    kind(name, security_group_id=group.id, ip_protocol="tcp", from_port=port, to_port=port, **peer)


def _google_network() -> gcp.compute.Network:
    network = gcp.compute.Network(
        "network", auto_create_subnetworks=False, routing_mode="GLOBAL", delete_default_routes_on_create=True
    )
    nodes = gcp.compute.Subnetwork(
        "nodes",
        region="us-east4",
        network=network.id,
        ip_cidr_range="10.64.0.0/20",
        private_ip_google_access=True,
        secondary_ip_ranges=[
            gcp.compute.SubnetworkSecondaryIpRangeArgs(range_name="pods", ip_cidr_range=GOOGLE_RANGES["pods"])
        ],
    )
    gcp.compute.Subnetwork("far", region="us-west1", network=network.id, ip_cidr_range="10.64.16.0/24")
    gcp.compute.Route(
        "google-out", network=network.id, dest_range="0.0.0.0/0", next_hop_gateway="default-internet-gateway"
    )
    router = gcp.compute.Router("nat", region="us-east4", network=network.id)
    gcp.compute.RouterNat(
        "google-nat",
        region="us-east4",
        router=router.name,
        nat_ip_allocate_option="AUTO_ONLY",
        source_subnetwork_ip_ranges_to_nat="LIST_OF_SUBNETWORKS",
        subnetworks=[gcp.compute.RouterNatSubnetworkArgs(name=nodes.id, source_ip_ranges_to_nats=["PRIMARY_IP_RANGE"])],
    )
    _firewall(network)
    card = gcp.compute.InstanceNetworkInterfaceArgs(
        subnetwork=nodes.id, access_configs=[gcp.compute.InstanceNetworkInterfaceAccessConfigArgs()]
    )
    disk = gcp.compute.InstanceBootDiskArgs()
    gcp.compute.Instance(
        "jump",
        zone="us-east4-a",
        machine_type="e2-small",
        network_interfaces=[card],
        boot_disk=disk,
        tags=["jump"],
    )
    return network


def _firewall(network: gcp.compute.Network) -> None:
    allow = [gcp.compute.FirewallAllowArgs(protocol="tcp", ports=["8080"])]
    ssh = [gcp.compute.FirewallAllowArgs(protocol="tcp", ports=["20-22"])]
    gcp.compute.Firewall(
        "from-aws", network=network.id, source_ranges=["10.0.0.0/16"], target_tags=["app"], allows=allow, priority=900
    )
    gcp.compute.Firewall(
        "from-front", network=network.id, source_tags=["front"], target_service_accounts=["app@x"], allows=allow
    )
    gcp.compute.Firewall("ssh", network=network.id, source_ranges=["203.0.113.0/24"], target_tags=["jump"], allows=ssh)
    gcp.compute.Firewall("iap", network=network.id, source_ranges=["35.235.240.0/20"], target_tags=["app"], allows=ssh)


def _managed_services(network: gcp.compute.Network) -> None:
    reserved = gcp.compute.GlobalAddress(
        "managed",
        purpose="VPC_PEERING",
        address_type="INTERNAL",
        address="10.80.0.0",
        prefix_length=20,
        network=network.id,
    )
    connection = gcp.servicenetworking.Connection(
        "managed",
        network=network.id,
        service="servicenetworking.googleapis.com",
        reserved_peering_ranges=[reserved.name],
    )
    gcp.compute.NetworkPeeringRoutesConfig(
        "managed",
        peering=connection.peering,
        network=network.name,
        import_custom_routes=True,
        export_custom_routes=True,
    )


def _link(transit: aws.ec2transitgateway.TransitGateway, network: gcp.compute.Network) -> None:
    gateway = gcp.compute.HaVpnGateway("google-end", region="us-east4", network=network.id)
    connections = {letter: _connection(letter, number, transit, gateway) for number, letter in enumerate("ab")}
    external = gcp.compute.ExternalVpnGateway(
        "aws-end",
        redundancy_type="FOUR_IPS_REDUNDANCY",
        interfaces=[
            gcp.compute.ExternalVpnGatewayInterfaceArgs(
                id=there, ip_address=getattr(connections[letter], f"tunnel{side}_address")
            )
            for _, there, letter, side in TUNNELS.values()
        ],
    )
    router = gcp.compute.Router("link", region="us-east4", network=network.id, bgp=gcp.compute.RouterBgpArgs(asn=65010))
    for key, (_, _, letter, _) in TUNNELS.items():
        _tunnel(key, connections[letter], gateway, external, router)


def _connection(
    letter: str, number: int, transit: aws.ec2transitgateway.TransitGateway, gateway: gcp.compute.HaVpnGateway
) -> aws.ec2.VpnConnection:
    customer = aws.ec2.CustomerGateway(
        letter, type="ipsec.1", bgp_asn="65010", ip_address=gateway.vpn_interfaces[number].ip_address
    )
    return aws.ec2.VpnConnection(
        letter,
        type="ipsec.1",
        customer_gateway_id=customer.id,
        transit_gateway_id=transit.id,
        tunnel1_inside_cidr=f"169.254.{10 + number}.0/30",
        tunnel2_inside_cidr=f"169.254.{20 + number}.0/30",
        tunnel1_preshared_key=f"key-of-{letter}1",
        tunnel2_preshared_key=f"key-of-{letter}2",
        tunnel1_phase1_encryption_algorithms=["AES256"],
        tunnel1_phase2_dh_group_numbers=[14, 20],
        tunnel1_phase1_integrity_algorithms=["SHA2-256"],
    )


def _tunnel(
    key: str,
    connection: aws.ec2.VpnConnection,
    gateway: gcp.compute.HaVpnGateway,
    external: gcp.compute.ExternalVpnGateway,
    router: gcp.compute.Router,
) -> None:
    here, there, _, side = TUNNELS[key]
    tunnel = gcp.compute.VPNTunnel(
        key,
        region="us-east4",
        vpn_gateway=gateway.id,
        vpn_gateway_interface=here,
        peer_external_gateway=external.id,
        peer_external_gateway_interface=there,
        shared_secret=f"key-of-{key}",
        router=router.name,
        cipher_suite=gcp.compute.VPNTunnelCipherSuiteArgs(
            phase1=gcp.compute.VPNTunnelCipherSuitePhase1Args(
                encryptions=["AES-CBC-256"], integrities=["HMAC-SHA2-256-128"]
            ),
            phase2=gcp.compute.VPNTunnelCipherSuitePhase2Args(pfs=["Group-14"]),
        ),
    )
    own, far = (getattr(connection, f"tunnel{side}_{end}_inside_address") for end in ("cgw", "vgw"))
    interface = gcp.compute.RouterInterface(
        key,
        region="us-east4",
        router=router.name,
        ip_range=own.apply(lambda address: f"{address}/30"),
        vpn_tunnel=tunnel.name,
    )
    gcp.compute.RouterPeer(
        key,
        region="us-east4",
        router=router.name,
        interface=interface.name,
        peer_ip_address=far,
        peer_asn=64512,
        advertise_mode="CUSTOM",
        advertised_groups=["ALL_SUBNETS"],
        advertised_ip_ranges=[
            gcp.compute.RouterPeerAdvertisedIpRangeArgs(range=GOOGLE_RANGES[use]) for use in ("managed", "dns")
        ],
    )
