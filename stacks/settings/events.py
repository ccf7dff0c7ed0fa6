"""What happened, and how long and how fast it is told."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from stacks.settings.network import FlowLogDays as LogDays
from stacks.settings.section import Section

COMMON_FIELDS = ("event_id", "origin", "account_id", "sequence")
"""What every event has, so that no type of event may give these names to fields of its own."""


def _marks_aws(source: str) -> str:
    if source.startswith("aws."):
        raise ValueError("AWS keeps every source that begins with `aws.` for itself")
    if source.endswith(".gcp"):
        raise ValueError("a source that ends with .gcp marks the events of Google Cloud, which are never sent there")
    return source


EventType = Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9]*$", max_length=64, examples=["OrderExecuted"])]
FieldName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=64, examples=["order_id"])]
FieldType: TypeAlias = Literal["string", "integer", "number", "boolean"]


class Stream(Section):
    """The stream that carries events from AWS to the standby half; not built without that."""

    shards: Annotated[int, Field(ge=1, le=200)] | None
    """Shards of 1000 events a second, each paid by the hour; null lets AWS scale, paid by the hour and by use."""
    retention_hours: Annotated[int, Field(ge=24, le=8760)]
    """Hours that the standby half can be away without losing an event, 24 to 8760; AWS charges for more than 24."""


class PushLimits(Section):
    """What AWS takes from the standby half; beyond it Pub/Sub waits and comes again. Not built without that half."""

    requests_per_second: Annotated[int, Field(ge=1, le=10_000)]
    """Events a second in the long run; an account's API Gateway takes 10000 for all of its APIs."""
    burst: Annotated[int, Field(ge=1, le=5_000)]
    """Events at once; an account's API Gateway takes 5000 for all of its APIs."""


class Events(Section):
    """The event bus, its archive, its way to the standby half and back, and what its events look like."""

    source: Annotated[
        str,
        Field(
            pattern=r"^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+$",
            max_length=64,
            examples=["elson.trading"],
        ),
        AfterValidator(_marks_aws),
    ]
    """The source of events that AWS publishes; those of Google Cloud have it with `.gcp` at the end."""
    archive_retention_days: Annotated[int, Field(ge=1, le=3653)]
    """Days in which an event can be replayed, 1 to 3653; each GiB kept is paid by the month."""
    stream: Stream
    """The stream that carries events to the standby half."""
    push_limits: PushLimits
    """What AWS takes from the standby half."""
    log_retention_days: LogDays
    """Days that the logs of the way from the standby half are kept: who called, and what was refused."""
    schemas: Mapping[EventType, Mapping[FieldName, FieldType]]
    """The types of events, each with its own fields; decimals such as money are strings, since numbers are rounded."""
