"""What the installed SDK classes say of a resource type: its properties, their types, and what a change of them means.

The SDKs carry the providers' schemas as Python: property getters with annotations and docstrings. Reading them there
keeps the rehearsal true to the versions that are installed.
"""

import difflib
import functools
import importlib
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import pulumi
from pulumi.runtime import rpc

from sandbox.annotations import Anything, ListOf, MapOf, Object, OneOf, Property, Scalar, Type, properties_of
from sandbox.graph import UNKNOWN
from sandbox.replacements import REPLACED, REPLACED_EVERYWHERE, is_binding, says_replacement

_PROVIDER = "pulumi:providers:"


@dataclass(frozen=True, slots=True)
class Problem:
    """What a provider would refuse about an input."""

    path: str
    message: str


@dataclass(frozen=True)
class ResourceSchema:
    """What the SDK says of one resource type."""

    token: str
    cls: type
    inputs: Mapping[str, Property]
    outputs: Mapping[str, Property]
    required: frozenset[str]
    _replaces: dict[str, bool] = field(default_factory=dict[str, bool], repr=False, compare=False)

    @property
    def package(self) -> str:
        """`aws` of `aws:ec2/vpc:Vpc`; for a provider, the package it serves."""
        return _package(self.token)

    @cached_property
    def secret_outputs(self) -> frozenset[str]:
        """Outputs that the SDK marks as secret whatever their inputs are."""
        return frozenset(_secret_outputs(self.cls))

    @cached_property
    def forces_replacement(self) -> frozenset[str]:
        """Top-level inputs whose change replaces the resource."""
        return frozenset(name for name in self.inputs if self.replaces(name))

    def replaces(self, path: str) -> bool:
        """Whether a change at this property path (`spec.selector`, `nodes[0].zone`) replaces the resource."""
        if path not in self._replaces:
            steps = list(self._steps(path))
            table = REPLACED.get(self.token, frozenset())
            denied = any(f"!{prefix}" in table for prefix, _ in steps) or self.token.startswith(_PROVIDER)
            self._replaces[path] = not denied and any(self._step_replaces(table, *step) for step in steps)
        return self._replaces[path]

    def property_at(self, path: str) -> Property | None:
        """The property that a path names; None when the type has none of that name."""
        return [known for _, known in self._steps(path)][-1]

    def problems(self, inputs: Mapping[str, Any]) -> list[Problem]:
        """Unknown keys at any depth, values of a wrong type, missing required properties."""
        lenient = self.package != "kubernetes"
        return list(_object_problems(self.inputs, self.decoded(inputs), "", lenient))

    def decoded(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs with a provider's JSON-coded values as values: its wire format knows only strings."""
        if not self.token.startswith(_PROVIDER):
            return dict(inputs)
        return {name: self._decoded(name, value) for name, value in inputs.items()}

    def _decoded(self, name: str, value: Any) -> Any:
        known = self.inputs.get(name)
        if known is None or not isinstance(value, str) or known.type == Scalar("string"):
            return value
        try:
            return json.loads(value)
        except ValueError:
            return value

    def _steps(self, path: str) -> Iterator[tuple[str, Property | None]]:
        """Each prefix of a path without indexes, with the property it names."""
        properties: Mapping[str, Property] = self.inputs
        prefix = ""
        for key in re.sub(r"\[[^]]*\]", "", path).split("."):
            prefix = f"{prefix}.{key}" if prefix else key
            known = properties.get(key)
            yield prefix, known
            properties = _nested(known.type) if known else {}

    def _step_replaces(self, table: frozenset[str], prefix: str, known: Property | None) -> bool:
        everywhere = REPLACED_EVERYWHERE[self.package] | REPLACED_EVERYWHERE[self.token.partition("/")[0]]
        if not table.isdisjoint({prefix, "*"}) or prefix in everywhere or is_binding(self.token):
            return True
        return known is not None and self.package != "kubernetes" and says_replacement(known.doc)


@functools.cache
def resource(token: str) -> ResourceSchema | None:
    """What the installed SDKs say of this type; None when none of them knows it (a custom resource, a component)."""
    cls = _class(token)
    if cls is None:
        return None
    outputs = {prop.name: prop for prop in properties_of(cls)}
    inputs = {prop.name: prop for prop in properties_of(args)} if (args := _args_class(cls)) else {}
    required = frozenset(name for name, prop in inputs.items() if prop.required)
    return ResourceSchema(token, cls, inputs, outputs, required)


def fits(value: Any, kind: Type, lenient: bool = True) -> bool:
    """Whether a value is of a type; lenient as bridged providers are, which read "5" as 5 and 5 as "5"."""
    return not any(_value_problems(kind, value, "", lenient))


def _package(token: str) -> str:
    return token.removeprefix(_PROVIDER) if token.startswith(_PROVIDER) else token.partition(":")[0]


def _class(token: str) -> type | None:
    package = _package(token)
    try:
        importlib.import_module(f"pulumi_{package.replace('-', '_')}")
    except ImportError:
        return None
    if token.startswith(_PROVIDER):
        return getattr(sys.modules[f"pulumi_{package.replace('-', '_')}"], "Provider", None)
    module = rpc.get_resource_module(package, token.split(":")[1], "")
    info = cast("dict[str, Any]", getattr(module, "mod_info", {}))
    name = info.get("classes", {}).get(token)
    return getattr(importlib.import_module(info["fqn"]), name, None) if name else None


def _args_class(cls: type) -> type | None:
    """`FooArgs`; where a nested type already has that name, the SDK calls it `FooInitArgs`."""
    module = sys.modules[cls.__module__]
    names = (f"{cls.__name__}InitArgs", f"{cls.__name__}Args")
    return next((found for name in names if (found := getattr(module, name, None)) is not None), None)


def _secret_outputs(cls: type) -> Iterator[str]:
    """The `additional_secret_outputs` that a class adds to its own options; only its source tells."""
    source = Path(sys.modules[cls.__module__].__file__ or "").read_text(encoding="utf-8")
    after = source.partition(f"\nclass {cls.__name__}(")[2]
    listed = re.search(r"additional_secret_outputs=\[([^]]*)\]", after.partition("\nclass ")[0])
    yield from re.findall(r'"(\w+)"', listed[1]) if listed else ()


def _nested(kind: Type) -> Mapping[str, Property]:
    """The properties that a key after this value may name."""
    if isinstance(kind, ListOf | MapOf):
        return _nested(kind.element)
    if isinstance(kind, OneOf):
        return {name: prop for option in kind.options for name, prop in _nested(option).items()}
    return kind.properties if isinstance(kind, Object) else {}


def _object_problems(
    properties: Mapping[str, Property], value: Mapping[str, Any], path: str, lenient: bool
) -> Iterator[Problem]:
    for key, item in value.items():
        here = f"{path}.{key}" if path else key
        known = properties.get(key)
        if known is None:
            near = _near(key, properties)
            yield Problem(here, f"no such property{f'; did you mean {near}?' if near else ''}")
        elif item is not None:
            yield from _value_problems(known.type, item, here, lenient)
    for name, prop in properties.items():
        if prop.required and value.get(name) is None:
            yield Problem(f"{path}.{name}" if path else name, "required, but missing")


def _near(key: str, names: Mapping[str, Any]) -> str | None:
    return next(iter(difflib.get_close_matches(key, names, n=1, cutoff=0.6)), None)


def _value_problems(kind: Type, value: Any, path: str, lenient: bool) -> Iterator[Problem]:
    if value is UNKNOWN or value is None or isinstance(kind, Anything):
        return
    if isinstance(kind, Scalar):
        if not _SCALAR_FITS[kind.kind](value, lenient):
            yield Problem(path, f"{kind.kind} expected, {_described(value)} given")
    elif isinstance(kind, OneOf):
        verdicts = [list(_value_problems(option, value, path, lenient)) for option in kind.options]
        if all(verdicts):
            yield from min(verdicts, key=lambda found: (len(found), found[0].path == path))
    elif isinstance(kind, ListOf):
        if isinstance(value, list | tuple):
            for number, item in enumerate(cast("Sequence[Any]", value)):
                yield from _value_problems(kind.element, item, f"{path}[{number}]", lenient)
        else:
            yield Problem(path, f"list expected, {_described(value)} given")
    elif not isinstance(value, Mapping):
        yield Problem(path, f"object expected, {_described(value)} given")
    elif isinstance(kind, MapOf):
        for key, item in cast("Mapping[str, Any]", value).items():
            yield from _value_problems(kind.element, item, f"{path}.{key}", lenient)
    else:
        yield from _object_problems(kind.properties, cast("Mapping[str, Any]", value), path, lenient)


def _described(value: Any) -> str:
    """The kind of a value and never the value itself: it may be a secret."""
    names = {str: "string", bool: "boolean", int: "number", float: "number", list: "list", dict: "object"}
    return names.get(type(value), type(value).__name__)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_numeric(value: Any, pattern: str) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None


# A bridged provider reads a numeral or "true" where it wants a number or a boolean, and writes a number as a string.
_SCALAR_FITS: dict[str, Callable[[Any, bool], bool]] = {
    "string": lambda v, lenient: isinstance(v, str) or (lenient and _is_number(v)),
    "integer": lambda v, lenient: (_is_number(v) and v == int(v)) or (lenient and _is_numeric(v, r"-?\d+")),
    "number": lambda v, lenient: _is_number(v) or (lenient and _is_numeric(v, r"-?\d+(\.\d+)?")),
    "boolean": lambda v, lenient: isinstance(v, bool) or (lenient and v in ("true", "false")),
    "asset": lambda v, _: isinstance(v, pulumi.Asset | pulumi.Archive),
}
