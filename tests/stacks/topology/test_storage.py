"""The buckets of each environment: their keys, locks and copies, who may what, and what a changed setting changes."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from sandbox.difference import STATEFUL_TYPES, difference
from sandbox.graph import Graph, Resource
from tests.environments import changed, loaded

S3 = "aws:s3/bucket:Bucket"
GCS = "gcp:storage/bucket:Bucket"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
LOGGING = "aws:s3/bucketLogging:BucketLogging"
REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
GRANT = "gcp:storage/bucketIAMMember:BucketIAMMember"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
CLOUD_RUN = "gcp:cloudrunv2/service:Service"

NAMES = ("bucket-statements", "bucket-records")
COPIES = ("bucket-statements-us-west-2", "bucket-records-us-west-2")
RECORDS = "platform:storage.buckets.records"
STATEMENTS = "platform:storage.buckets.statements"
STANDBY = ("staging", "production")


def held(graph: Graph, *types: str) -> list[Resource]:
    """The resources of these types that belong to the buckets of the settings, or to their log."""
    owners = [graph.named(name, "platform:data:Bucket") for name in ("access-logs", *NAMES)]
    owners += [r for r in graph.of_type("platform:data:CloudStorageBucket") if r.name.startswith("bucket-")]
    return [r for owner in owners for r in graph.descendants(owner) if r.type in types]


def key_of(graph: Graph, name: str) -> str | None:
    """The name of the key by which a bucket encrypts what it is given; None for S3's own."""
    encryption = graph.named(name, ENCRYPTION)
    (rule,) = encryption["rules"]
    default = rule["applyServerSideEncryptionByDefault"]
    if default["sseAlgorithm"] == "AES256":
        return None
    key = graph.referred(default["kmsMasterKeyId"], encryption)
    assert key is not None, f"{name} has a key of somebody else"
    return key.name


def statements(document: str) -> Mapping[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in json.loads(document)["Statement"]}


def allowed(graph: Graph, role_policy: str) -> Mapping[str, dict[str, Any]]:
    return statements(graph.named(role_policy, ROLE_POLICY)["policy"])


def buckets_behind(graph: Graph, resources: list[str]) -> set[str]:
    found = [graph.referred(arn.removesuffix("/*")) for arn in resources]
    assert None not in found, f"a bucket that is none of ours: {resources}"
    return {bucket.name for bucket in found if bucket}


def told(container: Mapping[str, Any], names: tuple[str, str], variables: str) -> dict[str, str]:
    """The names of buckets among the variables of a container."""
    name, value = names
    return {each[name]: each[value] for each in container[variables] if each[name].startswith("BUCKET")}


def in_aws(graph: Graph, task: str) -> dict[str, str]:
    (container,) = json.loads(graph.named(task, TASK)["containerDefinitions"])
    return told(container, ("name", "value"), "environment")


def physical(graph: Graph, name: str) -> str:
    (bucket,) = [r for r in held(graph, S3, GCS) if r.name == name]
    return bucket["bucket"] if bucket.type == S3 else bucket["name"]


def test_every_environment_has_the_same_buckets_and_copies_where_there_is_room(environment: str, graph: Graph) -> None:
    expected = {
        "development": {"access-logs", *NAMES},
        "staging": {"access-logs", *NAMES, "bucket-statements-gcp", "bucket-records-gcp"},
        "production": {"access-logs", *NAMES, *COPIES, "bucket-statements-gcp", "bucket-records-gcp"},
    }
    assert {r.name for r in held(graph, S3, GCS)} == expected[environment]


def test_what_is_stored_has_the_key_of_data_in_its_region_and_the_log_has_the_one_that_s3_can_write_with(
    production: Graph,
) -> None:
    assert {name: key_of(production, name) for name in ("access-logs", *NAMES, *COPIES)} == {
        "access-logs": None,
        **dict.fromkeys(NAMES, "key-data-aws"),
        **dict.fromkeys(COPIES, "key-data-aws-us-west-2"),
    }
    for bucket in held(production, GCS):
        key = production.referred(bucket["encryption"]["defaultKmsKeyName"], bucket)
        assert (key.name if key else None) == "key-data-gcp"
        assert bucket["location"] == "US-CENTRAL1", "data stays in the regions that may hold it"


def test_the_key_of_data_is_used_through_s3_in_both_regions(production: Graph) -> None:
    for key, region in (("key-data-aws", "us-east-1"), ("key-data-aws-us-west-2", "us-west-2")):
        types = ("aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey")
        (policy,) = [r["policy"] for r in production.of_type(*types) if r.name == key]
        used = statements(policy)["AccountUsesThroughServices"]
        assert f"s3.{region}.amazonaws.com" in used["Condition"]["StringEquals"]["kms:ViaService"], (
            "roles, and the one that copies, are refused by the key whatever IAM says"
        )
        assert {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*"} <= set(used["Action"])


@pytest.mark.parametrize("environment", STANDBY)
def test_cloud_storage_may_use_the_key_before_a_bucket_asks_for_it(environment: str, graph: Graph) -> None:
    grant = graph.named("key-data-gcp-service-storage")
    number = loaded(environment).gcp.project_number
    assert grant["member"] == f"serviceAccount:service-{number}@gs-project-accounts.iam.gserviceaccount.com"
    assert grant["role"] == "roles/cloudkms.cryptoKeyEncrypterDecrypter"
    for bucket in held(graph, GCS):
        assert grant in graph.dependencies(bucket), f"{bucket.name}: the first deployment would fail"


def test_where_nothing_stands_by_cloud_storage_is_given_no_key() -> None:
    without = changed("staging", {f"{STATEMENTS}.standby": None, f"{RECORDS}.standby": None})
    assert [r.name for r in without if r.name == "key-data-gcp-service-storage"] == []
    assert held(without, GCS) == []
    assert in_cloud_run(without, "backend-api") == {}, "a bucket that is not there has no name"


def in_cloud_run(graph: Graph, service: str) -> dict[str, str]:
    found = [r for r in graph.of_type(CLOUD_RUN) if r.name.startswith(f"{service}-gcp")]
    assert found, f"{service} is not on Cloud Run"
    told_of = [
        told(container, ("name", "value"), "envs") for r in found for container in r["template"]["containers"][:1]
    ]
    assert all(each == told_of[0] for each in told_of), "both colours use the same buckets"
    return told_of[0]


def test_nobody_comes_without_tls_and_every_version_is_kept(graph: Graph) -> None:
    buckets = {r.name for r in held(graph, S3)}
    policies, versioned = held(graph, POLICY), held(graph, VERSIONING)
    assert {r.name for r in policies} == {r.name for r in versioned} == buckets
    for each in policies:
        refused = statements(each["policy"])["PlainText"]
        assert (refused["Effect"], refused["Principal"], refused["Action"]) == ("Deny", "*", ["s3:*"])
        assert refused["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert {r["versioningConfiguration"]["status"] for r in versioned} == {"Enabled"}
    assert [r.urn for r in held(graph, *STATEFUL_TYPES) if not r.options.protect] == []


@pytest.mark.parametrize(
    ("environment", "mode", "days", "permanent"),
    [("staging", "GOVERNANCE", 7, False), ("production", "COMPLIANCE", 2555, True)],
)
def test_records_are_written_once_wherever_they_are(
    graph: Graph, environment: str, mode: str, days: int, permanent: bool
) -> None:
    copies = {"bucket-records-us-west-2"} if environment == "production" else set[str]()
    locks = {r.name: r["rule"]["defaultRetention"] for r in held(graph, LOCK)}
    assert locks == {name: {"mode": mode, "days": days} for name in ("bucket-records", *copies)}
    retention = graph.named("bucket-records-gcp", GCS)["retentionPolicy"]
    assert retention == {"retentionPeriod": str(days * 86_400), "isLocked": permanent}
    assert "retentionPolicy" not in graph.named("bucket-statements-gcp", GCS).inputs
    assert graph.named("bucket-statements-gcp", GCS)["versioning"] == {"enabled": True}


def test_development_locks_nothing(development: Graph) -> None:
    assert held(development, LOCK) == [], "what was written for a try would stay"


def test_old_objects_move_to_glacier_to_deep_archive_and_to_archive(production: Graph) -> None:
    def transitions(name: str) -> dict[str, int]:
        (rule,) = production.named(name, LIFECYCLE)["rules"]
        return {each["storageClass"]: each["days"] for each in rule["transitions"]}

    for name in ("bucket-records", "bucket-records-us-west-2"):
        assert transitions(name) == {"GLACIER": 90, "DEEP_ARCHIVE": 365}
    assert transitions("bucket-statements") == {"GLACIER": 730}
    ages = {
        rule["condition"]["age"]
        for rule in production.named("bucket-records-gcp", GCS)["lifecycleRules"]
        if rule["action"]["type"] == "SetStorageClass"
    }
    assert ages == {90}


def test_the_log_ends_and_what_it_is_about_does_not(production: Graph) -> None:
    expirations = {
        r.name: rule.get("expiration", {}).get("days") for r in held(production, LIFECYCLE) for rule in r["rules"]
    }
    assert expirations == {"access-logs": 365, **dict.fromkeys((*NAMES, *COPIES))}


def test_who_asked_for_what_is_written_into_a_folder_for_each_bucket(graph: Graph) -> None:
    logged = {r.name: (r["targetBucket"], r["targetPrefix"]) for r in held(graph, LOGGING)}
    log = physical(graph, "access-logs")
    assert logged == {"bucket-statements": (log, "statements/"), "bucket-records": (log, "records/")}
    policy = graph.named("access-logs", POLICY)
    writers = {sid: it for sid, it in statements(policy["policy"]).items() if it["Effect"] == "Allow"}
    assert {tuple(it["Action"]) for it in writers.values()} == {("s3:PutObject",)}
    assert {it["Principal"]["Service"] for it in writers.values()} == {"logging.s3.amazonaws.com"}
    assert {it["Resource"][0].partition("/")[2] for it in writers.values()} == {"statements/*", "records/*"}
    for each in held(graph, LOGGING):
        assert policy in graph.dependencies(each), "S3 refuses a log that it may not write yet"


def test_production_copies_to_the_recovery_region_once_both_sides_keep_what_they_get(production: Graph) -> None:
    for name, copy in zip(NAMES, COPIES, strict=True):
        replication = production.named(copy, REPLICATION)
        assert replication["bucket"] == physical(production, name)
        (rule,) = replication["rules"]
        assert buckets_behind(production, [rule["destination"]["bucket"]]) == {copy}
        waited = {(r.type, r.name) for r in production.dependencies(replication)}
        assert {(VERSIONING, name), (VERSIONING, copy)} <= waited
    records = production.named("bucket-records-us-west-2", REPLICATION)
    waited = {(r.type, r.name) for r in production.dependencies(records)}
    assert {(LOCK, "bucket-records"), (LOCK, "bucket-records-us-west-2")} <= waited, (
        "a locked version that meets a copy without a lock is never copied"
    )


def test_only_the_service_that_names_them_may_use_the_buckets(graph: Graph) -> None:
    touching = {
        r.name
        for r in graph.of_type(ROLE_POLICY)
        for it in json.loads(r["policy"])["Statement"]
        if any("bucket-" in str(resource) for resource in it["Resource"])
    }
    copying = {f"{name}-replication" for name in NAMES} if graph.stack == "production" else set[str]()
    recovering = {"backend-api-recovery-task"} if graph.stack == "production" else set[str]()
    assert touching - copying == {"backend-api-task", *recovering}


@pytest.mark.parametrize(
    ("role", "region", "buckets", "key"),
    [
        ("backend-api-task", "us-east-1", NAMES, "key-data-aws"),
        ("backend-api-recovery-task", "us-west-2", COPIES, "key-data-aws-us-west-2"),
    ],
)
def test_a_service_lists_reads_and_adds_and_takes_nothing_away(
    production: Graph, role: str, region: str, buckets: tuple[str, ...], key: str
) -> None:
    may = allowed(production, role)
    about = {sid: it for sid, it in may.items() if any(a.startswith(("s3:", "kms:")) for a in it["Action"])}
    assert {sid: it["Action"] for sid, it in about.items()} == {
        "ListBuckets": ["s3:ListBucket"],
        "ReadAndAddObjects": ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
        "UseKeyOfBuckets": ["kms:Decrypt", "kms:GenerateDataKey"],
    }
    assert buckets_behind(production, about["ListBuckets"]["Resource"]) == set(buckets)
    assert buckets_behind(production, about["ReadAndAddObjects"]["Resource"]) == set(buckets)
    assert all(each.endswith("/*") for each in about["ReadAndAddObjects"]["Resource"])
    named = [production.referred(arn) for arn in about["UseKeyOfBuckets"]["Resource"]]
    assert [it.name for it in named if it] == [key]
    conditions = about["UseKeyOfBuckets"]["Condition"]
    assert conditions["StringEquals"] == {"kms:ViaService": f"s3.{region}.amazonaws.com"}
    contexts = conditions["StringLike"]["kms:EncryptionContext:aws:s3:arn"]
    assert buckets_behind(production, contexts) == set(buckets), "the key opens databases and volumes too"


@pytest.mark.parametrize("environment", STANDBY)
def test_in_google_cloud_a_service_reads_and_adds_and_takes_nothing_away(graph: Graph) -> None:
    account = graph.named("backend-api-identity-account")
    grants = {(r["bucket"], r["role"], r["member"]) for r in held(graph, GRANT)}
    assert grants == {
        (bucket["name"], role, f"serviceAccount:{account['email']}")
        for bucket in held(graph, GCS)
        for role in ("roles/storage.objectViewer", "roles/storage.objectCreator")
    }


def test_a_service_is_told_the_names_of_its_buckets_in_its_place(production: Graph) -> None:
    for task in ("backend-api-blue", "backend-api-green"):
        assert in_aws(production, task) == {
            "BUCKET_STATEMENTS": physical(production, "bucket-statements"),
            "BUCKET_RECORDS": physical(production, "bucket-records"),
        }
    assert in_aws(production, "backend-api-recovery-blue") == {
        "BUCKET_STATEMENTS": physical(production, "bucket-statements-us-west-2"),
        "BUCKET_RECORDS": physical(production, "bucket-records-us-west-2"),
    }
    assert in_cloud_run(production, "backend-api") == {
        "BUCKET_STATEMENTS": physical(production, "bucket-statements-gcp"),
        "BUCKET_RECORDS": physical(production, "bucket-records-gcp"),
    }
    assert in_aws(production, "websocket-blue") == {}


def test_other_ages_are_taken_in_place(production: Graph) -> None:
    ages = {
        f"{RECORDS}.archive_after_days": 120,
        f"{RECORDS}.lock.days": 3650,
        f"{STATEMENTS}.expire_after_days": 4000,
        f"{STATEMENTS}.noncurrent_days": 30,
        f"{STATEMENTS}.standby.soft_delete_days": 7,
        "platform:storage.access_log_days": 30,
    }
    found = difference(production, changed("production", ages))
    assert {(change.resource.type, change.resource.name) for change in found.changed} == {
        *((LIFECYCLE, f"bucket-{name}{end}") for name in ("records", "statements") for end in ("", "-us-west-2")),
        (LIFECYCLE, "access-logs"),
        *((LOCK, f"bucket-records{end}") for end in ("", "-us-west-2")),
        (GCS, "bucket-records-gcp"),
        (GCS, "bucket-statements-gcp"),
    }
    assert (found.added, found.replaced, found.following, found.deleted) == ([], [], [], [])


def test_a_lock_is_given_to_a_bucket_that_is_there(development: Graph) -> None:
    after = changed(
        "development", {f"{RECORDS}.lock": {"mode": "GOVERNANCE", "days": 7}, f"{RECORDS}.expire_after_days": 30}
    )
    found = difference(development, after)
    assert [(r.type, r.name) for r in found.added] == [(LOCK, "bucket-records")]
    assert (found.changed, found.replaced, found.following, found.deleted) == ([], [], [], [])
