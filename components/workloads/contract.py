"""What every service may count on, wherever it runs, and what every runtime counts on in return.

A service gets its settings and secrets under the same names in both clouds, and answers on the same paths. A runtime
hands the results of `environment` and `secrets` on in its own form, and adds nothing of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi

from components.workloads.service import HealthPaths

CloudProvider = Literal["aws", "gcp"]

HEALTH = HealthPaths(startup="/health", ready="/health/ready", live="/health/live")
"""Where a service answers unless its settings say otherwise."""

PLAIN = ("CLOUD_PROVIDER", "REGION")
SECRET = (
    "SECRET_KEY",
    "ENCRYPTION_KEY",
    "DATABASE_URL",
    "DATABASE_AUTHORITIES",
    "REDIS_URL",
    "REDIS_AUTHORITIES",
)

AUTHORITIES_PATH = "/tmp/database-authorities.pem"  # noqa: S108
"""Where DATABASE_URL looks for DATABASE_AUTHORITIES: a service writes them there when it starts.

No runtime on AWS puts a secret into a file, and this is the one place where a container can write.
"""

References = Mapping[str, pulumi.Input[str]]
"""Where secrets are, by name: ARNs in AWS, Secret Manager ids in Google Cloud."""


@dataclass(frozen=True, kw_only=True)
class Connection:
    """How a database or cache is reached, by reference."""

    url: pulumi.Input[str]
    """The secret with its URL."""
    authorities: pulumi.Input[str] | None
    """The secret with the certificates, PEM, that its server is verified with; None where every client knows them."""


@dataclass(frozen=True, kw_only=True)
class ProvidedSecrets:
    """The secrets that the platform gives a service in one cloud, each by reference."""

    secret_key: pulumi.Input[str]
    """Signs sessions and tokens."""
    encryption_key: pulumi.Input[str]
    """Encrypts stored fields."""
    database: Connection | None
    """How the database is reached; None for a service without one."""
    cache: Connection | None
    """How the cache is reached; None for a service without one."""


def environment(
    *,
    cloud: CloudProvider,
    region: str,
    own: Mapping[str, pulumi.Input[str]],
    calls: Mapping[str, pulumi.Input[str]],
    platform: Mapping[str, pulumi.Input[str]],
) -> dict[str, pulumi.Input[str]]:
    """The plain variables: what the platform provides, where the called services are, and the service's own.

    `calls` are base URLs by service name: `backend-api` becomes BACKEND_API_URL; `platform` names what else there is,
    such as the event bus. Raises ValueError for a variable that
    two sides would set, and for a secret of the platform among the plain ones.
    """
    provided: dict[str, pulumi.Input[str]] = {"CLOUD_PROVIDER": cloud, "REGION": region}
    addresses = {f"{variable(service)}_URL": url for service, url in calls.items()}
    misplaced = sorted(set(SECRET) & (set(own) | set(addresses)))
    if misplaced:
        raise ValueError(
            f"{', '.join(misplaced)}: the platform gives it as a secret; a plain variable would override it"
        )
    return _without_overlap(provided, platform, addresses, own)


def secrets(*, provided: ProvidedSecrets, own: References) -> dict[str, pulumi.Input[str]]:
    """References of the secret variables; `own` by secret name: `slack-token` becomes SLACK_TOKEN.

    A service may name SECRET_KEY or ENCRYPTION_KEY as well, which it gets in any case. Raises ValueError for two
    secrets whose names become the same variable.
    """
    given: dict[str, pulumi.Input[str]] = {
        "SECRET_KEY": provided.secret_key,
        "ENCRYPTION_KEY": provided.encryption_key,
    }
    for prefix, connection in (("DATABASE", provided.database), ("REDIS", provided.cache)):
        if connection is not None:
            given[f"{prefix}_URL"] = connection.url
            if connection.authorities is not None:
                given[f"{prefix}_AUTHORITIES"] = connection.authorities
    rest = [(variable(name), reference) for name, reference in own.items() if name not in SECRET]
    return _without_overlap(given, *({name: reference} for name, reference in rest))


def variable(name: str) -> str:
    """The variable of a name: `slack-token` becomes SLACK_TOKEN."""
    return name.replace("-", "_").upper()


def health_command(port: int, path: str) -> list[str]:
    """What asks a container from inside whether it answers, in the form that Docker and ECS take.

    Needs a shell and either wget or curl in the image: Alpine has the one, the slim Debian images get the other.
    """
    url = f"http://127.0.0.1:{port}{path}"
    return ["CMD-SHELL", f"wget -q -T 4 -O /dev/null {url} || curl -fsS -m 4 -o /dev/null {url} || exit 1"]


def _without_overlap(*parts: Mapping[str, pulumi.Input[str]]) -> dict[str, pulumi.Input[str]]:
    merged: dict[str, pulumi.Input[str]] = {}
    for part in parts:
        twice = sorted(set(merged) & set(part))
        if twice:
            raise ValueError(f"{', '.join(twice)}: set twice; one of the two values would be lost without a word")
        merged |= part
    return merged
