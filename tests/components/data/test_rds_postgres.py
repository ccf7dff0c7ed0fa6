"""What the RDS half of a database promises; that RDS accepts the arguments is not proven here."""

import json
from dataclasses import replace
from typing import Any

import pytest

from components.data.connection_secret import Login
from components.data.rds_postgres import RdsPostgresArgs, monitoring_policy
from components.data.rds_proxy import RdsProxyArgs
from components.data.replicated_postgres import ReplicatedPostgresArgs
from sandbox.difference import difference
from sandbox.graph import Graph, Resource
from tests.components.data.postgres_example import (
    ACCOUNT,
    ALONE,
    ARGS,
    AWS,
    INSTANCE,
    KEY,
    LOGS_KEY,
    NAME,
    RECOVERY,
    RECOVERY_KEY,
    RECOVERY_LOGS_KEY,
    RECOVERY_REGION,
    SECRETS_KEY,
    recorded,
)

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
BACKUPS = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
PROXY = "aws:rds/proxy:Proxy"
AT_REBOOT, AT_ONCE = "pending-reboot", "immediate"


@pytest.fixture(scope="module")
def graph() -> Graph:
    return recorded()


def primary(graph: Graph) -> Resource:
    return graph.named(NAME, INSTANCE)


def replicas(graph: Graph) -> list[Resource]:
    return [each for each in graph.of_type(INSTANCE) if "replicateSourceDb" in each.inputs]


def local_replicas(graph: Graph) -> list[Resource]:
    return [each for each in replicas(graph) if "region" not in each.inputs]


def recovery_replica(graph: Graph) -> Resource:
    return graph.named(f"{NAME}-{RECOVERY_REGION}", INSTANCE)


def of(resource: Resource, *names: str) -> dict[str, Any]:
    return {name: resource.inputs.get(name) for name in names}


def with_size(**changes: Any) -> ReplicatedPostgresArgs:
    return replace(ARGS, aws=replace(AWS, size=replace(AWS.size, **changes)))


def test_every_argument_is_one_that_the_providers_know(graph: Graph) -> None:
    assert (graph.problems, graph.warnings) == ([], [])


def test_logical_replication_is_possible_from_the_first_boot(graph: Graph) -> None:
    group = graph.named(f"{NAME}-parameters", PARAMETERS)
    assert primary(graph)["parameterGroupName"] == group["name"], "attached later, it would cost a restart"
    assert group["family"] == "postgres17"
    assert {each["name"]: (each["value"], each["applyMethod"]) for each in group["parameters"]} == {
        "rds.logical_replication": ("1", AT_REBOOT),
        "max_replication_slots": ("20", AT_REBOOT),
        "max_wal_senders": ("30", AT_REBOOT),
        "max_worker_processes": ("40", AT_REBOOT),
        "shared_preload_libraries": ("pg_stat_statements,pglogical", AT_REBOOT),
        "wal_sender_timeout": ("0", AT_ONCE),
        "max_slot_wal_keep_size": (str(50 * 1024), AT_ONCE),
        "rds.force_ssl": ("1", AT_ONCE),
        "log_min_duration_statement": ("1000", AT_ONCE),
        "pg_stat_statements.track_utility": ("0", AT_ONCE),
    }, "RDS refuses static parameters at once, and lets others wait for no reason"


def test_a_promoted_replica_can_be_replicated_from_as_well(graph: Graph) -> None:
    here, there = graph.of_type(PARAMETERS)
    assert {each["parameterGroupName"] for each in local_replicas(graph)} == {here["name"]}
    assert (there["region"], recovery_replica(graph)["parameterGroupName"]) == (RECOVERY_REGION, there["name"])
    assert there["parameters"] == here["parameters"]


def test_the_primary_is_private_encrypted_and_watched(graph: Graph) -> None:
    names = ("multiAz", "kmsKeyId", "performanceInsightsKmsKeyId", "dbName", "username", "engineVersion")
    assert of(primary(graph), *names) == {
        "multiAz": True,
        "kmsKeyId": KEY,
        "performanceInsightsKmsKeyId": KEY,
        "dbName": "trading",
        "username": "owner",
        "engineVersion": "17",
    }


def test_primary_and_replicas_have_the_same_posture(graph: Graph) -> None:
    role = graph.named(f"{NAME}-monitoring", "aws:iam/role:Role")
    posture = {
        "storageType": "gp3",
        "storageEncrypted": True,
        "maxAllocatedStorage": 1000,
        "publiclyAccessible": False,
        "caCertIdentifier": "rds-ca-rsa2048-g1",
        "iamDatabaseAuthenticationEnabled": True,
        "deletionProtection": True,
        "deleteAutomatedBackups": False,
        "copyTagsToSnapshot": True,
        "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
        "monitoringInterval": 30,
        "monitoringRoleArn": role["arn"],
        "performanceInsightsEnabled": True,
        "performanceInsightsRetentionPeriod": 465,
        "databaseInsightsMode": "advanced",
    }
    assert len(graph.of_type(INSTANCE)) == 4
    for each in graph.of_type(INSTANCE):
        assert of(each, *posture) == posture, each.name
        assert each.options.protect, f"{each.name} holds the data"


def test_the_password_is_a_secret_that_rds_does_not_manage(graph: Graph) -> None:
    assert "password" in primary(graph).secret_inputs
    assert "manageMasterUserPassword" not in primary(graph).inputs, "RDS refuses replicas of such an instance"


def test_a_restore_has_thirty_days_and_a_deletion_leaves_a_snapshot(graph: Graph) -> None:
    assert of(primary(graph), "backupRetentionPeriod", "skipFinalSnapshot", "finalSnapshotIdentifier") == {
        "backupRetentionPeriod": 30,
        "skipFinalSnapshot": False,
        "finalSnapshotIdentifier": "postgres-main-final",
    }
    assert of(primary(graph), "backupWindow", "maintenanceWindow") == {
        "backupWindow": "01:00-02:00",
        "maintenanceWindow": "sun:03:00-sun:04:00",
    }


def test_no_replica_shares_its_zone_with_another(graph: Graph) -> None:
    assert [each["availabilityZone"] for each in local_replicas(graph)] == ["us-east-1b", "us-east-1c"]
    assert "availabilityZone" not in primary(graph).inputs, "Multi-AZ refuses it, and dropping it later replaces"


def test_a_replica_repeats_nothing_that_it_inherits(graph: Graph) -> None:
    """RDS refuses each of these, some of them only when the replica is changed for the first time."""
    inherited = {"dbName", "username", "password", "engine", "engineVersion", "finalSnapshotIdentifier", "multiAz"}
    for each in replicas(graph):
        assert inherited & set(each.inputs) == set(), each.name
        assert each["skipFinalSnapshot"] is True, each.name
    for each in local_replicas(graph):
        assert each["replicateSourceDb"] == primary(graph)["identifier"], "the ARN goes with a subnet group only"
        assert {"dbSubnetGroupName", "kmsKeyId"} & set(each.inputs) == set(), each.name


def test_the_recovery_region_has_a_replica_under_its_own_key(graph: Graph) -> None:
    replica = recovery_replica(graph)
    (group,) = [each for each in graph.of_type("aws:rds/subnetGroup:SubnetGroup") if "region" in each.inputs]
    assert of(replica, "region", "kmsKeyId", "performanceInsightsKmsKeyId", "vpcSecurityGroupIds") == {
        "region": RECOVERY_REGION,
        "kmsKeyId": RECOVERY_KEY,
        "performanceInsightsKmsKeyId": RECOVERY_KEY,
        "vpcSecurityGroupIds": ["sg-w"],
    }
    assert replica["replicateSourceDb"] == primary(graph)["arn"], "an identifier means nothing in another region"
    assert (group["region"], group["subnetIds"]) == (RECOVERY_REGION, ["subnet-w1", "subnet-w2"])
    assert replica["dbSubnetGroupName"] == group["name"]
    assert replica["backupRetentionPeriod"] == 30, "promoted, it can be restored at once"


def test_a_promotion_changes_the_replica_in_place_and_touches_nothing_else(graph: Graph) -> None:
    assert RECOVERY.replica is not None
    promoted = replace(RECOVERY, replica=replace(RECOVERY.replica, promoted=True))
    after = recorded(replace(ARGS, aws=replace(AWS, recovery=promoted)))
    change = difference(graph, after)
    assert (change.added, change.replaced, change.deleted) == ([], [], [])
    (replica,) = change.changed
    assert replica.resource.name == recovery_replica(graph).name
    assert "replicateSourceDb" not in recovery_replica(after).inputs, "the provider promotes what names no source"
    assert recovery_replica(after)["skipFinalSnapshot"] is False, "it is no copy any more"


def test_backups_are_kept_in_the_recovery_region_under_its_key(graph: Graph) -> None:
    (copies,) = graph.of_type(BACKUPS)
    assert of(copies, "region", "kmsKeyId", "retentionPeriod", "sourceDbInstanceArn") == {
        "region": RECOVERY_REGION,
        "kmsKeyId": RECOVERY_KEY,
        "retentionPeriod": 30,
        "sourceDbInstanceArn": primary(graph)["arn"],
    }


def test_the_recovery_region_may_keep_backups_alone() -> None:
    graph = recorded(replace(ARGS, aws=replace(AWS, recovery=replace(RECOVERY, replica=None))))
    assert len(graph.of_type(BACKUPS)) == 1
    assert [each.name for each in graph.of_type(INSTANCE) if "region" in each.inputs] == []


def test_log_groups_are_there_before_rds_would_make_them(graph: Graph) -> None:
    groups = {each["name"]: each for each in graph.of_type(LOG_GROUP)}
    expected = {
        f"/aws/rds/instance/{each['identifier']}/{log}": each
        for each in graph.of_type(INSTANCE)
        for log in ("postgresql", "upgrade")
    }
    assert set(groups) == set(expected)
    for name, instance in expected.items():
        recovery = instance.get("region") == RECOVERY_REGION and "region" in instance.inputs
        assert groups[name] in graph.dependencies(instance), f"{name}: RDS would keep it for ever, in plain text"
        assert groups[name]["kmsKeyId"] == (RECOVERY_LOGS_KEY if recovery else LOGS_KEY)
        assert groups[name].inputs.get("region") == (RECOVERY_REGION if recovery else None)
        assert groups[name]["retentionInDays"] == 90


def test_the_monitoring_role_writes_to_its_log_group_and_nothing_else(graph: Graph) -> None:
    (written,) = [each for each in graph.of_type("aws:iam/rolePolicy:RolePolicy") if each.name.endswith("monitoring")]
    assert json.loads(written["policy"]) == monitoring_policy(ACCOUNT)
    resources = {r for statement in monitoring_policy(ACCOUNT)["Statement"] for r in statement["Resource"]}
    group = f"arn:aws:logs:*:{ACCOUNT}:log-group:RDSOSMetrics"
    assert resources == {group, f"{group}:*", f"{group}:log-stream:*"}


def test_the_proxy_takes_tls_only_and_reaches_the_primary(graph: Graph) -> None:
    (proxy,) = graph.of_type(PROXY)
    (target,) = graph.of_type("aws:rds/proxyTarget:ProxyTarget")
    (group,) = graph.of_type("aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup")
    assert of(proxy, "engineFamily", "requireTls", "vpcSubnetIds", "vpcSecurityGroupIds") == {
        "engineFamily": "POSTGRESQL",
        "requireTls": True,
        "vpcSubnetIds": ["subnet-1", "subnet-2", "subnet-3"],
        "vpcSecurityGroupIds": ["sg-postgres"],
    }
    assert target["dbInstanceIdentifier"] == primary(graph)["identifier"]
    assert group["connectionPoolConfig"]["maxConnectionsPercent"] == 80


def test_the_proxy_reads_the_secret_of_the_services_and_no_other(graph: Graph) -> None:
    secret = graph.named(f"{NAME}-application", "aws:secretsmanager/secret:Secret")
    (auth,) = graph.of_type(PROXY)[0]["auths"]
    assert (auth["authScheme"], auth["secretArn"]) == ("SECRETS", secret["arn"])
    (written,) = [each for each in graph.of_type("aws:iam/rolePolicy:RolePolicy") if "proxy" in each.name]
    read, decrypt = json.loads(written["policy"])["Statement"]
    assert (read["Action"], read["Resource"]) == (
        ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
        [secret["arn"]],
    )
    assert (decrypt["Action"], decrypt["Resource"]) == (["kms:Decrypt"], [SECRETS_KEY])
    assert decrypt["Condition"]["StringEquals"]["kms:ViaService"] == "secretsmanager.us-east-1.amazonaws.com"


def test_without_a_proxy_services_connect_to_the_primary() -> None:
    graph = recorded(ALONE)
    registered = graph.named(NAME, "platform:data:ReplicatedPostgres").registered or {}
    assert graph.of_type(PROXY) == []
    assert registered["aws_endpoint"] == registered["aws_writer_address"] == primary(graph)["address"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (with_size(instance_class="db.r8g.2xlarge"), {NAME: ["instanceClass"]}),
        (with_size(multi_az=False), {NAME: ["multiAz"]}),
        (with_size(storage_gib=400), {NAME: ["allocatedStorage"]}),
    ],
)
def test_another_size_changes_the_primary_in_place(
    graph: Graph, changed: ReplicatedPostgresArgs, expected: dict[str, list[str]]
) -> None:
    found = difference(graph, recorded(changed))
    assert {c.resource.name: c.paths for c in found.changed if c.resource.name in expected} == expected
    assert (found.replaced, found.following, found.stateful) == ([], [], [])


def test_another_zone_adds_a_replica_and_touches_no_other(graph: Graph) -> None:
    before = recorded(with_size(replica_zones=["us-east-1b"]))
    found = difference(before, graph)
    assert sorted(each.name for each in found.added if each.type == INSTANCE) == [f"{NAME}-us-east-1c"]
    assert [change for change in found.changed if change.resource.type == INSTANCE] == []
    assert found.stateful == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": replace(AWS.size, replica_zones=["us-east-1b", "us-east-1b"])}, "each zone once"),
        ({"size": replace(AWS.size, replica_zones=["us-east-1f"])}, "have a database subnet"),
        ({"size": replace(AWS.size, max_storage_gib=200)}, "no room to grow"),
        ({"backups": replace(AWS.backups, retention_days=0)}, "RDS takes 1 to 35"),
        ({"observation": replace(AWS.observation, monitoring_seconds=20)}, "write 1, 5, 10"),
    ],
)
def test_what_rds_refuses_is_refused_before(changes: dict[str, Any], message: str) -> None:
    parts: dict[str, Any] = {
        "network": AWS.network,
        "size": AWS.size,
        "backups": AWS.backups,
        "observation": AWS.observation,
        "authority": AWS.authority,
        **changes,
    }
    with pytest.raises(ValueError, match=message):
        RdsPostgresArgs(
            account_id=ACCOUNT,
            major_version="17",
            database="trading",
            admin=Login(username="owner", password=None),  # pyright: ignore[reportArgumentType] - never looked at
            key_arn=KEY,
            recovery=None,
            deletion_protection=True,
            **parts,
        )


@pytest.mark.parametrize("percent", [0, 101])
def test_a_share_of_connections_that_rds_refuses_is_refused_before(percent: int) -> None:
    with pytest.raises(ValueError, match="RDS takes 1 to 100"):
        RdsProxyArgs(
            account_id=ACCOUNT,
            region="us-east-1",
            instance_identifier="postgres-main",
            subnet_ids={},
            security_group_ids=[],
            secret_arns={},
            secrets_key_arn=SECRETS_KEY,
            max_connections_percent=percent,
        )
