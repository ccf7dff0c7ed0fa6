"""Buckets against the services that name them, and against what the clouds take."""

from collections.abc import Iterator
from itertools import pairwise

from stacks.settings.checks.draft import mistake
from stacks.settings.mistakes import Mistake
from stacks.settings.settings import Settings
from stacks.settings.storage import Bucket

STEPS = ("archive_after_days", "deep_archive_after_days", "expire_after_days")
"""What becomes of an object, in this order."""
VARIABLES = "BUCKET_"
"""How the variables begin that tell services the names of buckets."""


def buckets_exist(settings: Settings) -> Iterator[Mistake]:
    """What a service names has to be built."""
    for name, service in settings.containers.items():
        for index, used in enumerate(service.buckets):
            if used not in settings.storage.buckets:
                yield mistake(
                    *("services", name, "buckets", index),
                    value=used,
                    reason="There is none of this name: the service would be told of none.",
                    cure=f"write one of {', '.join(settings.storage.buckets) or '(none)'}, or add it to"
                    " `platform:storage.buckets`",
                )


def environment_leaves_the_names_of_buckets(settings: Settings) -> Iterator[Mistake]:
    """A bucket has another name in each place."""
    for name, service in settings.containers.items():
        for variable in service.environment:
            if variable.startswith(VARIABLES):
                yield mistake(
                    *("services", name, "environment", variable),
                    value=service.environment[variable],
                    reason=f"The platform sets what begins with {VARIABLES} itself, to what is right in each place.",
                    cure="remove it, or choose another name",
                )


def objects_age_in_order(settings: Settings) -> Iterator[Mistake]:
    """S3 refuses a step that is not later than the one before."""
    for name, bucket in settings.storage.buckets.items():
        given = [(step, days) for step in STEPS if (days := getattr(bucket, step)) is not None]
        for (earlier, before), (later, days) in pairwise(given):
            if days <= before:
                yield mistake(
                    *("storage", "buckets", name, later),
                    value=days,
                    reason=f"It is no later than `{earlier}`, which is {before}: S3 refuses such a rule.",
                    cure=f"write more than {before}, or null",
                )


def nothing_expires_while_it_is_locked(settings: Settings) -> Iterator[Mistake]:
    """An object that has expired is out of sight, and yet kept and paid for until its lock ends."""
    for name, bucket in settings.storage.buckets.items():
        expires = bucket.expire_after_days
        longest = max(_locks(bucket), default=0)
        if expires is not None and expires < longest:
            yield mistake(
                *("storage", "buckets", name, "expire_after_days"),
                value=expires,
                reason=f"Nobody may delete it for {longest} days: it would be out of sight before, and still be kept.",
                cure=f"write {longest} or more, or null",
            )


def _locks(bucket: Bucket) -> Iterator[int]:
    if bucket.lock is not None:
        yield bucket.lock.days
    if bucket.standby is not None and bucket.standby.retention is not None:
        yield bucket.standby.retention.days


def copies_have_a_region(settings: Settings) -> Iterator[Mistake]:
    """A copy is in the recovery region."""
    if settings.aws.recovery is not None:
        return
    for name, bucket in settings.storage.buckets.items():
        if bucket.replicated:
            yield mistake(
                *("storage", "buckets", name, "replicated"),
                value=True,
                reason="There is no recovery region that the copy could be in.",
                cure="write false, or set `platform:aws.recovery`",
            )


def bucket_standbys_have_a_cloud(settings: Settings) -> Iterator[Mistake]:
    """A standby is in Google Cloud."""
    if settings.gcp.enabled:
        return
    for name, bucket in settings.storage.buckets.items():
        if bucket.standby is not None:
            yield mistake(
                *("storage", "buckets", name, "standby"),
                value={"standby": "given"},
                reason="The standby half is switched off: there is nothing to stand by in.",
                cure="write null, or switch on `platform:gcp.enabled`",
            )


def what_is_locked_is_locked_everywhere(settings: Settings) -> Iterator[Mistake]:
    """A service writes the same things wherever it runs."""
    for name, bucket in settings.storage.buckets.items():
        if bucket.lock is not None and bucket.standby is not None and bucket.standby.retention is None:
            yield mistake(
                *("storage", "buckets", name, "standby", "retention"),
                value=None,
                reason="The bucket in AWS is locked: what is written after a failover could be deleted all the same.",
                cure=f"write a retention of {bucket.lock.days} days, or null for `lock`",
            )


CHECKS = (
    buckets_exist,
    environment_leaves_the_names_of_buckets,
    objects_age_in_order,
    nothing_expires_while_it_is_locked,
    copies_have_a_region,
    bucket_standbys_have_a_cloud,
    what_is_locked_is_locked_everywhere,
)
