"""The table of who may talk to whom, as the settings of an environment make it."""

from components.network.access import own_flows
from stacks.settings import Settings
from stacks.topology import access
from tests.environments import loaded


def rows(settings: Settings) -> set[tuple[str, str, int | None]]:
    return {(flow.source, flow.destination, flow.port) for flow in access.flows(settings)}


def test_only_the_edge_listens_to_the_internet(environment: str) -> None:
    assert {row for row in rows(loaded(environment)) if row[0] == "internet"} == {
        ("internet", "edge", 443),
        ("internet", "edge", 80),
    }


def test_a_database_listens_to_those_that_name_it_and_to_its_standby(environment: str) -> None:
    settings = loaded(environment)
    names = {name for name, service in settings.containers.items() if "main" in service.databases}
    names |= {"postgres-main"} if settings.databases.managed["main"].pool_percent is not None else set()
    found = {source for source, destination, _ in rows(settings) if destination == "postgres-main"}
    by_kubernetes = {name for name in names - {"postgres-main"} if settings.containers[name].primary == "eks"}
    others = {f"gcp-{name}" for name in names} | {"gcp-kubernetes", "gcp-managed-services", "bastion"}
    assert found - others == (names - by_kubernetes - cloud_run(settings)) | (
        {"kubernetes"} if by_kubernetes else set()
    )


def cloud_run(settings: Settings) -> set[str]:
    return {name for name, service in settings.containers.items() if service.primary == "cloud_run"}


def test_a_database_or_cache_opens_no_connection_but_the_proxy_to_its_own_database(environment: str) -> None:
    settings = loaded(environment)
    pooled = {f"postgres-{name}" for name, it in settings.databases.managed.items() if it.pool_percent is not None}
    opened = {row for row in rows(settings) if row[0].startswith(("postgres-", "redis-"))}
    assert opened == {(party, party, 5432) for party in pooled}


def test_services_on_aws_reach_the_standby_of_their_databases_and_only_where_there_is_one(environment: str) -> None:
    settings = loaded(environment)
    callers = {row[0] for row in rows(settings) if row[1:] == ("gcp-managed-services", 5432)}
    on_aws = {caller for caller in callers if not caller.startswith("gcp-")}
    assert on_aws == ({"backend-api", "kubernetes"} if settings.gcp.enabled else set()), (
        "after a promotion the writer is there; websocket names no database"
    )


def test_what_is_inside_the_clusters_has_no_security_group(environment: str) -> None:
    parties = access.aws_parties(loaded(environment))
    assert {party for party in parties if party.startswith(("postgres-", "redis-"))} == {
        "postgres-main",
        "redis-sessions",
    }


def test_the_recovery_region_admits_the_services_that_are_started_there_and_nobody_else() -> None:
    flows = access.recovery_flows(loaded("production"))
    assert {(flow.source, flow.destination, flow.port) for flow in flows} == {
        ("services", "internet", 443),
        ("services", "postgres-main", 5432),
    }


def test_every_name_has_a_meaning_in_each_cloud(environment: str) -> None:
    settings = loaded(environment)
    flows, ranges = access.flows(settings), access.address_ranges(settings)
    here = own_flows(flows, access.aws_parties(settings), ranges)
    there = own_flows(flows, access.gcp_parties(settings), ranges) if settings.gcp.enabled else []
    assert {flow.key for flow in flows} == {flow.key for flow in [*here, *there]}, "a row that nobody enforces is a lie"


def test_a_service_calls_those_that_it_names(environment: str) -> None:
    settings = loaded(environment)
    called = {row for row in rows(settings) if row[0] == "backend-api"}
    expected = {settings.containers[callee].port for callee in settings.containers["backend-api"].calls}
    others = ("postgres", "redis", "internet", "gcp-managed-services")
    ports = {port for _, destination, port in called if not destination.startswith(others)}
    assert ports == expected
