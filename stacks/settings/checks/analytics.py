"""The warehouse, against the databases and the cloud that it is built in."""

from collections.abc import Iterator

from stacks.settings.analytics import ChangeStream
from stacks.settings.checks.draft import mistake
from stacks.settings.mistakes import Mistake
from stacks.settings.settings import Settings

PLACE = ("analytics", "pipeline")


def the_warehouse_is_where_the_standby_half_is(settings: Settings) -> Iterator[Mistake]:
    """BigQuery belongs to a Google Cloud project."""
    if settings.analytics.datasets and not settings.gcp.enabled:
        yield mistake(
            "analytics",
            "datasets",
            value=", ".join(settings.analytics.datasets),
            reason="The standby half is switched off, and the warehouse lies in its project.",
            cure="write {}, or switch on `platform:gcp.enabled`",
        )


def nothing_is_filled_or_tagged_without_datasets(settings: Settings) -> Iterator[Mistake]:
    """Without a warehouse there is nothing to fill, and nothing to tag."""
    if settings.analytics.datasets:
        return
    if settings.analytics.personal_data:
        yield mistake(
            "analytics",
            "personal_data",
            value=", ".join(settings.analytics.personal_data),
            reason="There are no datasets, so no column could have these tags.",
            cure="write {}, or add datasets",
        )
    if settings.analytics.pipeline is not None:
        yield mistake(
            *PLACE,
            value=settings.analytics.pipeline.kind,
            reason="There are no datasets that it could fill.",
            cure="write null, or add datasets",
        )


def the_stream_reads_a_database_with_a_standby(settings: Settings) -> Iterator[Mistake]:
    """The stream and its password are kept beside the standby, and what runs in a cluster has no way to it."""
    stream = _stream(settings)
    if stream is None:
        return
    managed = settings.databases.managed
    database = managed.get(stream.database)
    if database is not None and database.standby is not None:
        return
    missing = "It is none of the managed databases" if database is None else "It has no standby"
    fitting = [name for name, each in managed.items() if each.standby is not None]
    yield mistake(
        *(*PLACE, "database"),
        value=stream.database,
        reason=f"{missing}: the stream would have neither a way to it nor a password for it.",
        cure=f"write one of {', '.join(fitting) or '(none)'}, or null for the pipeline",
    )


def the_stream_reads_a_side_that_takes_writes(settings: Settings) -> Iterator[Mistake]:
    """A standby that follows is read-only, so that it can be given neither a publication nor a slot.

    The other way round is not a mistake: at a promotion the stream is not what has to be seen to first.
    """
    stream = _stream(settings)
    database = settings.databases.managed.get(stream.database) if stream else None
    if stream is not None and database is not None and stream.source == "standby" and database.writer == "aws":
        yield mistake(
            *(*PLACE, "source"),
            value=stream.source,
            reason="AWS takes the writes; a standby that follows takes neither a publication nor a slot.",
            cure="write primary; after a promotion, once `writer` is gcp, write standby",
        )


def the_stream_has_a_login_of_its_own(settings: Settings) -> Iterator[Mistake]:
    """A login for two purposes has the rights of both."""
    stream = _stream(settings)
    database = settings.databases.managed.get(stream.database) if stream else None
    if stream is None or database is None:
        return
    for purpose in ("administrator", "application", "replication"):
        if getattr(database.logins, purpose) == stream.login:
            yield mistake(
                *(*PLACE, "login"),
                value=stream.login,
                reason=f"It is the login of the {purpose} too: one could do what the other may.",
                cure="write another name, such as analytics",
            )


def the_stream_fills_a_dataset_that_nobody_reads(settings: Settings) -> Iterator[Mistake]:
    """The stream makes tables without policy tags: whoever reads the dataset sees all of them."""
    stream = _stream(settings)
    if stream is None:
        return
    dataset = settings.analytics.datasets.get(stream.dataset)
    if dataset is None:
        yield mistake(
            *(*PLACE, "dataset"),
            value=stream.dataset,
            reason="There is no such dataset: the stream would have nowhere to write.",
            cure=f"write one of {', '.join(settings.analytics.datasets) or '(none)'}",
        )
    elif dataset.readers:
        yield mistake(
            *("analytics", "datasets", stream.dataset, "readers"),
            value=dataset.readers,
            reason="The stream fills it with tables that carry no policy tags: readers would see personal data.",
            cure="write [], and let them read a dataset of tagged tables made from it",
        )


def excluded_columns_belong_to_what_is_read(settings: Settings) -> Iterator[Mistake]:
    """A misspelt table would let the column out."""
    stream = _stream(settings)
    if stream is None:
        return
    read = {f"{schema}.{table}" for schema, tables in stream.tables.items() for table in tables}
    for table, columns in stream.excluded_columns.items():
        if table not in read:
            yield mistake(
                *(*PLACE, "excluded_columns", table),
                value=columns,
                reason="The table is not read: if its name is misspelt, the columns meant leave the database.",
                cure=f"write one of {', '.join(sorted(read))}, or remove it",
            )


def _stream(settings: Settings) -> ChangeStream | None:
    pipeline = settings.analytics.pipeline
    return pipeline if isinstance(pipeline, ChangeStream) else None


CHECKS = (
    the_warehouse_is_where_the_standby_half_is,
    nothing_is_filled_or_tagged_without_datasets,
    the_stream_reads_a_database_with_a_standby,
    the_stream_reads_a_side_that_takes_writes,
    the_stream_has_a_login_of_its_own,
    the_stream_fills_a_dataset_that_nobody_reads,
    excluded_columns_belong_to_what_is_read,
)
