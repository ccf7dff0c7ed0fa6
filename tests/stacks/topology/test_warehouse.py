"""The warehouse of each environment: what fills it, who reads what, and by which way."""

from typing import Any

import pytest

from sandbox.difference import difference
from sandbox.graph import Graph, Resource
from sandbox.reachability import Endpoint, Path, Reachability
from tests.environments import changed, loaded, recorded

WAREHOUSE = "platform:data:Analytics"
DATASET = "gcp:bigquery/dataset:Dataset"
STREAM = "gcp:datastream/stream:Stream"
PROFILE = "gcp:datastream/connectionProfile:ConnectionProfile"
ATTACHMENT = "gcp:compute/networkAttachment:NetworkAttachment"
FUSION = "gcp:datafusion/instance:Instance"
SUBNETWORK = "gcp:compute/subnetwork:Subnetwork"
SUBNET = "aws:ec2/subnet:Subnet"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
KEY_USER = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
SERVICE = "gcp:projects/service:Service"
AGENT = "gcp:projects/serviceIdentity:ServiceIdentity"
PIPELINE = "platform:analytics.pipeline"
BUILT = ("staging", "production")
POSTGRES = 5432

DATA_FUSION = {
    "kind": "data_fusion",
    "edition": "BASIC",
    "version": "6.11.1",
    "producer_project": "k8e1c2a4b6d8f0-tp",
    "runner_email": "pipelines@elson-staging.iam.gserviceaccount.com",
}


@pytest.fixture(scope="module")
def fused() -> Graph:
    return changed("staging", {PIPELINE: DATA_FUSION})


@pytest.fixture(scope="module")
def bare() -> Graph:
    return changed("staging", {"platform:analytics": {"datasets": {}, "personal_data": {}, "pipeline": None}})


def only(graph: Graph, token: str) -> Resource:
    (found,) = graph.of_type(token)
    return found


def source(graph: Graph) -> Resource:
    return graph.named("analytics-stream-source", PROFILE)


def agent(graph: Graph, service: str) -> str:
    (found,) = [each["member"] for each in graph.of_type(AGENT) if each["service"] == service]
    return found


def test_it_is_built_where_the_standby_half_is() -> None:
    assert [name for name in ("development", *BUILT) if recorded(name).of_type(WAREHOUSE)] == list(BUILT)


@pytest.mark.parametrize("environment", BUILT)
def test_it_is_in_the_region_and_on_the_key_of_the_data(environment: str) -> None:
    graph, region = recorded(environment), loaded(environment).gcp.region
    for each in graph.of_type(DATASET):
        key = graph.referred(each["defaultEncryptionConfiguration"]["kmsKeyName"], each)
        assert (each["location"], key and key.name) == (region, "key-data-gcp")
    stream = only(graph, STREAM)
    key = graph.referred(stream["customerManagedEncryptionKey"], stream)
    assert (stream["location"], key and key.name) == (region, "key-data-gcp")


@pytest.mark.parametrize("environment", BUILT)
def test_bigquery_and_datastream_may_use_the_key_before_they_are_asked_to(environment: str) -> None:
    graph = recorded(environment)
    users = [each for each in graph.descendants(graph.named("key-data")) if each.type == KEY_USER]
    bigquery = f"serviceAccount:bq-{loaded(environment).gcp.project_number}@bigquery-encryption.iam.gserviceaccount.com"
    needed = {each.urn for each in users if each["member"] in {bigquery, agent(graph, "datastream.googleapis.com")}}
    assert len(needed) == 2, "a dataset on a key that BigQuery may not use is refused"
    for each in (*graph.of_type(DATASET), only(graph, STREAM)):
        assert needed <= {it.urn for it in graph.dependencies(each)}, f"{each.name} comes before the grant"


def test_apis_of_a_warehouse_are_switched_on_where_there_is_one(fused: Graph, bare: Graph) -> None:
    def beside(graph: Graph) -> set[str]:
        return {it["service"] for it in graph.of_type(SERVICE)} - {it["service"] for it in bare.of_type(SERVICE)}

    warehouse = {f"{api}.googleapis.com" for api in ("bigquery", "bigquerydatapolicy", "datacatalog")}
    assert beside(recorded("staging")) == warehouse | {"datastream.googleapis.com"}
    assert beside(fused) == warehouse | {"datafusion.googleapis.com"}


@pytest.mark.parametrize("environment", BUILT)
def test_the_stream_reads_the_primary_itself_while_aws_writes(environment: str) -> None:
    graph = recorded(environment)
    (primary,) = [each for each in graph.of_type("aws:rds/instance:Instance") if each.name == "postgres-main"]
    profile = source(graph)["postgresqlProfile"]
    assert (profile["hostname"], profile["database"], profile["username"]) == (
        primary["address"],
        "platform",
        "analytics",
    ), "a proxy carries no replication"
    version = graph.referred(profile["secretManagerStoredPassword"], source(graph))
    assert version is not None
    assert version.name == "postgres-main-feed-gcp"
    readers = [it for it in graph.dependencies(source(graph)) if it.name == "postgres-main-feed-gcp-reader-datastream"]
    assert [each["member"] for each in readers] == [agent(graph, "datastream.googleapis.com")]


def test_after_a_promotion_the_stream_reads_the_standby() -> None:
    graph = changed("staging", {"platform:databases.managed.main.writer": "gcp", f"{PIPELINE}.source": "standby"})
    standby = only(graph, "gcp:sql/databaseInstance:DatabaseInstance")
    profile = source(graph)["postgresqlProfile"]
    assert profile["hostname"] == standby["privateIpAddress"]
    assert profile["sslConfig"]["serverVerification"]["caCertificate"] == standby["serverCaCerts"][0]["cert"]
    assert way(graph, "managed"), "the new source has to be reached"
    assert not way(graph, "database"), "and the old one is left alone"


def test_flipping_the_writer_alone_leaves_the_stream_where_it_is() -> None:
    before, after = recorded("staging"), changed("staging", {"platform:databases.managed.main.writer": "gcp"})
    moved = {each.resource.name for each in difference(before, after).changed}
    assert not [name for name in moved if name.startswith("analytics")], "a promotion waits for no stream"


def test_only_owners_and_the_stream_touch_what_the_stream_fills() -> None:
    graph = recorded("production")
    landing = {each["datasetId"]: each for each in graph.of_type(DATASET)}["landing"]
    datastream = agent(graph, "datastream.googleapis.com").removeprefix("serviceAccount:")
    assert landing["accesses"] == [
        {"role": "OWNER", "groupByEmail": "data-engineering@elsonwealth.com"},
        {"role": "WRITER", "userByEmail": datastream},
    ]


def test_nothing_runs_before_the_database_is_prepared(environment: str) -> None:
    assert [each["desiredState"] for each in recorded(environment).of_type(STREAM)] in ([], ["NOT_STARTED"])


@pytest.mark.parametrize("environment", BUILT)
def test_whoever_starts_the_stream_finds_the_script_among_the_outputs(environment: str) -> None:
    exports = recorded(environment).exports
    script = exports["analytics_preparation"]
    assert "pg_create_logical_replication_slot('analytics', 'pgoutput')" in script
    assert set(exports["analytics_datasets"]) == {"landing", "reports"}
    assert set(exports["analytics_policy_tags"]) == {"email", "tax_id"}
    assert exports["analytics_stream_name"] == only(recorded(environment), STREAM)["name"]


# Ways


def way(graph: Graph, to: str, port: int = POSTGRES) -> Any:
    """The way from the subnet of the pipelines."""
    model = Reachability(graph)
    ends: Endpoint | list[Endpoint]
    match to:
        case "managed":
            ends = model.managed_services(only(graph, "gcp:servicenetworking/connection:Connection"))
        case "internet":
            ends = model.internet
        case "nodes":
            ends = model.subnet(graph.named("network-gcp-nodes", SUBNETWORK), tags=["firewall-gcp-kubernetes"])
        case tier:
            party = "postgres-main" if tier == "database" else "backend-api"
            subnets = [each for each in graph.of_type(SUBNET) if each.name.startswith(f"network-aws-{tier}-")]
            ends = [model.subnet(each, groups=[graph.named(f"access-{party}", GROUP)]) for each in subnets]
    return model.path(model.subnet(graph.named("network-gcp-pipelines", SUBNETWORK)), ends, port=port)


@pytest.mark.parametrize("environment", BUILT)
def test_the_stream_stands_in_a_subnet_of_its_own(environment: str) -> None:
    graph = recorded(environment)
    attachment = only(graph, ATTACHMENT)
    (subnet,) = [graph.referred(each, attachment) for each in attachment["subnetworks"]]
    assert subnet is not None
    assert subnet.name == "network-gcp-pipelines", "the firewall tells it by its addresses alone"


@pytest.mark.parametrize("environment", BUILT)
def test_the_stream_reaches_the_database_that_it_reads_over_the_link_and_nothing_else(environment: str) -> None:
    graph = recorded(environment)
    assert isinstance(way(graph, "database"), Path)
    assert len(way(graph, "database").carriers) == 4, "each tunnel carries it"
    for elsewhere, port in (
        ("database", 22),
        ("private", 443),
        ("managed", POSTGRES),
        ("internet", 443),
        ("nodes", 80),
    ):
        assert not way(graph, elsewhere, port), f"the stream has no business with {elsewhere} on {port}"


def test_nothing_else_leaves_the_subnet_of_the_pipelines_where_there_is_no_warehouse(bare: Graph) -> None:
    for elsewhere in ("database", "managed"):
        assert not way(bare, elsewhere), "a way that nobody uses is a way for somebody else"


def test_without_a_warehouse_only_what_belongs_to_it_goes(bare: Graph) -> None:
    found = difference(recorded("staging"), bare)
    stems = (
        "analytics",
        "postgres-main-feed",
        "key-data-gcp",
        "google-apis-",
        "firewall-out-gcp-pipelines",
        "access-in-",
    )
    assert [each.name for each in found.deleted if not each.name.startswith(stems)] == []
    assert (found.added, [*found.replaced, *found.following]) == ([], [])
    assert found.changed == [], "nobody else notices"


def test_data_fusion_reads_the_standby_as_the_named_account(fused: Graph) -> None:
    assert fused.of_type(STREAM, PROFILE) == []
    assert only(fused, FUSION)["dataprocServiceAccount"] == DATA_FUSION["runner_email"]
    assert [
        each.name for each in fused.of_type("random:index/randomPassword:RandomPassword") if "feed" in each.name
    ] == []
    assert way(fused, "managed"), "the standby answers queries"
    assert not way(fused, "database"), "and the primary is spared them"
    assert fused.exports.get("analytics_preparation") is None
