"""Who reaches whom in each environment, by the routes and rules that it registers.

The model knows networks, routes, filters and the link. What a cloud's own service does behind its endpoint, and what a
wrong certificate stops, it does not know.
"""

from functools import cache

import pytest

from sandbox.graph import Graph
from sandbox.reachability import Blocked, Endpoint, Path, Reachability
from tests.environments import recorded

SUBNET = "aws:ec2/subnet:Subnet"
SUBNETWORK = "gcp:compute/subnetwork:Subnetwork"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
TUNNEL = "gcp:compute/vPNTunnel:VPNTunnel"
TUNNELS = ("network-vpn-a1", "network-vpn-a2", "network-vpn-b1", "network-vpn-b2")
LINKED = ("staging", "production")
POSTGRES = 5432


@cache
def model(environment: str) -> Reachability:
    return Reachability(recorded(environment))


def tier(environment: str, name: str, party: str | None = None, *, public: bool = False) -> list[Endpoint]:
    """What sits in the subnets of a tier, as a member of a party; without one, behind no filter of its own."""
    graph = recorded(environment)
    groups = None if party is None else [graph.named(f"access-{party}", GROUP)]
    found = [r for r in graph.of_type(SUBNET) if r.name.startswith(f"network-aws-{name}-")]
    return [model(environment).subnet(subnet, groups=groups, public=public) for subnet in found]


def pods(environment: str, party: str = "gcp-kubernetes") -> Endpoint:
    return google(environment, "nodes", party, secondary_range="pods")


def google(environment: str, subnet: str, party: str, *, secondary_range: str | None = None) -> Endpoint:
    resource = recorded(environment).named(f"network-gcp-{subnet}", SUBNETWORK)
    tags = [f"firewall-{party}"] if party else []
    return model(environment).subnet(resource, secondary_range=secondary_range, tags=tags)


def carriers(path: Path | Blocked) -> tuple[str, ...]:
    assert isinstance(path, Path), path
    return tuple(carrier.name for carrier in path.carriers)


def test_the_database_subnets_have_no_way_to_the_internet_in_either_direction(environment: str) -> None:
    here = model(environment)
    for public in (False, True):
        databases = tier(environment, "database", public=public)
        assert not here.any_path(databases, here.internet), f"out, supposing a public address: {public}"
        assert not here.any_path(here.internet, databases), f"in, supposing a public address: {public}"


def test_nothing_on_the_internet_reaches_a_private_address(environment: str) -> None:
    here = model(environment)
    assert [end.label for end in here.subnets() if here.any_path(here.internet, end)] == []
    assert here.reachable_from_internet() == [], "no listener of the platform is public yet"


def test_workloads_reach_partners_on_https_and_nothing_else(environment: str) -> None:
    here = model(environment)
    services = tier(environment, "private", "backend-api")
    assert here.path(services, here.internet, port=443), "services call brokers and registries"
    assert not here.any_path(services, here.internet, port=25), "what is broken into sends no mail"


def test_each_database_admits_the_services_that_name_it_and_no_other(environment: str) -> None:
    here = model(environment)
    databases = tier(environment, "database", "postgres-main")
    assert here.path(tier(environment, "private", "backend-api"), databases, port=POSTGRES)
    for stranger in ("edge", "websocket", "redis-sessions"):
        assert not here.any_path(tier(environment, "private", stranger), databases), f"{stranger} names no database"
    assert not here.any_path(tier(environment, "private", "backend-api"), databases, port=22)


@pytest.mark.parametrize("environment", LINKED)
def test_a_pod_in_google_cloud_reaches_the_databases_over_each_of_the_four_tunnels(environment: str) -> None:
    here, graph = model(environment), recorded(environment)
    databases = tier(environment, "database", "postgres-main")
    assert carriers(here.path(pods(environment), databases, port=POSTGRES)) == TUNNELS
    for name in TUNNELS:
        tunnel = graph.named(name, TUNNEL)
        assert carriers(here.only(tunnel).path(pods(environment), databases, port=POSTGRES)) == (name,)
        rest = tuple(other for other in TUNNELS if other != name)
        assert carriers(here.without(tunnel).path(pods(environment), databases, port=POSTGRES)) == rest


@pytest.mark.parametrize("environment", LINKED)
def test_the_managed_standby_can_follow_the_primary(environment: str) -> None:
    here, graph = model(environment), recorded(environment)
    (connection,) = graph.of_type("gcp:servicenetworking/connection:Connection")
    standby = here.managed_services(connection)
    databases = tier(environment, "database", "postgres-main")
    assert carriers(here.path(standby, databases, port=POSTGRES)) == TUNNELS


@pytest.mark.parametrize("environment", LINKED)
def test_services_call_each_other_in_the_standby_cloud_as_the_table_says(environment: str) -> None:
    here, listening = model(environment), listening_ports(recorded(environment))
    caller = google(environment, "serverless", "gcp-backend-api")
    assert {name for name, port in listening.items() if here.path(caller, pods(environment), port=port)} == {
        "auth-service",
        "strategy-engine",
        "trading-engine",
    }, "backend-api calls these"
    for stranger in ("gcp-specialized", ""):
        other = google(environment, "serverless", stranger)
        reached = [name for name, port in listening.items() if here.any_path(other, pods(environment), port=port)]
        assert reached == [], f"{stranger or 'an untagged instance'} calls nobody"


def listening_ports(graph: Graph) -> dict[str, int]:
    """The port of every service that is called in the standby cloud, as the firewall's descriptions tell."""
    found: dict[str, int] = {}
    for rule in graph.of_type("gcp:compute/firewall:Firewall"):
        if rule["direction"] == "INGRESS" and " calls " in rule["description"]:
            for why in rule["description"].split("; "):
                found[why.partition(" calls ")[2]] = int(rule["allows"][0]["ports"][0])
    return found


def test_no_environment_uses_the_ranges_of_another() -> None:
    taken = {
        name: {r["cidrBlock"] for r in recorded(name).of_type("aws:ec2/vpc:Vpc")} for name in (*LINKED, "development")
    }
    together = [cidr for ranges in taken.values() for cidr in ranges]
    assert len(together) == len(set(together)), "nothing in development could ever be told from production"
