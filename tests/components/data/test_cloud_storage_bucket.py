"""What a CloudStorageBucket promises."""

from dataclasses import replace
from typing import Any

import pulumi_random as random
import pytest

from components.data.cloud_storage_bucket import CloudStorageBucket, CloudStorageBucketArgs, RetentionLock
from components.data.lifecycle import Lifecycle
from sandbox import schema
from sandbox.difference import difference
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components

KEY = "projects/elson-test/locations/us-central1/keyRings/data/cryptoKeys/data"
READER = "serviceAccount:restore@elson-test.iam.gserviceaccount.com"
WRITER = "serviceAccount:dumps@elson-test.iam.gserviceaccount.com"

BUCKET = "gcp:storage/bucket:Bucket"
GRANT = "gcp:storage/bucketIAMMember:BucketIAMMember"

ARGS = CloudStorageBucketArgs(
    project_id="elson-test",
    location="us-central1",
    key_id=KEY,
    lifecycle=Lifecycle(noncurrent_days=90, archive_after_days=30, expire_after_days=2555),
    soft_delete_days=14,
    readers={"restore": READER},
    writers={"dumps": WRITER},
)


def recorded(args: CloudStorageBucketArgs = ARGS, *, known: bool = True) -> Graph:
    return record_components(lambda: CloudStorageBucket("dumps", args), known=known)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return recorded()


def bucket(graph: Graph) -> Resource:
    (found,) = graph.of_type(BUCKET)
    return found


def test_nothing_in_it_can_be_made_public_or_shared_object_by_object(graph: Graph) -> None:
    assert bucket(graph)["publicAccessPrevention"] == "enforced"
    assert bucket(graph)["uniformBucketLevelAccess"] is True


def test_objects_stay_in_the_region_under_our_key(graph: Graph) -> None:
    assert bucket(graph)["location"] == "US-CENTRAL1", "Google gives it back in capitals, and another one replaces it"
    assert bucket(graph)["encryption"] == {"defaultKmsKeyName": KEY}


def test_an_overwritten_or_deleted_object_can_be_brought_back(graph: Graph) -> None:
    assert bucket(graph)["versioning"] == {"enabled": True}
    assert bucket(graph)["softDeletePolicy"] == {"retentionDurationSeconds": 14 * 86_400}
    assert (bucket(graph)["forceDestroy"], bucket(graph).options.protect) == (False, True)


def test_objects_move_to_the_archive_and_end(graph: Graph) -> None:
    rules = [(rule["action"], rule["condition"]) for rule in bucket(graph)["lifecycleRules"]]
    assert rules == [
        ({"type": "Delete"}, {"daysSinceNoncurrentTime": 90, "withState": "ARCHIVED"}),
        ({"type": "AbortIncompleteMultipartUpload"}, {"age": 7}),
        ({"type": "SetStorageClass", "storageClass": "ARCHIVE"}, {"age": 30, "withState": "LIVE"}),
        ({"type": "Delete"}, {"age": 2555, "withState": "LIVE"}),
    ]


def test_without_ages_objects_stay_where_they_are() -> None:
    rules = bucket(recorded(replace(ARGS, lifecycle=Lifecycle(noncurrent_days=7))))["lifecycleRules"]
    assert [rule["condition"] for rule in rules] == [
        {"daysSinceNoncurrentTime": 7, "withState": "ARCHIVED"},
        {"age": 7},
    ]


@pytest.mark.parametrize("permanent", [True, False])
def test_retained_objects_are_not_overwritten_so_they_have_no_versions(permanent: bool) -> None:
    found = bucket(recorded(replace(ARGS, retention=RetentionLock(days=35, permanent=permanent))))
    assert found["retentionPolicy"] == {"retentionPeriod": "3024000", "isLocked": permanent}
    assert found["versioning"] == {"enabled": False}, "Cloud Storage has one or the other"


def test_members_have_exactly_these_roles(graph: Graph) -> None:
    assert {(grant["member"], grant["role"]) for grant in graph.of_type(GRANT)} == {
        (READER, "roles/storage.objectViewer"),
        (WRITER, "roles/storage.objectCreator"),
    }


def test_whoever_is_given_the_bucket_may_use_it() -> None:
    def build() -> None:
        made = CloudStorageBucket("dumps", ARGS)
        random.RandomId("writer", byte_length=1, keepers={"bucket": made.bucket_name})

    used = record_components(build)
    assert [each.type for each in used.dependencies(used.named("writer"))].count(GRANT) == 2


@pytest.mark.parametrize("days", [-1, 1, 6, 91])
def test_a_soft_deletion_that_google_refuses_is_refused_here(days: int) -> None:
    with pytest.raises(ValueError, match="takes 0 or 7 to 90"):
        replace(ARGS, soft_delete_days=days)


def test_a_storage_class_of_the_other_cloud_is_refused() -> None:
    with pytest.raises(ValueError, match="no meaning here"):
        replace(ARGS, lifecycle=Lifecycle(noncurrent_days=7, deep_archive_after_days=90))


CHANGES: list[dict[str, Any]] = [
    {"lifecycle": Lifecycle(noncurrent_days=1)},
    {"soft_delete_days": 7},
    {"key_id": KEY + "-2"},
    {"retention": RetentionLock(days=1, permanent=False)},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_no_change_of_how_it_keeps_objects_replaces_it(graph: Graph, change: dict[str, Any]) -> None:
    found = difference(graph, recorded(replace(ARGS, **change)))
    assert [each.resource.type for each in found.changed] == [BUCKET]
    assert (found.added, found.replaced, found.following, found.deleted) == ([], [], [], [])


@pytest.mark.parametrize("known", [True, False])
def test_it_is_built_whether_its_outputs_are_known_or_not(known: bool, graph: Graph) -> None:
    assert set(recorded(known=known).resources) == set(graph.resources)


def test_every_input_is_one_the_sdk_knows(graph: Graph) -> None:
    problems = [
        f"{each.urn}: {problem.path}: {problem.message}"
        for each in graph
        if each.custom and (known := schema.resource(each.type)) is not None
        for problem in known.problems(each.inputs)
    ]
    assert problems == []
