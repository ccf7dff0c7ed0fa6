"""What the Cloud SQL half of a database promises; what Database Migration Service changes on it is as documented."""

from dataclasses import replace

import pytest

from components.data.cloud_sql_postgres import edition
from components.data.replicated_postgres import ReplicatedPostgresArgs
from sandbox.difference import difference
from sandbox.graph import Graph, Resource
from tests.components.data.postgres_example import ARGS, CLOUD_SQL, GCP, GOOGLE_KEY, GOOGLE_REGION, PROJECT, recorded

USER = "gcp:sql/user:User"
AS_WRITER = replace(ARGS, writer="gcp")


@pytest.fixture(scope="module")
def graph() -> Graph:
    return recorded()


@pytest.fixture(scope="module")
def promoted() -> Graph:
    return recorded(AS_WRITER)


def instance(graph: Graph) -> Resource:
    (found,) = graph.of_type(CLOUD_SQL)
    return found


def with_tier(tier: str, log_days: int = 7) -> ReplicatedPostgresArgs:
    size, backups = replace(GCP.size, tier=tier), replace(GCP.backups, log_days=log_days)
    return replace(ARGS, gcp=replace(GCP, size=size, backups=backups))


def test_it_has_a_private_address_and_takes_tls_only(graph: Graph) -> None:
    assert instance(graph)["settings"]["ipConfiguration"] == {
        "ipv4Enabled": False,
        "privateNetwork": GCP.network.network_id,
        "allocatedIpRange": "gcp-managed-services",
        "sslMode": "ENCRYPTED_ONLY",
        "serverCaMode": "GOOGLE_MANAGED_INTERNAL_CA",
    }


def test_it_is_the_same_version_as_the_source_under_our_key(graph: Graph) -> None:
    assert (instance(graph)["databaseVersion"], instance(graph)["encryptionKeyName"]) == ("POSTGRES_17", GOOGLE_KEY)
    assert (instance(graph)["project"], instance(graph)["region"]) == (PROJECT, GOOGLE_REGION)


@pytest.mark.parametrize(
    ("tier", "sold_as"),
    [("db-custom-4-15360", "ENTERPRISE"), ("db-perf-optimized-N-8", "ENTERPRISE_PLUS")],
)
def test_the_edition_is_the_one_that_sells_the_machine(tier: str, sold_as: str) -> None:
    settings = instance(recorded(with_tier(tier)))["settings"]
    assert (settings["tier"], settings["edition"]) == (tier, sold_as), "unnamed it is Enterprise Plus since version 16"


def test_a_machine_of_no_edition_is_refused() -> None:
    with pytest.raises(ValueError, match="write db-custom"):
        edition("db-f1-micro")


@pytest.mark.parametrize(("tier", "days"), [("db-custom-4-15360", 8), ("db-perf-optimized-N-8", 36)])
def test_transaction_logs_are_kept_no_longer_than_the_edition_keeps_them(tier: str, days: int) -> None:
    with pytest.raises(ValueError, match="keeps transaction logs for 1 to"):
        recorded(with_tier(tier, days))


def test_a_standby_is_zonal_and_a_writer_regional(graph: Graph, promoted: Graph) -> None:
    assert instance(graph)["settings"]["availabilityType"] == "ZONAL", "a regional one must not subscribe"
    assert instance(promoted)["settings"]["availabilityType"] == "REGIONAL"


def test_backups_stay_in_the_region_and_allow_any_moment(graph: Graph) -> None:
    assert instance(graph)["settings"]["backupConfiguration"] == {
        "enabled": True,
        "startTime": "01:00",
        "location": GOOGLE_REGION,
        "pointInTimeRecoveryEnabled": True,
        "transactionLogRetentionDays": 7,
        "backupRetentionSettings": {"retainedBackups": 30, "retentionUnit": "COUNT"},
    }


def test_a_promoted_standby_can_be_a_source_without_a_restart(graph: Graph, promoted: Graph) -> None:
    flags = {each["name"]: each["value"] for each in instance(graph)["settings"]["databaseFlags"]}
    assert flags == {
        "cloudsql.iam_authentication": "on",
        "cloudsql.logical_decoding": "on",
        "cloudsql.enable_pglogical": "on",
        "max_replication_slots": "20",
        "max_wal_senders": "30",
        "max_worker_processes": "40",
        "log_min_duration_statement": "1000",
    }
    assert instance(promoted)["settings"]["databaseFlags"] == instance(graph)["settings"]["databaseFlags"]


def test_it_cannot_be_deleted_by_the_program_or_in_the_console(graph: Graph) -> None:
    assert instance(graph).options.protect
    assert instance(graph)["deletionProtection"] is True
    assert instance(graph)["settings"]["deletionProtectionEnabled"] is True
    assert instance(graph)["settings"]["retainBackupsOnDelete"] is True


def test_without_deletion_protection_google_is_told_so() -> None:
    bare = instance(recorded(replace(ARGS, deletion_protection=False)))
    assert (bare["deletionProtection"], bare["settings"]["deletionProtectionEnabled"]) == (False, False), (
        "unset it counts as true, and nothing can ever be deleted"
    )
    assert bare.options.protect


def test_what_replication_changes_is_not_changed_back(graph: Graph, promoted: Graph) -> None:
    always = {"instanceType", "masterInstanceName", "replicaConfiguration", "settings.diskSize"}
    following = {"settings.availabilityType", "settings.backupConfiguration"}
    assert set(instance(graph).options.ignore_changes) == always | following
    assert set(instance(promoted).options.ignore_changes) == always, "a writer is regional and backed up"


def test_everyone_who_logs_in_is_made_before_the_instance_becomes_a_replica(graph: Graph, promoted: Graph) -> None:
    users = {each["name"]: each for each in graph.of_type(USER)}
    assert set(users) == {"owner", "platform", "follower"}, "the service replicates no roles"
    for name, user in users.items():
        assert "password" in user.secret_inputs, name
        assert user["deletionPolicy"] == "ABANDON", name
        assert user.options.ignore_changes == ("password",), "a replica refuses new passwords"
    assert {each.options.ignore_changes for each in promoted.of_type(USER)} == {()}


def test_another_tier_or_backup_changes_it_in_place(graph: Graph) -> None:
    found = difference(graph, recorded(with_tier("db-custom-8-30720", 5)))
    assert [(c.resource.type, c.paths) for c in found.changed] == [(CLOUD_SQL, ["settings.tier"])], (
        "backups of a standby are the service's, until it is promoted"
    )
    assert found.stateful == []
