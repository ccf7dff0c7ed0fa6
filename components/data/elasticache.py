"""A cache on ElastiCache: the AWS half of RedisHA."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Literal

import pulumi
import pulumi_aws as aws
import pulumi_random as random
from pulumi import Output

from components.component import Component
from components.data.cache_user import CacheUser, access_string
from components.data.connection_secret import ConnectionSecret, ConnectionSecretArgs, Login, generated_login

Engine = Literal["valkey", "redis"]
Eviction = Literal["noeviction", "allkeys-lru", "allkeys-lfu", "volatile-lru", "volatile-lfu", "volatile-ttl"]

ELASTICACHE_PORT = 6379
LOGS = ("slow-log", "engine-log")
MOST_NODES = 6
OLDEST_MAJOR = 7


@dataclass(frozen=True, kw_only=True)
class CacheEngine:
    """What the nodes run."""

    name: Engine
    """Valkey, or Redis up to 7.1; a cache can be moved from Redis to Valkey in place, and not back."""
    version: str
    """Its version as `major.minor`, such as `8.0`; a lower one than before replaces the cache."""
    eviction: Eviction
    """What is forgotten when the memory is full; `noeviction` refuses writes instead."""

    def __post_init__(self) -> None:
        """Raise ValueError for a version whose clients the user's rights would shut out."""
        if self.major < OLDEST_MAJOR:
            raise ValueError(
                f"{self.name} {self.version} has rights for whole commands only, and with the dangerous part of CLIENT "
                f"a client's greeting is refused too; write {OLDEST_MAJOR}.0 or later"
            )

    @property
    def major(self) -> int:
        """The major version."""
        return int(self.version.split(".")[0])


@dataclass(frozen=True, kw_only=True)
class CacheNodes:
    """How many nodes, and where."""

    node_type: str
    """Their size, such as `cache.r7g.large`."""
    count: int
    """The primary and its replicas, 1 to 6; a single one has nothing to fail over to."""
    subnet_ids: Mapping[str, pulumi.Input[str]]
    """Subnets by zone; the nodes take the zones in turn."""
    security_group_ids: Sequence[pulumi.Input[str]]
    """Security groups that say who may connect."""

    def __post_init__(self) -> None:
        """Raise ValueError for a number of nodes that ElastiCache does not take."""
        if not 1 <= self.count <= MOST_NODES:
            raise ValueError(f"count is {self.count}; a replication group has 1 to {MOST_NODES} nodes")


@dataclass(frozen=True, kw_only=True)
class CacheWindows:
    """When snapshots and maintenance happen, in UTC."""

    snapshot_days: int
    """Days that daily snapshots are kept, to 35; 0 takes none, and none at the end either."""
    snapshot: str
    """When the daily snapshot is taken, such as `01:00-02:00`; apart from maintenance."""
    maintenance: str
    """When changes are applied, such as `sun:03:00-sun:04:00`."""


@dataclass(frozen=True, kw_only=True)
class CacheKeys:
    """The KMS keys of the region, by what they encrypt."""

    data_arn: pulumi.Input[str]
    """Memory written to disk, and snapshots."""
    logs_arn: pulumi.Input[str]
    """Logs in CloudWatch."""
    secrets_arn: pulumi.Input[str]
    """The secret with the URL."""


@dataclass(frozen=True, kw_only=True)
class ElastiCacheArgs:
    """What an ElastiCache needs to know."""

    account_id: str
    """The account that owns the cache, 12 digits."""
    region: str
    """The region of the provider."""
    engine: CacheEngine
    """What the nodes run."""
    nodes: CacheNodes
    """How many nodes, and where."""
    user: CacheUser
    """Who uses it."""
    windows: CacheWindows
    """When snapshots and maintenance happen."""
    keys: CacheKeys
    """What encrypts it."""
    log_retention_days: int
    """Days that its logs are kept; one of the periods CloudWatch accepts."""
    recovery_window_days: int
    """Days in which the deleted secret can be restored: 7 to 30, or 0 for none."""


class ElastiCache(Component):
    """A replication group with one shard: a primary node and replicas in other zones.

    Owns the group, its user and password, parameters, logs, and the secret with the URL. Guarantees TLS and encryption
    by the given keys, that nobody connects without a password, that the user reaches its own keys only and cannot empty
    or reconfigure the cache, and that changes wait for the maintenance window. The version moves by the settings alone.
    Leaves out the copy of the secret in the recovery region: a cache there has its own address and its own password.
    ElastiCache has no deletion protection; a last snapshot is taken instead, where snapshots are taken at all.
    """

    replication_group_id: Output[str]
    """The group, as operations name it."""
    node_ids: Mapping[str, Output[str]]
    """The nodes, as metrics name them, by the number that ElastiCache gave them when the group was made."""
    primary_endpoint: Output[str]
    """The host that follows the primary."""
    reader_endpoint: Output[str]
    """The host that spreads connections over the replicas."""
    url_secret_arn: Output[str]
    """The secret with `rediss://<user>:<password>@<host>:6379/0`, once the user may connect."""

    def __init__(self, name: str, args: ElastiCacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:data:ElastiCache", name, None, opts)
        self._name, self._args = name, args

        login = generated_login(f"{name}-password", f"{name}-application", args.user.generation, self.child())
        group = self._replication_group(self._user_group(login))
        self.replication_group_id = group.id
        self.node_ids = {
            number: Output.concat(group.id, "-", number)
            for number in (f"{position:03}" for position in range(1, args.nodes.count + 1))
        }
        self.primary_endpoint = group.primary_endpoint_address
        self.reader_endpoint = group.reader_endpoint_address
        self.url_secret_arn = self._url_secret(login)
        self.publish()

    def _user_group(self, login: Login) -> Output[str]:
        """Redis wants a user called `default` in every group, whom clients without a name become; this one is off.

        In a Valkey group only users with a password may be, and without a default user nobody gets in by that name.
        """
        engine = self._args.engine.name
        users = [self._application_user(login)]
        if engine == "redis":
            users.append(self._disabled_default_user())
        return aws.elasticache.UserGroup(
            f"{self._name}-users",
            engine=engine,
            user_group_id=f"{self._name}-users",
            user_ids=users,
            opts=self.child(),
        ).user_group_id

    def _application_user(self, login: Login) -> Output[str]:
        user = self._args.user
        return aws.elasticache.User(
            f"{self._name}-application",
            engine=self._args.engine.name,
            user_id=f"{self._name}-application",
            user_name=login.username,
            access_string=access_string(user.key_patterns, user.channel_patterns),
            passwords=[login.password],
            opts=self.child(),
        ).user_id

    def _disabled_default_user(self) -> Output[str]:
        return aws.elasticache.User(
            f"{self._name}-default",
            engine="redis",
            user_id=f"{self._name}-default",
            user_name="default",
            access_string="off ~* -@all",
            no_password_required=True,
            opts=self.child(),
        ).user_id

    def _replication_group(self, user_group_id: Output[str]) -> aws.elasticache.ReplicationGroup:
        engine, nodes, windows, keys = self._args.engine, self._args.nodes, self._args.windows, self._args.keys
        replicated, snapshots = nodes.count > 1, windows.snapshot_days > 0
        return aws.elasticache.ReplicationGroup(
            self._name,
            description=f"{self._name}: cache, sessions and rate limits",
            engine=engine.name,
            engine_version=engine.version,
            # AWS would raise the version, and the next refresh would take the settings' one for a downgrade, by which
            # the group is replaced.
            auto_minor_version_upgrade=False,
            parameter_group_name=self._parameter_group(),
            node_type=nodes.node_type,
            num_cache_clusters=nodes.count,
            preferred_cache_cluster_azs=list(islice(cycle(sorted(nodes.subnet_ids)), nodes.count)),
            automatic_failover_enabled=replicated,
            multi_az_enabled=replicated,
            port=ELASTICACHE_PORT,
            subnet_group_name=self._subnet_group(),
            security_group_ids=list(nodes.security_group_ids),
            at_rest_encryption_enabled=True,
            kms_key_id=keys.data_arn,
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            user_group_ids=[user_group_id],
            snapshot_retention_limit=windows.snapshot_days,
            snapshot_window=windows.snapshot if snapshots else None,
            final_snapshot_identifier=self._final_snapshot() if snapshots else None,
            maintenance_window=windows.maintenance,
            log_delivery_configurations=[self._log(kind) for kind in LOGS],
            apply_immediately=False,
            opts=self.child(protect=True),
        )

    def _parameter_group(self) -> Output[str]:
        return aws.elasticache.ParameterGroup(
            self._name,
            family=parameter_family(self._args.engine),
            description=f"Parameters of {self._name}",
            parameters=[
                aws.elasticache.ParameterGroupParameterArgs(name="maxmemory-policy", value=self._args.engine.eviction)
            ],
            opts=self.child(),
        ).name

    def _subnet_group(self) -> Output[str]:
        return aws.elasticache.SubnetGroup(
            self._name,
            description=f"Subnets of {self._name}",
            subnet_ids=[subnet for _zone, subnet in sorted(self._args.nodes.subnet_ids.items())],
            opts=self.child(),
        ).name

    def _final_snapshot(self) -> Output[str]:
        """A snapshot outlives its group, so a chosen name would be taken when the second group comes to its end."""
        suffix = random.RandomId(f"{self._name}-final-snapshot", byte_length=2, opts=self.child())
        return Output.concat(self._name, "-final-", suffix.hex)

    def _log(self, kind: str) -> aws.elasticache.ReplicationGroupLogDeliveryConfigurationArgs:
        group = aws.cloudwatch.LogGroup(
            f"{self._name}-{kind}",
            # Under this prefix AWS needs no line for each group in the account's one log policy, which would fill up.
            name=f"/aws/vendedlogs/elasticache/{self._name}/{kind}",
            retention_in_days=self._args.log_retention_days,
            kms_key_id=self._args.keys.logs_arn,
            opts=self.child(),
        )
        return aws.elasticache.ReplicationGroupLogDeliveryConfigurationArgs(
            destination=group.name, destination_type="cloudwatch-logs", log_format="json", log_type=kind
        )

    def _url_secret(self, login: Login) -> Output[str]:
        return ConnectionSecret(
            f"{self._name}-url",
            ConnectionSecretArgs(
                account_id=self._args.account_id,
                region=self._args.region,
                description=f"REDIS_URL of {self._name}",
                value=Output.concat(
                    f"rediss://{login.username}:", login.password, "@", self.primary_endpoint, f":{ELASTICACHE_PORT}/0"
                ),
                key_arn=self._args.keys.secrets_arn,
                replica=None,
                recovery_window_days=self._args.recovery_window_days,
            ),
            self.child(),
        ).secret_arn


def parameter_family(engine: CacheEngine) -> str:
    """The family of parameters that a version takes: `valkey8` for 8.0."""
    return f"{engine.name}{engine.major}"
