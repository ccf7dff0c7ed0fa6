"""Base64 as tokens and keys are written in: the alphabet of URLs, without padding."""

import re
from base64 import urlsafe_b64decode

ALPHABET = re.compile(r"[A-Za-z0-9_-]+")


def decoded(text: object) -> bytes:
    """The bytes that this is the text of; raises ValueError for whatever else it is.

    Python's own decoder skips characters that it does not know: a token would then have many spellings.
    """
    if not isinstance(text, str) or ALPHABET.fullmatch(text) is None:
        raise ValueError("not base64url")
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
