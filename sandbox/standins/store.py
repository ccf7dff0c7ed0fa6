"""What the stand-ins hold: their cloud, kept in a file so that it outlives them."""

import json
import sqlite3
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.standins.values import Json, dumps

_SCHEMA = """CREATE TABLE IF NOT EXISTS held (
    number INTEGER PRIMARY KEY, type TEXT, urn TEXT, id TEXT, scope TEXT, inputs TEXT, outputs TEXT, alive INTEGER)"""


@dataclass(frozen=True, slots=True)
class Held:
    """One resource of the stand-in cloud; a deleted one stays, so that a stale reference can say what it meant."""

    number: int
    type: str
    urn: str
    id: str
    scope: str
    """Where the id is unique: the provider instance and the region."""
    inputs: Json
    outputs: Json
    alive: bool = True


class Store:
    """Resources by (type, id), in memory and in a SQLite file; safe to use from several threads.

    The same URN may be held twice while one is being replaced, and the same id in two regions.
    """

    def __init__(self, path: Path) -> None:
        self.lock = threading.RLock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute(_SCHEMA)
        rows = self._database.execute("SELECT * FROM held ORDER BY number").fetchall()
        self._held = {row[0]: _held(row) for row in rows}
        self._by_id: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._urns = Counter[str]()
        for held in self._held.values():
            self._index(held)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        with self.lock:
            self._database.close()

    def __iter__(self) -> Iterator[Held]:
        """The living."""
        with self.lock:
            return iter([held for held in self._held.values() if held.alive])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def everything(self) -> list[Held]:
        """The living and the deleted."""
        with self.lock:
            return list(self._held.values())

    def put(self, type: str, urn: str, id: str, scope: str, inputs: Json, outputs: Json) -> Held:  # noqa: A002 - the protocol's words
        """Bring a resource into being."""
        with self.lock:
            held = Held(len(self._held) + 1, type, urn, id, scope, inputs, outputs)
            self._index(held)
            return self._write(held)

    def change(
        self, held: Held, *, urn: str | None = None, inputs: Json | None = None, outputs: Json | None = None
    ) -> Held:
        """Give a resource other properties, or the URN that an alias moved it to."""
        changed = replace(
            held,
            urn=urn or held.urn,
            inputs=held.inputs if inputs is None else inputs,
            outputs=held.outputs if outputs is None else outputs,
        )
        with self.lock:
            return held if changed == held else self._write(changed)

    def remove(self, held: Held) -> None:
        """End a resource."""
        with self.lock:
            self._write(replace(held, alive=False))

    def of(self, type: str, id: str) -> list[Held]:  # noqa: A002 - the protocol's words
        """The living resources of this id, the oldest first."""
        with self.lock:
            return [self._held[number] for number in self._by_id.get((type, id), ()) if self._held[number].alive]

    def count(self, urn: str) -> int:
        """How many resources have had this URN."""
        with self.lock:
            return self._urns[urn]

    def find(self, type: str, id: str, urn: str, scope: str, *, oldest: bool = False) -> Held | None:  # noqa: A002
        """The living resource of this id: the one of this URN, else of this scope, else the only one."""
        alive = self.of(type, id)
        preferred = [held for held in alive if held.urn == urn] or [held for held in alive if held.scope == scope]
        return preferred[0 if oldest else -1] if preferred else alive[0] if len(alive) == 1 else None

    def named(self, urn_or_id: str) -> Held:
        """The one living resource of this URN or id. Raises LookupError when there is none or several."""
        found = [held for held in self if urn_or_id in (held.urn, held.id)]
        if len(found) != 1:
            raise LookupError(f"{urn_or_id!r} names {len(found)} living resources of the stand-ins")
        return found[0]

    def _index(self, held: Held) -> None:
        self._by_id[held.type, held.id].append(held.number)
        self._urns[held.urn] += 1

    def _write(self, held: Held) -> Held:
        row = (
            held.number,
            held.type,
            held.urn,
            held.id,
            held.scope,
            dumps(held.inputs),
            dumps(held.outputs),
            held.alive,
        )
        self._database.execute("INSERT OR REPLACE INTO held VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        self._held[held.number] = held
        return held


def _held(row: tuple[int, str, str, str, str, str, str, int]) -> Held:
    number, kind, urn, name, scope, inputs, outputs, alive = row
    return Held(number, kind, urn, name, scope, json.loads(inputs), json.loads(outputs), bool(alive))
