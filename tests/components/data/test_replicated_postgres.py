"""What a database in two clouds promises: one writer, and a flip that replaces nothing."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from components.data.change_stream import StreamSelection
from components.data.postgres_shape import ChangeFeed
from components.data.replicated_postgres import ReplicatedPostgresArgs
from sandbox.difference import difference
from sandbox.graph import Graph
from sandbox.hygiene import leaks
from tests.components.data.postgres_example import (
    ALONE,
    ARGS,
    AUTHORITIES_PATH,
    AWS,
    AWS_VERSION,
    CLOUD_SQL,
    COMPONENT,
    GCP_VERSION,
    INSTANCE,
    LOGINS,
    NAME,
    PASSWORD,
    PRIMARY_AUTHORITY,
    PROXY_AUTHORITY,
    RECOVERY_AUTHORITY,
    RECOVERY_REGION,
    RECOVERY_SECRETS_KEY,
    SECRETS,
    recorded,
)

SECRET = "aws:secretsmanager/secret:Secret"
GCP_WRITES = replace(ARGS, writer="gcp")
DATASTREAM = "serviceAccount:service-123@gcp-sa-datastream.iam.gserviceaccount.com"
FEED = ChangeFeed(
    login="analytics",
    generation=1,
    selection=StreamSelection(publication="analytics", replication_slot="analytics", tables={"public": ["orders"]}),
    readers={"datastream": DATASTREAM},
)
FED = replace(ARGS, feed=FEED)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return recorded()


@pytest.fixture(scope="module")
def flipped() -> Graph:
    return recorded(GCP_WRITES)


def outputs(graph: Graph) -> dict[str, Any]:
    return dict(graph.named(NAME, COMPONENT).registered or {})


def urls(graph: Graph) -> dict[str, str]:
    return {
        "aws": graph.named(f"{NAME}-url-aws", AWS_VERSION)["secretString"],
        "gcp": graph.named(f"{NAME}-url-gcp", GCP_VERSION)["secretData"],
    }


def test_services_of_both_clouds_write_to_rds_through_the_proxy(graph: Graph) -> None:
    (proxy,) = graph.of_type("aws:rds/proxy:Proxy")
    password = graph.named(f"{NAME}-application", PASSWORD)["result"]
    expected = (
        f"postgresql://platform:{password}@{proxy['endpoint']}:5432/trading"
        f"?sslmode=verify-full&sslrootcert={AUTHORITIES_PATH}"
    )
    assert urls(graph) == {"aws": expected, "gcp": expected}, "two sides that take writes part for good"


def test_after_the_flip_services_of_both_clouds_write_to_cloud_sql(flipped: Graph) -> None:
    (standby,) = flipped.of_type(CLOUD_SQL)
    assert len(set(urls(flipped).values())) == 1
    url = urlsplit(urls(flipped)["aws"])
    assert (url.hostname, url.port, url.path, url.username) == (
        standby["privateIpAddress"],
        5432,
        "/trading",
        "platform",
    )
    assert parse_qs(url.query) == {"sslmode": ["verify-ca"], "sslrootcert": [AUTHORITIES_PATH]}, (
        "the server has an authority of its own and no host name in its certificate"
    )


def test_flipping_the_writer_changes_both_urls_and_the_availability_of_the_standby(
    graph: Graph, flipped: Graph
) -> None:
    there, back = difference(graph, flipped), difference(flipped, graph)
    assert {change.resource.name: change.paths for change in there.changed} == {
        f"{NAME}-url-aws": ["secretString"],
        f"{NAME}-url-gcp": ["secretData"],
        f"{NAME}-standby": ["settings.availabilityType"],
    }
    assert {change.resource.name: change.paths for change in back.changed} == {
        f"{NAME}-url-aws": ["secretString"],
        f"{NAME}-url-gcp": ["secretData"],
    }, "what becomes a standby again is made zonal by an operation, before it follows"
    for found in (there, back):
        assert (found.added, found.deleted, found.replaced, found.following) == ([], [], [], [])


def test_the_flip_is_seen_by_whoever_watches(graph: Graph, flipped: Graph) -> None:
    changed = {key for key in outputs(graph) if outputs(graph)[key] != outputs(flipped)[key]}
    assert changed == {"writer"}


def test_credentials_leave_the_component_only_as_references(graph: Graph) -> None:
    passwords = {each["result"] for each in graph.of_type(PASSWORD)}
    assert len(passwords) == 3
    assert [password for password in passwords if password in json.dumps(outputs(graph))] == []
    assert leaks(graph) == []


def test_every_secret_value_is_held_secret(graph: Graph) -> None:
    for version in graph.of_type(AWS_VERSION):
        assert "secretString" in version.secret_inputs, version.name
    for version in graph.of_type(GCP_VERSION):
        assert "secretData" in version.secret_inputs, version.name


@pytest.mark.parametrize(
    ("purpose", "username"), [("administrator", "owner"), ("application", "platform"), ("replication", "follower")]
)
def test_a_login_secret_says_all_that_it_takes_to_connect(graph: Graph, purpose: str, username: str) -> None:
    version = graph.named(f"{NAME}-{purpose}", AWS_VERSION)
    assert json.loads(version["secretString"]) == {
        "engine": "postgres",
        "host": graph.named(NAME, INSTANCE)["address"],
        "port": 5432,
        "dbname": "trading",
        "username": username,
        "password": graph.named(f"{NAME}-{purpose}", PASSWORD)["result"],
    }
    assert outputs(graph)["login_secret_arns"][purpose] == graph.named(f"{NAME}-{purpose}", SECRET)["arn"]


def test_login_secrets_are_in_the_recovery_region_too(graph: Graph) -> None:
    copies = {
        each.name: [(copy["region"], copy["kmsKeyId"]) for copy in each.inputs.get("replicas", [])]
        for each in graph.of_type(SECRET)
        if "region" in each.inputs and each["region"] != RECOVERY_REGION
    }
    there = [(RECOVERY_REGION, RECOVERY_SECRETS_KEY)]
    assert copies == {f"{NAME}-{purpose}": there for purpose in ("administrator", "application", "replication")}


def test_the_recovery_region_has_the_url_of_its_own_replica(graph: Graph) -> None:
    secret, version = graph.named(f"{NAME}-recovery-url", SECRET), graph.named(f"{NAME}-recovery-url", AWS_VERSION)
    assert (secret["region"], version["region"], secret["kmsKeyId"]) == (
        RECOVERY_REGION,
        RECOVERY_REGION,
        RECOVERY_SECRETS_KEY,
    )
    url = urlsplit(version["secretString"])
    assert url.hostname == graph.named(f"{NAME}-{RECOVERY_REGION}", INSTANCE)["address"]
    assert (outputs(graph)["recovery_address"], outputs(graph)["recovery_identifier"]) == (
        url.hostname,
        "postgres-main-recovery",
    )
    assert parse_qs(url.query)["sslmode"] == ["verify-full"]


def test_services_trust_every_server_that_they_may_come_to_use(graph: Graph, flipped: Graph) -> None:
    (standby,) = graph.of_type(CLOUD_SQL)
    own = standby["serverCaCerts"][0]["cert"].strip()
    trusted = graph.named(f"{NAME}-ca-aws", AWS_VERSION)["secretString"]
    assert trusted == "".join(f"{each}\n" for each in (PRIMARY_AUTHORITY, PROXY_AUTHORITY, RECOVERY_AUTHORITY, own)), (
        "a service that has to learn it after the flip starts too late"
    )
    assert graph.named(f"{NAME}-ca-gcp", GCP_VERSION)["secretData"] == trusted
    assert flipped.named(f"{NAME}-ca-aws", AWS_VERSION)["secretString"] == trusted


def test_alarms_find_every_instance_by_name(graph: Graph) -> None:
    found = outputs(graph)
    assert found["aws_identifiers"] == {
        "primary": "postgres-main",
        "us-east-1b": "postgres-main-us-east-1b",
        "us-east-1c": "postgres-main-us-east-1c",
    }
    assert set(found["aws_reader_addresses"]) == {"us-east-1b", "us-east-1c"}
    assert found["gcp_instance_name"] == graph.of_type(CLOUD_SQL)[0]["name"]
    assert found["aws_proxy_name"] == graph.of_type("aws:rds/proxy:Proxy")[0]["name"]


def test_another_generation_of_passwords_replaces_nothing_that_holds_data(graph: Graph) -> None:
    found = difference(graph, recorded(replace(ARGS, logins=replace(LOGINS, generation=2))))
    assert {change.resource.name for change in found.replaced} == {f"{NAME}-administrator", f"{NAME}-application"}
    assert {change.resource.type for change in found.replaced} == {PASSWORD}
    assert [each.name for each in found.stateful] == []


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("args", [ARGS, GCP_WRITES, ALONE], ids=["aws", "gcp", "alone"])
def test_it_is_built_whether_its_outputs_are_known_or_not(args: ReplicatedPostgresArgs, known: bool) -> None:
    built = recorded(args, known=known)
    assert (built.problems, built.warnings) == ([], [])


def test_without_a_standby_cloud_and_a_recovery_region_there_is_a_primary_and_its_replicas() -> None:
    alone = recorded(ALONE)
    assert [each["identifier"] for each in alone.of_type(INSTANCE)] == [
        "postgres-main",
        "postgres-main-us-east-1b",
        "postgres-main-us-east-1c",
    ]
    absent = {
        "aws_replica_url_secret_arn",
        "gcp_url_secret_id",
        "aws_replica_authorities_secret_arn",
        "gcp_authorities_secret_id",
        "aws_proxy_name",
        "gcp_address",
        "gcp_instance_name",
        "gcp_connection_name",
        "replication_job_name",
        "recovery_address",
        "recovery_identifier",
        "recovery_url_secret_arn",
    }
    assert absent & set(outputs(alone)) == set(), "None is not registered"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gcp": None, "secrets": replace(SECRETS, gcp=None), "writer": "gcp"}, "has no standby"),
        ({"gcp": None}, "goes with the Google half"),
        ({"aws": replace(AWS, recovery=None)}, "goes with the recovery region"),
    ],
)
def test_halves_that_do_not_fit_together_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(ARGS, **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"application": "owner"}, "a login of its own"),
        ({"administrator": "postgres"}, "keep for themselves"),
        ({"replication": "rds_follower"}, "keep for themselves"),
        ({"application": "Platform"}, "small letters"),
        ({"application": "drop table; --"}, "small letters"),
    ],
)
def test_logins_that_a_cloud_refuses_are_refused_before(changes: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(LOGINS, **changes)


@pytest.mark.parametrize("args", [ARGS, GCP_WRITES], ids=["aws writes", "gcp writes"])
def test_a_change_stream_adds_a_login_of_its_own_and_touches_nothing_else(args: ReplicatedPostgresArgs) -> None:
    found = difference(recorded(args), recorded(replace(args, feed=FEED)))
    assert {each.name for each in found.added} == {
        f"{NAME}-feed",
        f"{NAME}-feed-aws",
        f"{NAME}-feed-gcp",
        f"{NAME}-feed-gcp-reader-datastream",
    }, "no user of Cloud SQL: a replica takes none, and one of its API could do more than read"
    assert (found.changed, found.replaced, found.following, found.deleted) == ([], [], [], [])


def test_the_password_of_the_change_stream_is_read_by_its_agent_and_no_service() -> None:
    fed = recorded(FED)
    grants = [
        each
        for each in fed.of_type("gcp:secretmanager/secretIamMember:SecretIamMember")
        if fed.referred(each["secretId"], each) is fed.named(f"{NAME}-feed-gcp", "gcp:secretmanager/secret:Secret")
    ]
    assert [(each["role"], each["member"]) for each in grants] == [("roles/secretmanager.secretAccessor", DATASTREAM)]
    version = fed.named(f"{NAME}-feed-gcp", GCP_VERSION)
    assert version["secretData"] == fed.named(f"{NAME}-feed", PASSWORD)["result"]
    assert "secretData" in version.secret_inputs
    assert outputs(fed)["feed_password_version"] == version.id
    assert leaks(fed) == []


def test_the_script_for_the_change_stream_shares_the_selected_tables_and_names_no_password() -> None:
    fed = recorded(FED)
    script = outputs(fed)["feed_preparation"]
    assert 'GRANT SELECT ON "public"."orders" TO "analytics";' in script
    assert '\\connect "trading"' in script
    assert 'GRANT "platform" TO CURRENT_USER;' in script, "the tables belong to the services' login"
    assert fed.named(f"{NAME}-feed", PASSWORD)["result"] not in script
    assert "analytics" not in outputs(fed)["preparation"], "a slot that nobody reads yet would fill the disk"


def test_another_generation_of_the_change_stream_changes_no_other_password() -> None:
    found = difference(recorded(FED), recorded(replace(FED, feed=replace(FEED, generation=2))))
    assert [each.resource.name for each in found.replaced] == [f"{NAME}-feed"]
    assert (found.added, found.changed, found.following, found.deleted) == ([], [], [], [])


@pytest.mark.parametrize("login", ["owner", "platform", "follower", "pg_stream", "Analytics"])
def test_the_change_stream_has_a_login_of_its_own_that_every_side_takes(login: str) -> None:
    with pytest.raises(ValueError, match="login"):
        replace(ARGS, feed=replace(FEED, login=login))


def test_a_change_stream_without_a_standby_cloud_is_refused() -> None:
    with pytest.raises(ValueError, match="feed goes with the Google half"):
        replace(ALONE, feed=FEED)
