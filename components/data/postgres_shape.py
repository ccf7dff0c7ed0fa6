"""What a ReplicatedPostgres is like: the parts of its arguments."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.data.change_stream import StreamSelection
from components.data.cloud_sql_postgres import CloudSqlBackups, CloudSqlNetwork, CloudSqlSize
from components.data.rds_shape import RdsAuthority, RdsBackups, RdsNetwork, RdsObservation, RdsRecovery, RdsSize
from components.security.secret_pair import AwsSecretArgs, GcpSecretArgs

RESERVED = ("pg_", "rds", "cloudsql", "postgres", "admin", "root")
"""How the names of roles begin that PostgreSQL and the clouds make."""


@dataclass(frozen=True, kw_only=True)
class PostgresLogins:
    """Who logs in; the passwords are generated."""

    administrator: str
    """The owner of the database: for emergencies, and to make the other two."""
    application: str
    """The services and their migrations."""
    replication: str
    """What reads changes for the standby."""
    generation: int
    """Raised to get other passwords, except for replication: then run the preparation again on the side that writes."""

    def __post_init__(self) -> None:
        """Raise ValueError for names that one of the clouds reserves, or that would have to be quoted."""
        check_logins([self.administrator, self.application, self.replication])


@dataclass(frozen=True, kw_only=True)
class ChangeFeed:
    """What a change stream needs of the database; the password is generated."""

    login: str
    """A login that may replicate and read what is selected, and nothing else."""
    generation: int
    """Raised to get another password: then run the preparation of the feed again."""
    selection: StreamSelection
    """What the stream reads."""
    readers: Mapping[str, pulumi.Input[str]]
    """IAM members of Google Cloud that read the password, by what they are for."""


@dataclass(frozen=True, kw_only=True)
class PostgresSecrets:
    """How logins are kept and given out."""

    recovery_window_days: int
    """Days in which a deleted secret can be restored: 7 to 30, or 0 for none."""
    aws: AwsSecretArgs
    """Where Secrets Manager keeps them."""
    gcp: GcpSecretArgs | None
    """Where Secret Manager keeps what services read; None without the Google half."""
    authorities_path: str
    """Where services find the authorities of the servers, PEM: see `aws_authorities_secret_arn`."""
    proxy_authorities: str
    """The root certificates that sign RDS Proxy, PEM: those of Amazon Trust Services."""


@dataclass(frozen=True, kw_only=True)
class AwsPostgresArgs:
    """The AWS half of a ReplicatedPostgres."""

    key_arn: pulumi.Input[str]
    """The KMS key for data."""
    network: RdsNetwork
    """Where the instances are."""
    size: RdsSize
    """How large they are."""
    backups: RdsBackups
    """When they are backed up."""
    observation: RdsObservation
    """What is recorded about them."""
    authority: RdsAuthority
    """Who signs their certificates."""
    pool_percent: int | None
    """How many of the connections a proxy may hold, 1 to 100; None for no proxy."""
    recovery: RdsRecovery | None
    """What the recovery region keeps; None without one."""


@dataclass(frozen=True, kw_only=True)
class GcpPostgresArgs:
    """The Google Cloud half of a ReplicatedPostgres."""

    project_id: str
    """The project that owns the standby."""
    region: str
    """Its region."""
    key_id: pulumi.Input[str]
    """The Cloud KMS key for data; Cloud SQL's service agent may use it."""
    network: CloudSqlNetwork
    """Where the instance is."""
    size: CloudSqlSize
    """How large it is."""
    backups: CloudSqlBackups
    """When it is backed up."""
    replication_generation: int
    """Raised to fill the standby again after a promotion, with a job and a password of its own."""


def check_logins(names: Sequence[str]) -> None:
    """Raise ValueError for names that two purposes share, that one of the clouds reserves, or that need quotes."""
    if len(set(names)) < len(names):
        raise ValueError(f"logins {', '.join(names)}: give each purpose a login of its own, or one could do all")
    for name in names:
        if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name) or name.startswith(RESERVED):
            raise ValueError(
                f"login {name}: write small letters, digits and underscores, not beginning with "
                f"{', '.join(RESERVED)}, which PostgreSQL and the clouds keep for themselves"
            )
