"""What a change of inputs means to a resource: nothing, an update in place, a replacement."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from sandbox.schema import ResourceSchema
from sandbox.standins.values import Json

_NAMES: Final = ("bucket", "path", "Name", "Id", "dentifier")


@dataclass(frozen=True, slots=True)
class Change:
    """One property that differs."""

    path: str
    kind: Literal["ADD", "DELETE", "UPDATE"]
    replaces: bool

    @property
    def top(self) -> str:
        """The top-level property that it lies in."""
        return self.path.partition(".")[0].partition("[")[0]


def changes(schema: ResourceSchema | None, olds: Any, news: Any) -> list[Change]:
    """The differences of two sets of plain inputs; an unknown value differs from every known one."""
    return [
        Change(path, kind, schema is not None and schema.replaces(path)) for path, kind in _differences(olds, news, "")
    ]


def keeps_its_name(schema: ResourceSchema | None, news: Json, id: str, outputs: Json) -> bool:  # noqa: A002
    """Whether the program chose the physical name and keeps it, so that no second one can stand beside the first."""
    metadata = news.get("metadata")
    if schema is not None and schema.package == "kubernetes" and isinstance(metadata, dict):
        return cast("Json", metadata).get("name") is not None
    if schema is not None and "name" in schema.inputs and "name" not in schema.required and "name" in news:
        return news["name"] == outputs.get("name")
    names = (value for key, value in news.items() if key.endswith(_NAMES))
    last = re.split("[/:]", id)[-1]
    return any(isinstance(name, str) and name in (id, last) for name in names)


def _step(path: str, key: str) -> str:
    """A property path one key longer, in the engine's notation."""
    if not re.fullmatch(r"[A-Za-z_$][\w$-]*", key):
        return f"{path}[{json.dumps(key)}]"
    return f"{path}.{key}" if path else key


def _differences(old: Any, new: Any, path: str) -> Iterator[tuple[str, Literal["ADD", "DELETE", "UPDATE"]]]:
    if isinstance(old, dict) and isinstance(new, dict):
        before, after = cast("Json", old), cast("Json", new)
        for key in {**before, **after}:
            yield from _differences(before.get(key), after.get(key), _step(path, key))
    elif isinstance(old, list) and isinstance(new, list) and len(cast("Json", old)) == len(cast("Json", new)):
        pairs = zip(cast("list[Any]", old), cast("list[Any]", new), strict=True)
        for number, (one, other) in enumerate(pairs):
            yield from _differences(one, other, f"{path}[{number}]")
    elif old != new:
        yield path, "ADD" if old is None else "DELETE" if new is None else "UPDATE"
