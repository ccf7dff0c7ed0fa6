"""How the parts of the platform are wired: who waits for whom, who uses which key, what a changed setting changes."""

import re
from collections import Counter

from sandbox.difference import difference
from sandbox.graph import Graph, Resource
from tests.environments import changed

GOOGLE_LABEL = re.compile(r"[a-z0-9_-]{1,63}")


def key_behind(graph: Graph, resource: Resource, name: str) -> str:
    """The purpose of the key that a resource names under this input."""
    key = graph.referred(resource[name])
    assert key is not None, f"{resource.urn} names no key of ours: {resource[name]}"
    return key.name.removesuffix("-aws").removesuffix("-gcp").removesuffix("-aws-us-west-2").removeprefix("key-")


def test_all_of_google_cloud_waits_for_its_apis(production: Graph) -> None:
    apis = {r.urn for r in production.of_type("gcp:projects/service:Service")}
    provider = production.named("gcp", "pulumi:providers:gcp")
    waited = {each.urn for each in production.dependencies(provider)}
    held = {r.urn for each in production.dependencies(provider) for r in production.descendants(each)}
    assert apis <= waited | held, "an API that is not on yet fails the first deployment, and only that one"
    early = {r.type for r in production if r.custom and r.package == "gcp" and r.provider != provider.urn}
    assert early == {
        "pulumi:providers:gcp",
        "gcp:projects/service:Service",
        "gcp:projects/serviceIdentity:ServiceIdentity",
    }, "what is not on that provider waits for nothing"


def test_the_recovery_network_is_on_the_recovery_provider_as_a_whole(production: Graph) -> None:
    network = production.named("network-recovery")
    providers = {production.provider(r).name for r in production.descendants(network) if r.custom}
    assert providers == {"aws-recovery"}, "one resource left behind would be in the primary region"
    assert production.named("aws-recovery").inputs["region"] == "us-west-2"


def test_tags_and_labels_are_the_same_and_legal_in_both_clouds(graph: Graph) -> None:
    tags = [p.inputs["defaultTags"]["tags"] for p in graph.of_type("pulumi:providers:aws")]
    labels = [p.inputs["defaultLabels"] for p in graph.of_type("pulumi:providers:gcp")]
    first, *others = [*tags, *labels]
    assert all(other == first for other in others), "costs are told apart by the same words in both clouds"
    assert set(first) == {"project", "environment", "owner", "cost-center", "data-class", "service", "managed-by"}
    assert [word for word in [*first, *first.values()] if not GOOGLE_LABEL.fullmatch(word)] == []


def test_each_kind_of_data_has_the_key_of_its_purpose(production: Graph) -> None:
    uses = {
        "aws:cloudwatch/logGroup:LogGroup": ("kmsKeyId", "logs"),
        "aws:secretsmanager/secret:Secret": ("kmsKeyId", "secrets"),
        "gcp:artifactregistry/repository:Repository": ("kmsKeyName", "images"),
    }
    for token, (name, purpose) in uses.items():
        found = {key_behind(production, resource, name) for resource in production.of_type(token)}
        assert found == {purpose}, f"{token}: whoever may use another key could read it"
    repositories = production.of_type("aws:ecr/repository:Repository")
    keys = {production.referred(r["encryptionConfigurations"][0]["kmsKey"]) for r in repositories}
    assert {key.name for key in keys if key} == {"key-images-aws", "key-images-aws-us-west-2"}


def test_every_secret_is_in_both_clouds_and_in_the_recovery_region(production: Graph) -> None:
    """Those of one cloud alone, how to connect to what only that cloud has, are told by the tests of the data."""
    pairs = [r for pair in production.of_type("platform:security:SecretPair") for r in production.descendants(pair)]
    aws = {r["name"]: r for r in pairs if r.type == "aws:secretsmanager/secret:Secret"}
    google = {r["secretId"] for r in pairs if r.type == "gcp:secretmanager/secret:Secret"}
    assert set(aws) == google
    assert {"secret-key", "jwt-secret", "encryption-key", "slack-token", "broker-api-keys"} <= set(aws)
    assert {region["region"] for secret in aws.values() for region in secret["replicas"]} == {"us-west-2"}


def test_a_switched_off_standby_leaves_nothing_of_google(development: Graph) -> None:
    assert {r.package for r in development if r.custom} == {"aws", "random"}
    assert not development.of_type("pulumi:providers:gcp")


def test_a_gateway_in_every_zone_adds_gateways_and_moves_routes(staging: Graph) -> None:
    after = changed("staging", {"platform:network.aws.nat": "per_zone"})
    found = difference(staging, after)
    assert Counter(r.type for r in found.added) == {"aws:ec2/eip:Eip": 1, "aws:ec2/natGateway:NatGateway": 1}
    assert {change.resource.name for change in found.changed} == {"network-aws-private-internet-us-east-1b"}
    assert (found.replaced, found.deleted) == ([], [])


def test_another_owner_touches_the_tags_and_replaces_nothing(staging: Graph) -> None:
    found = difference(staging, changed("staging", {"platform:environment.owner": "another-team"}))
    assert {change.resource.type for change in found.changed} == {"pulumi:providers:aws", "pulumi:providers:gcp"}
    assert (found.added, found.replaced, found.deleted) == ([], [], [])


def test_another_image_or_weight_reaches_nothing_that_holds_data(staging: Graph) -> None:
    after = changed(
        "staging",
        {
            "platform:release.green_percent": 10,
            "platform:services.backend-api.images.green": "sha256:" + "ab" * 32,
        },
    )
    found = difference(staging, after)
    assert (found.added, found.following, found.deleted, found.stateful) == ([], [], [], [])
    assert {change.resource.type for change in found.replaced} == {"aws:ecs/taskDefinition:TaskDefinition"}, (
        "a revision of a task is made anew, and nothing else"
    )


def test_rotation_days_of_keys_are_changed_in_place(staging: Graph) -> None:
    found = difference(staging, changed("staging", {"platform:keys.rotation_days": 180}))
    assert {change.resource.type for change in found.changed} == {"aws:kms/key:Key", "gcp:kms/cryptoKey:CryptoKey"}
    assert (found.added, found.replaced, found.deleted) == ([], [], [])
