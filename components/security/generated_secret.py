"""Secret values that nobody types."""

from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_random as random
from pulumi import Output

from components.component import Component

TOKEN_CHARACTERS = 64
ENCRYPTION_KEY_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class GeneratedSecretArgs:
    """What a GeneratedSecret needs to know."""

    kind: Literal["token", "encryption_key"]
    """`token`: 64 letters and digits that sign or authenticate; `encryption_key`: 32 bytes in base64 that encrypt."""
    generation: int = 1
    """Raised to get another token; an encryption key has one generation."""

    def __post_init__(self) -> None:
        if self.kind == "encryption_key" and self.generation != 1:
            raise ValueError(
                "an encryption key cannot be generated anew: what the old one encrypted would be unreadable; "
                "add a second key and re-encrypt, then remove the first"
            )


class GeneratedSecret(Component):
    """A random value, the same in every deployment of an environment until its generation is raised.

    Owns the value, which is kept in the state, encrypted. Guarantees that it is a secret wherever it goes, and that an
    encryption key is neither replaced nor deleted. Leaves out where the value is kept for its readers: see SecretPair.
    """

    value: Output[str]
    """The value, a secret."""

    def __init__(self, name: str, args: GeneratedSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:security:GeneratedSecret", name, None, opts)
        self._name, self._args = name, args

        self.value = Output.secret(self._token() if args.kind == "token" else self._encryption_key())
        self.publish()

    def _token(self) -> Output[str]:
        """Letters and digits only, so that the value stands unescaped in URLs, headers and shells."""
        return random.RandomPassword(
            self._name,
            length=TOKEN_CHARACTERS,
            special=False,
            keepers={"generation": str(self._args.generation)},
            opts=self.child(),
        ).result

    def _encryption_key(self) -> Output[str]:
        return random.RandomBytes(self._name, length=ENCRYPTION_KEY_BYTES, opts=self.child(protect=True)).base64
