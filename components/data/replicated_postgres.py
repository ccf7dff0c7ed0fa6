"""One PostgreSQL database in both clouds: a primary on RDS, a standby on Cloud SQL, and one side that writes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import pulumi
from pulumi import Output

from components.component import Component
from components.data import change_stream
from components.data.cloud_sql_postgres import CloudSqlPostgres, CloudSqlPostgresArgs
from components.data.connection_secret import (
    ConnectionSecret,
    ConnectionSecretArgs,
    Login,
    connection_fields,
    connection_url,
    generated_login,
)
from components.data.database_replication import DatabaseReplication, DatabaseReplicationArgs, ReplicationSource
from components.data.postgres_roles import preparation, promotion
from components.data.postgres_shape import (
    AwsPostgresArgs,
    ChangeFeed,
    GcpPostgresArgs,
    PostgresLogins,
    PostgresSecrets,
    check_logins,
)
from components.data.rds_postgres import RdsPostgres, RdsPostgresArgs
from components.data.rds_proxy import RdsProxy, RdsProxyArgs
from components.data.rds_shape import RdsRecovery
from components.security.secret_pair import GcpSecretArgs, SecretPair, SecretPairArgs

Writer = Literal["aws", "gcp"]
"""The side that services write to."""

ADMINISTRATOR, APPLICATION, REPLICATION = "administrator", "application", "replication"


@dataclass(frozen=True, kw_only=True)
class ReplicatedPostgresArgs:
    """What a ReplicatedPostgres needs to know."""

    database: str
    """The database, such as `platform`."""
    major_version: str
    """The major version of PostgreSQL on both sides, such as `17`."""
    writer: Writer
    """The side that services write to; flipped after a promotion, never before."""
    logins: PostgresLogins
    """Who logs in."""
    secrets: PostgresSecrets
    """How logins are kept."""
    deletion_protection: bool
    """Whether both clouds refuse to delete the instances."""
    aws: AwsPostgresArgs
    """The AWS half."""
    gcp: GcpPostgresArgs | None
    """The Google Cloud half; None where there is no standby cloud."""
    feed: ChangeFeed | None = None
    """What a change stream reads of it; None where nothing does."""

    def __post_init__(self) -> None:
        """Raise ValueError for halves that do not fit together."""
        if self.writer == "gcp" and self.gcp is None:
            raise ValueError("writer is gcp, where this database has no standby: write aws, or give the Google half")
        if (self.gcp is None) != (self.secrets.gcp is None):
            raise ValueError("secrets.gcp goes with the Google half: services there read the URL from Secret Manager")
        if (self.aws.recovery is None) != (self.secrets.aws.replica is None):
            raise ValueError(
                "secrets.aws.replica goes with the recovery region: a database nobody can log in to is none"
            )
        if self.feed is not None:
            check_logins([self.logins.administrator, self.logins.application, self.logins.replication, self.feed.login])
            if self.gcp is None:
                raise ValueError("feed goes with the Google half: its password is read from Secret Manager there")


class ReplicatedPostgres(Component):
    """A PostgreSQL database of which one side writes and the other follows.

    Owns the instances of both clouds and of the recovery region, the pool, the replication, the logins and the secrets
    that say how to connect. Guarantees that services of both clouds have the URL of the one writer, so that two sides
    never take writes, and that flipping the writer changes that URL and the standby's availability, and replaces
    nothing. Leaves out the promotion itself and the start of the replication, which are operations, and the roles
    inside RDS: `preparation` makes them, once, before the first release.
    """

    aws_url_secret_arn: Output[str]
    """DATABASE_URL for services on AWS: the URL of the writer."""
    aws_replica_url_secret_arn: Output[str] | None
    """Its copy in the recovery region; None if there is none."""
    gcp_url_secret_id: Output[str] | None
    """DATABASE_URL for services on Google Cloud: the same URL; None without the Google half."""
    aws_authorities_secret_arn: Output[str]
    """The certificates, PEM, that services keep at the path that the URL names."""
    aws_replica_authorities_secret_arn: Output[str] | None
    """Its copy in the recovery region; None if there is none."""
    gcp_authorities_secret_id: Output[str] | None
    """The same for services on Google Cloud; None without the Google half."""
    login_secret_arns: Mapping[str, Output[str]]
    """JSON with user name, password, host, port, dbname and engine, by login."""
    aws_endpoint: Output[str]
    """The host that services on AWS connect to while AWS writes: the proxy, if there is one."""
    aws_writer_address: Output[str]
    """The host of the RDS primary itself."""
    aws_reader_addresses: Mapping[str, Output[str]]
    """The hosts of the read replicas, by zone."""
    aws_identifiers: Mapping[str, Output[str]]
    """The RDS instances for alarms: `primary`, and the replicas by zone."""
    aws_resource_id: Output[str]
    """The RDS primary as policies of IAM authentication name it."""
    aws_proxy_name: Output[str] | None
    """The proxy for alarms; None without one."""
    gcp_address: Output[str] | None
    """The private address of the standby; None without one."""
    gcp_server_ca: Output[str] | None
    """The certificate of the authority that signs the standby's, PEM; None without one."""
    gcp_instance_name: Output[str] | None
    """The standby for alarms and operations; None without one."""
    gcp_connection_name: Output[str] | None
    """The standby as metrics and connectors name it; None without one."""
    replication_job_name: Output[str] | None
    """The migration job for alarms and operations; None without a standby."""
    recovery_address: Output[str] | None
    """The host of the replica in the recovery region; None without one."""
    recovery_identifier: Output[str] | None
    """The replica in the recovery region for alarms; None without one."""
    recovery_url_secret_arn: Output[str] | None
    """DATABASE_URL for services in the recovery region once that replica is promoted; None without one."""
    writer: Output[str]
    """The side that writes: `aws` or `gcp`."""
    preparation: Output[str]
    """The psql script that makes the logins on a new primary; the passwords are its variables."""
    after_promotion: Output[str]
    """The psql script that gives a promoted standby to the services."""
    feed_password_version: Output[str] | None
    """The password of the change stream, `projects/<p>/secrets/<s>/versions/<v>`, once it may read it; None without."""
    feed_preparation: Output[str] | None
    """The psql script that makes a side ready for the change stream, run right before it starts; None without one."""

    def __init__(self, name: str, args: ReplicatedPostgresArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:data:ReplicatedPostgres", name, None, opts)
        self._name, self._args = name, args

        self._users = self._logins()
        primary = self._primary()
        self._publish_primary(primary)
        self.login_secret_arns = {key: self._login_secret(key, login) for key, login in self._users.items()}
        self.aws_endpoint, self.aws_proxy_name = self._pool(args.aws.pool_percent)
        standby = self._standby(args.gcp) if args.gcp else None
        self._publish_standby(standby)
        self.replication_job_name = self._replication(args.gcp, standby) if args.gcp and standby else None
        self._url_secrets()
        self._authority_secrets(standby)
        self.recovery_url_secret_arn = self._recovery_url(args.aws.recovery) if args.aws.recovery else None
        self.writer = Output.from_input(args.writer)
        self.preparation, self.after_promotion = self._scripts()
        feed = args.feed
        self.feed_password_version, self.feed_preparation = self._feed(feed) if feed else (None, None)
        self.publish()

    def _logins(self) -> dict[str, Login]:
        """A running replication keeps its password: Google would replace the job's source for another one."""
        logins, following = self._args.logins, self._args.gcp.replication_generation if self._args.gcp else 1
        names = {
            ADMINISTRATOR: (logins.administrator, logins.generation),
            APPLICATION: (logins.application, logins.generation),
            REPLICATION: (logins.replication, following),
        }
        return {
            purpose: generated_login(f"{self._name}-{purpose}", username, generation, self.child())
            for purpose, (username, generation) in names.items()
        }

    def _primary(self) -> RdsPostgres:
        half = self._args.aws
        return RdsPostgres(
            self._name,
            RdsPostgresArgs(
                account_id=self._args.secrets.aws.account_id,
                major_version=self._args.major_version,
                database=self._args.database,
                admin=self._users[ADMINISTRATOR],
                key_arn=half.key_arn,
                network=half.network,
                size=half.size,
                backups=half.backups,
                observation=half.observation,
                authority=half.authority,
                recovery=half.recovery,
                deletion_protection=self._args.deletion_protection,
            ),
            self.child(),
        )

    def _publish_primary(self, primary: RdsPostgres) -> None:
        self.aws_writer_address, self.aws_reader_addresses = primary.address, primary.reader_addresses
        self.aws_identifiers = {"primary": primary.identifier, **primary.replica_identifiers}
        self.aws_resource_id = primary.resource_id
        self.recovery_address, self.recovery_identifier = primary.recovery_address, primary.recovery_identifier

    def _login_secret(self, purpose: str, login: Login) -> Output[str]:
        secrets = self._args.secrets
        return ConnectionSecret(
            f"{self._name}-{purpose}",
            ConnectionSecretArgs(
                account_id=secrets.aws.account_id,
                region=secrets.aws.region,
                description=f"{purpose.capitalize()} of {self._name} on RDS",
                value=connection_fields(login, self.aws_writer_address, self._args.database),
                key_arn=secrets.aws.key_arn,
                replica=secrets.aws.replica,
                recovery_window_days=secrets.recovery_window_days,
            ),
            self.child(),
        ).secret_arn

    def _pool(self, percent: int | None) -> tuple[Output[str], Output[str] | None]:
        """Services go through the proxy; administrators and replication do not, and so have no secret in it."""
        if percent is None:
            return self.aws_writer_address, None
        network, secrets = self._args.aws.network, self._args.secrets.aws
        proxy = RdsProxy(
            f"{self._name}-proxy",
            RdsProxyArgs(
                account_id=secrets.account_id,
                region=secrets.region,
                instance_identifier=self.aws_identifiers["primary"],
                subnet_ids=network.subnet_ids,
                security_group_ids=network.security_group_ids,
                secret_arns={APPLICATION: self.login_secret_arns[APPLICATION]},
                secrets_key_arn=secrets.key_arn,
                max_connections_percent=percent,
            ),
            self.child(),
        )
        return proxy.endpoint, proxy.proxy_name

    def _standby(self, half: GcpPostgresArgs) -> CloudSqlPostgres:
        return CloudSqlPostgres(
            f"{self._name}-standby",
            CloudSqlPostgresArgs(
                project_id=half.project_id,
                region=half.region,
                major_version=self._args.major_version,
                role="writer" if self._args.writer == "gcp" else "standby",
                logins=self._users,
                key_id=half.key_id,
                network=half.network,
                size=half.size,
                backups=half.backups,
                deletion_protection=self._args.deletion_protection,
            ),
            self.child(),
        )

    def _publish_standby(self, standby: CloudSqlPostgres | None) -> None:
        self.gcp_address = standby.address if standby else None
        self.gcp_server_ca = standby.server_ca if standby else None
        self.gcp_instance_name = standby.instance_name if standby else None
        self.gcp_connection_name = standby.connection_name if standby else None

    def _replication(self, half: GcpPostgresArgs, standby: CloudSqlPostgres) -> Output[str]:
        return DatabaseReplication(
            f"{self._name}-replication",
            DatabaseReplicationArgs(
                project_id=half.project_id,
                region=half.region,
                network_id=half.network.network_id,
                source=ReplicationSource(
                    host=self.aws_writer_address,
                    login=self._users[REPLICATION],
                    certificate=self._args.aws.authority.certificate,
                ),
                destination_instance=standby.instance_name,
                generation=half.replication_generation,
            ),
            self.child(),
        ).job_name

    def _url_secrets(self) -> None:
        """One value for both clouds: a service that writes to the other side would part them for good."""
        standby = self.gcp_address if self._args.writer == "gcp" else None
        host = self.aws_endpoint if standby is None else standby
        url = self._url(host, self._args.writer)
        pair = self._pair("url", "The URL of the side that is written to", url, self._args.secrets.gcp)
        self.aws_url_secret_arn, self.gcp_url_secret_id = pair.aws_secret_arn, pair.gcp_secret_id
        self.aws_replica_url_secret_arn = pair.aws_replica_secret_arn

    def _url(self, host: Output[str], side: Writer) -> Output[str]:
        """RDS shares its authority among customers, so that only the host name tells its servers apart.

        A Cloud SQL server has an authority of its own, and no name: its certificate is for `project:instance`.
        """
        mode = "verify-full" if side == "aws" else "verify-ca"
        trust = {"sslmode": mode, "sslrootcert": self._args.secrets.authorities_path}
        return connection_url(self._users[APPLICATION], host, self._args.database, trust)

    def _authority_secrets(self, standby: CloudSqlPostgres | None) -> None:
        """All of them always: a service trusts the other side before the writer is flipped."""
        half = self._args.aws
        recovery = half.recovery.replica if half.recovery else None
        certificates: list[pulumi.Input[str]] = [half.authority.certificate, self._args.secrets.proxy_authorities]
        certificates += [recovery.certificate] if recovery else []
        certificates += [standby.server_ca] if standby else []
        bundle = Output.all(*certificates).apply(lambda parts: "".join(f"{part.strip()}\n" for part in parts))
        description = "Who signs the certificates of the database servers"
        pair = self._pair("ca", description, bundle, self._args.secrets.gcp)
        self.aws_authorities_secret_arn, self.gcp_authorities_secret_id = pair.aws_secret_arn, pair.gcp_secret_id
        self.aws_replica_authorities_secret_arn = pair.aws_replica_secret_arn

    def _feed(self, feed: ChangeFeed) -> tuple[Output[str] | None, Output[str]]:
        """A login that no standby gets: it is made by the script, on the side that is read."""
        login = generated_login(f"{self._name}-feed", feed.login, feed.generation, self.child())
        google = self._args.secrets.gcp
        # The services that read the other secrets have no use for it.
        readers = replace(google, readers=feed.readers) if google else None
        pair = self._pair("feed", "The password of the change stream", login.password, readers)
        database, owner = self._args.database, self._args.logins.application
        script = change_stream.preparation(database, feed.login, owner, feed.selection)
        return pair.gcp_secret_version, Output.from_input(script)

    def _pair(self, role: str, description: str, value: Output[str], google: GcpSecretArgs | None) -> SecretPair:
        secrets = self._args.secrets
        return SecretPair(
            f"{self._name}-{role}",
            SecretPairArgs(
                description=description,
                value=value,
                recovery_window_days=secrets.recovery_window_days,
                rotation=None,
                aws=secrets.aws,
                gcp=google,
            ),
            self.child(),
        )

    def _recovery_url(self, recovery: RdsRecovery) -> Output[str] | None:
        """Kept in the recovery region itself: after the loss of the primary region there is no other."""
        secrets = self._args.secrets
        if self.recovery_address is None or secrets.aws.replica is None:
            return None
        return ConnectionSecret(
            f"{self._name}-recovery-url",
            ConnectionSecretArgs(
                account_id=secrets.aws.account_id,
                region=recovery.region,
                description=f"The URL of {self._name} in {recovery.region}, for when its replica is promoted",
                value=self._url(self.recovery_address, "aws"),
                key_arn=secrets.aws.replica.key_arn,
                replica=None,
                recovery_window_days=secrets.recovery_window_days,
            ),
            self.child(),
        ).secret_arn

    def _scripts(self) -> tuple[Output[str], Output[str]]:
        logins, database = self._args.logins, self._args.database
        prepared = preparation(database, logins.application, logins.replication)
        return Output.from_input(prepared), Output.from_input(promotion(database, logins.application))
