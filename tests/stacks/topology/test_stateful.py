"""What holds state, or what others hold on to, is protected, and stays through every edit of an ordinary day."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import pytest

from sandbox import schema
from sandbox.difference import STATEFUL_TYPES, Difference, difference
from sandbox.graph import Graph, Resource
from tests.environments import changed, loaded, recorded

KEPT_TYPES = STATEFUL_TYPES | {
    # Addresses that partners have on their lists, and records point to.
    "aws:ec2/eip:Eip",
    "gcp:compute/address:Address",
    "gcp:compute/globalAddress:GlobalAddress",
    # The zone above names this key: another one, and the domain is gone for whoever checks signatures.
    "aws:route53/hostedZoneDnsSec:HostedZoneDnsSec",
    "aws:route53/keySigningKey:KeySigningKey",
    # Who may read a column, which tables name by an id that never comes back; so do pools of identities and sites.
    "gcp:datacatalog/policyTag:PolicyTag",
    "gcp:datacatalog/taxonomy:Taxonomy",
    "gcp:firebase/hostingSite:HostingSite",
    "gcp:iam/workloadIdentityPool:WorkloadIdentityPool",
    "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider",
}

ADDRESSES = ("gcp:compute/address:Address", "gcp:compute/globalAddress:GlobalAddress")

Check = Callable[[Any], bool]


def kept_on(value: Any) -> bool:
    return value is True


def left_off(value: Any) -> bool:
    return value in (None, False)


def a_week(value: Any) -> bool:
    return isinstance(value, int) and value >= 7


def given(value: Any) -> bool:
    return bool(value)


def refused(value: Any) -> bool:
    return value == "PREVENT"


GUARDS: Mapping[str, Mapping[str, Check]] = {
    "aws:ecr/repository:Repository": {"forceDelete": left_off},
    "aws:elasticache/replicationGroup:ReplicationGroup": {"finalSnapshotIdentifier": given},
    "aws:kinesis/stream:Stream": {"enforceConsumerDeletion": left_off},
    "aws:kms/key:Key": {"deletionWindowInDays": a_week},
    "aws:kms/replicaKey:ReplicaKey": {"deletionWindowInDays": a_week},
    "aws:lb/loadBalancer:LoadBalancer": {"enableDeletionProtection": kept_on},
    "aws:rds/instance:Instance": {"deletionProtection": kept_on, "deleteAutomatedBackups": left_off},
    "aws:route53/zone:Zone": {"forceDestroy": left_off},
    "aws:s3/bucket:Bucket": {"forceDestroy": left_off},
    "aws:secretsmanager/secret:Secret": {"recoveryWindowInDays": a_week},
    "gcp:artifactregistry/repository:Repository": {"deletionPolicy": refused},
    "gcp:bigquery/dataset:Dataset": {"deleteContentsOnDestroy": left_off},
    "gcp:cloudrunv2/service:Service": {"deletionProtection": kept_on},
    "gcp:dns/managedZone:ManagedZone": {"forceDestroy": left_off},
    "gcp:kms/cryptoKey:CryptoKey": {"deletionPolicy": refused, "destroyScheduledDuration": given},
    "gcp:redis/instance:Instance": {"deletionProtection": kept_on},
    "gcp:secretmanager/secret:Secret": {"deletionProtection": kept_on, "versionDestroyTtl": given},
    "gcp:sql/databaseInstance:DatabaseInstance": {
        "deletionProtection": kept_on,
        "settings.deletionProtectionEnabled": kept_on,
        "settings.retainBackupsOnDelete": kept_on,
    },
    "gcp:storage/bucket:Bucket": {"forceDestroy": left_off, "softDeletePolicy.retentionDurationSeconds": a_week},
}
"""By type: inputs by which its cloud refuses to delete it, or gives it back, and what they say."""

CLOUD_WORDS = re.compile(
    r"deletionProtection|enableDeletionProtection|deletionWindowInDays|recoveryWindowInDays|finalSnapshotIdentifier"
)
"""What such inputs are called. Google's `deletionPolicy` is left out: it is the provider that heeds it, no cloud."""

MAIN, SESSIONS = "platform:databases.managed.main", "platform:caches.managed.sessions"
SIZES = {
    f"{MAIN}.instance_class": "db.r8g.2xlarge",
    f"{MAIN}.storage_gib": 400,
    f"{MAIN}.max_storage_gib": 2000,
    f"{MAIN}.pool_percent": 70,
    f"{MAIN}.recovery.instance_class": "db.r8g.2xlarge",
    f"{MAIN}.standby.tier": "db-custom-8-30720",
    f"{MAIN}.standby.max_storage_gib": 2000,
    f"{SESSIONS}.node_type": "cache.r7g.xlarge",
    f"{SESSIONS}.nodes": 4,
    f"{SESSIONS}.recovery.node_type": "cache.r7g.xlarge",
    f"{SESSIONS}.recovery.nodes": 3,
    f"{SESSIONS}.standby.memory_gib": 10,
}
PERIODS = {
    f"{MAIN}.backups.maintenance_window": "sat:04:00-sat:05:00",
    f"{MAIN}.observation.log_retention_days": 400,
    f"{MAIN}.observation.monitoring_seconds": 60,
    f"{MAIN}.standby.backups.retained": 60,
    f"{SESSIONS}.backups.snapshot_days": 14,
    f"{SESSIONS}.log_retention_days": 400,
    f"{SESSIONS}.standby.snapshots": "SIX_HOURS",
    "platform:keys.rotation_days": 180,
    "platform:secrets.rotation_days": 30,
    "platform:secrets.recovery_window_days": 14,
    "platform:registry.keep_images": 50,
    "platform:registry.untagged_days": 3,
    "platform:events.archive_retention_days": 400,
    "platform:events.stream.retention_hours": 72,
    "platform:events.log_retention_days": 400,
    "platform:analytics.datasets.reports.expiration_days": 400,
    "platform:network.aws.flow_log_retention_days": 400,
    "platform:compute.log_retention_days": 400,
    "platform:edge.log_retention_days": 400,
    "platform:edge.request_log_days": 400,
    "platform:edge.undo_days": 60,
    "platform:dns.ttl_seconds": 600,
    "platform:dns.failover_ttl_seconds": 30,
}
LABELS = {
    "platform:environment.owner": "another-team",
    "platform:environment.cost_center": "cc-1",
    "platform:environment.data_class": "internal",
}
NAMES = {
    "platform:services.backend-api.hostname": "backend",
    "platform:services.frontend.hostname": "www",
    "platform:identity.authorized_domains": ["www.elsonwealth.com"],
}
RUNTIME = {
    "platform:compute.architecture": "X86_64",
    "platform:compute.cloud_run.egress": "private_ranges",
    "platform:edge.idle_timeout_seconds": 120,
    "platform:edge.price_class": "PriceClass_All",
    "platform:edge.rules.countries.mode": "enforce",
    "platform:dns.checks.failure_threshold": 2,
    "platform:dns.active": "gcp",
    "platform:release.green_percent": 25,
    "platform:services.backend-api.cpu": 4,
    "platform:services.backend-api.memory_gib": 8,
    "platform:services.backend-api.port": 9000,
    "platform:services.backend-api.environment": {"LOG_LEVEL": "debug"},
    "platform:services.backend-api.graceful_stop_seconds": 60,
}


def of_every_service() -> dict[str, Any]:
    edits: dict[str, Any] = {}
    for name in loaded("production").containers:
        edits[f"platform:services.{name}.replicas"] = {"min": 3, "max": 12, "standby": 2}
        edits[f"platform:services.{name}.images"] = {"blue": "sha256:" + "cd" * 32, "green": "sha256:" + "ab" * 32}
    return edits


@cache
def edited() -> Difference:
    """What all of these do to production in one deployment."""
    edits = {**SIZES, **PERIODS, **LABELS, **NAMES, **RUNTIME, **of_every_service()}
    return difference(recorded("production"), changed("production", edits))


def kept(graph: Graph) -> list[Resource]:
    """An address that the settings choose comes back as it was; of the others, nobody gets the same one twice."""
    found = [resource for resource in graph if resource.custom and resource.type in KEPT_TYPES]
    return [resource for resource in found if not (resource.type in ADDRESSES and resource.inputs.get("address"))]


def value(resource: Resource, path: str) -> Any:
    found: Any = resource.outputs
    for step in path.split("."):
        found = (found or {}).get(step)
    return found


def test_what_is_kept_is_protected_from_the_program_itself(graph: Graph) -> None:
    assert [r.urn for r in kept(graph) if not r.options.protect] == [], "a rename would delete it"


def test_what_is_protected_is_known_to_be_kept(graph: Graph) -> None:
    """Where the tables of this file lack something that its component protects, its edits would go unnoticed."""
    known = KEPT_TYPES | {
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        "gcp:firebase/project:Project",
        "random:index/randomBytes:RandomBytes",
    }
    assert {r.type for r in graph if r.custom and r.options.protect} - known == set()


@pytest.mark.parametrize("name", ["staging", "production"])
def test_its_cloud_refuses_to_delete_it_or_gives_it_back(name: str) -> None:
    """Not in development, which is built and taken down."""
    graph = recorded(name)
    open_doors = [
        f"{resource.urn} {path}: {value(resource, path)!r}"
        for token, guards in GUARDS.items()
        for resource in graph.of_type(token)
        for path, holds in guards.items()
        if not holds(value(resource, path))
    ]
    assert open_doors == [], "protection in the program does not hold against the console"


@pytest.mark.parametrize("name", ["staging", "production"])
def test_the_last_snapshot_of_a_primary_is_kept_when_it_is_deleted(name: str) -> None:
    databases = recorded(name).of_type("aws:rds/instance:Instance")
    primaries = [each for each in databases if not each.get("replicateSourceDb")]
    assert primaries
    assert [each.urn for each in primaries if each["skipFinalSnapshot"] or not each["finalSnapshotIdentifier"]] == []


@pytest.mark.parametrize("name", ["staging", "production"])
def test_no_protection_that_a_cloud_offers_is_left_out(name: str) -> None:
    """Of what is kept; a type that is new here has to be looked at."""
    unused: set[tuple[str, str]] = set()
    for token in {resource.type for resource in kept(recorded(name))}:
        known = schema.resource(token)
        assert known is not None
        offered = {each for each in known.inputs if CLOUD_WORDS.fullmatch(each)}
        unused |= {(token, each) for each in offered - set(GUARDS.get(token, {}))}
    assert unused - {("aws:rds/instance:Instance", "finalSnapshotIdentifier")} == set()


def test_no_edit_of_an_ordinary_day_replaces_or_deletes_what_is_kept() -> None:
    found = edited()
    lost = [c.before.urn for c in (*found.replaced, *found.following) if c.before.type in KEPT_TYPES]
    assert lost + [r.urn for r in found.deleted if r.type in KEPT_TYPES] == []
    assert found.stateful == []


def test_such_edits_make_nothing_anew_but_revisions_of_tasks_and_what_certifies_a_name() -> None:
    found = edited()
    certified = {"DnsAuthorization", "Certificate", "CertificateMapEntry"}
    assert {change.resource.type for change in found.replaced} == {
        "aws:ecs/taskDefinition:TaskDefinition",
        *(f"gcp:certificatemanager/{kind[:1].lower()}{kind[1:]}:{kind}" for kind in certified),
    }
    assert {change.resource.name for change in found.following} == {
        "certificate-gcp-proofs-backend-api",
        "certificate-gcp-proofs-backend-api-place",
    }, "another name is another proof"


def test_another_port_or_name_moves_openings_records_and_checks() -> None:
    found = edited()
    moved = {
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "aws:route53/healthCheck:HealthCheck",
        "aws:route53/record:Record",
        "gcp:dns/recordSet:RecordSet",
    }
    assert {resource.type for resource in (*found.added, *found.deleted)} == moved
    assert len(found.added) == len(found.deleted)


def test_every_edit_arrives_where_the_data_is() -> None:
    """An edit that reaches nothing would make the tests above pass by themselves."""
    reached = {(change.resource.name, path) for change in edited().changed for path in change.paths}
    wanted = {
        ("postgres-main", "instanceClass"),
        ("postgres-main", "allocatedStorage"),
        ("postgres-main-us-east-1b", "instanceClass"),
        ("postgres-main-us-west-2", "instanceClass"),
        ("postgres-main-standby", "settings.tier"),
        ("redis-sessions-aws", "nodeType"),
        ("redis-sessions-aws", "numCacheClusters"),
        ("redis-sessions-recovery", "nodeType"),
        ("redis-sessions-gcp", "memorySizeGb"),
        ("key-data-aws", "rotationPeriodInDays"),
        ("key-data-gcp", "rotationPeriod"),
        ("secret-key-aws", "recoveryWindowInDays"),
        ("trading-events-archive", "retentionDays"),
        ("trading-events-to-google-stream", "retentionPeriod"),
        ("analytics-reports", "defaultTableExpirationMs"),
        ("images-gcp", "cleanupPolicies[0].condition.olderThan"),
        ("aws", "defaultTags.tags.owner"),
        ("gcp", "defaultLabels.owner"),
        ("backend-api-public", "actions[0].forward.targetGroups[1].weight"),
        ("backend-api-blue", "minCapacity"),
        ("frontend", "priceClass"),
    }
    assert wanted - reached == set()
