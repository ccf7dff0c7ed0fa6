"""The secrets of Google Cloud, as far as a rotation needs them."""

import base64
import json
from dataclasses import dataclass

from functions.rotate_secret.google_identity import GoogleError, GoogleIdentity, call

LATEST = "latest"


@dataclass(frozen=True, kw_only=True, repr=False)
class Version:
    """One version of a secret."""

    number: int
    """Counts from 1, without gaps."""
    value: str | None
    """The value; None for a version that is disabled or destroyed."""


class SecretManager:
    """Secret Manager of one project, by its REST interface."""

    def __init__(self, url: str, project_id: str, identity: GoogleIdentity) -> None:
        self._secrets = f"{url}/v1/projects/{project_id}/secrets"
        self._identity = identity

    def newest(self, secret: str) -> str | None:
        """The value that was added last; None if there is none, or if it was disabled since. Raises GoogleError.

        `latest` may lag behind by minutes, even hours, while a version is there under its number as soon as it is
        added: what comes after `latest` is asked for by number.
        """
        newest = self._version(secret, LATEST) or Version(number=0, value=None)
        while (following := self._version(secret, str(newest.number + 1))) is not None:
            newest = following
        return newest.value

    def add(self, secret: str, value: str) -> None:
        """Add a version with this value. Raises GoogleError."""
        call(
            f"adding a version to {secret}",
            f"{self._secrets}/{secret}:addVersion",
            token=self._identity.access_token,
            body=json.dumps({"payload": {"data": base64.b64encode(value.encode()).decode()}}).encode(),
        )

    def _version(self, secret: str, which: str) -> Version | None:
        """None for a number not given yet, and for a `latest` that tells no number, being disabled."""
        try:
            answer = call(
                f"reading version {which} of {secret}",
                f"{self._secrets}/{secret}/versions/{which}:access",
                token=self._identity.access_token,
            )
        except GoogleError as error:
            if error.status == "FAILED_PRECONDITION" and which != LATEST:
                return Version(number=int(which), value=None)
            if error.status in ("NOT_FOUND", "FAILED_PRECONDITION"):
                return None
            raise
        number = int(answer["name"].rpartition("/")[2])
        return Version(number=number, value=base64.b64decode(answer["payload"]["data"]).decode())
