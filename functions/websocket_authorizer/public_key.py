"""Signatures of RS256, RSASSA-PKCS1-v1_5 with SHA-256: checking one takes nothing that is secret."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.websocket_authorizer.base64url import decoded

FEWEST_BITS, MOST_BITS = 2048, 4096
EXPONENT = 65537
"""The one that is in use. Small exponents are what forgeries of this kind of signature need."""
SHA256_IN_DER = bytes.fromhex("3031300d060960864801650304020105000420")


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """An RSA key of 2048 to 4096 bits."""

    modulus: int
    """What the exponentiation is reduced by."""

    @classmethod
    def of(cls, key: Mapping[str, Any]) -> "PublicKey":
        """The key in a JSON Web Key; raises ValueError for one that does not sign with RS256."""
        if key.get("kty") != "RSA" or key.get("alg", "RS256") != "RS256" or key.get("use", "sig") != "sig":
            raise ValueError("not a key for RS256")
        modulus, exponent = (int.from_bytes(decoded(key.get(name)), "big") for name in ("n", "e"))
        if not FEWEST_BITS <= modulus.bit_length() <= MOST_BITS or exponent != EXPONENT:
            raise ValueError("not a key of the usual size and exponent")
        return cls(modulus=modulus)

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's for this message.

        What the signature holds is not read but compared, as a whole, with what it has to hold: each forgery of such
        signatures that is known hides in what a reader skips.
        """
        length = (self.modulus.bit_length() + 7) // 8
        number = int.from_bytes(signature, "big")
        if len(signature) != length or number >= self.modulus:
            return False
        held = pow(number, EXPONENT, self.modulus).to_bytes(length, "big")
        return hmac.compare_digest(held, _encoded(message, length))


def _encoded(message: bytes, length: int) -> bytes:
    """The message as PKCS #1 v1.5 encodes it before it is signed."""
    digest = SHA256_IN_DER + hashlib.sha256(message).digest()
    return b"\x00\x01" + b"\xff" * (length - len(digest) - 3) + b"\x00" + digest
