"""PostgreSQL on RDS: a primary, its read replicas, and what is kept of it in the recovery region."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components import policy
from components.component import Component
from components.data import rds_parameters
from components.data.connection_secret import POSTGRES_PORT, Login
from components.data.rds_shape import (
    RdsAuthority,
    RdsBackups,
    RdsNetwork,
    RdsObservation,
    RdsRecovery,
    RdsRecoveryReplica,
    RdsSize,
)
from components.naming import Carrier, physical_name
from components.ordering import after

LOGS = ("postgresql", "upgrade")
INSIGHTS_DAYS = {"standard": 7, "advanced": 465}
"""How long each mode keeps its samples; RDS takes no other period for `advanced`."""
MONITORING_SECONDS = (1, 5, 10, 15, 30, 60)


@dataclass(frozen=True, kw_only=True)
class RdsPostgresArgs:
    """What an RdsPostgres needs to know."""

    account_id: str
    """The account that owns the instances, 12 digits."""
    major_version: str
    """The major version of PostgreSQL, such as `17`; minor ones are installed by RDS."""
    database: str
    """The database that is created."""
    admin: Login
    """The master user; its password is not managed by RDS, which would rule out replicas."""
    key_arn: pulumi.Input[str]
    """The KMS key that encrypts storage, backups and query samples."""
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
    recovery: RdsRecovery | None
    """What the recovery region keeps; None without one."""
    deletion_protection: bool
    """Whether RDS refuses to delete an instance."""

    def __post_init__(self) -> None:
        """Raise ValueError for what RDS would refuse halfway through a deployment."""
        zones = list(self.size.replica_zones)
        if len(set(zones)) != len(zones) or not set(zones) <= set(self.network.subnet_ids):
            raise ValueError(f"replica_zones {zones}: name each zone once, and only zones that have a database subnet")
        if not 1 <= self.backups.retention_days <= 35:
            raise ValueError(f"retention_days is {self.backups.retention_days}; RDS takes 1 to 35 where replicas exist")
        if self.observation.monitoring_seconds not in MONITORING_SECONDS:
            raise ValueError(f"monitoring_seconds is {self.observation.monitoring_seconds}: write 1, 5, 10, 15, 30, 60")
        if self.size.max_storage_gib <= self.size.storage_gib:
            raise ValueError("max_storage_gib leaves no room to grow: write more than storage_gib")


class RdsPostgres(Component):
    """A PostgreSQL primary with read replicas, and its backups and a replica in the recovery region.

    Owns the instances, subnet and parameter groups, log groups, and the role that monitors. Guarantees that logical
    replication is possible from the first boot, that everything is encrypted by the given keys, that clients come by
    TLS only, and that neither deleting nor restoring loses a backup. In-region failover is automatic with `multi_az`;
    promoting the recovery replica is an operation. Leaves out the roles inside the database.
    """

    identifier: Output[str]
    """The primary, as alarms and operations name it."""
    arn: Output[str]
    """The primary."""
    resource_id: Output[str]
    """The primary, as policies of IAM authentication name it."""
    address: Output[str]
    """The host of the primary; it follows a failover."""
    reader_addresses: Mapping[str, Output[str]]
    """The hosts of the read replicas, by zone."""
    replica_identifiers: Mapping[str, Output[str]]
    """The read replicas, by zone."""
    recovery_address: Output[str] | None
    """The host of the replica in the recovery region; None if there is none."""
    recovery_identifier: Output[str] | None
    """The replica in the recovery region; None if there is none."""

    def __init__(self, name: str, args: RdsPostgresArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:data:RdsPostgres", name, None, opts)
        self._name, self._args = name, args

        self._monitoring_role_arn = self._monitoring_role()
        primary = self._primary()
        self.identifier, self.arn, self.resource_id = primary.identifier, primary.arn, primary.resource_id
        self.address = primary.address
        replicas = {zone: self._replica(zone, primary) for zone in args.size.replica_zones}
        self.reader_addresses = {zone: replica.address for zone, replica in replicas.items()}
        self.replica_identifiers = {zone: replica.identifier for zone, replica in replicas.items()}
        recovered = self._recovery(args.recovery, primary) if args.recovery else None
        self.recovery_address = recovered.address if recovered else None
        self.recovery_identifier = recovered.identifier if recovered else None
        self.publish()

    def _monitoring_role(self) -> Output[str]:
        role = aws.iam.Role(
            f"{self._name}-monitoring",
            description=f"RDS writes operating system metrics of {self._name} to CloudWatch Logs",
            assume_role_policy=policy.rendered(
                policy.service_trust("monitoring.rds.amazonaws.com", self._args.account_id)
            ),
            opts=self.child(),
        )
        permission = aws.iam.RolePolicy(
            f"{self._name}-monitoring",
            role=role.id,
            policy=policy.rendered(monitoring_policy(self._args.account_id)),
            opts=self.child(),
        )
        return after(role.arn, [permission])

    def _primary(self) -> aws.rds.Instance:
        args = self._args
        return aws.rds.Instance(
            self._name,
            identifier=self._identifier(),
            engine="postgres",
            engine_version=args.major_version,
            allow_major_version_upgrade=False,
            instance_class=args.size.instance_class,
            db_name=args.database,
            port=POSTGRES_PORT,
            username=args.admin.username,
            password=args.admin.password,
            db_subnet_group_name=self._subnet_group("subnets", args.network),
            vpc_security_group_ids=list(args.network.security_group_ids),
            parameter_group_name=self._parameter_group("parameters"),
            # No zone is named: Multi-AZ chooses two, and a named one would replace the instance when it is switched on.
            multi_az=args.size.multi_az,
            allocated_storage=args.size.storage_gib,
            kms_key_id=args.key_arn,
            performance_insights_kms_key_id=args.key_arn,
            backup_retention_period=args.backups.retention_days,
            backup_window=args.backups.backup_window,
            skip_final_snapshot=False,
            final_snapshot_identifier=f"{self._identifier()}-final",
            **self._common(),
            # The log groups are there first, or RDS makes some that are kept for ever, in plain text.
            opts=self.child(protect=True, depends_on=self._log_groups(self._identifier())),
        )

    def _replica(self, zone: str, primary: aws.rds.Instance) -> aws.rds.Instance:
        """A replica has the logins, the subnets and the key of its primary; RDS refuses to be told them again."""
        identifier = self._identifier(zone)
        return aws.rds.Instance(
            f"{self._name}-{zone}",
            identifier=identifier,
            replicate_source_db=primary.identifier,
            availability_zone=zone,
            instance_class=self._args.size.instance_class,
            vpc_security_group_ids=list(self._args.network.security_group_ids),
            parameter_group_name=primary.parameter_group_name,
            performance_insights_kms_key_id=self._args.key_arn,
            backup_retention_period=0,
            skip_final_snapshot=True,
            **self._common(),
            # As with the primary: RDS makes a missing log group itself.
            opts=self.child(protect=True, depends_on=self._log_groups(identifier)),
        )

    def _recovery(self, recovery: RdsRecovery, primary: aws.rds.Instance) -> aws.rds.Instance | None:
        aws.rds.InstanceAutomatedBackupsReplication(
            f"{self._name}-{recovery.region}",
            region=recovery.region,
            source_db_instance_arn=primary.arn,
            kms_key_id=recovery.key_arn,
            retention_period=self._args.backups.retention_days,
            # For another retention it is stopped and started: what is copied stays until it has served its time.
            opts=self.child(delete_before_replace=True),
        )
        return self._recovery_replica(recovery, recovery.replica, primary) if recovery.replica else None

    def _recovery_replica(
        self, recovery: RdsRecovery, replica: RdsRecoveryReplica, primary: aws.rds.Instance
    ) -> aws.rds.Instance:
        """With backups of its own, so that it loses no history when it is promoted."""
        region, identifier = recovery.region, self._identifier("recovery")
        return aws.rds.Instance(
            f"{self._name}-{region}",
            region=region,
            identifier=identifier,
            # The provider promotes an instance that stops naming its source.
            replicate_source_db=None if replica.promoted else primary.arn,
            instance_class=replica.instance_class,
            db_subnet_group_name=self._subnet_group(f"subnets-{region}", replica.network, region),
            vpc_security_group_ids=list(replica.network.security_group_ids),
            parameter_group_name=self._parameter_group(f"parameters-{region}", region),
            kms_key_id=recovery.key_arn,
            performance_insights_kms_key_id=recovery.key_arn,
            backup_retention_period=self._args.backups.retention_days,
            backup_window=self._args.backups.backup_window,
            skip_final_snapshot=not replica.promoted,
            final_snapshot_identifier=f"{identifier}-final" if replica.promoted else None,
            **self._common(),
            # As with the primary: RDS makes a missing log group itself.
            opts=self.child(protect=True, depends_on=self._log_groups(identifier, region, replica.logs_key_arn)),
        )

    def _common(self) -> dict[str, Any]:
        """What the primary and every replica have alike."""
        args = self._args
        return {
            "storage_type": "gp3",
            "storage_encrypted": True,
            "max_allocated_storage": args.size.max_storage_gib,
            "publicly_accessible": False,
            "ca_cert_identifier": args.authority.identifier,
            "iam_database_authentication_enabled": True,
            "deletion_protection": args.deletion_protection,
            "delete_automated_backups": False,
            "copy_tags_to_snapshot": True,
            "maintenance_window": args.backups.maintenance_window,
            "auto_minor_version_upgrade": True,
            "apply_immediately": False,
            "enabled_cloudwatch_logs_exports": list(LOGS),
            "monitoring_interval": args.observation.monitoring_seconds,
            "monitoring_role_arn": self._monitoring_role_arn,
            "performance_insights_enabled": True,
            "performance_insights_retention_period": INSIGHTS_DAYS[args.observation.insights],
            "database_insights_mode": args.observation.insights,
        }

    def _subnet_group(self, role: str, network: RdsNetwork, region: str | None = None) -> Output[str]:
        return aws.rds.SubnetGroup(
            f"{self._name}-{role}",
            region=region,
            description=f"Database subnets of {self._name}",
            subnet_ids=list(network.subnet_ids.values()),
            opts=self.child(),
        ).name

    def _parameter_group(self, role: str, region: str | None = None) -> Output[str]:
        return aws.rds.ParameterGroup(
            f"{self._name}-{role}",
            region=region,
            description=f"Logical replication and slow statements of {self._name}",
            family=rds_parameters.family(self._args.major_version),
            parameters=rds_parameters.parameters(self._args.size.storage_gib),
            opts=self.child(),
        ).name

    def _log_groups(
        self, identifier: str, region: str | None = None, key_arn: pulumi.Input[str] | None = None
    ) -> list[pulumi.Resource]:
        return [
            aws.cloudwatch.LogGroup(
                f"{identifier}-{log}",
                region=region,
                name=f"/aws/rds/instance/{identifier}/{log}",
                retention_in_days=self._args.observation.log_retention_days,
                kms_key_id=key_arn or self._args.observation.logs_key_arn,
                opts=self.child(),
            )
            for log in LOGS
        ]

    def _identifier(self, *role: str) -> str:
        """Not generated: log groups are named after it, and alarms before it exists."""
        return physical_name(Carrier.RDS_INSTANCE, self._name, *role)


def monitoring_policy(account_id: str) -> dict[str, Any]:
    """What RDS does in its one log group, which it shares among all instances of a region."""
    groups = f"arn:aws:logs:*:{account_id}:log-group:RDSOSMetrics"  # the recovery region has one as well
    return policy.document(
        policy.allow("KeepGroup", ["logs:CreateLogGroup", "logs:PutRetentionPolicy"], [groups, f"{groups}:*"]),
        policy.allow(
            "WriteMetrics",
            ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams", "logs:GetLogEvents"],
            [f"{groups}:log-stream:*"],
        ),
    )
