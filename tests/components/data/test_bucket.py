"""What a Bucket promises; that S3 evaluates its policies as AWS documents them is not proven here."""

import json
from dataclasses import replace
from typing import Any

import pulumi_aws as aws
import pulumi_random as random
import pytest

from components import policy
from components.data.bucket import AccessLogs, Bucket, BucketArgs, BucketReplica, ObjectLock
from components.data.bucket_policy import (
    LogSource,
    LogWriter,
    bucket_policy,
    replication_policy,
    replication_trust,
    use_statements,
)
from components.data.lifecycle import Lifecycle
from sandbox import schema
from sandbox.difference import difference
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components

ACCOUNT = "111122223333"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/mrk-1"
REPLICA_KEY = f"arn:aws:kms:us-west-2:{ACCOUNT}:key/mrk-1"

BUCKET = "aws:s3/bucket:Bucket"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
PUBLIC = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"

ARGS = BucketArgs(
    account_id=ACCOUNT,
    region="us-east-1",
    key_arn=KEY,
    lifecycle=Lifecycle(noncurrent_days=90, archive_after_days=30, deep_archive_after_days=180, expire_after_days=2555),
    access_logs=AccessLogs(bucket_name="logs-1", prefix="backups"),
    replica=BucketReplica(region="us-west-2", key_arn=REPLICA_KEY),
)
ALONE = replace(ARGS, replica=None)
FOR_LOGS = BucketArgs(
    account_id=ACCOUNT,
    region="us-east-1",
    key_arn=None,
    lifecycle=Lifecycle(noncurrent_days=7, archive_after_days=90, expire_after_days=400),
    access_logs=None,
    writers=[LogWriter(source="s3", prefix="s3"), LogWriter(source="load_balancer", prefix="alb")],
)


def recorded(args: BucketArgs, *, known: bool = True) -> Graph:
    return record_components(lambda: Bucket("backups", args), known=known)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return recorded(ARGS)


@pytest.fixture(scope="module")
def logs() -> Graph:
    return recorded(FOR_LOGS)


def both(graph: Graph, token: str) -> tuple[Resource, Resource]:
    """What belongs to the bucket, and to its copy."""
    return graph.named("backups", token), graph.named("backups-us-west-2", token)


def outputs(graph: Graph) -> dict[str, Any]:
    return dict(graph.named("backups", "platform:data:Bucket").registered or {})


def statements(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in document["Statement"]}


def attached(graph: Graph, name: str = "backups") -> dict[str, dict[str, Any]]:
    return statements(json.loads(graph.named(name, POLICY)["policy"]))


def test_bucket_and_copy_are_hardened_alike(graph: Graph) -> None:
    for token in (BUCKET, POLICY, VERSIONING, ENCRYPTION, LIFECYCLE, PUBLIC, OWNERSHIP):
        bucket, copy = both(graph, token)
        assert (bucket["region"], copy["region"]) == ("us-east-1", "us-west-2"), token
    assert len(graph.of_type(BUCKET)) == 2


def test_nothing_in_it_can_be_made_public(graph: Graph) -> None:
    for closed in both(graph, PUBLIC):
        names = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
        assert [closed[name] for name in names] == [True] * 4
    for ownership in both(graph, OWNERSHIP):
        assert ownership["rule"] == {"objectOwnership": "BucketOwnerEnforced"}, "ACLs would be a second way in"


def test_objects_are_encrypted_by_the_key_of_their_region(graph: Graph) -> None:
    found = [
        (rule["applyServerSideEncryptionByDefault"], rule["bucketKeyEnabled"])
        for each in both(graph, ENCRYPTION)
        for rule in each["rules"]
    ]
    assert found == [
        ({"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY}, True),
        ({"sseAlgorithm": "aws:kms", "kmsMasterKeyId": REPLICA_KEY}, True),
    ]


def test_an_overwritten_or_deleted_object_can_be_brought_back(graph: Graph) -> None:
    for versioning in both(graph, VERSIONING):
        assert versioning["versioningConfiguration"] == {"status": "Enabled"}
    for bucket in both(graph, BUCKET):
        assert (bucket["forceDestroy"], bucket.options.protect) == (False, True)


def test_objects_move_to_cheaper_storage_and_end(graph: Graph) -> None:
    for lifecycle in both(graph, LIFECYCLE):
        assert lifecycle["rules"] == [
            {
                "id": "all",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "transitions": [
                    {"days": 30, "storageClass": "GLACIER"},
                    {"days": 180, "storageClass": "DEEP_ARCHIVE"},
                ],
                "expiration": {"days": 2555},
                "noncurrentVersionExpiration": {"noncurrentDays": 90},
                "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
            }
        ]
        versioned = [each.type for each in graph.dependencies(lifecycle)]
        assert VERSIONING in versioned, "S3 refuses rules about versions before"


def test_without_ages_objects_stay_where_they_are() -> None:
    (lifecycle,) = recorded(replace(ALONE, lifecycle=Lifecycle(noncurrent_days=7))).of_type(LIFECYCLE)
    (rule,) = lifecycle["rules"]
    assert (rule["transitions"], "expiration" in rule) == ([], False)


@pytest.mark.parametrize(
    "steps",
    [
        {"archive_after_days": 90, "deep_archive_after_days": 30},
        {"archive_after_days": 90, "expire_after_days": 90},
        {"deep_archive_after_days": 180, "expire_after_days": 90},
    ],
)
def test_steps_out_of_order_are_refused(steps: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="each step later than the one before"):
        Lifecycle(noncurrent_days=7, **steps)


def test_a_lifecycle_that_lets_no_mistake_be_undone_is_refused() -> None:
    with pytest.raises(ValueError, match="could not be undone"):
        Lifecycle(noncurrent_days=0)


def test_nobody_comes_without_tls_or_stores_under_another_key(graph: Graph) -> None:
    for name, key in (("backups", KEY), ("backups-us-west-2", REPLICA_KEY)):
        arn = graph.named(name, BUCKET)["arn"]
        found = attached(graph, name)
        assert set(found) == {"PlainText", "OtherEncryption", "OtherKey"}
        assert {each["Effect"] for each in found.values()} == {"Deny"}, "who comes in is for roles to say"
        assert {each["Principal"] for each in found.values()} == {"*"}
        assert found["PlainText"]["Action"] == ["s3:*"]
        assert found["PlainText"]["Resource"] == [arn, f"{arn}/*"]
        assert found["PlainText"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert found["OtherKey"]["Condition"] == {
            "StringNotEquals": {"s3:x-amz-server-side-encryption-aws-kms-key-id": key},
            "Null": {"s3:x-amz-server-side-encryption-aws-kms-key-id": "false"},
        }, "an upload that names no key gets the bucket's own"
        assert found["OtherEncryption"]["Condition"] == {
            "StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"},
            "Null": {"s3:x-amz-server-side-encryption": "false"},
        }


def test_s3_is_asked_for_one_change_of_access_at_a_time(graph: Graph) -> None:
    for attached_policy in both(graph, POLICY):
        assert PUBLIC in {each.type for each in graph.dependencies(attached_policy)}


def test_whoever_is_given_the_bucket_finds_its_policy_in_force() -> None:
    def build() -> None:
        bucket = Bucket("backups", FOR_LOGS)
        random.RandomId("load-balancer", byte_length=1, keepers={"bucket": bucket.bucket_name})

    used = record_components(build)
    assert POLICY in {each.type for each in used.dependencies(used.named("load-balancer"))}, (
        "a load balancer tries to write when its logs are turned on, and refuses if it may not"
    )


def test_access_is_logged_into_the_named_folder(graph: Graph, logs: Graph) -> None:
    (logging,) = graph.of_type("aws:s3/bucketLogging:BucketLogging")
    assert (logging["targetBucket"], logging["targetPrefix"]) == ("logs-1", "backups/")
    assert logs.of_type("aws:s3/bucketLogging:BucketLogging") == [], "each log would be logged again, without end"


def written(source: LogSource) -> dict[str, dict[str, Any]]:
    writer = LogWriter(source=source, prefix="x")
    made = bucket_policy("arn:b", account_id=ACCOUNT, region="eu-west-1", key_arn=None, writers=[writer])
    return {sid: each for sid, each in statements(made).items() if each["Effect"] == "Allow"}


@pytest.mark.parametrize(
    ("source", "service", "sources", "looks"),
    [
        ("s3", "logging.s3.amazonaws.com", ["arn:aws:s3:::*"], []),
        (
            "load_balancer",
            "logdelivery.elasticloadbalancing.amazonaws.com",
            [f"arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT}:loadbalancer/*"],
            [],
        ),
        (
            "log_delivery",
            "delivery.logs.amazonaws.com",
            [f"arn:aws:logs:eu-west-1:{ACCOUNT}:*", f"arn:aws:logs:us-east-1:{ACCOUNT}:*"],
            ["s3:GetBucketAcl", "s3:ListBucket"],
        ),
        (
            "cloudtrail",
            "cloudtrail.amazonaws.com",
            [f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/*"],
            ["s3:GetBucketAcl"],
        ),
    ],
)
def test_a_service_that_writes_logs_writes_for_this_account_and_does_nothing_else(
    source: LogSource, service: str, sources: list[str], looks: list[str]
) -> None:
    found = written(source)
    assert [action for each in found.values() for action in each["Action"]] == [*looks, "s3:PutObject"]
    for each in found.values():
        assert each["Principal"] == {"Service": service}
        assert each["Condition"]["StringEquals"]["aws:SourceAccount"] == ACCOUNT
        assert each["Condition"]["ArnLike"] == {"aws:SourceArn": sources}


def test_writers_of_logs_stay_in_their_own_folders(logs: Graph) -> None:
    arn = logs.named("backups", BUCKET)["arn"]
    found = attached(logs)
    assert {sid: each["Resource"] for sid, each in found.items() if each["Effect"] == "Allow"} == {
        "S3S3Writes": [f"{arn}/s3/*"],
        "LoadBalancerAlbWrites": [f"{arn}/alb/AWSLogs/{ACCOUNT}/*"],
    }
    assert {sid for sid, each in found.items() if each["Effect"] == "Deny"} == {"PlainText"}


def test_a_bucket_for_logs_uses_the_encryption_that_their_writers_can(logs: Graph) -> None:
    (encryption,) = logs.of_type(ENCRYPTION)
    (rule,) = encryption["rules"]
    assert rule == {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}, "bucketKeyEnabled": False}


@pytest.mark.parametrize("source", ["s3", "load_balancer"])
def test_logs_that_would_be_lost_in_silence_are_refused(source: LogSource) -> None:
    with pytest.raises(ValueError, match="lost in silence"):
        replace(ALONE, writers=[LogWriter(source=source, prefix="x")])


def test_access_logs_into_a_locked_bucket_are_refused() -> None:
    with pytest.raises(ValueError, match="give object_lock=None"):
        replace(FOR_LOGS, object_lock=ObjectLock(mode="GOVERNANCE", days=30))


def test_a_copy_without_a_key_is_refused() -> None:
    with pytest.raises(ValueError, match="give it key_arn"):
        replace(ARGS, key_arn=None)


def test_everything_but_deletions_is_copied_and_encrypted_by_the_key_there(graph: Graph) -> None:
    (replication,) = graph.of_type(REPLICATION)
    bucket, copy = both(graph, BUCKET)
    assert (replication["bucket"], replication["region"]) == (bucket.id, "us-east-1")
    assert replication["rules"] == [
        {
            "id": "all",
            "priority": 1,
            "status": "Enabled",
            "filter": {"prefix": ""},
            "deleteMarkerReplication": {"status": "Disabled"},
            "sourceSelectionCriteria": {"sseKmsEncryptedObjects": {"status": "Enabled"}},
            "destination": {
                "bucket": copy["arn"],
                "encryptionConfiguration": {"replicaKmsKeyId": REPLICA_KEY},
            },
        }
    ]
    waits_for = [each.type for each in graph.dependencies(replication)]
    assert (waits_for.count(VERSIONING), "aws:iam/rolePolicy:RolePolicy" in waits_for) == (2, True)


def test_the_role_of_the_replication_reads_here_writes_there_and_does_nothing_else(graph: Graph) -> None:
    bucket, copy = both(graph, BUCKET)
    (permission,) = graph.of_type("aws:iam/rolePolicy:RolePolicy")
    found = statements(json.loads(permission["policy"]))
    assert {sid: (each["Action"], each["Resource"]) for sid, each in found.items()} == {
        "ReadConfiguration": (["s3:GetReplicationConfiguration", "s3:ListBucket"], [bucket["arn"]]),
        "ReadVersions": (
            [
                "s3:GetObjectLegalHold",
                "s3:GetObjectRetention",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionTagging",
            ],
            [f"{bucket['arn']}/*"],
        ),
        "WriteReplicas": (["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"], [f"{copy['arn']}/*"]),
        "DecryptSource": (["kms:Decrypt"], [KEY]),
        "EncryptReplica": (["kms:Encrypt", "kms:GenerateDataKey"], [REPLICA_KEY]),
    }


def test_the_role_uses_each_key_for_its_bucket_and_region_only() -> None:
    made = statements(
        replication_policy(
            source_arn="arn:here",
            source_key_arn=KEY,
            source_region="us-east-1",
            replica_arn="arn:there",
            replica_key_arn=REPLICA_KEY,
            replica_region="us-west-2",
        )
    )
    through = {sid: made[sid]["Condition"]["StringEquals"] for sid in ("DecryptSource", "EncryptReplica")}
    assert through == {
        "DecryptSource": {"kms:ViaService": "s3.us-east-1.amazonaws.com"},
        "EncryptReplica": {"kms:ViaService": "s3.us-west-2.amazonaws.com"},
    }
    assert made["DecryptSource"]["Condition"]["StringLike"]["kms:EncryptionContext:aws:s3:arn"][0] == "arn:here"
    assert made["EncryptReplica"]["Condition"]["StringLike"]["kms:EncryptionContext:aws:s3:arn"][0] == "arn:there"


def test_only_s3_assumes_the_role() -> None:
    (statement,) = replication_trust()["Statement"]
    assert (statement["Principal"], statement["Action"]) == ({"Service": "s3.amazonaws.com"}, ["sts:AssumeRole"])


def test_whoever_uses_buckets_lists_reads_and_adds_and_takes_nothing_away() -> None:
    arns = ["arn:aws:s3:::one", "arn:aws:s3:::two"]
    graph = record_components(
        lambda: aws.iam.RolePolicy(
            "use",
            role="anyone",
            policy=policy.rendered(policy.document(*use_statements(arns, region="us-east-1", key_arn=KEY))),
        )
    )
    found = statements(json.loads(graph.named("use")["policy"]))
    objects = [f"{arn}/*" for arn in arns]
    assert {sid: (it["Action"], it["Resource"]) for sid, it in found.items()} == {
        "ListBuckets": (["s3:ListBucket"], arns),
        "ReadAndAddObjects": (["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"], objects),
        "UseKeyOfBuckets": (["kms:Decrypt", "kms:GenerateDataKey"], [KEY]),
    }
    assert {it["Effect"] for it in found.values()} == {"Allow"}
    conditions = found["UseKeyOfBuckets"]["Condition"]
    assert conditions["StringEquals"] == {"kms:ViaService": "s3.us-east-1.amazonaws.com"}
    assert set(conditions["StringLike"]["kms:EncryptionContext:aws:s3:arn"]) == {*arns, *objects}, (
        "with a bucket key the context is the bucket, without one the object"
    )


def test_locked_versions_are_locked_in_the_copy_too() -> None:
    graph = recorded(replace(ARGS, object_lock=ObjectLock(mode="COMPLIANCE", days=35)))
    for lock in both(graph, LOCK):
        assert lock["rule"] == {"defaultRetention": {"mode": "COMPLIANCE", "days": 35}}, "S3 stops the copies otherwise"
        assert lock.options.protect is True
    waited = [r.name for r in graph.dependencies(graph.named("backups-us-west-2", REPLICATION)) if r.type == LOCK]
    assert sorted(waited) == ["backups", "backups-us-west-2"], "a version that comes before the lock is never copied"


def test_lock_and_copy_are_added_without_replacing_the_bucket() -> None:
    added = replace(ARGS, object_lock=ObjectLock(mode="GOVERNANCE", days=35))
    change = difference(recorded(ALONE), recorded(added))
    assert (change.changed, change.replaced, change.following, change.deleted) == ([], [], [], [])
    assert {(each.type, each.name) for each in change.added if each.type in (BUCKET, LOCK, REPLICATION)} == {
        (BUCKET, "backups-us-west-2"),
        (REPLICATION, "backups-us-west-2"),
        (LOCK, "backups"),
        (LOCK, "backups-us-west-2"),
    }


def test_other_ages_change_the_rules_and_nothing_else(graph: Graph) -> None:
    change = difference(graph, recorded(replace(ARGS, lifecycle=Lifecycle(noncurrent_days=30))))
    assert {each.resource.type for each in change.changed} == {LIFECYCLE}
    assert (change.added, change.replaced, change.deleted) == ([], [], [])


def test_without_a_recovery_region_there_is_one_bucket() -> None:
    graph = recorded(ALONE)
    assert [each.name for each in graph.of_type(BUCKET)] == ["backups"]
    assert graph.of_type("aws:iam/role:Role", REPLICATION) == []
    assert set(outputs(graph)) == {"bucket_name", "bucket_arn", "regional_domain_name"}, "None is not registered"


@pytest.mark.parametrize("known", [True, False])
def test_it_is_built_whether_its_outputs_are_known_or_not(known: bool, graph: Graph) -> None:
    assert set(recorded(ARGS, known=known).resources) == set(graph.resources)


def test_every_input_is_one_the_sdk_knows(graph: Graph) -> None:
    problems = [
        f"{each.urn}: {problem.path}: {problem.message}"
        for each in graph
        if each.custom and (known := schema.resource(each.type)) is not None
        for problem in known.problems(each.inputs)
    ]
    assert problems == []
