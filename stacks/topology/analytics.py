"""The warehouse on BigQuery, and what of the databases fills it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pulumi import Output

from components.data.analytics import Analytics, AnalyticsArgs, Dataset, PersonalData
from components.data.change_stream import StreamSelection, StreamSettings, StreamSource
from components.data.connection_secret import POSTGRES_PORT
from components.data.data_fusion import FusionSettings
from components.data.postgres_shape import ChangeFeed
from components.data.replicated_postgres import ReplicatedPostgres
from components.security.key_pair import KeyPair
from stacks.settings import Settings
from stacks.settings.analytics import ChangeStream
from stacks.topology.network import Networks
from stacks.topology.providers import DATASTREAM, Providers


@dataclass(frozen=True, kw_only=True)
class Warehouse:
    """What analysts and operations need of the warehouse."""

    analytics: Analytics | None
    """The warehouse; None where there is none."""
    preparation: Output[str] | None
    """The psql script that makes the database ready for the change stream; None without one."""

    def outputs(self) -> dict[str, Any]:
        """What schemas name, what operators look up, and what they run before the stream is started."""
        made = self.analytics
        return {
            "analytics_datasets": made.dataset_ids if made else {},
            "analytics_policy_tags": made.policy_tags if made else {},
            "analytics_stream_name": made.stream_name if made else None,
            "analytics_preparation": self.preparation,
        }


def change_feed(settings: Settings, providers: Providers, database: str) -> ChangeFeed | None:
    """What the change stream needs of a database; None for one that no stream reads."""
    stream = settings.analytics.pipeline
    if not isinstance(stream, ChangeStream) or stream.database != database:
        return None
    return ChangeFeed(
        login=stream.login,
        generation=stream.generation,
        selection=_selection(stream),
        readers={"datastream": providers.google_agents[DATASTREAM]},
    )


def warehouse(
    settings: Settings,
    providers: Providers,
    keys: Mapping[str, KeyPair],
    network: Networks,
    databases: Mapping[str, ReplicatedPostgres],
) -> Warehouse:
    """The datasets of the settings, and the pipeline into them."""
    own, key_id = settings.analytics, keys["data"].gcp_key_id
    if not own.datasets or key_id is None:
        return Warehouse(analytics=None, preparation=None)
    stream = own.pipeline if isinstance(own.pipeline, ChangeStream) else None
    made = Analytics(
        "analytics",
        AnalyticsArgs(
            project_id=settings.gcp.project_id,
            location=settings.gcp.region,
            key_id=key_id,
            datasets=_datasets(settings, providers),
            personal_data={
                name: PersonalData(
                    description=each.description,
                    mask=each.mask,
                    readers=each.readers,
                    masked_readers=each.masked_readers,
                )
                for name, each in own.personal_data.items()
            },
            pipeline=_stream(settings, stream, network, databases) if stream else _fusion(settings, network),
        ),
        providers.options(),
    )
    return Warehouse(analytics=made, preparation=databases[stream.database].feed_preparation if stream else None)


def _datasets(settings: Settings, providers: Providers) -> dict[str, Dataset]:
    pipeline = settings.analytics.pipeline
    filled = pipeline.dataset if isinstance(pipeline, ChangeStream) else None
    return {
        name: Dataset(
            description=each.description,
            owners=each.owners,
            readers=each.readers,
            writers={"datastream": _email(providers.google_agents[DATASTREAM])} if name == filled else {},
            expiration_days=each.expiration_days,
        )
        for name, each in settings.analytics.datasets.items()
    }


def _stream(
    settings: Settings, stream: ChangeStream, network: Networks, databases: Mapping[str, ReplicatedPostgres]
) -> StreamSettings:
    return StreamSettings(
        dataset=stream.dataset,
        source=_source(settings, stream, databases[stream.database]),
        selection=_selection(stream),
        subnetwork_id=_subnetwork(network),
        producer_project=stream.producer_project,
        freshness_minutes=stream.freshness_minutes,
        desired_state=stream.desired_state,
    )


def _source(settings: Settings, stream: ChangeStream, database: ReplicatedPostgres) -> StreamSource:
    """The primary itself: a proxy carries no replication. Raises LookupError for what the settings' checks refuse."""
    own = settings.databases.managed[stream.database]
    primary = (database.aws_writer_address, own.authority.certificates.get(settings.aws.region))
    host, authority = primary if stream.source == "primary" else (database.gcp_address, database.gcp_server_ca)
    if host is None or authority is None or database.feed_password_version is None:
        raise LookupError(f"postgres-{stream.database} has no {stream.source} that a change stream could read")
    return StreamSource(
        host=host,
        port=POSTGRES_PORT,
        database=own.database,
        username=stream.login,
        password_secret_version=database.feed_password_version,
        server_ca=authority,
    )


def _selection(stream: ChangeStream) -> StreamSelection:
    return StreamSelection(
        publication=stream.publication,
        replication_slot=stream.slot,
        tables=stream.tables,
        excluded_columns=stream.excluded_columns,
    )


def _fusion(settings: Settings, network: Networks) -> FusionSettings | None:
    pipeline = settings.analytics.pipeline
    if pipeline is None or isinstance(pipeline, ChangeStream):
        return None
    return FusionSettings(
        edition=pipeline.edition,
        version=pipeline.version,
        subnetwork_id=_subnetwork(network),
        producer_project=pipeline.producer_project,
        runner_email=pipeline.runner_email,
    )


def _subnetwork(network: Networks) -> Output[str]:
    """Raises LookupError where there is no standby cloud."""
    if network.pair.pipelines_subnetwork_id is None:
        raise LookupError("this environment has no standby cloud")
    return network.pair.pipelines_subnetwork_id


def _email(member: Output[str]) -> Output[str]:
    return member.apply(lambda it: it.removeprefix("serviceAccount:"))
