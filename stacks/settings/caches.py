"""The caches: what each is on ElastiCache, and what services of the standby cloud use instead."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from stacks.settings.network import FlowLogDays as LogDays
from stacks.settings.section import DailyWindow, Section, Unique, WeeklyWindow
from stacks.settings.services import DataName

Eviction = Literal["noeviction", "allkeys-lru", "allkeys-lfu", "volatile-lru", "volatile-lfu", "volatile-ttl"]
NodeType = Annotated[str, Field(pattern=r"^cache\.[a-z0-9]+\.[a-z0-9]+$", examples=["cache.r7g.large"])]
Pattern = Annotated[str, Field(pattern=r"^[A-Za-z0-9:_*.-]+$", max_length=128, examples=["session:*"])]


class CacheUser(Section):
    """The one user of a cache, whom all its services share."""

    key_patterns: Annotated[tuple[Pattern, ...], Field(min_length=1), *Unique]
    """Keys that it reads and writes; `*` is every key."""
    channel_patterns: Annotated[tuple[Pattern, ...], *Unique]
    """Channels that it publishes and subscribes to."""
    generation: Annotated[int, Field(ge=1, le=1000)]
    """Raised to get another password."""


class CacheBackups(Section):
    """When ElastiCache takes snapshots and applies changes, in UTC."""

    snapshot_days: Annotated[int, Field(ge=0, le=35)]
    """Days that daily snapshots are kept; 0 takes none, and none at the end either."""
    window: DailyWindow
    """The daily snapshot."""
    maintenance_window: WeeklyWindow
    """When changes are applied, apart from the snapshot."""


class CacheStandby(Section):
    """The cache of the standby cloud on Memorystore: two nodes, contents of its own."""

    version: Literal["REDIS_6_X", "REDIS_7_0", "REDIS_7_2"]
    """Version of Redis."""
    memory_gib: Annotated[int, Field(ge=1, le=300)]
    """GiB of each of its two nodes; it costs by the GiB and hour."""
    snapshots: Literal["ONE_HOUR", "SIX_HOURS", "TWELVE_HOURS", "TWENTY_FOUR_HOURS"]
    """Time between two snapshots."""
    maintenance_day: Literal["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
    """Day of upgrades, in UTC."""
    maintenance_hour: Annotated[int, Field(ge=0, le=23)]
    """Its hour."""
    deletion_protection: bool
    """Whether Memorystore refuses to delete the instance."""


class CacheRecovery(Section):
    """The cache of the recovery region: small, empty, and ready for when services there take over."""

    node_type: NodeType
    """Size of each node."""
    nodes: Annotated[int, Field(ge=1, le=6)]
    """The primary and its replicas, each in the next zone."""


class Cache(Section):
    """One cache, with contents of its own in each cloud."""

    engine: Literal["valkey", "redis"]
    """What the nodes run; from Redis to Valkey it moves in place, and not back."""
    version: Annotated[str, Field(pattern=r"^[0-9]\.[0-9]$", examples=["8.0"])]
    """Version of the engine, in quotes; a lower one than before replaces the cache."""
    eviction: Eviction
    """What is forgotten when the memory is full."""
    node_type: NodeType
    """Size of each node."""
    nodes: Annotated[int, Field(ge=1, le=6)]
    """The primary and its replicas, each in the next zone; a single one has nothing to fail over to."""
    user: CacheUser
    """What its user may do."""
    backups: CacheBackups
    """When snapshots are taken."""
    log_retention_days: LogDays
    """Days that logs are kept; CloudWatch takes only certain numbers."""
    recovery: CacheRecovery | None
    """The cache in the recovery region, or null where no service stands by there."""
    standby: CacheStandby | None
    """The cache in Google Cloud, or null where no service runs there."""


class Caches(Section):
    """The caches that services name."""

    managed: Mapping[DataName, Cache]
    """Caches on ElastiCache, by the name that services use."""
    in_cluster: Annotated[tuple[DataName, ...], *Unique]
    """Caches that run inside the Kubernetes clusters."""
