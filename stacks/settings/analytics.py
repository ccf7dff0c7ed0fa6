"""The warehouse: its datasets, who sees which personal data in it, and what fills it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from stacks.settings.databases import LoginName
from stacks.settings.section import Section, Unique
from stacks.settings.services import DataName

Identifier = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*$", max_length=62, examples=["orders"])]
TableName = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*$", examples=["public.orders"])]
Member = Annotated[
    str, Field(pattern=r"^(group|user|serviceAccount):[^@\s]+@[^@\s]+$", examples=["group:data@elsonwealth.com"])
]
ProducerProject = Annotated[str, Field(pattern=r"^[a-z0-9-]+$", max_length=63, examples=["k8e1c2a4b6d8f0-tp"])]


class Dataset(Section):
    """A dataset, and who has what part in it."""

    description: Annotated[str, Field(min_length=1)]
    """What it holds, shown in the console."""
    owners: Annotated[tuple[Member, ...], Field(min_length=1), *Unique]
    """Who answers for it, and may do anything in it; BigQuery wants one at least."""
    readers: Annotated[tuple[Member, ...], *Unique]
    """Who queries it; nobody in the dataset that a change stream fills, whose tables carry no policy tags."""
    expiration_days: Annotated[int, Field(ge=1, le=3650)] | None
    """Days after which a new table, or a partition of one, is deleted; null keeps them, paid by the month."""


class PersonalData(Section):
    """A class of columns with personal data; tables name its tag in their schemas."""

    description: Annotated[str, Field(min_length=1)]
    """Which columns belong to it."""
    mask: Literal[
        "ALWAYS_NULL", "DEFAULT_MASKING_VALUE", "SHA256", "EMAIL_MASK", "FIRST_FOUR_CHARACTERS", "LAST_FOUR_CHARACTERS"
    ]
    """What masked readers get in place of the value."""
    readers: Annotated[tuple[Member, ...], *Unique]
    """Who sees the values; who is in neither list cannot query the column, owners of the dataset included."""
    masked_readers: Annotated[tuple[Member, ...], *Unique]
    """Who sees the mask."""


class ChangeStream(Section):
    """Datastream: follows a database's log, is minutes behind, and costs by the gigabyte."""

    kind: Literal["change_stream"]
    """What fills the warehouse."""
    database: DataName
    """The managed database that is read; it has a standby, beside which the stream and its password are kept."""
    source: Literal["primary", "standby"]
    """The side that is read: the primary on AWS over the link, and the standby once it takes writes."""
    login: LoginName
    """A login of its own, which may replicate and read; its password is generated."""
    generation: Annotated[int, Field(ge=1, le=1000)]
    """Raised to get another password: then run the preparation again."""
    dataset: Identifier
    """The dataset that receives the tables."""
    publication: Identifier
    """The publication of the tables."""
    slot: Identifier
    """The replication slot that remembers how far the stream is; nothing else may use it."""
    tables: Annotated[
        Mapping[Identifier, Annotated[tuple[Identifier, ...], Field(min_length=1), *Unique]], Field(min_length=1)
    ]
    """What is read, by schema; each table by name, so that none is copied that nobody thought of."""
    excluded_columns: Mapping[TableName, Annotated[tuple[Identifier, ...], Field(min_length=1), *Unique]]
    """Columns that never leave the database, by table as `<schema>.<table>`."""
    freshness_minutes: Annotated[int, Field(ge=1, le=1440)]
    """How old the tables may be; fresher costs more queries."""
    producer_project: ProducerProject | None
    """Google's project that runs the stream, which a validation of the private connection names; null until then."""
    desired_state: Literal["NOT_STARTED", "RUNNING", "PAUSED"]
    """NOT_STARTED until the database is prepared; while PAUSED the database keeps its log, until its disk is full."""


class DataFusion(Section):
    """Data Fusion: joins and cleanses on the way, by an instance paid by the hour and clusters paid by the run."""

    kind: Literal["data_fusion"]
    """What fills the warehouse."""
    edition: Literal["DEVELOPER", "BASIC", "ENTERPRISE"]
    """What it can do; ENTERPRISE is in several zones and also replicates databases."""
    version: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$", examples=["6.11.1"])]
    """Its version."""
    producer_project: ProducerProject
    """Google's project of the instance, the one that may connect to the network."""
    runner_email: Annotated[
        str,
        Field(
            pattern=r"^[^@\s]+@[^@\s]+\.gserviceaccount\.com$",
            examples=["pipelines@elson-production.iam.gserviceaccount.com"],
        ),
    ]
    """The service account as which pipelines run; its rights are what a pipeline can reach."""


PIPELINES: Mapping[str, type[ChangeStream] | type[DataFusion]] = {
    "ChangeStream": ChangeStream,
    "DataFusion": DataFusion,
}
"""The kinds of pipeline by the tags that the validator tells them apart by; these stand in error locations alone."""
KINDS = tuple(PIPELINES)
_TAGS = {"change_stream": "ChangeStream", "data_fusion": "DataFusion"}


def pipeline_kind(value: Any) -> str | None:
    """The tag of a pipeline; None for what does not say of which kind it is."""
    kind = value.get("kind") if isinstance(value, Mapping) else getattr(value, "kind", None)
    return _TAGS.get(kind) if isinstance(kind, str) else None


AnyPipeline: TypeAlias = Annotated[
    Annotated[ChangeStream, Tag("ChangeStream")] | Annotated[DataFusion, Tag("DataFusion")],
    Discriminator(pipeline_kind),
]
"""A pipeline of any kind; its `kind` says which."""


class Analytics(Section):
    """The warehouse on BigQuery; without datasets, none of it is built."""

    datasets: Mapping[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)], Dataset]
    """The datasets by name; {} for no warehouse."""
    personal_data: Mapping[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)], PersonalData]
    """The classes of columns with personal data, such as `email`."""
    pipeline: AnyPipeline | None
    """What fills the warehouse, or null for nothing."""
