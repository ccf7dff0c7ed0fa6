"""The stream of changes from PostgreSQL on RDS to Cloud SQL."""

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp
from pulumi import Output

from components.component import Component
from components.data.connection_secret import POSTGRES_PORT, Login


@dataclass(frozen=True, kw_only=True)
class ReplicationSource:
    """The server that changes come from."""

    host: pulumi.Input[str]
    """The primary itself: a proxy carries no replication."""
    login: Login
    """The role that reads the changes; see `postgres_roles`."""
    certificate: str
    """The root certificate of the authority that signs the server, PEM."""


@dataclass(frozen=True, kw_only=True)
class DatabaseReplicationArgs:
    """What a DatabaseReplication needs to know."""

    project_id: str
    """The project of the standby."""
    region: str
    """The region of the standby."""
    network_id: pulumi.Input[str]
    """The VPC over which the standby reaches the source."""
    source: ReplicationSource
    """Where changes come from."""
    destination_instance: pulumi.Input[str]
    """The Cloud SQL instance that is filled; empty, and zonal while it follows."""
    generation: int
    """Raised to follow again: a job that ended in a promotion cannot start a second time, and none can be changed."""

    def __post_init__(self) -> None:
        """Raise ValueError for a generation that names no job."""
        if self.generation < 1:
            raise ValueError(f"generation is {self.generation}; the first one is 1")


class DatabaseReplication(Component):
    """A migration job of Database Migration Service that never ends until its standby is promoted.

    Owns the connection profiles of both ends and the job. The job is created, not started: starting empties the
    standby, so an operation does it, as well as verifying, demoting before and promoting after. Guarantees that no
    deployment starts, stops or restarts what an operation did.

    The standby opens the connections, through the peering of its private range and the link. The other way, a private
    connection with an interface in a subnet, needs that subnet, its routes and its firewall rule besides, and fits only
    the native flow, whose jobs name no connectivity at all, which the provider's own check refuses.

    Leaves out what logical replication does: changes of the schema (migrations run on both sides), tables without a
    primary key beyond inserts, sequences until the promotion, large objects, and databases made after the start. It is
    asynchronous: what has not arrived when the source is lost, is lost.
    """

    job_name: Output[str]
    """The migration job, as operations and metrics name it."""
    source_profile_name: Output[str]
    """The connection profile of the source."""
    destination_profile_name: Output[str]
    """The connection profile of the standby."""

    def __init__(self, name: str, args: DatabaseReplicationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:data:DatabaseReplication", name, None, opts)
        self._name, self._args = name, args

        self.source_profile_name = self._source()
        self.destination_profile_name = self._destination()
        self.job_name = self._job()
        self.publish()

    def _source(self) -> Output[str]:
        source, key = self._args.source, f"{self._name}-source-{self._args.generation}"
        return gcp.databasemigrationservice.ConnectionProfile(
            key,
            project=self._args.project_id,
            location=self._args.region,
            connection_profile_id=key,
            display_name=f"{self._name}: PostgreSQL on RDS",
            role="SOURCE",
            postgresql=gcp.databasemigrationservice.ConnectionProfilePostgresqlArgs(
                host=source.host,
                port=POSTGRES_PORT,
                username=source.login.username,
                password=source.login.password,
                ssl=gcp.databasemigrationservice.ConnectionProfilePostgresqlSslArgs(
                    type="SERVER_ONLY", ca_certificate=source.certificate
                ),
            ),
            # The SDK does not know that there is a password in it. Google takes neither another password nor another
            # certificate: the profile would be replaced under a running job. Both come with the next generation.
            opts=self.child(
                additional_secret_outputs=["postgresql"],
                ignore_changes=["postgresql.password", "postgresql.ssl"],
            ),
        ).name

    def _destination(self) -> Output[str]:
        """One a job: Google deletes it together with the job."""
        key = f"{self._name}-destination-{self._args.generation}"
        return gcp.databasemigrationservice.ConnectionProfile(
            key,
            project=self._args.project_id,
            location=self._args.region,
            connection_profile_id=key,
            display_name=f"{self._name}: standby on Cloud SQL",
            role="DESTINATION",
            postgresql=gcp.databasemigrationservice.ConnectionProfilePostgresqlArgs(
                cloud_sql_id=self._args.destination_instance
            ),
            opts=self.child(additional_secret_outputs=["postgresql"]),
        ).name

    def _job(self) -> Output[str]:
        key = f"{self._name}-{self._args.generation}"
        return gcp.databasemigrationservice.MigrationJob(
            key,
            project=self._args.project_id,
            location=self._args.region,
            migration_job_id=key,
            display_name=f"{self._name}: RDS to Cloud SQL",
            type="CONTINUOUS",
            source=self.source_profile_name,
            destination=self.destination_profile_name,
            vpc_peering_connectivity=gcp.databasemigrationservice.MigrationJobVpcPeeringConnectivityArgs(
                vpc=self._args.network_id
            ),
            performance_config=gcp.databasemigrationservice.MigrationJobPerformanceConfigArgs(
                dump_parallel_level="OPTIMAL"
            ),
            desired_state="NOT_STARTED",
            # Once an operation has started it, the provider reads RUNNING for ever, even of a job that is completed.
            opts=self.child(ignore_changes=["desiredState"]),
        ).name
