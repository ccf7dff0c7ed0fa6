"""Changes of a PostgreSQL database, continuously written to BigQuery."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import dedent
from typing import Literal

import pulumi
import pulumi_gcp as gcp
from pulumi import Output

from components.component import Component

StreamState = Literal["NOT_STARTED", "RUNNING", "PAUSED"]


@dataclass(frozen=True, kw_only=True)
class StreamSource:
    """The database that is read, by an address of the VPC or of the other end of the link."""

    host: pulumi.Input[str]
    """Its host name or private address."""
    port: int
    """Its port."""
    database: str
    """The database."""
    username: str
    """A login that may replicate and read, and nothing else."""
    password_secret_version: pulumi.Input[str]
    """Its password in Secret Manager: `projects/<project>/secrets/<secret>/versions/<version>`."""
    server_ca: pulumi.Input[str]
    """The authority that signs the server's certificate, PEM."""


@dataclass(frozen=True, kw_only=True)
class StreamSelection:
    """What is read of it."""

    publication: str
    """The publication with the tables."""
    replication_slot: str
    """The slot that remembers how far the stream is; no other reader may use it."""
    tables: Mapping[str, Sequence[str]]
    """Tables by schema; an empty list stands for all of a schema."""
    excluded_columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Columns that never leave the database, by table as `<schema>.<table>`."""

    def __post_init__(self) -> None:
        """Raise ValueError for a selection that would be read as another one."""
        if not self.tables:
            raise ValueError("tables is empty, which Datastream reads as every table of every schema; name the schemas")
        loose = [table for table in self.excluded_columns if table.count(".") != 1]
        if loose:
            raise ValueError(f"excluded_columns names {', '.join(loose)}; write <schema>.<table>")

    def excluded_by_schema(self) -> dict[str, dict[str, Sequence[str]]]:
        """The excluded columns by schema and table."""
        found: dict[str, dict[str, Sequence[str]]] = {}
        for name, columns in self.excluded_columns.items():
            schema, table = name.split(".")
            found.setdefault(schema, {})[table] = columns
        return found


@dataclass(frozen=True, kw_only=True)
class StreamSettings:
    """A stream as it is wanted."""

    dataset: str
    """The dataset that receives the tables, by its key; only its owners should read it."""
    source: StreamSource
    """The database that is read."""
    selection: StreamSelection
    """What is read of it."""
    subnetwork_id: pulumi.Input[str]
    """The subnet from which Datastream connects; its addresses are what the database must admit."""
    producer_project: str | None
    """Google's own project that runs Datastream for this one, which a validation of the private connection names; None
    until it is known, and then any of Google's producers that learns the attachment's name may connect."""
    freshness_minutes: int
    """How old the tables may be; fresher costs more queries."""
    desired_state: StreamState
    """`NOT_STARTED` until the database is prepared; a paused stream keeps its slot, and the database its log."""


@dataclass(frozen=True, kw_only=True)
class ChangeStreamArgs:
    """What a ChangeStream needs to know."""

    project_id: str
    """The project that owns the stream."""
    region: str
    """The region of the stream, the connection and the dataset."""
    key_id: pulumi.Input[str]
    """The Cloud KMS key of the region; Datastream's service agent may use it."""
    dataset_id: pulumi.Input[str]
    """The dataset as `<project>:<dataset>`."""
    settings: StreamSettings
    """The stream as it is wanted."""


class ChangeStream(Component):
    """A Datastream stream from PostgreSQL to one dataset of BigQuery.

    Owns the private connection, both connection profiles and the stream. Guarantees that the database is reached by a
    private address, with a verified certificate and a password that stands in no argument, and that nothing starts by
    itself. Connects by an interface in our own subnet: a peering with Datastream's network would end there and reach
    neither Cloud SQL, behind a second peering, nor the other cloud. The source is not validated when it is declared,
    because the database is prepared later; a stream that is started unprepared fails.

    The database needs, before the stream is started: `wal_level` logical (`cloudsql.logical_decoding`, or
    `rds.logical_replication`), the login, the publication and the slot, see `preparation`. Making them is a write: a
    standby that is held read-only while it follows its primary takes none, so it is a source once it is promoted, and
    until then the primary is. From then on the slot holds the log back, so the stream is started right after it. When
    the source changes, the slot is made on the new one and its tables are read from the beginning. A stream that is
    paused, or deleted without its slot, makes the database keep its log until its disk is full.
    """

    stream_name: Output[str]
    """The stream: `projects/<project>/locations/<region>/streams/<id>`."""

    def __init__(self, name: str, args: ChangeStreamArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:data:ChangeStream", name, None, opts)
        self._name, self._args = name, args

        source = self._source(self._private_connection())
        self.stream_name = self._stream(source, self._destination())
        self.publish()

    def _private_connection(self) -> Output[str]:
        producer = self._args.settings.producer_project
        attachment = gcp.compute.NetworkAttachment(
            self._name,
            project=self._args.project_id,
            region=self._args.region,
            description="Datastream reads the databases",
            subnetworks=[self._args.settings.subnetwork_id],
            connection_preference="ACCEPT_MANUAL" if producer else "ACCEPT_AUTOMATIC",
            producer_accept_lists=[producer] if producer else None,
            opts=self.child(),
        )
        return gcp.datastream.PrivateConnection(
            self._name,
            project=self._args.project_id,
            location=self._args.region,
            private_connection_id=self._name,
            display_name=self._name,
            psc_interface_config=gcp.datastream.PrivateConnectionPscInterfaceConfigArgs(
                network_attachment=attachment.id
            ),
            opts=self.child(),
        ).name

    def _source(self, private_connection: Output[str]) -> Output[str]:
        source = self._args.settings.source
        verified = gcp.datastream.ConnectionProfilePostgresqlProfileSslConfigServerVerificationArgs(
            ca_certificate=source.server_ca
        )
        return gcp.datastream.ConnectionProfile(
            f"{self._name}-source",
            project=self._args.project_id,
            location=self._args.region,
            connection_profile_id=f"{self._name}-source",
            display_name=f"{self._name}-source",
            postgresql_profile=gcp.datastream.ConnectionProfilePostgresqlProfileArgs(
                hostname=source.host,
                port=source.port,
                database=source.database,
                username=source.username,
                secret_manager_stored_password=source.password_secret_version,
                ssl_config=gcp.datastream.ConnectionProfilePostgresqlProfileSslConfigArgs(server_verification=verified),
            ),
            private_connectivity=gcp.datastream.ConnectionProfilePrivateConnectivityArgs(
                private_connection=private_connection
            ),
            create_without_validation=True,
            opts=self.child(),
        ).name

    def _destination(self) -> Output[str]:
        return gcp.datastream.ConnectionProfile(
            f"{self._name}-destination",
            project=self._args.project_id,
            location=self._args.region,
            connection_profile_id=f"{self._name}-destination",
            display_name=f"{self._name}-destination",
            bigquery_profile=gcp.datastream.ConnectionProfileBigqueryProfileArgs(),
            opts=self.child(),
        ).name

    def _stream(self, source: Output[str], destination: Output[str]) -> Output[str]:
        settings = self._args.settings
        return gcp.datastream.Stream(
            self._name,
            project=self._args.project_id,
            location=self._args.region,
            stream_id=self._name,
            display_name=self._name,
            source_config=gcp.datastream.StreamSourceConfigArgs(
                source_connection_profile=source,
                postgresql_source_config=postgresql_config(settings.selection),
            ),
            destination_config=gcp.datastream.StreamDestinationConfigArgs(
                destination_connection_profile=destination,
                bigquery_destination_config=gcp.datastream.StreamDestinationConfigBigqueryDestinationConfigArgs(
                    single_target_dataset=gcp.datastream.StreamDestinationConfigBigqueryDestinationConfigSingleTargetDatasetArgs(
                        dataset_id=self._args.dataset_id
                    ),
                    data_freshness=f"{settings.freshness_minutes * 60}s",
                    merge=gcp.datastream.StreamDestinationConfigBigqueryDestinationConfigMergeArgs(),
                ),
            ),
            backfill_all=gcp.datastream.StreamBackfillAllArgs(),
            customer_managed_encryption_key=self._args.key_id,
            desired_state=settings.desired_state,
            create_without_validation=True,
            opts=self.child(),
        ).name


def postgresql_config(selection: StreamSelection) -> gcp.datastream.StreamSourceConfigPostgresqlSourceConfigArgs:
    """The selection in Datastream's words."""
    source = gcp.datastream
    included = [
        source.StreamSourceConfigPostgresqlSourceConfigIncludeObjectsPostgresqlSchemaArgs(
            schema=schema,
            postgresql_tables=[
                source.StreamSourceConfigPostgresqlSourceConfigIncludeObjectsPostgresqlSchemaPostgresqlTableArgs(
                    table=table
                )
                for table in tables
            ],
        )
        for schema, tables in selection.tables.items()
    ]
    excluded = [
        source.StreamSourceConfigPostgresqlSourceConfigExcludeObjectsPostgresqlSchemaArgs(
            schema=schema,
            postgresql_tables=[
                source.StreamSourceConfigPostgresqlSourceConfigExcludeObjectsPostgresqlSchemaPostgresqlTableArgs(
                    table=table,
                    postgresql_columns=[
                        source.StreamSourceConfigPostgresqlSourceConfigExcludeObjectsPostgresqlSchemaPostgresqlTablePostgresqlColumnArgs(
                            column=column
                        )
                        for column in columns
                    ],
                )
                for table, columns in tables.items()
            ],
        )
        for schema, tables in selection.excluded_by_schema().items()
    ]
    return source.StreamSourceConfigPostgresqlSourceConfigArgs(
        publication=selection.publication,
        replication_slot=selection.replication_slot,
        include_objects=source.StreamSourceConfigPostgresqlSourceConfigIncludeObjectsArgs(postgresql_schemas=included),
        exclude_objects=source.StreamSourceConfigPostgresqlSourceConfigExcludeObjectsArgs(postgresql_schemas=excluded)
        if excluded
        else None,
    )


def preparation(database: str, username: str, owner: str, selection: StreamSelection) -> str:
    """What an operation runs in the source, as its administrator, with psql, right before the stream is started.

    `owner` is the login that the tables belong to, which on Google Cloud is a member of their owner. Run again, it
    changes the password and publishes what is selected by then. The variable `stream_password` holds the password, so
    that it stands in no file. Where there is a role for replication, as on RDS, it replaces the attribute.
    """
    # No value from outside: names come from the settings, the password from a variable of psql.
    opening = dedent(
        f"""\
        \\set ON_ERROR_STOP on
        SELECT 'CREATE ROLE "{username}" LOGIN'
          WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{username}') \\gexec
        ALTER ROLE "{username}" PASSWORD :'stream_password';
        SELECT statement
          FROM (VALUES ('GRANT rds_replication TO "{username}"', true),
                       ('ALTER ROLE CURRENT_USER REPLICATION', false),
                       ('ALTER ROLE "{username}" REPLICATION', false)) AS needed (statement, by_role)
          WHERE by_role = EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_replication') \\gexec
        \\connect "{database}"
        GRANT "{owner}" TO CURRENT_USER;
        """  # noqa: S608
    )
    grants = "".join(
        f'GRANT USAGE ON SCHEMA "{schema}" TO "{username}";\n'
        f'GRANT SELECT ON {_tables(schema, tables) or f"ALL TABLES IN SCHEMA {_quoted(schema)}"} TO "{username}";\n'
        for schema, tables in selection.tables.items()
    )
    published = ", ".join(
        f"TABLE {_tables(schema, tables)}" if tables else f"TABLES IN SCHEMA {_quoted(schema)}"
        for schema, tables in selection.tables.items()
    )
    name, slot = selection.publication, selection.replication_slot
    closing = dedent(
        f"""\
        SELECT CASE WHEN EXISTS (SELECT FROM pg_publication WHERE pubname = '{name}')
          THEN 'ALTER PUBLICATION "{name}" SET {published}'
          ELSE 'CREATE PUBLICATION "{name}" FOR {published}' END \\gexec
        SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')
          WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '{slot}');
        """  # noqa: S608
    )
    return opening + grants + closing


def _quoted(name: str) -> str:
    return f'"{name}"'


def _tables(schema: str, tables: Sequence[str]) -> str:
    return ", ".join(f"{_quoted(schema)}.{_quoted(table)}" for table in tables)
