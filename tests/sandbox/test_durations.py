"""The table of typical minutes, against the types that the installed SDKs really have."""

import importlib.util
from pathlib import Path

from sandbox import durations
from sandbox.graph import Options, Resource


def resource(token: str, custom: bool = True) -> Resource:
    return Resource(
        urn=f"urn:pulumi:test::test::{token}::it",
        type=token,
        name="it",
        custom=custom,
        parent=None,
        provider=None,
        id="it",
        inputs={},
        outputs={},
        registered=None,
        secret_inputs=frozenset(),
        secret_outputs=frozenset(),
        secret_registered=frozenset(),
        dependencies=frozenset(),
        property_dependencies={},
        options=Options(),
        source=None,
    )


def registered_tokens(package: str) -> str:
    """The registry of resource types that an SDK carries, as text: importing all its modules takes many seconds."""
    spec = importlib.util.find_spec(f"pulumi_{package}")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).read_text()


def test_every_type_of_the_table_exists_in_its_sdk() -> None:
    registries = {package: registered_tokens(package) for package in ("aws", "gcp", "kubernetes")}
    dead = {token for token in durations.MINUTES if f'"{token}"' not in registries[token.partition(":")[0]]}
    assert dead == set(), "a misspelt type matches no resource, and its figure is never used"


def test_what_a_deploy_waits_for_longest_is_a_database_then_a_cluster() -> None:
    slow = [
        "aws:rds/instance:Instance",
        "gcp:sql/databaseInstance:DatabaseInstance",
        "aws:eks/cluster:Cluster",
        "gcp:container/cluster:Cluster",
        "aws:ec2/natGateway:NatGateway",
        "aws:ec2/subnet:Subnet",
    ]
    figures = [durations.minutes(resource(token)) for token in slow]
    assert figures == sorted(figures, reverse=True), "chains are ranked by these figures"
    assert figures[0] == 15
    assert figures[-1] == durations.API_CALL, "what exists after its API call needs no entry"


def test_what_no_cloud_creates_takes_no_time() -> None:
    assert durations.minutes(resource("platform:network:NetworkPair", custom=False)) == 0
    assert durations.minutes(resource("pulumi:providers:aws")) == 0, "a provider is configured, not created"
