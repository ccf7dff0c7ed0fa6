"""The PostgreSQL databases: what each is on RDS, what follows it, and which side takes writes."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from stacks.settings.network import FlowLogDays as LogDays
from stacks.settings.section import AwsZone, Clock, DailyWindow, Number, Section, Unique, WeeklyWindow
from stacks.settings.services import DataName

PROXY = "proxy"
"""Under this name stand the authorities of RDS Proxy; its certificates come from elsewhere than those of RDS."""

RESERVED = ("pg_", "rds", "cloudsql", "postgres", "admin", "root")
"""How the names of roles begin that PostgreSQL and the clouds make."""


def _not_reserved(login: str) -> str:
    if login.startswith(RESERVED):
        raise ValueError(f"names that begin with {', '.join(RESERVED)} belong to PostgreSQL and the clouds")
    return login


LoginName = Annotated[
    str, Field(pattern=r"^[a-z_][a-z0-9_]*$", max_length=62, examples=["platform"]), AfterValidator(_not_reserved)
]
InstanceClass = Annotated[str, Field(pattern=r"^db\.[a-z0-9-]+\.[a-z0-9]+$", examples=["db.r8g.large"])]
RdsStorage = Annotated[int, Field(ge=20, le=65536)]
Tier = Annotated[
    str,
    Field(
        pattern=r"^db-(custom-[1-9][0-9]?-[1-9][0-9]{3,5}|perf-optimized-N-[1-9][0-9]{0,2})$",
        examples=["db-custom-2-7680", "db-perf-optimized-N-4"],
    ),
]


class Logins(Section):
    """Who logs in; the passwords are generated."""

    administrator: LoginName
    """Owner of the database, for emergencies and to make the other two."""
    application: LoginName
    """The services and their migrations."""
    replication: LoginName
    """What reads changes for the standby."""
    generation: Annotated[int, Field(ge=1, le=1000)]
    """Raised to get other passwords."""


class DatabaseBackups(Section):
    """When RDS backs up and maintains, in UTC."""

    retention_days: Annotated[int, Field(ge=1, le=35)]
    """Days within which any moment can be restored, 1 to 35; in the recovery region too."""
    window: DailyWindow
    """The daily backup."""
    maintenance_window: WeeklyWindow
    """Upgrades and restarts, apart from the backup."""


class Observation(Section):
    """What is recorded about the instances, and paid for."""

    monitoring_seconds: Annotated[Literal[1, 5, 10, 15, 30, 60], Number]
    """Seconds between two samples of the operating system."""
    insights: Literal["standard", "advanced"]
    """Query samples: seven days, or fifteen months at a price."""
    log_retention_days: LogDays
    """Days that logs are kept; CloudWatch takes only certain numbers."""


class Authority(Section):
    """Who signs the servers' certificates, so that services can tell them from impostors."""

    identifier: Literal["rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1"]
    """The authority of RDS that signs the instances."""
    certificates: Mapping[
        Annotated[str, Field(pattern=r"^([a-z]{2}-[a-z]+-[1-9]|proxy)$", examples=["us-east-1"])],
        Annotated[str, Field(min_length=1, max_length=16_384)] | None,
    ]
    """Its root certificate, PEM, by region, and under `proxy` those of RDS Proxy; public, set by command."""


class RecoveryReplica(Section):
    """A running replica in the recovery region."""

    instance_class: InstanceClass
    """Its class; it takes all the load once it is promoted."""
    promoted: bool
    """Whether it takes writes on its own, after the loss of the primary region; there is no way back to a replica."""


class CloudSqlBackups(Section):
    """When Cloud SQL backs up and maintains, in UTC, once it takes writes."""

    retained: Annotated[int, Field(ge=1, le=365)]
    """Daily backups that are kept."""
    log_days: Annotated[int, Field(ge=1, le=35)]
    """Days within which any moment can be restored: to 7, with `db-perf-optimized-N-*` to 35."""
    start_time: Clock
    """When the daily backup begins."""
    maintenance_day: Annotated[int, Field(ge=1, le=7)]
    """Day of upgrades and restarts, 1 (Monday) to 7."""
    maintenance_hour: Annotated[int, Field(ge=0, le=23)]
    """Its hour."""


class DatabaseStandby(Section):
    """The standby on Cloud SQL, filled continuously over the link."""

    tier: Tier
    """Its machine: `db-custom-<cpus>-<mib>` is Enterprise, `db-perf-optimized-N-<cpus>` Enterprise Plus."""
    storage_gib: Annotated[int, Field(ge=10, le=65536)]
    """GiB of storage it starts with."""
    max_storage_gib: Annotated[int, Field(ge=10, le=65536)]
    """GiB that storage may grow to by itself."""
    backups: CloudSqlBackups
    """When it is backed up."""
    replication_generation: Annotated[int, Field(ge=1, le=1000)]
    """Raised to fill it again after a promotion, by a job of its own."""


class Database(Section):
    """One database in both clouds."""

    database: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=62, examples=["platform"])]
    """Its name inside the server."""
    version: Literal["15", "16", "17"]
    """Major version of PostgreSQL on every side, in quotes; minor ones are installed by the clouds."""
    writer: Literal["aws", "gcp"]
    """The side that takes writes; flipped after a promotion, never before."""
    deletion_protection: bool
    """Whether the clouds refuse to delete the instances."""
    logins: Logins
    """Who logs in."""
    instance_class: InstanceClass
    """Class of the primary and its replicas; each instance costs by the hour."""
    storage_gib: RdsStorage
    """GiB of storage it starts with."""
    max_storage_gib: RdsStorage
    """GiB that storage may grow to by itself, more than `storage_gib`."""
    multi_az: bool
    """Whether a second instance in another zone takes over by itself, at twice the price."""
    replica_zones: Annotated[tuple[AwsZone, ...], Field(max_length=6), *Unique]
    """Zones with a read replica; each is one more instance."""
    pool_percent: Annotated[int, Field(ge=1, le=100)] | None
    """Share of the connections that RDS Proxy may hold, or null for no proxy."""
    backups: DatabaseBackups
    """When it is backed up."""
    observation: Observation
    """What is recorded about it."""
    authority: Authority
    """Who signs its certificates."""
    recovery: RecoveryReplica | None
    """The replica in the recovery region, or null for its backups alone."""
    standby: DatabaseStandby | None
    """The standby in Google Cloud, or null where nothing follows."""


class Databases(Section):
    """The databases that services name."""

    managed: Mapping[DataName, Database]
    """Databases on RDS, by the name that services use."""
    in_cluster: Annotated[tuple[DataName, ...], *Unique]
    """Databases that run inside the Kubernetes clusters."""
