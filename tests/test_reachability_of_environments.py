"""Who reaches whom in each environment, by the routes and rules that it registers.

The model knows networks, routes, filters and the link. What a cloud's own service does behind its endpoint, and what a
wrong certificate stops, it does not know.
"""

from functools import cache

import pytest

from sandbox.graph import Graph
from sandbox.reachability import Blocked, Endpoint, Path, Reachability
from sandbox.reachability.model import Exposure
from stacks.settings import Settings
from tests.environments import loaded, recorded

SUBNET = "aws:ec2/subnet:Subnet"
SUBNETWORK = "gcp:compute/subnetwork:Subnetwork"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
TUNNEL = "gcp:compute/vPNTunnel:VPNTunnel"
TUNNELS = ("network-vpn-a1", "network-vpn-a2", "network-vpn-b1", "network-vpn-b2")
LINKED = ("staging", "production")
POSTGRES = 5432
REDIS = 6379


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


def test_the_internet_reaches_the_load_balancers_at_the_edge_and_nothing_else(environment: str) -> None:
    found = {(each.resource.type.rpartition(":")[2], each.resource.name, each.port) for each in exposed(environment)}
    aws = {("LoadBalancer", "edge", 443), ("LoadBalancer", "edge", 80)}
    google = {("GlobalForwardingRule", "edge-gcp-https", 443), ("GlobalForwardingRule", "edge-gcp-http", 80)}
    recovery = {("LoadBalancer", "edge-recovery", 443), ("LoadBalancer", "edge-recovery", 80)}
    expected = aws | (google if environment in LINKED else set()) | (recovery if environment == "production" else set())
    assert found == expected, "port 80 redirects, and everything else that listens is a door nobody decided on"


def exposed(environment: str) -> list[Exposure]:
    return model(environment).reachable_from_internet()


def test_workloads_reach_partners_on_https_and_nothing_else(environment: str) -> None:
    here = model(environment)
    services = tier(environment, "private", "backend-api")
    assert here.path(services, here.internet, port=443), "services call brokers and registries"
    assert not here.any_path(services, here.internet, port=25), "what is broken into sends no mail"


def test_each_database_and_cache_admits_those_that_name_it_and_no_other(environment: str) -> None:
    here, settings = model(environment), loaded(environment)
    for store, port, users in stores(settings):
        listening = tier(environment, "database", store)
        reaching = {
            party
            for party in parties(environment)
            if any(
                here.path(tier(environment, where, party), listening, port=port) for where in ("private", "database")
            )
        }
        assert reaching == users, f"{store} is open to these, and to nobody else"
        for party in users:
            assert not here.any_path(tier(environment, "private", party), listening, port=22)


def stores(settings: Settings) -> list[tuple[str, int, set[str]]]:
    """Every database and cache, its port, and who of AWS may open a connection to it."""
    people = {"bastion"} if settings.network.access.bastion else set[str]()
    rows: list[tuple[str, int, set[str]]] = []
    for name, database in settings.databases.managed.items():
        proxy = {f"postgres-{name}"} if database.pool_percent is not None else set[str]()
        migrations = {f"{who}-migration" for who, it in settings.containers.items() if it.migration}
        named = {who for who, it in settings.containers.items() if name in it.databases}
        rows.append((f"postgres-{name}", POSTGRES, aws_parties(settings, named) | migrations | proxy | people))
    for name in settings.caches.managed:
        named = {who for who, it in settings.containers.items() if name in it.caches}
        rows.append((f"redis-{name}", REDIS, aws_parties(settings, named) | people))
    return rows


def aws_parties(settings: Settings, services: set[str]) -> set[str]:
    places = {"ecs": None, "ec2": None, "eks": "kubernetes"}
    found = {name: settings.containers[name].primary for name in services}
    return {places[place] or name for name, place in found.items() if place in places}


def parties(environment: str) -> list[str]:
    """Everybody who has a security group in the primary region."""
    groups = recorded(environment).of_type(GROUP)
    return [group.name.removeprefix("access-") for group in groups if group.name.startswith("access-")]


def test_services_are_called_through_the_load_balancers_and_not_past_them(environment: str) -> None:
    here, services = model(environment), loaded(environment).containers
    on_aws = {name: it for name, it in services.items() if it.primary != "cloud_run"}
    called = {callee for it in on_aws.values() if it.primary == "ecs" for callee in it.calls}
    behind = {
        "edge": {name for name, it in on_aws.items() if it.exposure == "public"},
        "internal": called | {name for name, it in on_aws.items() if (it.exposure, it.primary) == ("internal", "ecs")},
    }
    for balancer, where in (("edge", "public"), ("internal", "private")):
        reached = {
            name
            for name, it in on_aws.items()
            if here.path(
                tier(environment, where, balancer),
                tier(environment, "private", "kubernetes" if it.primary == "eks" else name),
                port=it.port,
            )
        }
        assert reached == behind[balancer], f"{balancer} leads to these; pods call each other without it"
    caller, pods_ = tier(environment, "private", "backend-api"), tier(environment, "private", "kubernetes")
    assert here.path(caller, tier(environment, "private", "internal"), port=443)
    assert not here.any_path(caller, pods_), "past the load balancer no weight would hold"


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
