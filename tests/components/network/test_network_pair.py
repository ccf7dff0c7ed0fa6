"""Both halves and the link: each alone, all together, and the routes that have to agree."""

from dataclasses import replace
from functools import cache
from ipaddress import IPv4Address, IPv4Network

import pytest

from components.network.network_pair import NetworkPair, NetworkPairArgs, ranges_beside_subnets, subnet_ranges
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components
from tests.components.network.examples import CIRCUITS, GCP, LINK, ZONES, pair_args

TABLES = {f"{tier}-{zone}" for tier in ("private", "database") for zone in ZONES}
BESIDE_SUBNETS = {"10.2.32.0/20", "35.199.192.0/19"}
REMOTE = {
    "10.2.0.0/20",
    "10.4.0.0/14",
    "10.2.16.0/24",
    "10.2.17.0/28",
    "10.2.17.16/29",
    "10.2.17.32/28",
} | BESIDE_SUBNETS
GCP_OUTPUTS = {
    "network_id",
    "network_name",
    "network_self_link",
    "nodes_subnetwork_id",
    "pods_range_name",
    "services_range_name",
    "control_plane_subnetwork_id",
    "serverless_subnetwork_id",
    "balancers_subnetwork_id",
    "managed_services_range_name",
    "services_peering",
    "gcp_nat_addresses",
    "gcp_domain",
    "gcp_zone_name",
}
LINK_OUTPUTS = {"transit_gateway_id", "router_name"}


@cache
def recorded(gcp: bool = True, link: bool = True, known: bool = True) -> Graph:
    args = pair_args(gcp=GCP if gcp else None, link=LINK if link else None)
    return record_components(lambda: _build(args), known=known)


def _build(args: NetworkPairArgs) -> None:
    NetworkPair("net", args)


@pytest.fixture
def pair() -> Graph:
    return recorded()


def _parts(graph: Graph) -> set[str]:
    return {r.name for r in graph.children(graph.named("net"))}


def _missing(graph: Graph) -> set[str]:
    outputs = graph.named("net").registered
    assert outputs is not None
    return {key for key in GCP_OUTPUTS | LINK_OUTPUTS if outputs.get(key) is None}


def _beneath(graph: Graph, resource: Resource, component: str) -> bool:
    return component in {above.name for above in graph.ancestors(resource)}


def _packages(graph: Graph) -> set[str]:
    return {r.package for r in graph if r.custom}


def test_both_halves_and_the_link_make_the_pair(pair: Graph):
    assert _parts(pair) == {"net-aws", "net-gcp", "net-hub", "net-vpn", "net-dns"}
    assert _missing(pair) == set()


def test_halves_without_a_link_have_no_way_to_each_other():
    apart = recorded(link=False)
    assert _parts(apart) == {"net-aws", "net-gcp", "net-dns"}
    assert _missing(apart) == LINK_OUTPUTS
    assert apart.of_type("aws:route53/resolverEndpoint:ResolverEndpoint", "gcp:dns/policy:Policy") == [], (
        "a resolver that no link leads to is paid for and answers nobody"
    )


def test_without_a_standby_nothing_of_google_cloud_is_made():
    alone = recorded(gcp=False, link=False)
    assert _parts(alone) == {"net-aws", "net-dns"}
    assert _packages(alone) == {"aws"}
    assert _missing(alone) == GCP_OUTPUTS | LINK_OUTPUTS


def test_turning_the_link_on_changes_neither_half():
    before, after = recorded(link=False), recorded()
    written = {(r.type, r.name): r.inputs for r in before if r.custom}
    assert {key: dict(after.named(key[1], key[0]).inputs) for key in written} == {
        k: dict(v) for k, v in written.items()
    }


def test_circuits_replace_the_tunnels_and_nothing_else():
    tunnels = recorded()
    circuits = record_components(lambda: _build(pair_args(link=replace(LINK, transport=CIRCUITS))))
    assert _parts(circuits) == _parts(tunnels) - {"net-vpn"} | {"net-interconnect"}
    assert _missing(circuits) == set()
    kept = {(r.type, r.name): r.inputs for r in tunnels if r.custom and not _beneath(tunnels, r, "net-vpn")}
    assert {(r.type, r.name) for r in circuits if r.custom and not _beneath(circuits, r, "net-interconnect")} == set(
        kept
    )


def test_circuits_carry_what_tunnels_carry():
    circuits = record_components(lambda: _build(pair_args(link=replace(LINK, transport=CIRCUITS))))
    sessions = circuits.of_type("gcp:compute/routerPeer:RouterPeer")
    assert {(r.name, entry["range"]) for r in sessions for entry in r.inputs["advertisedIpRanges"]} == {
        (r.name, cidr) for r in sessions for cidr in BESIDE_SUBNETS
    }
    (association,) = circuits.of_type("aws:directconnect/gatewayAssociation:GatewayAssociation")
    assert association.inputs["allowedPrefixes"] == ["10.0.0.0/16"], "Direct Connect advertises only what is listed"


def test_a_link_needs_a_half_at_each_end():
    with pytest.raises(ValueError, match="the link needs both halves"):
        pair_args(gcp=None)


def test_every_private_and_database_table_leads_to_everything_in_google_cloud(pair: Graph):
    tables = {
        r.id: r.name.removeprefix("net-aws-")
        for r in pair.of_type("aws:ec2/routeTable:RouteTable")
        if r.name.removeprefix("net-aws-") in TABLES
    }
    found = {
        (tables[r.inputs["routeTableId"]], r.inputs["destinationCidrBlock"])
        for r in pair.of_type("aws:ec2/route:Route")
        if "transitGatewayId" in r.inputs
    }
    assert found == {(table, cidr) for table in TABLES for cidr in REMOTE}, "AWS adds none of these by itself"


def test_what_is_no_subnet_is_advertised_by_every_session(pair: Graph):
    sessions = pair.of_type("gcp:compute/routerPeer:RouterPeer")
    found = {(r.name, entry["range"]) for r in sessions for entry in r.inputs["advertisedIpRanges"]}
    assert len(sessions) == 4
    assert found == {(r.name, cidr) for r in sessions for cidr in BESIDE_SUBNETS}, (
        "unadvertised, databases and Cloud DNS never get an answer from AWS"
    )


def test_routes_and_advertisements_come_from_the_same_ranges():
    assert {str(c) for c in (*subnet_ranges(GCP).values(), *ranges_beside_subnets(GCP).values())} == REMOTE


def test_the_attachment_stands_in_the_transit_subnet_of_every_zone(pair: Graph):
    (attachment,) = pair.of_type("aws:ec2transitgateway/vpcAttachment:VpcAttachment")
    owners = [pair.referred(subnet) for subnet in attachment.inputs["subnetIds"]]
    assert {owner.name for owner in owners if owner} == {f"net-aws-transit-{zone}" for zone in ZONES}


def test_resolvers_stand_in_private_subnets_from_which_the_other_cloud_is_reached(pair: Graph):
    found = {
        owner.name
        for endpoint in pair.of_type("aws:route53/resolverEndpoint:ResolverEndpoint")
        for entry in endpoint.inputs["ipAddresses"]
        if (owner := pair.referred(entry["subnetId"]))
    }
    assert found == {f"net-aws-private-{zone}" for zone in ZONES}


def test_resolvers_have_addresses_of_the_subnets_they_stand_in(pair: Graph):
    strays = {
        (endpoint.name, entry["ip"])
        for endpoint in pair.of_type("aws:route53/resolverEndpoint:ResolverEndpoint")
        for entry in endpoint.inputs["ipAddresses"]
        if (owner := pair.referred(entry["subnetId"]))
        and IPv4Address(entry["ip"]) not in IPv4Network(owner.inputs["cidrBlock"])
    }
    assert strays == set()


def test_cloud_dns_lets_go_of_a_subnet_before_it_is_deleted(pair: Graph):
    policy = pair.named("net-dns-inbound", "gcp:dns/policy:Policy")
    waited = {r.name for r in pair.dependencies(policy) if r.type == "gcp:compute/subnetwork:Subnetwork"}
    held = {
        owner.name
        for r in pair.of_type("gcp:compute/address:Address")
        if (owner := pair.referred(r.inputs.get("subnetwork")))
    }
    assert waited | held == {
        f"net-gcp-{role}" for role in ("nodes", "serverless", "control-plane", "resolver", "pipelines")
    }


def test_managed_services_are_told_of_names_once_they_are_peered(pair: Graph):
    domain = pair.named("net-dns-aws", "gcp:servicenetworking/peeredDnsDomain:PeeredDnsDomain")
    assert "gcp:servicenetworking/connection:Connection" in {r.type for r in pair.dependencies(domain)}


def test_a_first_preview_registers_the_same_resources():
    assert {(r.type, r.name) for r in recorded(known=False)} == {(r.type, r.name) for r in recorded()}
