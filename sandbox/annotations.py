"""The type tree of an SDK class, read from the annotations and docstrings of its property getters."""

import functools
import sys
import types
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any, ForwardRef, Literal, Union, get_args, get_origin

import pulumi
from pulumi._types import is_input_type, is_output_type


@dataclass(frozen=True, slots=True)
class Scalar:
    """`string`, `integer`, `number`, `boolean` or `asset` (a file or archive)."""

    kind: str


@dataclass(frozen=True, slots=True)
class ListOf:
    """An array."""

    element: "Type"


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map with free string keys."""

    element: "Type"


@dataclass(frozen=True, slots=True)
class OneOf:
    """A union; a value fits when it fits one of them."""

    options: tuple["Type", ...]


@dataclass(frozen=True, slots=True)
class Anything:
    """No promise about the value."""


@dataclass(frozen=True, eq=False)
class Object:
    """A nested object, read from its class when first looked into (some types contain themselves)."""

    cls: type

    @cached_property
    def properties(self) -> Mapping[str, "Property"]:
        """By wire name."""
        return {prop.name: prop for prop in properties_of(self.cls)}


Type = Scalar | ListOf | MapOf | OneOf | Anything | Object


@dataclass(frozen=True, slots=True)
class Property:
    """A property: its wire name, the name the SDK uses, its type, the SDK's documentation."""

    name: str
    python_name: str
    type: Type
    doc: str
    required: bool
    """Inputs: must be given. Outputs: always has a value once the resource exists."""


def properties_of(cls: type) -> Iterator[Property]:
    """The properties of a resource, input or output class of an SDK, in the order they are written."""
    names = _names_of(cls)
    optional = _optional_parameters(cls)
    for python_name, member in vars(cls).items():
        getter = member.fget if isinstance(member, property) else None
        wire = getattr(getter, "_pulumi_name", None)
        if getter is None or wire is None:
            continue
        annotation = getter.__annotations__.get("return", Any)
        required = python_name not in optional if optional is not None else not _optional(annotation)
        yield Property(wire, python_name, _type(annotation, names), (getter.__doc__ or "").strip(), required)


def _names_of(cls: type) -> Mapping[str, Any]:
    """The names that the annotations of a class may use."""
    return vars(sys.modules[cls.__module__])


def _optional_parameters(cls: type) -> frozenset[str] | None:
    """Constructor parameters with a default; None for a resource class, whose constructor says nothing of outputs."""
    if issubclass(cls, pulumi.Resource):
        return None
    return frozenset((cls.__init__.__kwdefaults__ or {}).keys())  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]


def _optional(annotation: Any) -> bool:
    if get_origin(annotation) is pulumi.Output:
        annotation = get_args(annotation)[0]
    return type(None) in get_args(annotation)


_SCALARS: dict[Any, Type] = {
    str: Scalar("string"),
    int: Scalar("integer"),
    float: Scalar("number"),
    bool: Scalar("boolean"),
    Any: Anything(),
    object: Anything(),
    dict: MapOf(Anything()),
    list: ListOf(Anything()),
}


def _type(annotation: Any, names: Mapping[str, Any]) -> Type:
    if isinstance(annotation, ForwardRef | str):
        annotation = _resolved(annotation, names)
    if annotation is Any or (isinstance(annotation, type) and annotation in _SCALARS):
        return _SCALARS[annotation]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return _union(arguments, names)
    if origin is pulumi.Output or origin is Awaitable:
        return _type(arguments[0], names)
    if origin in (list, Sequence):
        return ListOf(_type(arguments[0], names))
    if origin in (dict, Mapping):
        return MapOf(_type(arguments[1], names))
    if origin is Literal:
        return _SCALARS[type(arguments[0])]
    return _class_type(annotation)


def _class_type(annotation: Any) -> Type:
    if not isinstance(annotation, type):
        return Anything()
    if issubclass(annotation, Enum):
        return next((_SCALARS[base] for base in (str, int, float) if issubclass(annotation, base)), Anything())
    if issubclass(annotation, pulumi.Asset | pulumi.Archive):
        return Scalar("asset")
    return _object(annotation)


@functools.cache
def _object(cls: type) -> Type:
    return Object(cls) if is_input_type(cls) or is_output_type(cls) else Anything()


def _union(arguments: Sequence[Any], names: Mapping[str, Any]) -> Type:
    """The union without what stands for a later value (`Output`, `Awaitable`), for absence, or twice."""
    found: list[Type] = []
    for argument in arguments:
        if argument is type(None) or get_origin(argument) in (pulumi.Output, Awaitable):
            continue
        if isinstance(argument, ForwardRef) and argument.__forward_arg__.startswith("Output["):
            continue
        kind = _type(argument, names)
        if kind not in found:
            found.append(kind)
    if len(found) == 1:
        return found[0]
    return OneOf(tuple(found)) if found else Anything()


def _resolved(reference: ForwardRef | str, names: Mapping[str, Any]) -> Any:
    """The class behind `outputs.Thing` or `_meta.v1.ObjectMetaArgs`, without running the text as code."""
    text = reference if isinstance(reference, str) else reference.__forward_arg__
    first, *rest = text.split(".")
    if first not in names:
        return Any
    return functools.reduce(lambda found, name: getattr(found, name, Any), rest, names[first])
