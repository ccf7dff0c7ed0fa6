"""The databases and caches of each environment: what they stand on, and what a changed setting changes."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest
import yaml

from sandbox.difference import STATEFUL_TYPES, Difference, difference
from sandbox.graph import Graph, Resource
from tests.environments import ROOT, changed

POSTGRES = "platform:data:ReplicatedPostgres"
REDIS = "platform:data:RedisHA"
RDS = "aws:rds/instance:Instance"
PROXY = "aws:rds/proxy:Proxy"
CLOUD_SQL = "gcp:sql/databaseInstance:DatabaseInstance"
SQL_USER = "gcp:sql/user:User"
REPLICATION_GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
MEMORYSTORE = "gcp:redis/instance:Instance"
JOB = "gcp:databasemigrationservice/migrationJob:MigrationJob"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
SUBNET = "aws:ec2/subnet:Subnet"
AWS_SECRET = "aws:secretsmanager/secret:Secret"
AWS_VALUE = "aws:secretsmanager/secretVersion:SecretVersion"
GCP_VALUE = "gcp:secretmanager/secretVersion:SecretVersion"
MAIN = "platform:databases.managed.main"
SESSIONS = "platform:caches.managed.sessions"
STANDBY = ("staging", "production")


def held(graph: Graph, *types: str) -> list[Resource]:
    """The resources of these types that the databases and caches own."""
    owners = [*graph.of_type(POSTGRES), *graph.of_type(REDIS)]
    return [r for owner in owners for r in graph.descendants(owner) if r.type in types]


def name_behind(graph: Graph, value: Any, by: Resource) -> str:
    found = graph.referred(value, by)
    assert found is not None, f"{by.urn} names nothing of ours: {value}"
    return found.name


def moved(found: Difference) -> list[str]:
    """What would go or come anew."""
    gone = [change.resource.urn for change in (*found.replaced, *found.following)]
    return gone + [r.urn for r in found.deleted]


def test_every_environment_has_the_database_and_the_cache_under_the_names_of_their_parties(graph: Graph) -> None:
    assert [r.name for r in graph.of_type(POSTGRES)] == ["postgres-main"]
    assert [r.name for r in graph.of_type(REDIS)] == ["redis-sessions"]


@pytest.mark.parametrize(
    ("token", "uses"),
    [
        (RDS, {"kmsKeyId": "data", "performanceInsightsKmsKeyId": "data"}),
        (CLOUD_SQL, {"encryptionKeyName": "data"}),
        (REPLICATION_GROUP, {"kmsKeyId": "data"}),
        (MEMORYSTORE, {"customerManagedKey": "data"}),
        ("aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication", {"kmsKeyId": "data"}),
        ("aws:cloudwatch/logGroup:LogGroup", {"kmsKeyId": "logs"}),
        (AWS_SECRET, {"kmsKeyId": "secrets"}),
    ],
)
def test_what_is_stored_has_the_key_of_its_purpose(production: Graph, token: str, uses: Mapping[str, str]) -> None:
    resources = held(production, token)
    assert resources, f"production has no {token}"
    for resource in resources:
        for key, purpose in uses.items():
            if resource.inputs.get(key) is not None:
                place = "-aws-us-west-2" if resource.inputs.get("region") == "us-west-2" else f"-{resource.package}"
                expected = f"key-{purpose}{place}"
                assert name_behind(production, resource.inputs[key], resource) == expected, f"{resource.urn}: {key}"


def test_a_copy_in_the_recovery_region_is_encrypted_there(production: Graph) -> None:
    (replica,) = [r for r in held(production, RDS) if r.inputs.get("region") == "us-west-2"]
    assert name_behind(production, replica["kmsKeyId"], replica) == "key-data-aws-us-west-2"
    copies = {region["region"] for r in held(production, AWS_SECRET) for region in r.get("replicas") or []}
    assert copies == {"us-west-2"}


@pytest.mark.parametrize("environment", STANDBY)
def test_the_agents_of_the_managed_services_may_use_the_key_of_data(environment: str, graph: Graph) -> None:
    keys = graph.named("key-data")
    members = {
        r["member"] for r in graph.descendants(keys) if r.type == "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
    }
    apis = graph.named("google-apis")
    agents = {
        r["service"]: r["member"]
        for r in graph.descendants(apis)
        if r.type == "gcp:projects/serviceIdentity:ServiceIdentity"
    }
    assert {agents["sqladmin.googleapis.com"], agents["redis.googleapis.com"]} <= members, (
        f"{environment}: an instance on a key that its agent may not use is refused"
    )


def test_everything_on_aws_is_in_the_database_subnets_of_its_region(graph: Graph) -> None:
    groups = held(graph, "aws:rds/subnetGroup:SubnetGroup", "aws:elasticache/subnetGroup:SubnetGroup")
    for group in groups:
        stem = "network-recovery-database-" if group.inputs.get("region") else "network-aws-database-"
        region = group.inputs.get("region") or "us-east-1"
        every = {r.name for r in graph.of_type(SUBNET) if r.name.startswith(stem)}
        assert {name_behind(graph, subnet, group) for subnet in group["subnetIds"]} == every, f"{group.urn} in {region}"
    for proxy in held(graph, PROXY):
        named = {name_behind(graph, subnet, proxy).rpartition("-us-")[0] for subnet in proxy["vpcSubnetIds"]}
        assert named == {"network-aws-database"}, "a pool in another subnet is outside the table of flows"


def test_each_has_the_security_group_of_its_own_party(graph: Graph) -> None:
    for instance in held(graph, RDS):
        own = "access-recovery-postgres-main" if instance.inputs.get("region") else "access-postgres-main"
        assert [name_behind(graph, it, instance) for it in instance["vpcSecurityGroupIds"]] == [own]
    for proxy in held(graph, PROXY):
        assert [name_behind(graph, it, proxy) for it in proxy["vpcSecurityGroupIds"]] == ["access-postgres-main"]
    for cache in held(graph, REPLICATION_GROUP):
        assert [name_behind(graph, it, cache) for it in cache["securityGroupIds"]] == ["access-redis-sessions"]


@pytest.mark.parametrize("environment", STANDBY)
def test_the_standby_is_on_the_private_range_and_waits_for_its_peering(environment: str, graph: Graph) -> None:
    (peering,) = graph.of_type("gcp:servicenetworking/connection:Connection")
    for instance in held(graph, CLOUD_SQL, MEMORYSTORE):
        assert peering.urn in instance.dependencies, f"{environment}: without its peering there is no address to get"
    (cloud_sql,) = held(graph, CLOUD_SQL)
    assert not cloud_sql["settings"]["ipConfiguration"]["ipv4Enabled"]


def test_a_standby_is_only_where_google_cloud_is(development: Graph, production: Graph) -> None:
    standby = (CLOUD_SQL, SQL_USER, JOB, MEMORYSTORE)
    assert {r.type for r in held(production, *standby)} == set(standby)
    assert {r.package for r in development if r.custom} == {"aws", "random"}


def test_production_has_two_replicas_apart_and_a_third_in_the_recovery_region(production: Graph) -> None:
    replicas = [r for r in held(production, RDS) if r.inputs.get("replicateSourceDb")]
    assert {(r.inputs.get("region"), r.inputs.get("availabilityZone")) for r in replicas} == {
        (None, "us-east-1b"),
        (None, "us-east-1c"),
        ("us-west-2", None),
    }
    (primary,) = [r for r in held(production, RDS) if not r.inputs.get("replicateSourceDb")]
    assert primary["multiAz"]
    assert primary["backupRetentionPeriod"] >= 30


def test_all_that_holds_data_is_protected_and_refuses_to_be_deleted_before_it_matters(graph: Graph) -> None:
    stateful = [r for owner in graph.of_type(POSTGRES, REDIS) for r in graph.descendants(owner)]
    assert [r.urn for r in stateful if r.type in STATEFUL_TYPES and not r.options.protect] == []
    refusing = {r["deletionProtection"] for r in held(graph, RDS, CLOUD_SQL, MEMORYSTORE)}
    assert refusing == {graph.stack != "development"}


def test_flipping_the_writer_changes_the_urls_and_the_standby_and_replaces_nothing(production: Graph) -> None:
    found = difference(production, changed("production", {f"{MAIN}.writer": "gcp"}))
    assert {change.resource.name for change in found.changed} == {
        "postgres-main-url-aws",
        "postgres-main-url-gcp",
        "postgres-main-standby",
    }
    assert {change.resource.type for change in found.changed} == {AWS_VALUE, GCP_VALUE, CLOUD_SQL}
    assert (list(found.added), moved(found)) == ([], []), "a promotion is no time to make anything anew"


@pytest.mark.parametrize(
    ("setting", "value", "types"),
    [
        (f"{MAIN}.instance_class", "db.t4g.xlarge", {RDS}),
        (f"{MAIN}.multi_az", True, {RDS}),
        (f"{MAIN}.storage_gib", 100, {RDS, "aws:rds/parameterGroup:ParameterGroup"}),
        (f"{MAIN}.backups.retention_days", 14, {RDS}),
        (f"{MAIN}.standby.tier", "db-custom-2-7680", {CLOUD_SQL}),
        (f"{MAIN}.deletion_protection", False, {RDS, CLOUD_SQL}),
        (f"{SESSIONS}.node_type", "cache.r7g.large", {REPLICATION_GROUP}),
        (f"{SESSIONS}.version", "8.1", {REPLICATION_GROUP}),
        (f"{SESSIONS}.standby.memory_gib", 5, {MEMORYSTORE}),
    ],
)
def test_another_size_is_taken_in_place(staging: Graph, setting: str, value: Any, types: set[str]) -> None:
    found = difference(staging, changed("staging", {setting: value}))
    assert {change.resource.type for change in found.changed} == types
    assert (list(found.added), moved(found)) == ([], []), "what holds data is never made anew for its size"


def test_another_replica_adds_one_and_touches_nothing_else(staging: Graph) -> None:
    found = difference(staging, changed("staging", {f"{MAIN}.replica_zones": ["us-east-1a", "us-east-1b"]}))
    assert {(r.type, r.name) for r in found.added} == {
        (RDS, "postgres-main-us-east-1a"),
        ("aws:cloudwatch/logGroup:LogGroup", "postgres-main-us-east-1a-postgresql"),
        ("aws:cloudwatch/logGroup:LogGroup", "postgres-main-us-east-1a-upgrade"),
    }
    assert (list(found.changed), moved(found)) == ([], [])


def test_a_second_database_has_a_party_and_a_component_of_its_own(development: Graph) -> None:
    content = yaml.safe_load((ROOT / "Pulumi.development.yaml").read_text(encoding="utf-8"))["config"]
    second = deepcopy(content["platform:databases"]["managed"]["main"])
    after = changed("development", {"platform:databases.managed.ledger": second})
    assert {r.name for r in after.of_type(POSTGRES)} == {"postgres-main", "postgres-ledger"}
    found = difference(development, after)
    assert moved(found) == []
    assert [r.name for r in found.added if r.type == GROUP] == ["access-postgres-ledger"]


def test_outputs_tell_where_secrets_are_and_never_what_they_are(production: Graph) -> None:
    database, cache = production.exports["databases"]["main"], production.exports["caches"]["sessions"]
    assert database["writer"] == "aws"
    assert database["aws_url_secret_arn"].startswith("arn:aws:secretsmanager:us-east-1:")
    assert set(database["aws_reader_addresses"]) == {"us-east-1b", "us-east-1c"}
    assert set(database["login_secret_arns"]) == {"administrator", "application", "replication"}
    assert cache["gcp_url_secret_id"].endswith("redis-sessions-gcp-url")
    shown = str({**database, **cache})
    assert "rediss://" not in shown
    assert "postgresql://" not in shown
