"""What the models expect at a place, in words: read from their JSON schema, so that it can't differ from them.

The validator tells kinds of services and rules apart by tags; a location with such a tag means that kind alone.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from stacks.settings import analytics, edge, services
from stacks.settings.display import Location
from stacks.settings.settings import Settings

KINDS = (*services.KINDS, *edge.KINDS, *analytics.KINDS)
KIND_PLACES = {"services": 2, "edge": 3, "analytics": 2}
"""Where in an error location the tag of a kind stands: `("edge", "rules", "sign-in", "RateLimit", "requests")`."""

Node = Mapping[str, Any]


@cache
def model_schema() -> Node:
    """The JSON schema of all sections."""
    return Settings.model_json_schema()


def reason(location: Location) -> str:
    """The description of the field at a place, or of the nearest field around it."""
    for length in range(len(location), 0, -1):
        for node in _nodes(location[:length]):
            if "description" in (resolved := _resolved(node)):
                return resolved["description"]
    return "The platform can't be built without it."


def keys(location: Location) -> list[str]:
    """The keys that the mapping at a place may have; empty where they are free."""
    found = dict.fromkeys(
        key for node in _nodes(location) for option in _options(node) for key in option.get("properties", {})
    )
    return list(found)


def expected(location: Location) -> str:
    """What may be written at a place: "a whole number from 7 to 30", "one of vpn, none"."""
    nodes = [option for node in _nodes(location) for option in _options(node)]
    words = dict.fromkeys(_in_words(node) for node in nodes)
    return " or ".join(words) or "nothing"


def _nodes(location: Location) -> Iterator[Node]:
    """The schema nodes of a place: more than one where the place may hold several kinds of thing."""
    nodes: list[Node] = [model_schema()]
    for place, part in enumerate(location):
        if part in KINDS and place == KIND_PLACES.get(str(location[0])):
            nodes = [model_schema()["$defs"][part]]
            continue
        nodes = [child for node in nodes for option in _options(node) for child in _children(option, part)]
    yield from nodes


def _resolved(node: Node) -> Node:
    if "$ref" not in node:
        return node
    target = model_schema()["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    return {**target, **{key: value for key, value in node.items() if key != "$ref"}}


def _options(node: Node) -> list[Node]:
    node = _resolved(node)
    options = node.get("anyOf") or node.get("oneOf")
    return [inner for option in options for inner in _options(option)] if options else [node]


def _children(node: Node, part: str | int) -> Iterator[Node]:
    if isinstance(part, int):
        children = [node.get("items")]
    else:
        children = [node.get("properties", {}).get(part)]
        if children == [None]:
            children = [*node.get("patternProperties", {}).values(), node.get("additionalProperties")]
    yield from (child for child in children if isinstance(child, Mapping))


def _in_words(node: Node) -> str:
    if "const" in node:
        return _literal(node["const"])
    if "enum" in node:
        return "one of " + ", ".join(_literal(value) for value in node["enum"])
    match node.get("type"):
        case "integer" | "number" as kind:
            return _number(node, "a whole number" if kind == "integer" else "a number")
        case "boolean":
            return "true or false"
        case "null":
            return "null"
        case "array":
            item = _in_words(_options(node["items"])[0]) if "items" in node else "anything"
            return _counted(node) + f", each {item}"
        case "object":
            known = ", ".join(node.get("properties", {}))
            return f"a mapping with the keys {known}" if known else "a mapping"
        case _:
            return _text(node)


def _literal(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(node: Node, kind: str) -> str:
    low, high = node.get("minimum"), node.get("maximum")
    if "exclusiveMinimum" in node:
        return f"{kind} above {node['exclusiveMinimum']:g}, at most {high:g}"
    return f"{kind} from {low:.15g} to {high:.15g}" if low is not None and high is not None else kind


def _counted(node: Node) -> str:
    low, high = node.get("minItems", 0), node.get("maxItems")
    if high is None:
        return f"a list of {low} or more" if low else "a list"
    return f"a list of {low}" if low == high else f"a list of {low} to {high}"


def _text(node: Node) -> str:
    examples = node.get("examples", [])
    return "text such as " + " or ".join(f'"{example}"' for example in examples) if examples else "text in quotes"
