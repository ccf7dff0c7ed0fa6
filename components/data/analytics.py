"""The warehouse on BigQuery, and how it is filled."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi
import pulumi_gcp as gcp
from pulumi import Output

from components.component import Component
from components.data.change_stream import ChangeStream, ChangeStreamArgs, StreamSettings
from components.data.data_fusion import DataFusion, DataFusionArgs, FusionSettings
from components.ordering import after

MILLISECONDS_A_DAY = 86_400_000
IDENTIFIER = re.compile(r"[A-Za-z0-9_]{1,1024}")

Mask = Literal[
    "ALWAYS_NULL", "DEFAULT_MASKING_VALUE", "SHA256", "EMAIL_MASK", "FIRST_FOUR_CHARACTERS", "LAST_FOUR_CHARACTERS"
]


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A dataset, and who has what part in it."""

    description: str
    """What it holds."""
    owners: Sequence[str]
    """IAM members that answer for it, such as `group:data@example.com`; at least one."""
    readers: Sequence[str] = ()
    """IAM members that query it."""
    writers: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """E-mail addresses of service accounts that fill it, by what they are for."""
    expiration_days: int | None = None
    """Days after which a new table, or a partition of one, is deleted; None keeps them."""

    def __post_init__(self) -> None:
        """Raise ValueError for a dataset that nobody answers for."""
        if not self.owners:
            raise ValueError(f"nobody owns the dataset for {self.description!r}; BigQuery wants at least one owner")


@dataclass(frozen=True, kw_only=True)
class PersonalData:
    """A class of columns with personal data."""

    description: str
    """Which columns belong to it."""
    mask: Mask
    """What is shown to those who may only see that there is something."""
    readers: Sequence[str]
    """IAM members that see the values."""
    masked_readers: Sequence[str] = ()
    """IAM members that see the mask; whoever is in neither list cannot query the column."""


@dataclass(frozen=True, kw_only=True)
class AnalyticsArgs:
    """What an Analytics needs to know."""

    project_id: str
    """The project that owns the warehouse."""
    location: str
    """Its region, the same as that of the database it is filled from."""
    key_id: pulumi.Input[str]
    """The Cloud KMS key of that region; the service agents of BigQuery and of the pipeline may use it."""
    datasets: Mapping[str, Dataset]
    """The datasets by id: letters, digits and underscores."""
    personal_data: Mapping[str, PersonalData]
    """Classes of columns with personal data, by name, such as `email`."""
    pipeline: StreamSettings | FusionSettings | None
    """How the warehouse is filled: a change stream, or Data Fusion; None leaves that to others."""

    def __post_init__(self) -> None:
        """Raise ValueError for what BigQuery refuses, and for personal data in the open."""
        illegal = [name for name in (*self.datasets, *self.personal_data) if not IDENTIFIER.fullmatch(name)]
        if illegal:
            raise ValueError(f"{', '.join(illegal)}: BigQuery takes letters, digits and underscores in its names")
        if isinstance(self.pipeline, StreamSettings):
            landing = self.datasets.get(self.pipeline.dataset)
            if landing is None:
                raise ValueError(f"the stream writes to {self.pipeline.dataset}, which is none of the datasets")
            if landing.readers:
                raise ValueError(
                    f"{self.pipeline.dataset} has readers, but the stream's tables carry no policy tags and would show "
                    "them personal data; let them read a dataset of tagged tables made from it"
                )


class Analytics(Component):
    """Datasets of BigQuery with owners, a policy for columns with personal data, and the pipeline that fills them.

    Owns the datasets and all access to them, the taxonomy with a policy tag and a mask for each class of personal data,
    and the pipeline. Guarantees encryption by the given key, one region, that a dataset is never deleted while it holds
    tables, and that a tagged column is read by those who are named for its class and nobody else, owners included.

    The pipeline is a change stream (Datastream): it follows the write-ahead log, is minutes behind, has no servers and
    costs by the gigabyte. Database Migration Service moves databases between database servers and cannot write to
    BigQuery. Data Fusion is the choice where data is joined, cleansed or taken from other systems on its way: an
    instance that runs all day, and clusters that start for each run.

    Leaves out tables and views: the stream makes its own, without policy tags, which BigQuery attaches to columns that
    exist. So the dataset that the stream fills has owners only, and what others read are tables made from it in another
    dataset, whose schemas name the tags.
    """

    dataset_ids: Mapping[str, Output[str]]
    """The datasets as `<project>:<dataset>`, by id."""
    policy_tags: Mapping[str, Output[str]]
    """The policy tags that schemas name, by class of personal data, once its readers may read."""
    stream_name: Output[str] | None
    """The change stream, for alarms and operations; None with another pipeline."""
    data_fusion_id: Output[str] | None
    """The Data Fusion instance; None with another pipeline."""

    def __init__(self, name: str, args: AnalyticsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:data:Analytics", name, None, opts)
        self._name, self._args = name, args

        self.dataset_ids = {key: self._dataset(key, dataset) for key, dataset in args.datasets.items()}
        self.policy_tags = self._policy_tags() if args.personal_data else {}
        pipeline = args.pipeline
        self.stream_name = self._change_stream(pipeline) if isinstance(pipeline, StreamSettings) else None
        self.data_fusion_id = self._data_fusion(pipeline) if isinstance(pipeline, FusionSettings) else None
        self.publish()

    def _dataset(self, key: str, dataset: Dataset) -> Output[str]:
        expiration = dataset.expiration_days * MILLISECONDS_A_DAY if dataset.expiration_days else None
        made = gcp.bigquery.Dataset(
            f"{self._name}-{key}",
            project=self._args.project_id,
            dataset_id=key,
            location=self._args.location,
            description=dataset.description,
            accesses=accesses(dataset),
            default_encryption_configuration=gcp.bigquery.DatasetDefaultEncryptionConfigurationArgs(
                kms_key_name=self._args.key_id
            ),
            default_table_expiration_ms=expiration,
            default_partition_expiration_ms=expiration,
            max_time_travel_hours="168",
            delete_contents_on_destroy=False,
            opts=self.child(protect=True),
        )
        return Output.concat(self._args.project_id, ":", made.dataset_id)

    def _policy_tags(self) -> dict[str, Output[str]]:
        taxonomy = gcp.datacatalog.Taxonomy(
            f"{self._name}-personal-data",
            project=self._args.project_id,
            region=self._args.location,
            display_name=f"{self._name}-personal-data",
            description="Classes of personal data, and who may see it",
            # Without it a tag is only a remark.
            activated_policy_types=["FINE_GRAINED_ACCESS_CONTROL"],
            # A tag that is deleted leaves its columns open to everybody who reads the table.
            opts=self.child(protect=True),
        )
        return {key: self._policy_tag(key, each, taxonomy) for key, each in self._args.personal_data.items()}

    def _policy_tag(self, key: str, data: PersonalData, taxonomy: gcp.datacatalog.Taxonomy) -> Output[str]:
        tag = gcp.datacatalog.PolicyTag(
            f"{self._name}-{key}",
            taxonomy=taxonomy.id,
            display_name=key,
            description=data.description,
            opts=self.child(protect=True),
        )
        readers = [
            gcp.datacatalog.PolicyTagIamMember(
                f"{self._name}-{key}-reads-{member}",
                policy_tag=tag.name,
                role="roles/datacatalog.categoryFineGrainedReader",
                member=member,
                opts=self.child(),
            )
            for member in data.readers
        ]
        return after(tag.name, [*readers, *self._mask(key, data, tag)])

    def _mask(
        self, key: str, data: PersonalData, tag: gcp.datacatalog.PolicyTag
    ) -> list[gcp.bigquerydatapolicy.DataPolicyIamMember]:
        mask = gcp.bigquerydatapolicy.DataPolicy(
            f"{self._name}-{key}",
            project=self._args.project_id,
            location=self._args.location,
            data_policy_id=f"masked_{key}",
            policy_tag=tag.name,
            data_policy_type="DATA_MASKING_POLICY",
            data_masking_policy=gcp.bigquerydatapolicy.DataPolicyDataMaskingPolicyArgs(predefined_expression=data.mask),
            opts=self.child(),
        )
        return [
            gcp.bigquerydatapolicy.DataPolicyIamMember(
                f"{self._name}-{key}-masked-{member}",
                project=self._args.project_id,
                location=self._args.location,
                data_policy_id=mask.data_policy_id,
                role="roles/bigquerydatapolicy.maskedReader",
                member=member,
                opts=self.child(),
            )
            for member in data.masked_readers
        ]

    def _change_stream(self, settings: StreamSettings) -> Output[str]:
        args = ChangeStreamArgs(
            project_id=self._args.project_id,
            region=self._args.location,
            key_id=self._args.key_id,
            dataset_id=self.dataset_ids[settings.dataset],
            settings=settings,
        )
        return ChangeStream(f"{self._name}-stream", args, self.child()).stream_name

    def _data_fusion(self, settings: FusionSettings) -> Output[str]:
        args = DataFusionArgs(
            project_id=self._args.project_id,
            region=self._args.location,
            key_id=self._args.key_id,
            settings=settings,
        )
        return DataFusion(f"{self._name}-fusion", args, self.child()).instance_id


def accesses(dataset: Dataset) -> list[gcp.bigquery.DatasetAccessArgs]:
    """All access to a dataset: it takes the place of what BigQuery grants editors and viewers of the whole project."""
    return [
        *(_access("OWNER", member) for member in dataset.owners),
        *(_access("READER", member) for member in dataset.readers),
        *(gcp.bigquery.DatasetAccessArgs(role="WRITER", user_by_email=email) for email in dataset.writers.values()),
    ]


def _access(role: str, member: str) -> gcp.bigquery.DatasetAccessArgs:
    """BigQuery has a field for each kind of member, and gives back what is written in another one there."""
    kind, _, address = member.partition(":")
    match kind:
        case "group":
            return gcp.bigquery.DatasetAccessArgs(role=role, group_by_email=address)
        case "user" | "serviceAccount":
            return gcp.bigquery.DatasetAccessArgs(role=role, user_by_email=address)
        case "domain":
            return gcp.bigquery.DatasetAccessArgs(role=role, domain=address)
        case _:
            return gcp.bigquery.DatasetAccessArgs(role=role, iam_member=member)
