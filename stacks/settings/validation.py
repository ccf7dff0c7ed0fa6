"""One section against its model."""

import difflib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from stacks.settings.display import MISSING, Location, shown, written
from stacks.settings.expectation import KIND_PLACES, KINDS, expected, keys, reason
from stacks.settings.mistakes import Mistake
from stacks.settings.settings import Settings


def section_names() -> list[str]:
    """The sections of a stack file, in its order."""
    return list(Settings.model_fields)


def validate(section: str, raw: Any) -> tuple[Any, list[Mistake]]:
    """The section as its model with no mistakes, or None with all of them."""
    if isinstance(raw, Mapping) and not raw:
        return None, [missing_section(section)]
    try:
        # Values come as JSON: that mode is strict about types and still takes text for networks and lists for tuples.
        return _adapter(section).validate_json(json.dumps(raw, default=str)), []
    except ValidationError as error:
        return None, [_mistake(section, raw, details) for details in _causes(error.errors(include_url=False))]


def missing_section(section: str) -> Mistake:
    """A section that the file does not have."""
    path = written((section,))
    return Mistake(
        path=path,
        value=MISSING,
        reason=reason((section,)),
        cure=f"add the section `{path}`: copy it from another stack's file and change what differs",
    )


def unknown_section(section: str, raw: Any) -> Mistake:
    """A section that nothing reads."""
    return _unknown((section,), raw, section_names())


@cache
def _adapter(section: str) -> TypeAdapter[Any]:
    return TypeAdapter(Settings.model_fields[section].rebuild_annotation())


def _causes(errors: list[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Without the lists that are too short only because their items are invalid."""
    locations = [error["loc"] for error in errors]
    for error in errors:
        loc = error["loc"]
        inner = any(other[: len(loc)] == loc and len(other) > len(loc) for other in locations)
        if not (error["type"] == "too_short" and inner):
            yield error


def _mistake(section: str, raw: Any, details: ErrorDetails) -> Mistake:
    kind, is_key = details["type"], details["loc"][-1:] == ("[key]",)
    tagged: Location = (section, *(part for part in details["loc"] if part != "[key]"))
    location = _untagged(tagged)
    value = _at(raw, location[1:])
    if kind == "union_tag_not_found" and isinstance(value, Mapping):
        return _kindless((*location, "kind"), value)
    if is_key:
        return _illegal_key(location, value)
    if kind == "extra_forbidden":
        return _unknown(location, value, keys(tagged[:-1]))
    if kind == "missing":
        return Mistake(
            path=written(location),
            value=MISSING,
            reason=reason(tagged),
            cure=f"add `{location[-1]}`: {expected(tagged)}",
        )
    return Mistake(
        path=written(location),
        value=shown(location, value),
        reason=_own_reason(details) or reason(tagged),
        cure=f"write {expected(tagged)}",
    )


def _kindless(location: Location, rule: Mapping[str, Any]) -> Mistake:
    """A rule that does not say, or not rightly, of which kind it is: nothing else of it can be judged."""
    value = shown(location, rule["kind"]) if "kind" in rule else MISSING
    return Mistake(
        path=written(location), value=value, reason=reason(location), cure=f"write one of {expected(location)}"
    )


def _illegal_key(location: Location, value: Any) -> Mistake:
    if location[0] == "services" and location[-2] == "routes":
        return Mistake(
            path=written(location),
            value=shown(location, value),
            reason="The path goes into the rules of the CDN, with all below it, which take it in one form alone.",
            cure="write a path such as `/api`, without `/` at its end",
        )
    first = "letter"
    if location[0] == "services" and location[-2] == "environment":
        characters = "upper-case letters, digits and underscores"
    elif location[0] == "analytics":
        characters = "lower-case letters, digits and underscores"
    elif location[:2] == ("events", "schemas"):
        characters = "letters and digits" if len(location) == 3 else "lower-case letters, digits and underscores"
        first = "capital" if len(location) == 3 else first
    else:
        characters = "lower-case letters, digits and hyphens"
    return Mistake(
        path=written(location),
        value=shown(location, value),
        reason="The key becomes a name of its own, and what carries it takes no such name.",
        cure=f"rename the key: {characters}, beginning with a {first}, and not too long",
    )


def _own_reason(details: ErrorDetails) -> str | None:
    """What a validator of ours said; it knows more than the field's description."""
    if details["type"] != "value_error":
        return None
    text = details["msg"].removeprefix("Value error, ")
    return text[:1].upper() + text[1:] + "."


def _unknown(location: Location, value: Any, known: list[str]) -> Mistake:
    name = str(location[-1])
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    cure = f"did you mean `{near[0]}`? " if near else "remove it. "
    return Mistake(
        path=written(location),
        value=shown(location, value),
        reason="Nothing reads this key, so what it says would not happen.",
        cure=f"{cure}Known here: {', '.join(known)}",
    )


def _untagged(location: Location) -> Location:
    """The location as the file has it."""
    place = KIND_PLACES.get(str(location[0]))
    if place is not None and location[place : place + 1] and location[place] in KINDS:
        return (*location[:place], *location[place + 1 :])
    return location


def _at(raw: Any, location: Location) -> Any:
    """The value at a place of the raw data; None where there is nothing."""
    for part in location:
        try:
            raw = raw[part]
        except (KeyError, IndexError, TypeError):
            return None
    return raw
