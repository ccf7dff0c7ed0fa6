"""ID tokens of Identity Platform, checked by the rules that Google publishes for them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.websocket_authorizer.base64url import decoded
from functions.websocket_authorizer.signing_keys import SigningKeys

ISSUER_BASE = "https://securetoken.google.com"
ALGORITHM = "RS256"
LONGEST_TOKEN = 8192
CLOCK_SKEW_SECONDS = 10
"""How far ahead the clock that wrote a token may be; a token that has ended is granted nothing."""
SUBJECT = re.compile(r"[A-Za-z0-9_.:@|-]{1,128}")
"""It goes on in a header and in a line of the log, neither of which it may break."""


class RefusedError(Exception):
    """A token that opens nothing; says why, and holds nothing of the token."""


@dataclass(frozen=True, kw_only=True)
class Verifier:
    """Knows the tokens of one project."""

    project_id: str
    """The Google Cloud project whose users sign in."""
    keys: SigningKeys
    """The keys of Google's token service."""

    def subject(self, token: str, now: float) -> str:
        """The user whose token this is. Raises RefusedError, and KeysUnavailableError.

        That the session was not revoked meanwhile only a question to Google would tell: a token holds for an hour.
        """
        if len(token) > LONGEST_TOKEN:
            raise RefusedError("the token is too long")
        header, claims, signature = _parts(token)
        self._check_signature(_object(header), f"{header}.{claims}".encode(), _bytes(signature))
        return self._checked(_object(claims), now)

    def _check_signature(self, header: Mapping[str, Any], message: bytes, signature: bytes) -> None:
        """By this one algorithm: the token does not get to choose how it is checked."""
        if header.get("alg") != ALGORITHM:
            raise RefusedError(f"the token is not signed with {ALGORITHM}")
        if "crit" in header:
            raise RefusedError("the token needs an extension that is not known here")
        key_id = header.get("kid")
        if not isinstance(key_id, str) or not key_id:
            raise RefusedError("the token names no key")
        key = self.keys.key(key_id)
        if key is None:
            raise RefusedError("the token names a key that is not Google's")
        if not key.signed(message, signature):
            raise RefusedError("the signature does not fit")

    def _checked(self, claims: Mapping[str, Any], now: float) -> str:
        if claims.get("iss") != f"{ISSUER_BASE}/{self.project_id}":
            raise RefusedError("the token is of another issuer")
        if claims.get("aud") != self.project_id:
            raise RefusedError("the token is for another audience")
        if _moment(claims, "exp") <= now:
            raise RefusedError("the token has ended")
        for claim in ("iat", "auth_time"):
            if _moment(claims, claim) > now + CLOCK_SKEW_SECONDS:
                raise RefusedError(f"{claim} is in the future")
        subject = claims.get("sub")
        if not isinstance(subject, str) or SUBJECT.fullmatch(subject) is None:
            raise RefusedError("the token names no user")
        return subject


def _parts(token: str) -> tuple[str, str, str]:
    match token.split("."):
        case [header, claims, signature]:
            return header, claims, signature
        case _:
            raise RefusedError("not a signed token")


def _object(part: str) -> dict[str, Any]:
    try:
        found = json.loads(_bytes(part))
    except (ValueError, RecursionError):
        raise RefusedError("a part of the token is not JSON") from None
    if not isinstance(found, dict):
        raise RefusedError("a part of the token is not a JSON object")
    return found


def _bytes(part: str) -> bytes:
    try:
        return decoded(part)
    except ValueError:
        raise RefusedError("a part of the token is not base64url") from None


def _moment(claims: Mapping[str, Any], claim: str) -> int:
    """Seconds since 1970; only whole ones, as JSON in Python knows a number that no time ever reaches."""
    value = claims.get(claim)
    if not isinstance(value, int) or isinstance(value, bool):
        raise RefusedError(f"{claim} is not a time")
    return value
