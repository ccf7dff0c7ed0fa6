"""Admits a WebSocket by the ID token in its query string: the authoriser that API Gateway asks at `$connect`.

Runs in Lambda with Python's standard library and nothing else. API Gateway keeps no answer of an authoriser for
WebSockets, so that each connection is decided on its own.
"""

import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from functions.websocket_authorizer.id_token import RefusedError, Verifier
from functions.websocket_authorizer.signing_keys import SigningKeys

ROUTE = "$connect"
TOKEN = "token"  # noqa: S105 - the name of a parameter

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)


class UnauthorizedError(Exception):
    """What API Gateway answers with 401, by this word alone; everything else that is raised is a 500."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the deployment decides, read from the environment of the function."""

    project_id: str
    """The Google Cloud project whose users sign in."""
    keys_url: str
    """Where Google publishes the keys that its tokens are signed with."""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Settings":
        """Raises KeyError for a variable that is not set."""
        return cls(project_id=environment["PROJECT_ID"], keys_url=environment["KEYS_URL"])


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """The policy that opens this one connection for the user of the token.

    Raises UnauthorizedError, and KeysUnavailableError while there are no keys: a client that took this for a refusal
    would sign its user out.
    """
    try:
        route = str(event.get("methodArn"))
        if not route.endswith(f"/{ROUTE}"):
            raise RefusedError(f"only {ROUTE} is authorised here")
        subject = _verifier().subject(_token(event), time.time())
    except RefusedError as refusal:
        logger.info("refused a connection: %s", refusal)
        raise UnauthorizedError from None
    return admission(subject, route)


def admission(subject: str, route: str) -> dict[str, Any]:
    """The policy that lets this user take this route, and nothing else."""
    return {
        "principalId": subject,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": route}],
        },
    }


def _token(event: Mapping[str, Any]) -> str:
    token = (event.get("queryStringParameters") or {}).get(TOKEN)
    if not isinstance(token, str) or not token:
        raise RefusedError("no token")
    return token


@cache
def _verifier() -> Verifier:
    """One for all connections that this copy of the function decides: its keys are fetched once."""
    settings = Settings.of(os.environ)
    return Verifier(project_id=settings.project_id, keys=SigningKeys(settings.keys_url))
