"""The four steps of a rotation, as Secrets Manager calls them, with a second cloud between them."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from functions.rotate_secret.secret_manager import SecretManager

CURRENT, PENDING = "AWSCURRENT", "AWSPENDING"

logger = logging.getLogger(__name__)


class RotationError(Exception):
    """A step that cannot be done; the message names secret and version, and never a value."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Rotation:
    """The way of one new version into both clouds.

    Google Cloud gets the value before AWS makes it current, so that nothing is current anywhere that the other cloud
    does not hold. A rotation that is given up between the two leaves a newer value in Google Cloud than in AWS: readers
    there take it until the next rotation succeeds, which makes the two the same again.
    """

    aws: Any
    """A client of Secrets Manager."""
    google: SecretManager | None
    """Secret Manager; None where there is no standby cloud."""
    secret_arn: str
    """The secret in AWS; the one in Google Cloud has its name."""
    version: str
    """The version that the rotation is about, which Secrets Manager has marked as pending."""
    new_value: Callable[[], str]
    """Makes a value."""

    def run(self, step: str) -> None:
        """Do one step, or nothing if the version is current already. Raises RotationError, GoogleError."""
        secret = self.aws.describe_secret(SecretId=self.secret_arn)
        name, stages = secret["Name"], secret.get("VersionIdsToStages", {})
        own = stages.get(self.version, [])
        if CURRENT in own:
            logger.info("%s: version %s of %s is current already", step, self.version, name)
            return
        if PENDING not in own:
            raise RotationError(f"{step}: version {self.version} of {name} is not pending; a rotation would make it so")
        match step:
            case "createSecret":
                self._create()
            case "setSecret":
                self._set(name)
            case "testSecret":
                self._test(name)
            case "finishSecret":
                self._finish(name, stages)
            case _:
                raise RotationError(f"{step!r} is no step of a rotation")
        logger.info("%s: done for version %s of %s", step, self.version, name)

    def _create(self) -> None:
        if self._value(VersionId=self.version, VersionStage=PENDING) is None:
            self.aws.put_secret_value(
                SecretId=self.secret_arn,
                ClientRequestToken=self.version,
                SecretString=self.new_value(),
                VersionStages=[PENDING],
            )

    def _set(self, name: str) -> None:
        value = self._pending(name)
        # Adding is not repeatable by itself: an answer that got lost would leave the value there twice.
        if self.google is not None and self.google.newest(name) != value:
            self.google.add(name, value)

    def _test(self, name: str) -> None:
        """Read back from both clouds.

        Secrets Manager calls this step alone when a schedule is set up, with a version that nothing was created for: it
        then says whether both clouds can be read and hold what is current.
        """
        value = self._value(VersionId=self.version, VersionStage=PENDING) or self._value(VersionStage=CURRENT)
        if self.google is not None and self.google.newest(name) != value:
            raise RotationError(f"the newest version of {name} in Secret Manager is not what Secrets Manager holds")

    def _finish(self, name: str, stages: Mapping[str, list[str]]) -> None:
        self._pending(name)
        current = [version for version, labels in stages.items() if CURRENT in labels]
        # One call, which leaves the old version as the previous one; the label of the pending version is for Secrets
        # Manager to remove, which reads a removal by others as a rotation given up.
        self.aws.update_secret_version_stage(
            SecretId=self.secret_arn,
            VersionStage=CURRENT,
            MoveToVersionId=self.version,
            **({"RemoveFromVersionId": current[0]} if current else {}),
        )

    def _pending(self, name: str) -> str:
        value = self._value(VersionId=self.version, VersionStage=PENDING)
        if value is None:
            raise RotationError(f"version {self.version} of {name} has no value yet; createSecret gives it one")
        return value

    def _value(self, **which: str) -> str | None:
        try:
            return self.aws.get_secret_value(SecretId=self.secret_arn, **which)["SecretString"]
        except self.aws.exceptions.ResourceNotFoundException:
            return None
