"""Gives a secret a new value in both clouds: the function that Secrets Manager calls for each step of a rotation.

Runs in Lambda with what its runtime brings (boto3) and nothing else. Secrets Manager owns the retries: a step that
fails raises, and is called again with the same version, so each may be repeated.
"""

import os
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.session import get_session

from functions.rotate_secret.google_identity import Endpoints, GoogleIdentity
from functions.rotate_secret.rotation import Rotation
from functions.rotate_secret.secret_manager import SecretManager

# A step that hangs has to say where before Lambda cuts it off; what it does not do now, the next attempt does.
CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 3, 5, 2

# Unescaped in URLs, headers and shells.
ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, kw_only=True)
class GoogleSettings:
    """How the Google Cloud half is reached."""

    project_id: str
    """The project that owns the secrets."""
    provider_name: str
    """The identity pool's provider for this AWS account, by its full name."""
    service_account: str
    """The e-mail address of the service account to act as."""
    endpoints: Endpoints
    """Where Google answers."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the deployment decides, read from the environment of the function."""

    region: str
    """The region that the function runs in."""
    value_characters: int
    """The length of a value."""
    google: GoogleSettings | None
    """The Google Cloud half; None where there is no standby cloud."""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Settings":
        """Raises KeyError for a variable that is not set; those of Google may only be left out all together."""
        google = {"GOOGLE_PROJECT_ID", "GOOGLE_PROVIDER_NAME", "GOOGLE_SERVICE_ACCOUNT"}
        return cls(
            region=environment["AWS_REGION"],
            value_characters=int(environment["VALUE_CHARACTERS"]),
            google=_google(environment) if google & set(environment) else None,
        )


def handler(event: Mapping[str, str], _context: object) -> None:
    """Run one step: `Step`, `SecretId` (an ARN) and `ClientRequestToken` (the version) are what Secrets Manager sends.

    Raises RotationError, GoogleError or botocore's own; none of them holds a value, and nothing logs one.
    """
    settings = Settings.of(os.environ)
    Rotation(
        aws=_secrets_manager(settings.region),
        google=_secret_manager(settings.google, settings.region) if settings.google else None,
        secret_arn=event["SecretId"],
        version=event["ClientRequestToken"],
        new_value=lambda: new_value(settings.value_characters),
    ).run(event["Step"])


def new_value(characters: int) -> str:
    """Letters and digits that nobody can guess."""
    return "".join(secrets.choice(ALPHABET) for _ in range(characters))


def _google(environment: Mapping[str, str]) -> GoogleSettings:
    return GoogleSettings(
        project_id=environment["GOOGLE_PROJECT_ID"],
        provider_name=environment["GOOGLE_PROVIDER_NAME"],
        service_account=environment["GOOGLE_SERVICE_ACCOUNT"],
        endpoints=Endpoints(
            exchange=environment.get("GOOGLE_TOKEN_EXCHANGE_URL", Endpoints.exchange),
            credentials=environment.get("GOOGLE_CREDENTIALS_URL", Endpoints.credentials),
            versions=environment.get("GOOGLE_SECRET_MANAGER_URL", Endpoints.versions),
        ),
    )


def _secrets_manager(region: str) -> Any:
    config = Config(
        connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"total_max_attempts": ATTEMPTS}
    )
    return boto3.client("secretsmanager", region_name=region, config=config)


def _secret_manager(google: GoogleSettings, region: str) -> SecretManager:
    credentials: Any = get_session().get_credentials()
    identity = GoogleIdentity(
        credentials=credentials,
        region=region,
        provider_name=google.provider_name,
        service_account=google.service_account,
        endpoints=google.endpoints,
    )
    return SecretManager(google.endpoints.versions, google.project_id, identity)
