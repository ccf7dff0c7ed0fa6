"""What an Analytics promises; that a stream finds its way to the database is not proven here."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pulumi_random as random
import pytest

from components.data.analytics import Analytics, AnalyticsArgs, Dataset, PersonalData
from components.data.change_stream import StreamSelection, StreamSettings, StreamSource, preparation
from components.data.data_fusion import FusionSettings
from sandbox import schema
from sandbox.difference import difference
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components

KEY = "projects/elson-test/locations/us-central1/keyRings/data/cryptoKeys/data"
OWNERS = "group:data@example.com"
ANALYSTS = "group:analysts@example.com"
COMPLIANCE = "group:compliance@example.com"
LOADER = "loader@elson-test.iam.gserviceaccount.com"

DATASET = "gcp:bigquery/dataset:Dataset"
TAXONOMY = "gcp:datacatalog/taxonomy:Taxonomy"
TAG = "gcp:datacatalog/policyTag:PolicyTag"
TAG_READER = "gcp:datacatalog/policyTagIamMember:PolicyTagIamMember"
MASK = "gcp:bigquerydatapolicy/dataPolicy:DataPolicy"
MASK_READER = "gcp:bigquerydatapolicy/dataPolicyIamMember:DataPolicyIamMember"
STREAM = "gcp:datastream/stream:Stream"
PROFILE = "gcp:datastream/connectionProfile:ConnectionProfile"
CONNECTION = "gcp:datastream/privateConnection:PrivateConnection"
ATTACHMENT = "gcp:compute/networkAttachment:NetworkAttachment"
FUSION = "gcp:datafusion/instance:Instance"

SELECTION = StreamSelection(
    publication="analytics",
    replication_slot="analytics",
    tables={"public": ["accounts", "orders"], "ledger": []},
    excluded_columns={"public.accounts": ["ssn"], "public.orders": ["note"]},
)
STREAM_SETTINGS = StreamSettings(
    dataset="replica",
    source=StreamSource(
        host="10.2.32.5",
        port=5432,
        database="elson",
        username="analytics",
        password_secret_version="projects/elson-test/secrets/analytics/versions/1",
        server_ca="PEM",
    ),
    selection=SELECTION,
    subnetwork_id="projects/elson-test/regions/us-central1/subnetworks/nodes",
    producer_project="google-producer",
    freshness_minutes=15,
    desired_state="NOT_STARTED",
)
FUSION_SETTINGS = FusionSettings(
    edition="BASIC",
    version="6.11.1",
    subnetwork_id="projects/elson-test/regions/us-central1/subnetworks/nodes",
    producer_project="google-producer",
    runner_email="pipelines@elson-test.iam.gserviceaccount.com",
)
ARGS = AnalyticsArgs(
    project_id="elson-test",
    location="us-central1",
    key_id=KEY,
    datasets={
        "replica": Dataset(description="Tables of the databases, as they are", owners=[OWNERS]),
        "reports": Dataset(
            description="What analysts query",
            owners=[OWNERS],
            readers=[ANALYSTS, "user:ann@example.com"],
            writers={"loader": LOADER},
            expiration_days=400,
        ),
    },
    personal_data={
        "email": PersonalData(
            description="E-mail addresses", mask="EMAIL_MASK", readers=[COMPLIANCE], masked_readers=[ANALYSTS]
        ),
        "tax_id": PersonalData(description="Tax numbers", mask="SHA256", readers=[COMPLIANCE]),
    },
    pipeline=STREAM_SETTINGS,
)


def recorded(args: AnalyticsArgs = ARGS, *, known: bool = True) -> Graph:
    return record_components(lambda: Analytics("analytics", args), known=known)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return recorded()


def only(graph: Graph, token: str) -> Resource:
    (found,) = graph.of_type(token)
    return found


def datasets(graph: Graph) -> Mapping[str, Resource]:
    return {each["datasetId"]: each for each in graph.of_type(DATASET)}


def outputs(graph: Graph) -> dict[str, Any]:
    return dict(graph.named("analytics", "platform:data:Analytics").registered or {})


def test_each_dataset_is_open_to_those_who_are_named_and_to_nobody_else(graph: Graph) -> None:
    assert {key: each["accesses"] for key, each in datasets(graph).items()} == {
        "replica": [{"role": "OWNER", "groupByEmail": "data@example.com"}],
        "reports": [
            {"role": "OWNER", "groupByEmail": "data@example.com"},
            {"role": "READER", "groupByEmail": "analysts@example.com"},
            {"role": "READER", "userByEmail": "ann@example.com"},
            {"role": "WRITER", "userByEmail": LOADER},
        ],
    }, "left out, BigQuery lets in every editor and viewer of the project"


def test_datasets_are_in_one_region_under_our_key_and_never_deleted_with_their_tables(graph: Graph) -> None:
    for each in datasets(graph).values():
        assert (each["location"], each["project"]) == ("us-central1", "elson-test")
        assert each["defaultEncryptionConfiguration"] == {"kmsKeyName": KEY}
        assert (each["deleteContentsOnDestroy"], each.options.protect) == (False, True)
        assert each["maxTimeTravelHours"] == "168", "a week to undo a mistake, the longest that BigQuery offers"


def test_tables_end_where_that_is_asked_for(graph: Graph) -> None:
    day = 86_400_000
    found = {
        key: (each.get("defaultTableExpirationMs"), each.get("defaultPartitionExpirationMs"))
        for key, each in datasets(graph).items()
        if "defaultTableExpirationMs" in each.inputs
    }
    assert found == {"reports": (400 * day, 400 * day)}


def test_a_tagged_column_is_read_by_those_who_are_named_for_its_class(graph: Graph) -> None:
    assert only(graph, TAXONOMY)["activatedPolicyTypes"] == ["FINE_GRAINED_ACCESS_CONTROL"], "or tags are remarks"
    tags = {each["displayName"]: each for each in graph.of_type(TAG)}
    assert set(tags) == {"email", "tax_id"}
    assert {(grant["policyTag"], grant["role"], grant["member"]) for grant in graph.of_type(TAG_READER)} == {
        (tags["email"]["name"], "roles/datacatalog.categoryFineGrainedReader", COMPLIANCE),
        (tags["tax_id"]["name"], "roles/datacatalog.categoryFineGrainedReader", COMPLIANCE),
    }


def test_others_see_the_mask_of_a_class_if_they_are_named_for_that(graph: Graph) -> None:
    assert {
        each["dataPolicyId"]: (each["dataPolicyType"], each["dataMaskingPolicy"]) for each in graph.of_type(MASK)
    } == {
        "masked_email": ("DATA_MASKING_POLICY", {"predefinedExpression": "EMAIL_MASK"}),
        "masked_tax_id": ("DATA_MASKING_POLICY", {"predefinedExpression": "SHA256"}),
    }
    assert {(grant["dataPolicyId"], grant["role"], grant["member"]) for grant in graph.of_type(MASK_READER)} == {
        ("masked_email", "roles/bigquerydatapolicy.maskedReader", ANALYSTS)
    }


def test_the_loss_of_a_tag_would_open_its_columns_so_tags_are_protected(graph: Graph) -> None:
    assert {each.options.protect for each in graph.of_type(TAXONOMY, TAG)} == {True}


def test_whoever_is_given_a_tag_finds_its_readers_named() -> None:
    def build() -> None:
        made = Analytics("analytics", ARGS)
        random.RandomId("table", byte_length=1, keepers={"tag": made.policy_tags["email"]})

    used = record_components(build)
    assert {TAG_READER, MASK_READER} <= {each.type for each in used.dependencies(used.named("table"))}


def test_the_stream_reads_the_database_privately_and_verifies_it(graph: Graph) -> None:
    profile = graph.named("analytics-stream-source", PROFILE)
    assert profile["postgresqlProfile"] == {
        "hostname": "10.2.32.5",
        "port": 5432,
        "database": "elson",
        "username": "analytics",
        "secretManagerStoredPassword": "projects/elson-test/secrets/analytics/versions/1",
        "sslConfig": {"serverVerification": {"caCertificate": "PEM"}},
    }, "a password given here would stand in the state"
    connection = only(graph, CONNECTION)
    assert profile["privateConnectivity"] == {"privateConnection": connection["name"]}
    assert connection["pscInterfaceConfig"] == {"networkAttachment": only(graph, ATTACHMENT).id}
    assert "vpcPeeringConfig" not in connection.inputs, "a peering ends before Cloud SQL and before the other cloud"


def test_only_the_named_project_of_google_connects_to_our_subnet(graph: Graph) -> None:
    attachment = only(graph, ATTACHMENT)
    assert (attachment["connectionPreference"], attachment["producerAcceptLists"]) == (
        "ACCEPT_MANUAL",
        ["google-producer"],
    )
    unknown = only(recorded(replace(ARGS, pipeline=replace(STREAM_SETTINGS, producer_project=None))), ATTACHMENT)
    assert unknown["connectionPreference"] == "ACCEPT_AUTOMATIC", "the project is known once there is a connection"
    assert "producerAcceptLists" not in unknown.inputs


def test_the_stream_takes_the_selection_and_leaves_out_columns(graph: Graph) -> None:
    config = only(graph, STREAM)["sourceConfig"]["postgresqlSourceConfig"]
    assert (config["publication"], config["replicationSlot"]) == ("analytics", "analytics")
    assert config["includeObjects"] == {
        "postgresqlSchemas": [
            {"schema": "public", "postgresqlTables": [{"table": "accounts"}, {"table": "orders"}]},
            {"schema": "ledger", "postgresqlTables": []},
        ]
    }
    assert config["excludeObjects"] == {
        "postgresqlSchemas": [
            {
                "schema": "public",
                "postgresqlTables": [
                    {"table": "accounts", "postgresqlColumns": [{"column": "ssn"}]},
                    {"table": "orders", "postgresqlColumns": [{"column": "note"}]},
                ],
            }
        ]
    }


def test_the_stream_fills_the_named_dataset_and_is_as_fresh_as_asked(graph: Graph) -> None:
    stream = only(graph, STREAM)
    destination = stream["destinationConfig"]["bigqueryDestinationConfig"]
    assert destination["singleTargetDataset"] == {"datasetId": "elson-test:replica"}
    assert (destination["dataFreshness"], stream["customerManagedEncryptionKey"]) == ("900s", KEY)
    assert DATASET in {each.type for each in graph.dependencies(stream)}


@pytest.mark.parametrize("state", ["NOT_STARTED", "RUNNING", "PAUSED"])
def test_the_stream_starts_when_the_settings_say_so(graph: Graph, state: Any) -> None:
    after = recorded(replace(ARGS, pipeline=replace(STREAM_SETTINGS, desired_state=state)))
    assert only(after, STREAM)["desiredState"] == state
    change = difference(graph, after)
    assert [path for each in change.changed for path in each.paths] == (
        [] if state == "NOT_STARTED" else ["desiredState"]
    )
    assert (change.added, change.replaced, change.following, change.deleted) == ([], [], [], [])


def test_nothing_of_the_stream_is_validated_before_its_database_is_prepared(graph: Graph) -> None:
    assert graph.named("analytics-stream-source", PROFILE)["createWithoutValidation"] is True
    assert only(graph, STREAM)["createWithoutValidation"] is True


def test_a_dataset_with_readers_is_not_filled_with_untagged_columns() -> None:
    with pytest.raises(ValueError, match="would show them personal data"):
        replace(ARGS, pipeline=replace(STREAM_SETTINGS, dataset="reports"))


def test_a_stream_to_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match="none of the datasets"):
        replace(ARGS, pipeline=replace(STREAM_SETTINGS, dataset="elsewhere"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tables": {}}, "every table of every schema"),
        ({"excluded_columns": {"accounts": ["ssn"]}}, r"write <schema>\.<table>"),
    ],
)
def test_a_selection_that_would_be_read_as_another_one_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SELECTION, **changes)


def test_a_dataset_that_nobody_owns_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one owner"):
        Dataset(description="orphan", owners=[])


def test_a_name_that_bigquery_refuses_is_refused_here() -> None:
    with pytest.raises(ValueError, match="market-data: BigQuery takes letters"):
        replace(ARGS, datasets=dict(ARGS.datasets) | {"market-data": ARGS.datasets["replica"]})


def test_the_database_is_prepared_for_what_the_stream_reads_and_no_more() -> None:
    script = preparation("elson", "analytics", "platform", SELECTION).splitlines()
    assert [line for line in script if line.startswith(("GRANT", "SELECT pg_create"))] == [
        'GRANT "platform" TO CURRENT_USER;',
        'GRANT USAGE ON SCHEMA "public" TO "analytics";',
        'GRANT SELECT ON "public"."accounts", "public"."orders" TO "analytics";',
        'GRANT USAGE ON SCHEMA "ledger" TO "analytics";',
        'GRANT SELECT ON ALL TABLES IN SCHEMA "ledger" TO "analytics";',
        "SELECT pg_create_logical_replication_slot('analytics', 'pgoutput')",
    ], "the tables belong to the services, so the administrator has to be one of them to share any"
    published = 'TABLE "public"."accounts", "public"."orders", TABLES IN SCHEMA "ledger"'
    assert [line.strip() for line in script if "PUBLICATION" in line] == [
        f"THEN 'ALTER PUBLICATION \"analytics\" SET {published}'",
        f"ELSE 'CREATE PUBLICATION \"analytics\" FOR {published}' END \\gexec",
    ]
    assert script[0] == "\\set ON_ERROR_STOP on", "a half-prepared database must be noticed"
    assert script.index('\\connect "elson"') < script.index('GRANT USAGE ON SCHEMA "public" TO "analytics";')


def test_the_preparation_can_be_run_again() -> None:
    """It is when the password or the selection changes, while the stream runs."""
    script = preparation("elson", "analytics", "platform", SELECTION)
    assert "DROP" not in script, "the stream loses its place with the slot, and its changes with the publication"
    assert script.count("WHERE NOT EXISTS") == 2, "the login and the slot are there already"


def test_with_data_fusion_there_is_no_stream_and_the_instance_is_private() -> None:
    graph = recorded(replace(ARGS, pipeline=FUSION_SETTINGS))
    assert graph.of_type(STREAM, PROFILE, CONNECTION) == []
    instance = only(graph, FUSION)
    assert (instance["type"], instance["version"], instance["privateInstance"]) == ("BASIC", "6.11.1", True)
    assert instance["networkConfig"] == {
        "connectionType": "PRIVATE_SERVICE_CONNECT_INTERFACES",
        "privateServiceConnectConfig": {"networkAttachment": only(graph, ATTACHMENT).id},
    }
    assert instance["cryptoKeyConfig"] == {"keyReference": KEY}
    assert instance["dataprocServiceAccount"] == "pipelines@elson-test.iam.gserviceaccount.com"
    assert (only(graph, ATTACHMENT)["connectionPreference"], instance.options.protect) == ("ACCEPT_MANUAL", True)
    assert set(outputs(graph)) == {"dataset_ids", "policy_tags", "data_fusion_id"}


def test_without_a_pipeline_there_are_datasets_only() -> None:
    graph = recorded(replace(ARGS, pipeline=None, personal_data={}))
    assert {each.type for each in graph if each.custom and each.package == "gcp"} == {DATASET}
    assert outputs(graph) == {
        "dataset_ids": {"replica": "elson-test:replica", "reports": "elson-test:reports"},
        "policy_tags": {},
    }


def test_another_key_expiration_or_reader_changes_a_dataset_in_place(graph: Graph) -> None:
    reports = replace(ARGS.datasets["reports"], readers=[ANALYSTS], expiration_days=30)
    changed = replace(ARGS, key_id=f"{KEY}-2", datasets=dict(ARGS.datasets) | {"reports": reports})
    found = difference(graph, recorded(changed))
    assert {each.resource.type for each in found.changed} == {DATASET, STREAM}
    assert (found.added, found.replaced, found.following, found.deleted) == ([], [], [], [])


def test_another_dataset_or_class_leaves_the_others_alone(graph: Graph) -> None:
    more = replace(
        ARGS,
        datasets=dict(ARGS.datasets) | {"risk": Dataset(description="Risk", owners=[OWNERS])},
        personal_data=dict(ARGS.personal_data) | {"phone": replace(ARGS.personal_data["email"], mask="ALWAYS_NULL")},
    )
    found = difference(graph, recorded(more))
    assert {each.name for each in found.added if each.type in (DATASET, TAG)} == {"analytics-risk", "analytics-phone"}
    assert (found.changed, found.replaced, found.following, found.deleted) == ([], [], [], [])


@pytest.mark.parametrize("known", [True, False])
def test_it_is_built_whether_its_outputs_are_known_or_not(known: bool, graph: Graph) -> None:
    assert set(recorded(known=known).resources) == set(graph.resources)


@pytest.mark.parametrize("pipeline", [STREAM_SETTINGS, FUSION_SETTINGS], ids=["stream", "fusion"])
def test_every_input_is_one_the_sdk_knows(pipeline: StreamSettings | FusionSettings) -> None:
    problems = [
        f"{each.urn}: {problem.path}: {problem.message}"
        for each in recorded(replace(ARGS, pipeline=pipeline))
        if each.custom and (known := schema.resource(each.type)) is not None
        for problem in known.problems(each.inputs)
    ]
    assert problems == []
