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
    found = {source for source, destination, _ in rows(settings) if destination == "postgres-main"}
    by_kubernetes = {name for name in names if settings.containers[name].primary == "eks"}
    others = {f"gcp-{name}" for name in names} | {"gcp-kubernetes", "gcp-managed-services", "bastion"}
    assert found - others == (names - by_kubernetes - cloud_run(settings)) | (
        {"kubernetes"} if by_kubernetes else set()
    )


def cloud_run(settings: Settings) -> set[str]:
    return {name for name, service in settings.containers.items() if service.primary == "cloud_run"}


def test_a_database_or_cache_opens_no_connection(environment: str) -> None:
    sources = {source for source, _, _ in rows(loaded(environment))}
    assert {source for source in sources if source.startswith(("postgres-", "redis-"))} == set()


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
    ports = {port for _, destination, port in called if not destination.startswith(("postgres", "redis", "internet"))}
    assert ports == expected
