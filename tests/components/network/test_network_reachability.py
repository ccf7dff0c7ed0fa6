"""What reaches what over a whole NetworkPair with access rules, by the routes and rules that it registered."""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from components.network.access import AwsAccess, AwsAccessArgs, Flow, GcpAccess, GcpAccessArgs
from components.network.network_pair import NetworkPair, NetworkPairArgs
from sandbox.graph import Graph
from sandbox.reachability import Blocked, Endpoint, Path, Reachability
from sandbox.recorder import record_components
from tests.components.network.examples import AWS, CIRCUITS, GCP, LINK, ZONES, aws_args, pair_args
from tests.sandbox.two_clouds import altered

SUBNET = "aws:ec2/subnet:Subnet"
SUBNETWORK = "gcp:compute/subnetwork:Subnetwork"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
TUNNEL = "gcp:compute/vPNTunnel:VPNTunnel"
TUNNELS = ("net-vpn-a1", "net-vpn-a2", "net-vpn-b1", "net-vpn-b2")

FLOWS = [
    Flow(source="internet", destination="edge", port=443, why="Customers"),
    Flow(source="edge", destination="api", port=8080, why="Requests"),
    Flow(source="api", destination="postgres", port=5432, why="The API's database"),
    Flow(source="api", destination="internet", port=443, why="Partners"),
    Flow(source="standby", destination="postgres", port=5432, why="The API's database while AWS writes"),
    Flow(source="standby", destination="internet", port=443, why="Partners"),
    Flow(source="managed-services", destination="postgres", port=5432, why="Replication"),
]
RANGES = {
    "internet": ["0.0.0.0/0"],
    "postgres": [str(AWS.cidr)],
    "standby": [str(GCP.nodes), str(GCP.pods)],
    "managed-services": [str(GCP.managed_services)],
}


@cache
def recorded(*, circuits: bool = False, linked: bool = True, standby: bool = True) -> Graph:
    """A pair with access rules on both sides."""
    link = replace(LINK, transport=CIRCUITS) if circuits else LINK
    args = pair_args(gcp=GCP if standby else None, link=link if linked and standby else None)
    return record_components(lambda: _build(args))


def _build(args: NetworkPairArgs) -> None:
    pair = NetworkPair("net", args)
    ranges: dict[str, Any] = {name: [type(AWS.cidr)(cidr) for cidr in cidrs] for name, cidrs in RANGES.items()}
    parties = {"edge": "The load balancer", "api": "The API", "postgres": "The database"}
    AwsAccess("aws", AwsAccessArgs(vpc_id=pair.vpc_id, parties=parties, ranges=ranges, flows=FLOWS))
    if pair.network_id is not None:
        google = [flow for flow in FLOWS if "edge" not in (flow.source, flow.destination) and flow.source != "api"]
        GcpAccess(
            "gcp",
            GcpAccessArgs(network_id=pair.network_id, parties={"standby": "The API"}, ranges=ranges, flows=google),
        )


def tier(graph: Graph, name: str, group: str | None = None, **suppositions: Any) -> list[Endpoint]:
    """What sits in the subnets of a tier, in every zone."""
    groups = None if group is None else [graph.named(f"aws-{group}", GROUP)]
    model = Reachability(graph)
    subnets = [graph.named(f"net-aws-{name}-{zone}", SUBNET) for zone in ZONES]
    return [model.subnet(subnet, groups=groups, **suppositions) for subnet in subnets]


def google(graph: Graph, name: str = "nodes", *, secondary_range: str | None = None, party: str = "") -> Endpoint:
    """What sits in a subnet on Google Cloud, as a member of a party."""
    subnet = graph.named(f"net-gcp-{name}", SUBNETWORK)
    tags = [f"gcp-{party}"] if party else []
    return Reachability(graph).subnet(subnet, secondary_range=secondary_range, tags=tags)


def pods(graph: Graph, party: str = "standby") -> Endpoint:
    return google(graph, secondary_range="pods", party=party)


def managed_services(graph: Graph) -> Endpoint:
    connections = graph.of_type("gcp:servicenetworking/connection:Connection")
    return Reachability(graph).managed_services(connections[0])


def names(path: Path | Blocked) -> tuple[str, ...]:
    assert isinstance(path, Path), path
    return tuple(carrier.name for carrier in path.carriers)


# The database subnets and the internet


@pytest.mark.parametrize("name", ["database", "transit"])
def test_database_and_transit_subnets_have_no_way_to_the_internet_in_either_direction(name: str) -> None:
    graph = recorded()
    model = Reachability(graph)
    for supposed in (False, True):
        subnets = tier(graph, name, public=supposed)
        out, into = model.any_path(subnets, model.internet), model.any_path(model.internet, subnets)
        assert not out, f"supposing a public address: {supposed}"
        assert not into, f"supposing a public address: {supposed}"


@pytest.mark.parametrize("standby", [True, False])
def test_nothing_on_the_internet_reaches_a_private_address(*, standby: bool) -> None:
    graph = recorded(standby=standby)
    model = Reachability(graph)
    reached = [end.label for end in model.subnets() if model.any_path(model.internet, end)]
    assert reached == [], "no subnet of either cloud gives out public addresses"
    assert model.reachable_from_internet() == []
    private = tier(graph, "private", public=True)
    assert not model.any_path(model.internet, private), "NAT admits nobody, even to a public address"


def test_private_subnets_get_out_by_the_nat_gateway_of_their_zone() -> None:
    graph = recorded()
    model = Reachability(graph)
    for zone, subnet in zip(ZONES, tier(graph, "private", "api"), strict=True):
        path = model.path(subnet, model.internet, port=443)
        assert f"NAT gateway net-aws-nat-{zone} in net-aws-public-{zone}" in str(path)
        assert not model.any_path(subnet, model.internet, port=80), "the table of flows says HTTPS"


def test_without_the_single_nat_gateway_no_zone_gets_out() -> None:
    args = pair_args(aws=aws_args(nat="single"), gcp=None, link=None)
    graph = record_components(lambda: _build(args))
    nat = graph.of_type("aws:ec2/natGateway:NatGateway")
    assert len(nat) == 1
    assert Reachability(graph).path(tier(graph, "private"), Reachability(graph).internet)
    broken = Reachability(graph).without(*nat)
    assert not broken.any_path(tier(graph, "private"), broken.internet)


@pytest.mark.parametrize(("subnet", "secondary"), [("nodes", None), ("nodes", "pods"), ("serverless", None)])
def test_workloads_on_google_get_out_by_nat(subnet: str, secondary: str | None) -> None:
    graph = recorded()
    model = Reachability(graph)
    workload = google(graph, subnet, secondary_range=secondary, party="standby")
    assert "Cloud NAT net-gcp-nat" in str(model.path(workload, model.internet, port=443))


@pytest.mark.parametrize("subnet", ["control-plane", "resolver", "proxies", "pipelines"])
def test_the_other_subnets_of_google_have_no_way_out(subnet: str) -> None:
    graph = recorded()
    model = Reachability(graph)
    blocked = model.any_path(google(graph, subnet, party="standby"), model.outsider("a partner", "203.0.113.7"))
    assert "has neither an external address nor Cloud NAT" in str(blocked)


# Between the clouds


def test_a_pod_reaches_the_database_subnets_over_all_four_tunnels() -> None:
    graph = recorded()
    path = Reachability(graph).path(pods(graph), tier(graph, "database", "postgres"), port=5432)
    assert names(path) == TUNNELS


@pytest.mark.parametrize("tunnel", TUNNELS)
def test_a_pod_reaches_the_database_subnets_over_each_tunnel_and_without_it(tunnel: str) -> None:
    graph = recorded()
    model, resource = Reachability(graph), graph.named(tunnel, TUNNEL)
    databases = tier(graph, "database", "postgres")
    assert names(model.only(resource).path(pods(graph), databases, port=5432)) == (tunnel,)
    rest = tuple(other for other in TUNNELS if other != tunnel)
    assert names(model.without(resource).path(pods(graph), databases, port=5432)) == rest


@pytest.mark.parametrize("lost", ["net-vpn-a", "net-vpn-b"])
def test_losing_a_whole_connection_or_customer_gateway_leaves_two_tunnels(lost: str) -> None:
    graph = recorded()
    left = tuple(tunnel for tunnel in TUNNELS if not tunnel.startswith(lost))
    for token in ("aws:ec2/vpnConnection:VpnConnection", "aws:ec2/customerGateway:CustomerGateway"):
        model = Reachability(graph).without(graph.named(lost, token))
        assert names(model.path(pods(graph), tier(graph, "database"))) == left


def test_the_managed_standby_follows_the_primary_and_answers_it() -> None:
    graph = recorded()
    model = Reachability(graph)
    assert names(model.path(managed_services(graph), tier(graph, "database", "postgres"), port=5432)) == TUNNELS
    assert names(model.path(tier(graph, "database"), managed_services(graph), port=5432)) == TUNNELS
    assert names(model.path(tier(graph, "private"), managed_services(graph), port=5432)) == TUNNELS


def test_the_databases_answer_only_the_parties_of_the_table() -> None:
    graph = recorded()
    model = Reachability(graph)
    databases = tier(graph, "database", "postgres")
    assert model.path(tier(graph, "private", "api"), databases, port=5432)
    assert model.path(google(graph, party="standby"), databases, port=5432)
    for stranger in (tier(graph, "private", "edge"), pods(graph, party=""), google(graph, "serverless")):
        assert not model.any_path(stranger, databases, port=5432)
    assert not model.any_path(tier(graph, "private", "api"), databases, port=22)
    assert not model.any_path(databases, tier(graph, "private", "api")), "a database opens no connection"


def test_public_subnets_have_no_way_to_the_other_cloud() -> None:
    graph = recorded()
    model = Reachability(graph)
    for peer in (pods(graph), managed_services(graph)):
        assert not model.any_path(tier(graph, "public"), peer)


def test_without_a_link_nothing_crosses() -> None:
    graph = recorded(linked=False)
    model = Reachability(graph)
    aws = [*tier(graph, "private"), *tier(graph, "database"), *tier(graph, "public")]
    assert not model.any_path(pods(graph), aws)
    assert not model.any_path(aws, pods(graph))


@pytest.mark.parametrize("name", ["private", "database"])
def test_nothing_on_aws_has_a_way_to_the_proxies_of_load_balancers(name: str) -> None:
    graph = recorded()
    model = Reachability(graph)
    assert not model.any_path(tier(graph, name), google(graph, "proxies")), "their load balancer is what is called"


def test_services_on_aws_reach_the_address_of_an_internal_load_balancer_over_all_four_tunnels() -> None:
    graph = recorded()
    balancer = replace(google(graph), subnet=None)
    assert names(Reachability(graph).path(tier(graph, "private"), balancer, port=443)) == TUNNELS, (
        "Google's firewall does not look at load balancers"
    )


# Names


def test_cloud_dns_asks_route_53_and_route_53_asks_cloud_dns() -> None:
    graph = recorded()
    model = Reachability(graph)
    home = graph.of_type("gcp:compute/network:Network")[0]
    token = "aws:route53/resolverEndpoint:ResolverEndpoint"
    inbound, outbound = (model.of(graph.named(f"net-dns-{way}", token)) for way in ("inbound", "outbound"))
    assert len(inbound) == len(outbound) == len(ZONES)
    for protocol in ("udp", "tcp"):
        assert names(model.path(model.dns_forwarders(home), inbound, port=53, protocol=protocol)) == TUNNELS
        assert names(model.path(outbound, resolver(graph), port=53, protocol=protocol)) == TUNNELS
    assert not model.any_path(outbound, pods(graph), port=53, protocol="udp")
    assert not model.any_path(tier(graph, "private", "api"), inbound, port=53, protocol="udp")


def resolver(graph: Graph) -> Endpoint:
    """Cloud DNS at its one address, which no firewall rule looks at."""
    subnet = graph.named("net-gcp-resolver", SUBNETWORK)
    end = Reachability(graph).subnet(subnet, address=str(GCP.resolver[2]))
    return replace(end, subnet=None)


# Circuits instead of tunnels


def test_each_circuit_alone_carries_a_pod_to_the_databases() -> None:
    graph = recorded(circuits=True)
    model = Reachability(graph)
    databases = tier(graph, "database", "postgres")
    both = ("net-interconnect-zone1", "net-interconnect-zone2")
    assert names(model.path(pods(graph), databases, port=5432)) == both
    for carrier in model.carriers:
        assert names(model.only(carrier.resource).path(pods(graph), databases, port=5432)) == (carrier.resource.name,)
    assert names(model.path(managed_services(graph), databases, port=5432)) == both


CIRCUIT_MISTAKES = {
    "another VLAN": ("gcp:compute/interconnectAttachment:InterconnectAttachment", {"vlanTag8021q": 101}, "VLAN 100"),
    "another session key": (
        "aws:directconnect/transitVirtualInterface:TransitVirtualInterface",
        {"bgpAuthKey": "guessed"},
        "different BGP keys",
    ),
    "someone else's address": (
        "aws:directconnect/transitVirtualInterface:TransitVirtualInterface",
        {"customerAddress": "169.254.100.9/29"},
        "no virtual interface has",
    ),
}


@pytest.mark.parametrize("mistake", CIRCUIT_MISTAKES)
def test_a_mistake_in_one_circuit_leaves_the_other(mistake: str) -> None:
    token, properties, reason = CIRCUIT_MISTAKES[mistake]
    graph = recorded(circuits=True)
    broken = altered(graph, graph.named("net-interconnect-zone1", token), **properties)
    problems = {c.resource.name: c.problem or "" for c in Reachability(broken).carriers}
    assert reason in problems["net-interconnect-zone1"]
    assert problems["net-interconnect-zone2"] == ""
