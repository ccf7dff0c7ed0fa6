"""PostgreSQL on Cloud SQL: a standby that is filled from elsewhere until it is promoted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_gcp as gcp
from pulumi import Output

from components.component import Component
from components.data.connection_secret import Login

Role = Literal["standby", "writer"]
Edition = Literal["ENTERPRISE", "ENTERPRISE_PLUS"]

LOG_DAYS: Mapping[Edition, int] = {"ENTERPRISE": 7, "ENTERPRISE_PLUS": 35}
"""The longest that each edition keeps transaction logs, within which any moment can be restored."""

FLAGS = {
    "cloudsql.iam_authentication": "on",
    # After a promotion this side is the source, for the way back and for the change stream; turning them on restarts.
    "cloudsql.logical_decoding": "on",
    "cloudsql.enable_pglogical": "on",
    "max_replication_slots": "20",
    "max_wal_senders": "30",
    "max_worker_processes": "40",
    "log_min_duration_statement": "1000",
}

CHANGED_BY_REPLICATION = ["instanceType", "masterInstanceName", "replicaConfiguration"]
"""What Database Migration Service writes when it makes the instance a replica; set back, the instance is replaced."""

HELD_WHILE_STANDBY = ["settings.availabilityType", "settings.backupConfiguration"]
"""A replica of an external server is zonal and has no backups of its own, whatever it was created with."""


@dataclass(frozen=True, kw_only=True)
class CloudSqlNetwork:
    """Where the instance is."""

    network_id: pulumi.Input[str]
    """The VPC that reaches it."""
    allocated_range: pulumi.Input[str]
    """The name of the reserved range from which it gets its address."""
    services_peering: pulumi.Input[str]
    """The peering with the managed services; without it there is no address to get."""


@dataclass(frozen=True, kw_only=True)
class CloudSqlSize:
    """How large the instance is."""

    tier: str
    """Its machine; `db-custom-*` goes with Enterprise, `db-perf-optimized-N-*` with Enterprise Plus."""
    storage_gib: int
    """Storage that it starts with, 10 or more."""
    max_storage_gib: int
    """What storage may grow to by itself."""


@dataclass(frozen=True, kw_only=True)
class CloudSqlBackups:
    """When backups and maintenance happen, in UTC."""

    retained: int
    """Daily backups that are kept, 1 to 365."""
    log_days: int
    """Days within which any moment can be restored, 1 to 7, with Enterprise Plus to 35."""
    start_time: str
    """When the daily backup begins, such as `01:00`."""
    maintenance_day: int
    """The day of upgrades and restarts, 1 (Monday) to 7."""
    maintenance_hour: int
    """Its hour, 0 to 23."""


@dataclass(frozen=True, kw_only=True)
class CloudSqlPostgresArgs:
    """What a CloudSqlPostgres needs to know."""

    project_id: str
    """The project that owns the instance."""
    region: str
    """Its region, which is also where its backups stay."""
    major_version: str
    """The major version of PostgreSQL, such as `17`; not below that of the source."""
    role: Role
    """`standby` while it follows another server, `writer` once it is promoted."""
    logins: Mapping[str, Login]
    """Who logs in, by purpose: the service replicates no roles, so they are made on both sides."""
    key_id: pulumi.Input[str]
    """The Cloud KMS key of the region; Cloud SQL's service agent may use it."""
    network: CloudSqlNetwork
    """Where the instance is."""
    size: CloudSqlSize
    """How large it is."""
    backups: CloudSqlBackups
    """When it is backed up."""
    deletion_protection: bool
    """Whether the program and Cloud SQL refuse to delete the instance."""

    def __post_init__(self) -> None:
        """Raise ValueError for what Cloud SQL would refuse."""
        sold_as = edition(self.size.tier)
        if not 1 <= self.backups.log_days <= LOG_DAYS[sold_as]:
            raise ValueError(
                f"log_days is {self.backups.log_days}; {sold_as} keeps transaction logs for 1 to {LOG_DAYS[sold_as]}"
            )


class CloudSqlPostgres(Component):
    """A Cloud SQL instance with a private address only.

    Owns the instance and its logins. Guarantees encryption by the given key, TLS, and that a deployment never fights
    the replication service: what that changes on a standby stays as it is. As a standby the instance is zonal, which is
    all that a subscriber may be; as the writer it is regional, by the same arguments. Leaves out the data and the
    databases, which the replication brings: it only fills an empty instance.
    """

    instance_name: Output[str]
    """The instance, as operations name it."""
    connection_name: Output[str]
    """`project:region:instance`, as metrics and connectors name it."""
    address: Output[str]
    """Its private address."""
    server_ca: Output[str]
    """The certificate of the authority that signs this one server, PEM."""

    def __init__(self, name: str, args: CloudSqlPostgresArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:data:CloudSqlPostgres", name, None, opts)
        self._name, self._args = name, args

        instance = self._instance()
        self._logins(instance)
        self.instance_name, self.connection_name = instance.name, instance.connection_name
        self.address = instance.private_ip_address
        # The SDK holds the certificate back as a secret; passed on as one, it does no harm.
        self.server_ca = instance.server_ca_certs.apply(lambda certificates: certificates[0].cert or "")
        self.publish()

    def _instance(self) -> gcp.sql.DatabaseInstance:
        args = self._args
        held = HELD_WHILE_STANDBY if args.role == "standby" else []
        return gcp.sql.DatabaseInstance(
            self._name,
            project=args.project_id,
            region=args.region,
            database_version=f"POSTGRES_{args.major_version}",
            encryption_key_name=args.key_id,
            deletion_protection=args.deletion_protection,
            settings=gcp.sql.DatabaseInstanceSettingsArgs(
                tier=args.size.tier,
                edition=edition(args.size.tier),
                availability_type="ZONAL" if args.role == "standby" else "REGIONAL",
                activation_policy="ALWAYS",
                disk_type="PD_SSD",
                disk_size=args.size.storage_gib,
                disk_autoresize=True,
                disk_autoresize_limit=args.size.max_storage_gib,
                deletion_protection_enabled=args.deletion_protection,
                retain_backups_on_delete=True,
                ip_configuration=self._addresses(),
                backup_configuration=self._backups(),
                maintenance_window=gcp.sql.DatabaseInstanceSettingsMaintenanceWindowArgs(
                    day=args.backups.maintenance_day, hour=args.backups.maintenance_hour, update_track="stable"
                ),
                insights_config=self._insights(),
                database_flags=[
                    gcp.sql.DatabaseInstanceSettingsDatabaseFlagArgs(name=flag, value=value)
                    for flag, value in FLAGS.items()
                ],
            ),
            # Storage grows by itself, and set back the instance would be replaced.
            opts=self.child(protect=True, ignore_changes=[*CHANGED_BY_REPLICATION, "settings.diskSize", *held]),
        )

    def _addresses(self) -> gcp.sql.DatabaseInstanceSettingsIpConfigurationArgs:
        network = self._args.network
        # The network, once its peering is there: Cloud SQL gives no private address before.
        peered = Output.all(network.network_id, network.services_peering).apply(lambda values: values[0])
        return gcp.sql.DatabaseInstanceSettingsIpConfigurationArgs(
            ipv4_enabled=False,
            private_network=peered,
            allocated_ip_range=network.allocated_range,
            ssl_mode="ENCRYPTED_ONLY",
            # An authority for this one server: whoever trusts it need not compare host names.
            server_ca_mode="GOOGLE_MANAGED_INTERNAL_CA",
        )

    def _backups(self) -> gcp.sql.DatabaseInstanceSettingsBackupConfigurationArgs:
        backups = self._args.backups
        return gcp.sql.DatabaseInstanceSettingsBackupConfigurationArgs(
            enabled=True,
            start_time=backups.start_time,
            # Unnamed, it would be the multi-region nearest by, whichever borders that crosses.
            location=self._args.region,
            point_in_time_recovery_enabled=True,
            transaction_log_retention_days=backups.log_days,
            backup_retention_settings=gcp.sql.DatabaseInstanceSettingsBackupConfigurationBackupRetentionSettingsArgs(
                retained_backups=backups.retained, retention_unit="COUNT"
            ),
        )

    def _insights(self) -> gcp.sql.DatabaseInstanceSettingsInsightsConfigArgs:
        return gcp.sql.DatabaseInstanceSettingsInsightsConfigArgs(
            query_insights_enabled=True,
            query_string_length=1024,
            query_plans_per_minute=5,
            record_application_tags=True,
            record_client_address=False,
        )

    def _logins(self, instance: gcp.sql.DatabaseInstance) -> None:
        """Made while the instance is still empty: a replica takes no users and no passwords.

        A password that is generated anew reaches the instance when it becomes the writer.
        """
        for purpose, login in self._args.logins.items():
            gcp.sql.User(
                f"{self._name}-{purpose}",
                project=self._args.project_id,
                instance=instance.name,
                name=login.username,
                password=login.password,
                type="BUILT_IN",
                # PostgreSQL drops no role that owns something, and replication goes on without the program.
                deletion_policy="ABANDON",
                opts=self.child(ignore_changes=["password"] if self._args.role == "standby" else []),
            )


def edition(tier: str) -> Edition:
    """The edition that sells a machine; unnamed, Cloud SQL takes Enterprise Plus and refuses the others' machines."""
    if tier.startswith("db-perf-optimized-N-"):
        return "ENTERPRISE_PLUS"
    if tier.startswith("db-custom-"):
        return "ENTERPRISE"
    raise ValueError(f"tier {tier} is of no edition with a private range and backups: write db-custom-<cpus>-<mib>")
