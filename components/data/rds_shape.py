"""What RDS instances are like: the parts of an RdsPostgres's arguments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi


@dataclass(frozen=True, kw_only=True)
class RdsNetwork:
    """Where instances are, and who reaches them."""

    subnet_ids: Mapping[str, pulumi.Input[str]]
    """Database subnets by zone, two or more."""
    security_group_ids: Sequence[pulumi.Input[str]]
    """The security groups of this database."""


@dataclass(frozen=True, kw_only=True)
class RdsSize:
    """How large, and how many."""

    instance_class: str
    """The class of the primary and of its replicas, such as `db.r8g.large`."""
    storage_gib: int
    """Allocated storage, 20 or more."""
    max_storage_gib: int
    """What storage may grow to by itself, above `storage_gib`."""
    multi_az: bool
    """Whether a second instance in another zone takes over by itself."""
    replica_zones: Sequence[str]
    """The zones with a read replica, each once."""


@dataclass(frozen=True, kw_only=True)
class RdsBackups:
    """When backups and maintenance happen, in UTC."""

    retention_days: int
    """Days within which any moment can be restored, 1 to 35: replicas exist only where there are backups."""
    backup_window: str
    """The daily backup, such as `01:00-02:00`."""
    maintenance_window: str
    """Upgrades and restarts, such as `sun:03:00-sun:04:00`; apart from the backup."""


@dataclass(frozen=True, kw_only=True)
class RdsObservation:
    """What is recorded about the instances."""

    monitoring_seconds: int
    """Seconds between two samples of the operating system: 1, 5, 10, 15, 30 or 60."""
    insights: Literal["standard", "advanced"]
    """Seven days of query samples, or fifteen months at a price."""
    log_retention_days: int
    """Days that logs are kept in CloudWatch Logs; one of the periods CloudWatch accepts."""
    logs_key_arn: pulumi.Input[str]
    """The KMS key that encrypts the logs."""


@dataclass(frozen=True, kw_only=True)
class RdsAuthority:
    """Who signs the certificates of the instances."""

    identifier: str
    """The authority as RDS calls it, such as `rds-ca-rsa2048-g1`."""
    certificate: str
    """Its root certificate of the region, PEM."""


@dataclass(frozen=True, kw_only=True)
class RdsRecoveryReplica:
    """A running replica in the recovery region."""

    instance_class: str
    """Its class; it takes all the load once it is promoted."""
    promoted: bool
    """Whether it is a primary of its own, which RDS makes it at once and for good; it begins as a replica."""
    network: RdsNetwork
    """Where it is."""
    certificate: str
    """The root certificate of the authority in that region, PEM; each region has its own."""
    logs_key_arn: pulumi.Input[str]
    """The KMS key of that region that encrypts its logs."""


@dataclass(frozen=True, kw_only=True)
class RdsRecovery:
    """What the recovery region keeps."""

    region: str
    """The region, such as `us-west-2`."""
    key_arn: pulumi.Input[str]
    """The KMS key of that region for data."""
    replica: RdsRecoveryReplica | None
    """A replica that can be promoted within minutes; None for backups alone."""
