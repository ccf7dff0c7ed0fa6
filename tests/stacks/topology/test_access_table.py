"""The table of who may talk to whom, as the settings of an environment make it."""

from typing import Literal

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
    names |= {f"{name}-migration" for name, service in settings.containers.items() if service.migration}
    names |= {"postgres-main"} if settings.databases.managed["main"].pool_percent is not None else set()
    found = {source for source, destination, _ in rows(settings) if destination == "postgres-main"}
    by_kubernetes = {name for name in names & set(settings.containers) if settings.containers[name].primary == "eks"}
    others = {f"gcp-{name}" for name in names} | {"gcp-kubernetes", "gcp-managed-services", "bastion"}
    others |= {"gcp-pipelines"} if settings.analytics.pipeline else set()
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
    assert on_aws == ({"backend-api", "backend-api-migration", "kubernetes"} if settings.gcp.enabled else set()), (
        "after a promotion the writer is there; websocket names no database"
    )


def test_what_is_inside_the_clusters_has_no_security_group(environment: str) -> None:
    parties = access.aws_parties(loaded(environment))
    assert {party for party in parties if party.startswith(("postgres-", "redis-"))} == {
        "postgres-main",
        "redis-sessions",
    }


def recovery_rows(settings: Settings) -> set[tuple[str, str, int | None]]:
    return {(flow.source, flow.destination, flow.port) for flow in access.recovery_flows(settings)}


def test_the_recovery_region_admits_the_services_that_stand_by_there_and_nobody_else() -> None:
    settings = loaded("production")
    assert recovery_rows(settings) == {
        ("internet", "edge", 443),
        ("internet", "edge", 80),
        ("edge", "backend-api", 8000),
        ("edge", "websocket", 8001),
        ("backend-api", "internet", 443),
        ("websocket", "internet", 443),
        ("backend-api", "postgres-main", 5432),
        ("backend-api", "redis-sessions", 6379),
        ("websocket", "redis-sessions", 6379),
    }
    assert set(access.recovery_parties(settings)) == {
        *("edge", "backend-api", "websocket"),
        *("postgres-main", "redis-sessions"),
    }


def test_services_behind_the_cdn_are_reached_by_nobody_else_in_the_recovery_region_either() -> None:
    settings = loaded("production")
    hidden = {name: it.model_copy(update={"exposure": "cdn"}) for name, it in settings.containers.items()}
    behind = settings.model_copy(update={"services": {**settings.services, **hidden}})
    assert {row for row in recovery_rows(behind) if row[1] == "edge"} == {("cloudfront", "edge", 443)}


def test_without_a_standby_there_are_only_the_replicas_and_nobody_reaches_them() -> None:
    settings = loaded("production")
    alone = settings.model_copy(update={"compute": settings.compute.model_copy(update={"recovery": {}})})
    assert set(access.recovery_parties(alone)) == {"postgres-main", "redis-sessions"}
    assert recovery_rows(alone) == set()


def test_every_name_has_a_meaning_in_each_cloud(environment: str) -> None:
    settings = loaded(environment)
    flows, ranges = access.flows(settings), access.address_ranges(settings)
    here = own_flows(flows, access.aws_parties(settings), ranges)
    tagged = {*access.gcp_parties(settings), access.PIPELINES}
    there = own_flows(flows, tagged, ranges) if settings.gcp.enabled else []
    assert {flow.key for flow in flows} == {flow.key for flow in [*here, *there]}, "a row that nobody enforces is a lie"


def test_services_of_aws_call_each_other_through_the_internal_load_balancer(environment: str) -> None:
    settings = loaded(environment)
    callers = {name for name in ("backend-api", "websocket") if settings.containers[name].calls}
    assert {row for row in rows(settings) if row[1] == "internal"} == {(name, "internal", 443) for name in callers}
    called = {callee for name in callers for callee in settings.containers[name].calls}
    expected = {("internal", "kubernetes", settings.containers[name].port) for name in called}
    alone = {("internal", "specialized", 8002)} if settings.containers["specialized"].primary == "ecs" else set()
    assert {row for row in rows(settings) if row[0] == "internal"} == expected | alone


def test_where_every_service_is_behind_the_cdn_nobody_else_gets_to_the_load_balancer() -> None:
    settings = with_exposure("development", "cdn")
    assert {row for row in rows(settings) if row[1] == "edge"} == {("cloudfront", "edge", 443)}
    assert ("edge", "backend-api", 8000) in rows(settings)


def with_exposure(environment: str, exposure: Literal["cdn"]) -> Settings:
    """The settings with every public service of containers exposed in another way."""
    settings = loaded(environment)
    services = {
        name: service.model_copy(update={"exposure": exposure}) if service.exposure == "public" else service
        for name, service in settings.containers.items()
    }
    return settings.model_copy(update={"services": {**settings.services, **services}})
