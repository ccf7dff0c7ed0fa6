"""What a program calls the things in its picture: the one place that knows its types."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

Layer = Literal["names", "guard", "edge", "services", "data", "events", "beside"]
"""From top to bottom: what resolves names, what screens requests, what takes them, what serves them, what they need."""
Kind = Literal["requests", "failover", "replication", "events"]


class WordsError(ValueError):
    """The file of words cannot be read, or says nothing of something that the graph holds."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CardWords(_Entry):
    """A component that is drawn as a card."""

    layer: Layer
    """The row that it is drawn in."""
    says: str
    """What it is, in a word or two."""
    unless: tuple[str, ...] = ()
    """Types of components: where one of them has its name, that one is drawn, and this one is not."""


class PartWords(_Entry):
    """A resource that tells in which region a card is drawn, and what the card holds there."""

    says: str | None = None
    """The word for it on the card; None to place the card alone."""
    counted: bool = False
    """Whether the card says how many there are."""
    port: int | None = None
    """The port it listens on, where no rule of a firewall tells."""


class Way(_Entry):
    """A way between two cards that a resource tells of."""

    kind: Kind
    """What goes that way."""
    by: str
    """Type of the resource that tells of it."""
    where: Mapping[str, Any] = {}
    """Values that inputs of the resource must have, by path: `failoverRoutingPolicies.0.type`."""
    tail: tuple[str, ...] = ()
    """The inputs that name where the way begins; `*` for all of its inputs, none for the resource itself."""
    head: tuple[str, ...] = ()
    """The same for where it ends."""
    at: str | None = None
    """Type of the one resource that such an input is followed to; None for any."""
    among: tuple[Layer, ...] = ()
    """Layers that the other end is looked for in; empty for every one."""


class Words(_Entry):
    """Everything a picture needs to be told beside the graph. Types are those of the graph, `aws:ec2/vpc:Vpc`."""

    clouds: Mapping[str, str]
    """Names of the clouds by package, the primary one first."""
    cards: Mapping[str, CardWords]
    """Components that are drawn."""
    parts: Mapping[str, PartWords]
    """Resources that say what a card is made of."""
    fixtures: Mapping[str, PartWords]
    """Resources that belong to a network: named in the subnets that they sit in."""
    aside: Mapping[str, str]
    """Components that many others use, by type: listed below the picture under this heading."""
    hidden: frozenset[str]
    """Components that the picture shows in another way, or not at all."""
    addresses: frozenset[str] = frozenset()
    """Records with a `name`: whoever asks for it asks what the record points at."""
    ways: tuple[Way, ...] = ()
    """Ways beside those that the networks tell of."""

    @classmethod
    def read(cls, path: Path) -> "Words":
        """The words in a TOML file. Raises WordsError."""
        try:
            return cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
            raise WordsError(f"{path}: {error}") from None


@dataclass(frozen=True)
class Numbered:
    """A word with how often it applies."""

    word: str
    count: int
    counted: bool

    def __str__(self) -> str:
        return f"{self.word} \N{MULTIPLICATION SIGN}{self.count}" if self.counted and self.count > 1 else self.word
