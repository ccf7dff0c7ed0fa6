"""The public keys of whoever signs the tokens, kept for as long as they may be."""

import json
import logging
import re
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from urllib.request import urlopen

from functions.websocket_authorizer.public_key import PublicKey

TIMEOUT_SECONDS = 3
LARGEST_ANSWER = 65_536
UNTOLD_SECONDS = 300
LONGEST_SECONDS = 86_400
"""An answer that says it holds for longer is asked for again after a day."""
STALE_SECONDS = 3600
"""How long keys serve beyond their time while no newer ones are to be had: a key that Google withdraws is good for that
much longer at worst, and customers still connect while Google cannot be reached."""
RENEWAL_SECONDS = 60
"""Between two requests: a token may name any key it likes, and each unknown one would be asked for."""
RETRY_SECONDS = 10
MAX_AGE = re.compile(r"(?:^|[\s,])max-age=(\d{1,9})(?:$|[\s,])", re.IGNORECASE)

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)


class KeysUnavailableError(Exception):
    """There are no keys to check a token with, which says nothing of the token."""


class SigningKeys:
    """The keys behind a URL that answers with a JSON Web Key Set."""

    def __init__(self, url: str, clock: Callable[[], float] = time.time) -> None:
        # The clock is the one on the wall: the other stands still while Lambda freezes the function.
        self._url, self._clock = url, clock
        self._keys: dict[str, PublicKey] = {}
        self._fresh_until = self._next_request = float("-inf")

    def key(self, key_id: str) -> PublicKey | None:
        """The key of this id; None if the signer has no such key. Raises KeysUnavailableError.

        An unknown one is asked for even while the others are fresh: the signer may just have begun to use it.
        """
        now = self._clock()
        if now >= self._next_request and (now >= self._fresh_until or key_id not in self._keys):
            self._next_request = now + (RENEWAL_SECONDS if self._renew(now) else RETRY_SECONDS)
        if now >= self._fresh_until + STALE_SECONDS:
            raise KeysUnavailableError("no keys to check tokens with")
        return self._keys.get(key_id)

    def _renew(self, now: float) -> bool:
        try:
            # Where from is decided by the deployment, and by nothing that is sent to the function.
            with urlopen(self._url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                keys = _keys(json.loads(answer.read(LARGEST_ANSWER)))
                seconds = _seconds(answer.headers)
        except (OSError, HTTPException, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            logger.warning("no keys from %s: %s", self._url, type(error).__name__)
            return False
        self._keys, self._fresh_until = keys, now + seconds
        return True


def _keys(answer: Any) -> dict[str, PublicKey]:
    """The keys by id; raises ValueError if none of them is one for RS256.

    One of another kind is left out, not refused: it would keep the others from being renewed.
    """
    found: dict[str, PublicKey] = {}
    for each in answer["keys"]:
        try:
            found[str(each["kid"])] = PublicKey.of(each)
        except (ValueError, KeyError) as error:
            logger.warning("left a key out: %s", type(error).__name__)
    if not found:
        raise ValueError("no key for RS256")
    return found


def _seconds(headers: Any) -> int:
    """For how long an answer may be kept; caches on its way have held it for `Age` seconds already."""
    told = MAX_AGE.search(headers.get("Cache-Control", ""))
    age = headers.get("Age", "")
    seconds = min(int(told[1]), LONGEST_SECONDS) if told else UNTOLD_SECONDS
    return max(seconds - (int(age) if age.isdecimal() else 0), 0)
