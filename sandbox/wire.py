"""Property values as the engine's protocol carries them, read into plain Python and written back."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pulumi
from google.protobuf import struct_pb2
from pulumi.runtime import rpc

from sandbox.graph import UNKNOWN

SIGNATURE = rpc._special_sig_key  # pyright: ignore[reportPrivateUsage] - constants of the protocol
SECRET_SIGNATURE = rpc._special_secret_sig  # pyright: ignore[reportPrivateUsage]
_RESOURCE_SIGNATURE = rpc._special_resource_sig  # pyright: ignore[reportPrivateUsage]
_OUTPUT_SIGNATURE = rpc._special_output_value_sig  # pyright: ignore[reportPrivateUsage]


def decode(properties: struct_pb2.Struct, secrets: set[str]) -> dict[str, Any]:
    """The properties as plain values, secrets unwrapped; adds the path of every secret to `secrets`."""
    path: list[str] = []
    return {key: _read(value, key, path, secrets) for key, value in properties.fields.items()}


def _read(value: struct_pb2.Value, step: str, path: list[str], secrets: set[str]) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if text == rpc.UNKNOWN else text
    if kind == "bool_value":
        return value.bool_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind not in ("struct_value", "list_value"):
        return None
    path.append(step)
    try:
        if kind == "list_value":
            items = value.list_value.values
            return [_read(item, f"[{number}]", path, secrets) for number, item in enumerate(items)]
        return _read_struct(value, path, secrets)
    finally:
        path.pop()


def _read_struct(value: struct_pb2.Value, path: list[str], secrets: set[str]) -> Any:
    fields = value.struct_value.fields
    if SIGNATURE not in fields:
        return {key: _read(item, f".{key}", path, secrets) for key, item in fields.items()}
    signature = fields[SIGNATURE].string_value
    if signature == SECRET_SIGNATURE:
        secrets.add("".join(path))
        return _read(fields["value"], "", path, set())
    if signature == _RESOURCE_SIGNATURE:
        return fields["id"].string_value if "id" in fields else fields["urn"].string_value
    if signature == _OUTPUT_SIGNATURE:
        if "secret" in fields and fields["secret"].bool_value:
            secrets.add("".join(path))
        return _read(fields["value"], "", path, secrets) if "value" in fields else UNKNOWN
    return _with_digests(rpc.deserialize_property(value.struct_value))


def _with_digests(value: Any) -> Any:
    """Files are told by what they hold now: another commit may hold something else at the same path."""
    if isinstance(value, pulumi.AssetArchive):
        for item in value.assets.values():
            _with_digests(item)
    elif isinstance(value, pulumi.FileAsset | pulumi.FileArchive):
        path = Path(value.path)
        files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
        digest = hashlib.sha256()
        for each in files:
            digest.update(str(each).encode() + b"\0" + (each.read_bytes() if each.is_file() else b""))
        vars(value)["digest"] = digest.hexdigest()
    return value


def write(target: struct_pb2.Value, value: Any) -> None:
    """Set the protocol's value to a plain one."""
    if value is None:
        target.null_value = struct_pb2.NULL_VALUE
    elif value is UNKNOWN:
        target.string_value = rpc.UNKNOWN
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif isinstance(value, Mapping):
        target.struct_value.SetInParent()
        for key, item in cast("Mapping[str, Any]", value).items():
            write(target.struct_value.fields[key], item)
    elif isinstance(value, list | tuple):
        target.list_value.SetInParent()
        for item in cast("list[Any]", value):
            write(target.list_value.values.add(), item)
    else:
        raise TypeError(f"no such value in the protocol: {type(value).__name__}")


def conceal(target: struct_pb2.Value) -> None:
    """Put the value into a secret wrapper unless it is in one."""
    if target.WhichOneof("kind") == "struct_value" and SIGNATURE in target.struct_value.fields:
        return
    plain = struct_pb2.Value()
    plain.CopyFrom(target)
    target.Clear()
    target.struct_value.fields[SIGNATURE].string_value = SECRET_SIGNATURE
    target.struct_value.fields["value"].CopyFrom(plain)
