"""A cache on Memorystore: the Google Cloud half of RedisHA."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_gcp as gcp
from pulumi import Output

from components.component import Component
from components.data.elasticache import Eviction
from components.ordering import after

MEMORYSTORE_PORT = 6378
"""Where Memorystore listens with TLS; 6379 is the port without."""

SECONDS_A_DAY = 86_400

Weekday = Literal["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
SnapshotPeriod = Literal["ONE_HOUR", "SIX_HOURS", "TWELVE_HOURS", "TWENTY_FOUR_HOURS"]


@dataclass(frozen=True, kw_only=True)
class MemorystoreEngine:
    """What the nodes run."""

    version: str
    """Its version as Google writes it, such as `REDIS_7_2`; a lower one than before is refused."""
    memory_gib: int
    """Memory of each of the two nodes, 1 to 300."""
    eviction: Eviction
    """What is forgotten when the memory is full; `noeviction` refuses writes instead."""


@dataclass(frozen=True, kw_only=True)
class MemorystoreNetwork:
    """Where the instance is."""

    network_id: pulumi.Input[str]
    """The VPC that reaches it."""
    allocated_range: pulumi.Input[str]
    """The name of the reserved range from which it gets its address."""
    services_peering: pulumi.Input[str]
    """The peering with the managed services; without it there is no address to get."""


@dataclass(frozen=True, kw_only=True)
class MemorystoreWindows:
    """When snapshots and maintenance happen, in UTC."""

    snapshots: SnapshotPeriod
    """Time between two snapshots, from which the cache is filled if both nodes are lost."""
    maintenance_day: Weekday
    """The day of upgrades, at which the nodes change places."""
    maintenance_hour: int
    """Its hour, 0 to 23."""


@dataclass(frozen=True, kw_only=True)
class MemorystoreKeys:
    """The Cloud KMS keys of the region, by what they encrypt."""

    data_id: pulumi.Input[str]
    """Memory written to disk; Memorystore's service agent may use the key."""
    secrets_id: pulumi.Input[str]
    """The secrets; Secret Manager's service agent may use the key."""


@dataclass(frozen=True, kw_only=True)
class MemorystoreArgs:
    """What a Memorystore needs to know."""

    project_id: str
    """The project that owns the instance."""
    region: str
    """Its region; its two nodes are in different zones."""
    engine: MemorystoreEngine
    """What the nodes run."""
    network: MemorystoreNetwork
    """Where it is."""
    windows: MemorystoreWindows
    """When snapshots and maintenance happen."""
    keys: MemorystoreKeys
    """What encrypts it."""
    readers: Mapping[str, pulumi.Input[str]]
    """IAM members that read the secrets, by what they are for."""
    recovery_window_days: int
    """Days in which a replaced value can be restored, or 0 for none; then the secrets can be deleted too."""
    deletion_protection: bool
    """Whether Memorystore refuses to delete the instance."""


class Memorystore(Component):
    """A Redis instance with a primary and a replica in another zone, on a private address.

    Owns the instance and the secrets with its URL and with its certificates. Guarantees TLS, a password, encryption by
    the given key, and that a growing memory or a newer version does not replace it. It is always highly available: the
    tier could not be changed without losing the instance. Leaves out users with fewer rights, which Memorystore does
    not know: the password opens everything.
    """

    instance_id: Output[str]
    """The instance: `projects/<project>/locations/<region>/instances/<name>`."""
    host: Output[str]
    """Its address, which the primary always has."""
    url_secret_id: Output[str]
    """The secret with `rediss://:<password>@<address>:6378/0`, once it has a value and its readers may read it."""
    ca_secret_id: Output[str]
    """The secret with the authorities that sign its certificate, PEM; no client has them by itself."""

    def __init__(self, name: str, args: MemorystoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:data:Memorystore", name, None, opts)
        self._name, self._args = name, args

        instance = self._instance()
        self.instance_id, self.host = instance.id, instance.host
        self.url_secret_id = self._secret("url", redis_url(Output.secret(instance.auth_string), self.host))
        # All of them: while Google changes the authority there are two, and either may have signed the certificate.
        self.ca_secret_id = self._secret(
            "ca", instance.server_ca_certs.apply(lambda authorities: "\n".join(each.cert or "" for each in authorities))
        )
        self.publish()

    def _instance(self) -> gcp.redis.Instance:
        engine, network = self._args.engine, self._args.network
        return gcp.redis.Instance(
            self._name,
            project=self._args.project_id,
            region=self._args.region,
            display_name=f"{self._name}: cache, sessions and rate limits",
            tier="STANDARD_HA",
            memory_size_gb=engine.memory_gib,
            redis_version=engine.version,
            redis_configs={"maxmemory-policy": engine.eviction},
            connect_mode="PRIVATE_SERVICE_ACCESS",
            authorized_network=network.network_id,
            # The range alone is there before the peering is, and gives no address.
            reserved_ip_range=Output.all(network.allocated_range, network.services_peering).apply(lambda both: both[0]),
            auth_enabled=True,
            transit_encryption_mode="SERVER_AUTHENTICATION",
            customer_managed_key=self._args.keys.data_id,
            persistence_config=gcp.redis.InstancePersistenceConfigArgs(
                persistence_mode="RDB", rdb_snapshot_period=self._args.windows.snapshots
            ),
            maintenance_policy=self._maintenance(),
            deletion_protection=self._args.deletion_protection,
            opts=self.child(protect=True),
        )

    def _maintenance(self) -> gcp.redis.InstanceMaintenancePolicyArgs:
        windows = self._args.windows
        return gcp.redis.InstanceMaintenancePolicyArgs(
            weekly_maintenance_windows=[
                gcp.redis.InstanceMaintenancePolicyWeeklyMaintenanceWindowArgs(
                    day=windows.maintenance_day,
                    start_time=gcp.redis.InstanceMaintenancePolicyWeeklyMaintenanceWindowStartTimeArgs(
                        hours=windows.maintenance_hour, minutes=0, seconds=0, nanos=0
                    ),
                )
            ]
        )

    def _secret(self, role: str, value: Output[str]) -> Output[str]:
        window = self._args.recovery_window_days
        secret = gcp.secretmanager.Secret(
            f"{self._name}-{role}",
            project=self._args.project_id,
            secret_id=f"{self._name}-{role}",
            replication=self._kept_in_the_region(),
            version_destroy_ttl=f"{window * SECONDS_A_DAY}s" if window else None,
            deletion_protection=window > 0,
            opts=self.child(protect=True),
        )
        version = gcp.secretmanager.SecretVersion(
            f"{self._name}-{role}", secret=secret.id, secret_data=value, opts=self.child()
        )
        grants = [
            gcp.secretmanager.SecretIamMember(
                f"{self._name}-{role}-{key}",
                project=self._args.project_id,
                secret_id=secret.id,
                role="roles/secretmanager.secretAccessor",
                member=member,
                opts=self.child(),
            )
            for key, member in self._args.readers.items()
        ]
        return after(secret.id, [version, *grants])

    def _kept_in_the_region(self) -> gcp.secretmanager.SecretReplicationArgs:
        return gcp.secretmanager.SecretReplicationArgs(
            user_managed=gcp.secretmanager.SecretReplicationUserManagedArgs(
                replicas=[
                    gcp.secretmanager.SecretReplicationUserManagedReplicaArgs(
                        location=self._args.region,
                        customer_managed_encryption=gcp.secretmanager.SecretReplicationUserManagedReplicaCustomerManagedEncryptionArgs(
                            kms_key_name=self._args.keys.secrets_id
                        ),
                    )
                ]
            )
        )


def redis_url(password: Output[str], host: pulumi.Input[str]) -> Output[str]:
    """A URL with TLS for clients that send a password and no name."""
    return Output.concat("rediss://:", password, "@", host, f":{MEMORYSTORE_PORT}/0")
