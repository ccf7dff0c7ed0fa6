"""What the replication promises; that a job reaches both ends is proven only by starting one."""

import re
from dataclasses import replace

import pytest

from components.data.connection_secret import Login
from components.data.database_replication import DatabaseReplicationArgs, ReplicationSource
from components.data.postgres_roles import preparation, promotion
from sandbox.difference import difference
from sandbox.graph import Graph, Resource
from sandbox.hygiene import leaks
from tests.components.data.postgres_example import (
    ALONE,
    ARGS,
    AWS,
    CLOUD_SQL,
    GCP,
    GOOGLE_REGION,
    INSTANCE,
    LOGINS,
    NAME,
    PASSWORD,
    PRIMARY_AUTHORITY,
    recorded,
)

PROFILE = "gcp:databasemigrationservice/connectionProfile:ConnectionProfile"
JOB = "gcp:databasemigrationservice/migrationJob:MigrationJob"


@pytest.fixture(scope="module")
def graph() -> Graph:
    return recorded()


def profile(graph: Graph, role: str) -> Resource:
    (found,) = [each for each in graph.of_type(PROFILE) if each["role"] == role]
    return found


def job(graph: Graph) -> Resource:
    (found,) = graph.of_type(JOB)
    return found


def test_changes_go_from_the_primary_to_the_standby(graph: Graph) -> None:
    assert (job(graph)["source"], job(graph)["destination"]) == (
        profile(graph, "SOURCE")["name"],
        profile(graph, "DESTINATION")["name"],
    )
    assert profile(graph, "DESTINATION")["postgresql"] == {"cloudSqlId": graph.of_type(CLOUD_SQL)[0]["name"]}
    assert {each["location"] for each in (*graph.of_type(PROFILE), job(graph))} == {GOOGLE_REGION}


def test_the_source_is_the_primary_itself_by_a_login_of_its_own(graph: Graph) -> None:
    password = graph.named(f"{NAME}-replication", PASSWORD)
    assert profile(graph, "SOURCE")["postgresql"] == {
        "host": graph.named(NAME, INSTANCE)["address"],
        "port": 5432,
        "username": "follower",
        "password": password["result"],
        "ssl": {"type": "SERVER_ONLY", "caCertificate": PRIMARY_AUTHORITY},
    }, "a proxy carries no replication, and RDS refuses connections without TLS"


def test_the_password_is_held_back_where_the_sdk_would_show_it(graph: Graph) -> None:
    source = profile(graph, "SOURCE")
    assert "postgresql.password" in source.secret_inputs
    assert "postgresql" in source.options.additional_secret_outputs
    assert leaks(graph) == []


def test_the_standby_connects_over_the_network_that_reaches_aws(graph: Graph) -> None:
    assert job(graph)["vpcPeeringConnectivity"] == {"vpc": GCP.network.network_id}
    others = {"staticIpConnectivity", "reverseSshConnectivity", "postgresHomogeneousConfig"}
    assert others & set(job(graph).inputs) == set(), "the provider takes one way and no more"


def test_a_deployment_neither_starts_nor_stops_it(graph: Graph) -> None:
    assert (job(graph)["type"], job(graph)["desiredState"]) == ("CONTINUOUS", "NOT_STARTED")
    assert job(graph).options.ignore_changes == ("desiredState",), "once started, it reads RUNNING for ever"


def test_following_again_takes_a_job_and_ends_of_its_own(graph: Graph) -> None:
    found = difference(graph, recorded(replace(ARGS, gcp=replace(GCP, replication_generation=2))))
    roles = ("", "-destination", "-source")
    assert sorted(each.name for each in found.added) == [f"{NAME}-replication{role}-2" for role in roles], (
        "a promoted job cannot start again"
    )
    assert sorted(each.name for each in found.deleted) == [f"{NAME}-replication{role}-1" for role in roles], (
        "Google deletes the destination's profile with its job"
    )
    assert [change.resource.name for change in found.replaced] == [f"{NAME}-replication"], "its password"
    assert found.stateful == []


def test_a_running_replication_is_left_alone_by_new_passwords_and_certificates(graph: Graph) -> None:
    authority = replace(AWS.authority, certificate="another")
    for changed in (
        replace(ARGS, logins=replace(LOGINS, generation=2)),
        replace(ARGS, aws=replace(AWS, authority=authority)),
    ):
        found = difference(graph, recorded(changed))
        touched = {each.resource.type for each in (*found.changed, *found.replaced, *found.following)}
        assert touched & {JOB, PROFILE} == set(), "Google would take neither, but replace the profile under the job"
        assert f"{NAME}-replication" not in {change.resource.name for change in found.replaced}, "its password"


def test_a_generation_that_names_no_job_is_refused() -> None:
    login = Login(username="follower", password=None)  # pyright: ignore[reportArgumentType] - never looked at
    with pytest.raises(ValueError, match="the first one is 1"):
        DatabaseReplicationArgs(
            project_id="elson-test",
            region=GOOGLE_REGION,
            network_id="network",
            source=ReplicationSource(host="host", login=login, certificate=PRIMARY_AUTHORITY),
            destination_instance="instance",
            generation=0,
        )


def test_without_a_standby_cloud_nothing_is_replicated() -> None:
    graph = recorded(ALONE)
    assert [each.name for each in graph if each.type.startswith("gcp:")] == []


def test_the_preparation_holds_no_password_and_names_those_it_needs() -> None:
    script = preparation("trading", "platform", "follower")
    assert set(re.findall(r":'(\w+)'", script)) == {"application_password", "replication_password"}
    assert script.startswith("\\set ON_ERROR_STOP on\n"), "psql would go on after a failure, and report success"


def test_the_preparation_lets_replication_read_and_services_make_tables() -> None:
    granted = re.findall(r"GRANT (.+?);", preparation("trading", "platform", "follower"))
    assert sorted(granted) == [
        'CONNECT, CREATE, TEMPORARY ON DATABASE "trading" TO "platform"',
        'CREATE, USAGE ON SCHEMA public TO "platform"',
        'USAGE ON SCHEMA pglogical TO "follower"',
        'USAGE ON SCHEMA pglogical TO "follower"',
        'pg_read_all_data TO "follower"',
    ]


def test_pglogical_is_made_in_every_database_that_the_service_visits() -> None:
    script = preparation("trading", "platform", "follower")
    before, trading, default = re.split(r"\\connect .*\n", script)
    assert "pglogical" not in before
    assert all("CREATE EXTENSION IF NOT EXISTS pglogical;" in part for part in (trading, default))


def test_a_promoted_standby_belongs_to_the_services() -> None:
    script = promotion("trading", "platform")
    assert "GRANT cloudsqlexternalsync TO %I', 'platform'" in script, "tables belong to the service's role"
    assert 'GRANT CREATE, USAGE ON SCHEMA public TO "platform";' in script
