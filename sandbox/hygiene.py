"""Where secrets got out: a sentinel or a generated password that shows outside of a secret wrapper."""

import base64
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote, quote_plus

import pulumi

from sandbox.graph import SECRET, Graph, Resource

_SHORTEST = 6
"""Shorter texts turn up by chance; no password worth the name is one."""

EXPORTS = "stack outputs"


@dataclass(frozen=True, order=True)
class Leak:
    """A secret in plain sight: the resource by its component path (or `stack outputs`), the property, which secret."""

    resource: str
    property: str
    secret: str


def leaks(graph: Graph) -> list[Leak]:
    """Every place where a secret shows, in plain text or coded as JSON, for a URL or in base64, each named once.

    Traced are the sentinels of the configuration, passwords and other texts that the providers generate, and pre-shared
    keys: inputs, registered outputs, exports and names are searched, as far as they are not wrapped as secret.
    """
    places: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for text, place in _open_texts(graph):
        places[text].append(place)
    everything = "\0".join(places)
    found: set[Leak] = set()
    for label, value in _secrets(graph):
        for form in forms(value):
            if form in everything:
                found |= {
                    Leak(path, name.replace(form, SECRET), label)
                    for text in places
                    if form in text
                    for path, name in places[text]
                }
    return sorted(found)


def forms(secret: str) -> set[str]:
    """The secret as it is, and as it looks inside JSON, a URL or base64 text at any offset."""
    escaped = json.dumps(secret)[1:-1]
    found = {secret, escaped, json.dumps(escaped)[1:-1], quote(secret, safe=""), quote_plus(secret)}
    for text in {secret, escaped}:
        for offset in range(3):
            # Bytes before it shift the alphabet's six bits, and the last characters mix with what comes after.
            data = b"\0" * offset + text.encode()
            core = data[: len(data) // 3 * 3]
            coded = base64.b64encode(core).decode()[(0, 2, 3)[offset] :]
            found |= {coded, coded.replace("+", "-").replace("/", "_")} if len(coded) >= _SHORTEST else set()
    return found


def _secrets(graph: Graph) -> Iterator[tuple[str, str]]:
    """Each secret once, with words that tell which it is."""
    seen: set[str] = set()
    for path, value in graph.sentinels.items():
        seen.add(value)
        yield path, value
    for resource in graph:
        for name in sorted(resource.secret_outputs):
            value = resource.get(name)
            if isinstance(value, str) and len(value) >= _SHORTEST and value not in seen:
                seen.add(value)
                yield f"{name} of {graph.component_path(resource)}", value


def _open_texts(graph: Graph) -> Iterator[tuple[str, tuple[str, str]]]:
    """Every text outside of a secret wrapper, with its place."""
    for resource in graph:
        path = graph.component_path(resource)
        yield resource.name, (path, "name")
        for name, text in _texts_of(resource):
            yield text, (path, name)
    for name, text in _texts(graph.exports, "", graph.secret_exports):
        yield text, (EXPORTS, name)


def _texts_of(resource: Resource) -> Iterator[tuple[str, str]]:
    yield from _texts(resource.inputs, "", resource.secret_inputs)
    if resource.registered is not None:
        yield from _texts(resource.registered, "", resource.secret_registered)


def _texts(value: Any, path: str, hidden: frozenset[str]) -> Iterator[tuple[str, str]]:
    if path in hidden:
        return
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in cast("Mapping[str, Any]", value).items():
            here = f"{path}.{key}" if path else key
            yield here, key
            yield from _texts(item, here, hidden)
    elif isinstance(value, list):
        for number, item in enumerate(cast("list[Any]", value)):
            yield from _texts(item, f"{path}[{number}]", hidden)
    elif isinstance(value, pulumi.StringAsset):
        yield path, value.text
    elif isinstance(value, pulumi.AssetArchive):
        yield from _texts(value.assets, path, hidden)
