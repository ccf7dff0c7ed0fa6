"""What becomes of objects with time, in the words that both clouds' buckets take."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """When objects move to cheaper storage, and when they end."""

    noncurrent_days: int
    """Days in which an overwritten or deleted object can be brought back."""
    archive_after_days: int | None = None
    """Age in days at which objects move to Glacier, or to Archive, which is read at once but is as dear to read."""
    deep_archive_after_days: int | None = None
    """Age in days at which they move on to Deep Archive, where reading takes half a day; AWS only."""
    expire_after_days: int | None = None
    """Age in days at which objects are deleted; None keeps them."""
    abandoned_upload_days: int = 7
    """Days after which the parts of an upload that was never finished are deleted."""

    def __post_init__(self) -> None:
        """Raise ValueError for steps that S3 refuses."""
        steps = {
            name: days
            for name in ("archive_after_days", "deep_archive_after_days", "expire_after_days")
            if (days := getattr(self, name)) is not None
        }
        if sorted(set(steps.values())) != list(steps.values()):
            raise ValueError(f"an object moves and ends in this order, each step later than the one before: {steps}")
        if self.noncurrent_days < 1:
            raise ValueError("noncurrent_days is below 1, and a mistake could not be undone for even a day")

    def s3_transitions(self) -> list[tuple[str, int]]:
        """The storage classes of S3 that objects move to, with their age in days."""
        steps = {"GLACIER": self.archive_after_days, "DEEP_ARCHIVE": self.deep_archive_after_days}
        return [(storage, days) for storage, days in steps.items() if days is not None]
