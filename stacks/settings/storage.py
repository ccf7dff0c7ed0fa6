"""The buckets: how long each keeps what it is given, who may shorten that, and where its copies are."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from stacks.settings.section import Section
from stacks.settings.services import DataName

Age = Annotated[int, Field(ge=1, le=36_500)]


def _zero_or_a_week(days: int) -> int:
    if 0 < days < 7:
        raise ValueError("Cloud Storage deletes at once (0) or after 7 to 90 days")
    return days


class BucketLock(Section):
    """For how long nobody overwrites or deletes a version in AWS; it begins with what is written from then on."""

    mode: Literal["GOVERNANCE", "COMPLIANCE"]
    """`GOVERNANCE` is lifted by a permission of its own, `COMPLIANCE` by nobody: not by root, nor by AWS."""
    days: Age
    """Days from the writing of each version; in `COMPLIANCE`, what is written stays and is paid for until then."""


class StandbyRetention(Section):
    """For how long nobody overwrites or deletes an object in Google Cloud; versions are not kept beside it."""

    days: Age
    """Days from the writing of each object."""
    permanent: bool
    """Whether nobody can ever shorten that again; there is no way back from true."""


class BucketStandby(Section):
    """A bucket in Google Cloud for the services there, with contents of its own."""

    soft_delete_days: Annotated[int, Field(ge=0, le=90, examples=[7]), AfterValidator(_zero_or_a_week)]
    """Days in which what was deleted can be restored, the whole bucket included: 7 to 90, or 0; paid like the rest."""
    retention: StandbyRetention | None
    """For how long objects cannot be overwritten or deleted, or null, which keeps their versions instead."""


class Bucket(Section):
    """One bucket."""

    noncurrent_days: Age
    """Days in which an overwritten or deleted object can be brought back."""
    archive_after_days: Age | None
    """Age at which objects of 128 KiB and more move to Glacier, in Google Cloud all of them to Archive, or null."""
    deep_archive_after_days: Age | None
    """Age at which they move on to Deep Archive, read within half a day, or null; AWS only."""
    expire_after_days: Age | None
    """Age at which objects are deleted, or null to keep them."""
    lock: BucketLock | None
    """For how long nobody deletes a version, or null; once given, S3 never takes it from a bucket again."""
    replicated: bool
    """Whether the recovery region has a copy, from which services there read and to which they write."""
    standby: BucketStandby | None
    """The bucket in Google Cloud, or null: services there are then told of none."""


class Storage(Section):
    """The buckets that services name, and the log of who asked them for what."""

    access_log_days: Age
    """Days that the log of who asked for what is kept."""
    buckets: Mapping[DataName, Bucket]
    """Buckets by the name that services use."""
