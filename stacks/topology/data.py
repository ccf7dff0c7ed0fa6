"""The databases and caches: one component each, on the keys, subnets and security groups that are theirs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.data.cloud_sql_postgres import CloudSqlBackups, CloudSqlNetwork, CloudSqlSize
from components.data.elasticache import ElastiCache
from components.data.postgres_shape import AwsPostgresArgs, GcpPostgresArgs, PostgresLogins, PostgresSecrets
from components.data.rds_shape import (
    RdsAuthority,
    RdsBackups,
    RdsNetwork,
    RdsObservation,
    RdsRecovery,
    RdsRecoveryReplica,
    RdsSize,
)
from components.data.replicated_postgres import ReplicatedPostgres, ReplicatedPostgresArgs
from components.security.key_pair import KeyPair
from components.security.secret_pair import AwsSecretArgs, GcpSecretArgs, SecretReplica
from components.workloads.contract import AUTHORITIES_PATH
from stacks.settings import Settings
from stacks.settings.databases import PROXY, Database, DatabaseStandby
from stacks.topology.analytics import change_feed
from stacks.topology.caches import Cached, caches, recovery_caches
from stacks.topology.network import Networks
from stacks.topology.providers import Providers


@dataclass(frozen=True, kw_only=True)
class Data:
    """What services, alarms and operations need of the data."""

    databases: Mapping[str, ReplicatedPostgres]
    """The managed databases, by name."""
    caches: Cached
    """The managed caches, by name."""
    recovery_caches: Mapping[str, ElastiCache]
    """Those of the recovery region, by name."""

    def database_outputs(self) -> dict[str, dict[str, Any]]:
        """What operators look up of each database; where secrets are, not what they are."""
        return {
            name: {
                "writer": each.writer,
                "aws_endpoint": each.aws_endpoint,
                "aws_reader_addresses": each.aws_reader_addresses,
                "aws_identifiers": each.aws_identifiers,
                "aws_url_secret_arn": each.aws_url_secret_arn,
                "login_secret_arns": each.login_secret_arns,
                "recovery_address": each.recovery_address,
                "recovery_url_secret_arn": each.recovery_url_secret_arn,
                "gcp_address": each.gcp_address,
                "gcp_instance_name": each.gcp_instance_name,
                "gcp_url_secret_id": each.gcp_url_secret_id,
                "replication_job_name": each.replication_job_name,
                "preparation": each.preparation,
                "after_promotion": each.after_promotion,
            }
            for name, each in self.databases.items()
        }

    def cache_outputs(self) -> dict[str, dict[str, Any]]:
        """What operators look up of each cache."""
        return {
            name: {
                "aws_primary_endpoint": each.aws_primary_endpoint,
                "aws_replication_group_id": each.aws_replication_group_id,
                "aws_url_secret_arn": each.aws_url_secret_arn,
                "gcp_host": each.gcp_host,
                "gcp_instance_id": each.gcp_instance_id,
                "gcp_url_secret_id": each.gcp_url_secret_id,
                **self._recovery_cache_outputs(name),
            }
            for name, each in self.caches.items()
        }

    def _recovery_cache_outputs(self, name: str) -> dict[str, Any]:
        each = self.recovery_caches.get(name)
        return {
            "recovery_primary_endpoint": each.primary_endpoint if each else None,
            "recovery_url_secret_arn": each.url_secret_arn if each else None,
        }


def data(settings: Settings, providers: Providers, keys: Mapping[str, KeyPair], network: Networks) -> Data:
    """Every managed database and cache of the settings."""
    return Data(
        databases={
            name: _Postgres(name, settings, keys, network).made(providers) for name in settings.databases.managed
        },
        caches=caches(settings, providers, keys, network),
        recovery_caches=recovery_caches(settings, providers, keys, network),
    )


class _Postgres:
    """The arguments of one database, from the settings and from what it is built on."""

    def __init__(self, name: str, settings: Settings, keys: Mapping[str, KeyPair], network: Networks) -> None:
        self._name, self._party = name, f"postgres-{name}"
        self._settings, self._keys, self._network = settings, keys, network
        self._own: Database = settings.databases.managed[name]

    def made(self, providers: Providers) -> ReplicatedPostgres:
        own = self._own
        return ReplicatedPostgres(
            self._party,
            ReplicatedPostgresArgs(
                database=own.database,
                major_version=own.version,
                writer=own.writer,
                logins=PostgresLogins(
                    administrator=own.logins.administrator,
                    application=own.logins.application,
                    replication=own.logins.replication,
                    generation=own.logins.generation,
                ),
                secrets=self._secrets(),
                deletion_protection=own.deletion_protection,
                aws=self._aws(),
                gcp=self._gcp(own.standby) if own.standby else None,
                feed=change_feed(self._settings, providers, self._name),
            ),
            providers.options(),
        )

    def _aws(self) -> AwsPostgresArgs:
        own = self._own
        return AwsPostgresArgs(
            key_arn=self._keys["data"].aws_key_arn,
            network=RdsNetwork(
                subnet_ids=self._network.pair.database_subnet_ids,
                security_group_ids=[self._network.aws_access.security_group_ids[self._party]],
            ),
            size=RdsSize(
                instance_class=own.instance_class,
                storage_gib=own.storage_gib,
                max_storage_gib=own.max_storage_gib,
                multi_az=own.multi_az,
                replica_zones=own.replica_zones,
            ),
            backups=RdsBackups(
                retention_days=own.backups.retention_days,
                backup_window=own.backups.window,
                maintenance_window=own.backups.maintenance_window,
            ),
            observation=RdsObservation(
                monitoring_seconds=own.observation.monitoring_seconds,
                insights=own.observation.insights,
                log_retention_days=own.observation.log_retention_days,
                logs_key_arn=self._keys["logs"].aws_key_arn,
            ),
            authority=RdsAuthority(
                identifier=own.authority.identifier, certificate=self._certificate(self._settings.aws.region)
            ),
            pool_percent=own.pool_percent,
            recovery=self._recovery(),
        )

    def _recovery(self) -> RdsRecovery | None:
        """What the recovery region keeps of it: backups wherever there is such a region, a replica by settings."""
        region, key_arn = self._settings.aws.recovery, self._keys["data"].aws_replica_key_arn
        if region is None or key_arn is None:
            return None
        return RdsRecovery(region=region.region, key_arn=key_arn, replica=self._recovery_replica(region.region))

    def _recovery_replica(self, region: str) -> RdsRecoveryReplica | None:
        vpc, access, own = self._network.recovery, self._network.recovery_access, self._own.recovery
        logs_key_arn = self._keys["logs"].aws_replica_key_arn
        if own is None or vpc is None or access is None or logs_key_arn is None:
            return None
        return RdsRecoveryReplica(
            promoted=own.promoted,
            instance_class=own.instance_class,
            network=RdsNetwork(
                subnet_ids=vpc.database_subnet_ids, security_group_ids=[access.security_group_ids[self._party]]
            ),
            certificate=self._certificate(region),
            logs_key_arn=logs_key_arn,
        )

    def _gcp(self, standby: DatabaseStandby) -> GcpPostgresArgs | None:
        google, pair, key_id = self._settings.gcp, self._network.pair, self._keys["data"].gcp_key_id
        network_id, allocated, peering = pair.network_id, pair.managed_services_range_name, pair.services_peering
        if key_id is None or network_id is None or allocated is None or peering is None:
            return None
        return GcpPostgresArgs(
            project_id=google.project_id,
            region=google.region,
            key_id=key_id,
            network=CloudSqlNetwork(network_id=network_id, allocated_range=allocated, services_peering=peering),
            size=CloudSqlSize(
                tier=standby.tier, storage_gib=standby.storage_gib, max_storage_gib=standby.max_storage_gib
            ),
            backups=CloudSqlBackups(
                retained=standby.backups.retained,
                log_days=standby.backups.log_days,
                start_time=standby.backups.start_time,
                maintenance_day=standby.backups.maintenance_day,
                maintenance_hour=standby.backups.maintenance_hour,
            ),
            replication_generation=standby.replication_generation,
        )

    def _secrets(self) -> PostgresSecrets:
        settings, key = self._settings, self._keys["secrets"]
        recovery, google = settings.aws.recovery, self._own.standby is not None
        return PostgresSecrets(
            recovery_window_days=settings.secrets.recovery_window_days,
            aws=AwsSecretArgs(
                account_id=settings.aws.account_id,
                region=settings.aws.region,
                key_arn=key.aws_key_arn,
                replica=SecretReplica(region=recovery.region, key_arn=key.aws_replica_key_arn)
                if recovery and key.aws_replica_key_arn
                else None,
            ),
            gcp=GcpSecretArgs(project_id=settings.gcp.project_id, region=settings.gcp.region, key_id=key.gcp_key_id)
            if google and key.gcp_key_id
            else None,
            authorities_path=AUTHORITIES_PATH,
            proxy_authorities=self._certificate(PROXY) if self._own.pool_percent is not None else "",
        )

    def _certificate(self, key: str) -> str:
        """Raises LookupError where the settings have none, which their checks refuse."""
        certificate = self._own.authority.certificates.get(key)
        if certificate is None:
            raise LookupError(f"{self._party} has no certificate of the authority in {key}")
        return certificate
