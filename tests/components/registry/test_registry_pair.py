"""What a RegistryPair promises; that images arrive in the copies is not proven here."""

import json
from typing import Any

import pytest

from components.registry.registry_pair import (
    PULL,
    PUSH,
    AwsRegistryArgs,
    GcpRegistryArgs,
    RegistryPair,
    RegistryPairArgs,
    RegistryReplica,
    lifecycle_policy,
    repository_policy,
)
from sandbox.graph import Graph
from sandbox.recorder import record_components

ACCOUNT = "111122223333"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/mrk-1"
REPLICA_KEY = f"arn:aws:kms:us-west-2:{ACCOUNT}:key/mrk-1"
GOOGLE_KEY = "projects/elson-test/locations/us-central1/keyRings/data/cryptoKeys/data"
READER, PUBLISHER = f"arn:aws:iam::{ACCOUNT}:role/nodes", f"arn:aws:iam::{ACCOUNT}:role/release"
GOOGLE_READER, GOOGLE_PUBLISHER = "serviceAccount:nodes@x.example", "serviceAccount:release@x.example"
IMAGES = ("backend-api", "websocket")
REPOSITORY = "aws:ecr/repository:Repository"
GOOGLE_REPOSITORY = "gcp:artifactregistry/repository:Repository"


def build(*, replica: bool = True, google: bool = True, access: bool = True) -> None:
    aws = AwsRegistryArgs(
        account_id=ACCOUNT,
        region="us-east-1",
        key_arn=KEY,
        replica=RegistryReplica(region="us-west-2", key_arn=REPLICA_KEY) if replica else None,
        readers={"nodes": READER} if access else {},
        publishers={"release": PUBLISHER} if access else {},
    )
    gcp = GcpRegistryArgs(
        project_id="elson-test",
        region="us-central1",
        key_id=GOOGLE_KEY,
        readers={"nodes": GOOGLE_READER},
        publishers={"release": GOOGLE_PUBLISHER},
    )
    RegistryPair(
        "registry",
        RegistryPairArgs(
            prefix="elson-staging",
            images=IMAGES,
            keep_images=30,
            untagged_days=7,
            aws=aws,
            gcp=gcp if google else None,
        ),
    )


@pytest.fixture(scope="module")
def graph() -> Graph:
    return record_components(build)


def outputs(graph: Graph) -> dict[str, Any]:
    return dict(graph.named("registry", "platform:registry:RegistryPair").registered or {})


def test_every_image_has_a_repository_in_each_region_under_that_region_s_key(graph: Graph) -> None:
    repositories = {
        (each["region"], each["name"], each["encryptionConfigurations"][0]["kmsKey"])
        for each in graph.of_type(REPOSITORY)
    }
    assert repositories == {
        (region, f"elson-staging/{image}", key)
        for image in IMAGES
        for region, key in (("us-east-1", KEY), ("us-west-2", REPLICA_KEY))
    }


def test_a_tag_never_moves_in_any_of_the_registries(graph: Graph) -> None:
    assert {each["imageTagMutability"] for each in graph.of_type(REPOSITORY)} == {"IMMUTABLE"}
    assert graph.of_type(GOOGLE_REPOSITORY)[0]["dockerConfig"] == {"immutableTags": True}


def test_every_image_is_scanned_when_pushed_and_again_when_more_is_known(graph: Graph) -> None:
    (scanning,) = graph.of_type("aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration")
    assert scanning["scanType"] == "ENHANCED"
    assert scanning["rules"] == [
        {
            "scanFrequency": "CONTINUOUS_SCAN",
            "repositoryFilters": [{"filter": "elson-staging/*", "filterType": "WILDCARD"}],
        }
    ]
    assert {each["imageScanningConfiguration"]["scanOnPush"] for each in graph.of_type(REPOSITORY)} == {True}
    google = graph.of_type(GOOGLE_REPOSITORY)[0]["vulnerabilityScanningConfig"]
    assert google == {"enablementConfig": "INHERITED"}


def test_a_repository_is_not_deleted_with_its_images(graph: Graph) -> None:
    assert {(each.options.protect, each["forceDelete"]) for each in graph.of_type(REPOSITORY)} == {(True, False)}
    (google,) = graph.of_type(GOOGLE_REPOSITORY)
    assert (google.options.protect, google["deletionPolicy"]) == (True, "PREVENT")


def test_images_are_copied_to_the_recovery_region_and_no_others_are(graph: Graph) -> None:
    (replication,) = graph.of_type("aws:ecr/replicationConfiguration:ReplicationConfiguration")
    assert replication["replicationConfiguration"]["rules"] == [
        {
            "destinations": [{"region": "us-west-2", "registryId": ACCOUNT}],
            "repositoryFilters": [{"filter": "elson-staging/", "filterType": "PREFIX_MATCH"}],
        }
    ]


def test_copying_begins_when_the_copies_have_repositories_of_ours(graph: Graph) -> None:
    (replication,) = graph.of_type("aws:ecr/replicationConfiguration:ReplicationConfiguration")
    waits_for = {each.urn for each in graph.dependencies(replication)}
    copies = {each.urn for each in graph.of_type(REPOSITORY) if each["region"] == "us-west-2"}
    assert waits_for == copies, "ECR would create one itself: with movable tags, and no key of ours"


def test_without_a_recovery_region_nothing_is_copied() -> None:
    alone = record_components(lambda: build(replica=False))
    assert {each["region"] for each in alone.of_type(REPOSITORY)} == {"us-east-1"}
    assert alone.of_type("aws:ecr/replicationConfiguration:ReplicationConfiguration") == []
    assert outputs(alone)["aws_replica_repository_urls"] == {}
    assert outputs(alone)["aws_replica_repository_arns"] == {}


def test_old_images_are_deleted_in_every_ecr_repository(graph: Graph) -> None:
    policies = graph.of_type("aws:ecr/lifecyclePolicy:LifecyclePolicy")
    assert len(policies) == len(graph.of_type(REPOSITORY)), "replication copies no settings"
    assert all(json.loads(each["policy"]) == lifecycle_policy(30, 7) for each in policies)


def test_untagged_images_go_by_age_and_tagged_ones_by_number() -> None:
    selections = [(rule["rulePriority"], rule["selection"]) for rule in lifecycle_policy(30, 7)["rules"]]
    assert selections == [
        (
            1,
            {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 7},
        ),
        (
            2,
            {
                "tagStatus": "tagged",
                "tagPatternList": ["*"],
                "countType": "imageCountMoreThan",
                "countNumber": 30,
            },
        ),
    ]


def test_google_deletes_untagged_images_and_keeps_the_newest(graph: Graph) -> None:
    (repository,) = graph.of_type(GOOGLE_REPOSITORY)
    assert repository["cleanupPolicyDryRun"] is False, "a dry run deletes nothing"
    assert repository["cleanupPolicies"] == [
        {
            "id": "delete-untagged",
            "action": "DELETE",
            "condition": {"tagState": "UNTAGGED", "olderThan": "604800s"},
        },
        {"id": "keep-newest", "action": "KEEP", "mostRecentVersions": {"keepCount": 30}},
    ]


def test_readers_pull_and_publishers_push_and_neither_deletes() -> None:
    pull, push = repository_policy({"nodes": READER}, {"release": PUBLISHER})["Statement"]
    assert (pull["Principal"], pull["Action"]) == ({"AWS": [READER]}, PULL)
    assert (push["Principal"], push["Action"]) == ({"AWS": [PUBLISHER]}, PUSH)
    assert not [action for action in PUSH if "*" in action or "Delete" in action or "Policy" in action]


def test_every_ecr_repository_has_the_policy(graph: Graph) -> None:
    policies = graph.of_type("aws:ecr/repositoryPolicy:RepositoryPolicy")
    assert len(policies) == len(graph.of_type(REPOSITORY))
    expected = repository_policy({"nodes": READER}, {"release": PUBLISHER})
    assert all(json.loads(each["policy"]) == expected for each in policies)


def test_a_registry_that_names_nobody_has_no_policy() -> None:
    nobody = record_components(lambda: build(access=False))
    assert nobody.of_type("aws:ecr/repositoryPolicy:RepositoryPolicy") == [], "ECR refuses a policy with no statement"


def test_google_members_have_exactly_these_roles(graph: Graph) -> None:
    grants = {
        (each["member"], each["role"])
        for each in graph.of_type("gcp:artifactregistry/repositoryIamMember:RepositoryIamMember")
    }
    assert grants == {
        (GOOGLE_READER, "roles/artifactregistry.reader"),
        (GOOGLE_PUBLISHER, "roles/artifactregistry.writer"),
    }


def test_where_images_are_is_published_by_image(graph: Graph) -> None:
    published = outputs(graph)
    assert {key for key, value in published.items() if isinstance(value, dict) and set(value) == set(IMAGES)} == {
        "aws_repository_urls",
        "aws_repository_arns",
        "aws_replica_repository_urls",
        "aws_replica_repository_arns",
    }
    assert published["gcp_repository_url"] == graph.of_type(GOOGLE_REPOSITORY)[0]["registryUri"]


def test_without_a_standby_cloud_there_is_no_google_registry() -> None:
    alone = record_components(lambda: build(google=False))
    assert [each.name for each in alone.resources.values() if each.type.startswith("gcp:")] == []
    assert set(outputs(alone)) == {
        "aws_repository_urls",
        "aws_repository_arns",
        "aws_replica_repository_urls",
        "aws_replica_repository_arns",
    }, "None is not registered"


@pytest.mark.parametrize("known", [True, False])
def test_it_is_built_whether_its_outputs_are_known_or_not(known: bool) -> None:
    assert len(record_components(build, known=known).of_type(REPOSITORY)) == 4
