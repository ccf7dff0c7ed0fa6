"""The parameters that every PostgreSQL instance on RDS starts with."""

import pulumi_aws as aws

REPLICATION_SLOTS = 20
WAL_SENDERS = 30
"""One a slot, and some for the read replicas and for copying tables when a standby is filled."""
WORKER_PROCESSES = 40
"""Replication takes one a database and slot; parallel queries take theirs from the rest."""
SLOT_SHARE_OF_STORAGE = 4
"""A quarter of the storage is the most that a standby which does not read may hold back."""
SLOW_STATEMENT_MILLISECONDS = 1000

MIB_A_GIB = 1024


def family(major_version: str) -> str:
    """The parameter group family of a major version: `postgres17`."""
    return f"postgres{major_version}"


def parameters(storage_gib: int) -> list[aws.rds.ParameterGroupParameterArgs]:
    """What logical replication needs, from the first boot on, and what makes slow statements visible.

    Static parameters are applied at a reboot: RDS refuses them at once, and adding one later would cost an outage. A
    standby that is cut off makes the primary keep its log; beyond a limit the standby is given up and filled again,
    since the alternative is a primary with a full disk.
    """
    kept_log_mib = storage_gib * MIB_A_GIB // SLOT_SHARE_OF_STORAGE
    return [
        *(
            _at_reboot(name, value)
            for name, value in {
                "rds.logical_replication": "1",
                "max_replication_slots": str(REPLICATION_SLOTS),
                "max_wal_senders": str(WAL_SENDERS),
                "max_worker_processes": str(WORKER_PROCESSES),
                "shared_preload_libraries": "pg_stat_statements,pglogical",
            }.items()
        ),
        *(
            _at_once(name, value)
            for name, value in {
                # The link between the clouds loses packets at times; a sender that gives up starts anew.
                "wal_sender_timeout": "0",
                "max_slot_wal_keep_size": str(kept_log_mib),
                "rds.force_ssl": "1",
                "log_min_duration_statement": str(SLOW_STATEMENT_MILLISECONDS),
                # Statements that set a password would be kept word for word, for every reader of statistics.
                "pg_stat_statements.track_utility": "0",
            }.items()
        ),
    ]


def _at_reboot(name: str, value: str) -> aws.rds.ParameterGroupParameterArgs:
    return aws.rds.ParameterGroupParameterArgs(name=name, value=value, apply_method="pending-reboot")


def _at_once(name: str, value: str) -> aws.rds.ParameterGroupParameterArgs:
    return aws.rds.ParameterGroupParameterArgs(name=name, value=value, apply_method="immediate")
