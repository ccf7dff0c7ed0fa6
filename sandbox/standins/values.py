"""Property values as JSON that keeps the marks of secrets and of unknown values, to be sent back as they came."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, cast

from google.protobuf import json_format, struct_pb2

from sandbox.graph import UNKNOWN, Unknown
from sandbox.wire import SECRET_SIGNATURE, SIGNATURE

_FILES: Final = ("c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7")
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"

UNKNOWN_STRING: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
# The engine marks an unknown value by the kind it would have; a reader must know all of them.
_UNKNOWNS: Final = frozenset({
    UNKNOWN_STRING,
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
})  # fmt: skip

Json = dict[str, Any]


def decode(message: struct_pb2.Struct) -> Json:
    """A message as JSON; whole numbers become integers, which the wire does not know."""
    return cast("Json", _mapped(json_format.MessageToDict(message), _integer))


def encode(value: Mapping[str, Any]) -> struct_pb2.Struct:
    """JSON as a message; `UNKNOWN` becomes the mark of an unknown string."""
    message = struct_pb2.Struct()
    json_format.ParseDict(_mapped(dict(value), _mark), message)
    return message


def secret(value: Any) -> Any:
    """The value in a secret wrapper; one is enough."""
    return value if is_secret(value) else {SIGNATURE: SECRET_SIGNATURE, "value": value}


def is_secret(value: Any) -> bool:
    """Whether the value stands in a secret wrapper."""
    return isinstance(value, dict) and cast("Json", value).get(SIGNATURE) == SECRET_SIGNATURE


def is_asset(value: Mapping[str, Any]) -> bool:
    """Whether the value is a file or an archive."""
    return value.get(SIGNATURE) in _FILES


def holds_secret(value: Any) -> bool:
    """Whether the value or anything within it stands in a secret wrapper."""
    return is_secret(value) or any(holds_secret(item) for _, item in _items(value))


def plain(value: Any) -> Any:
    """The value without its secret wrappers; what is not known is `UNKNOWN`."""
    if isinstance(value, str):
        return UNKNOWN if value in _UNKNOWNS else value
    if isinstance(value, dict):
        table = cast("Json", value)
        if table.get(SIGNATURE) in (SECRET_SIGNATURE, _OUTPUT):
            return plain(table["value"]) if "value" in table else UNKNOWN
        return {key: plain(item) for key, item in table.items()}
    if isinstance(value, list):
        return [plain(item) for item in cast("list[Any]", value)]
    return value


def merged(wire: Any, value: Any) -> Any:
    """A plain value with the secret wrappers that `wire` has at the same places, or around what it replaces."""
    if plain(wire) == value:
        return wire
    if is_secret(wire):
        return secret(value)
    if isinstance(wire, dict) and isinstance(value, dict):
        table = cast("Json", wire)
        return {key: merged(table.get(key), item) for key, item in cast("Json", value).items()}
    if isinstance(wire, list) and isinstance(value, list):
        listed, news = cast("list[Any]", wire), cast("list[Any]", value)
        if len(listed) == len(news):
            return [merged(old, new) for old, new in zip(listed, news, strict=True)]
    return secret(value) if holds_secret(wire) else value


def strings(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every known string within a plain value, with its property path."""
    if isinstance(value, str):
        yield path, value
    for step, item in _items(value):
        yield from strings(item, f"{path}{step}" if step.startswith("[") or not path else f"{path}.{step}")


def secrets(value: Any) -> Iterator[str]:
    """Every string that stands in a secret wrapper."""
    if is_secret(value):
        yield from (text for _, text in strings(plain(value)))
    else:
        for _, item in _items(value):
            yield from secrets(item)


def dumps(value: Any) -> str:
    """JSON on one line, keys in order: equal values give equal text."""
    return json.dumps(_mapped(value, _mark), sort_keys=True, separators=(",", ":"))


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from cast("Json", value).items()
    elif isinstance(value, list):
        yield from ((f"[{number}]", item) for number, item in enumerate(cast("list[Any]", value)))


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {key: _mapped(item, change) for key, item in cast("Json", value).items()}
    if isinstance(value, list | tuple):
        return [_mapped(item, change) for item in cast("list[Any]", value)]
    return change(value)


def _integer(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _mark(value: Any) -> Any:
    return UNKNOWN_STRING if isinstance(value, Unknown) else value
