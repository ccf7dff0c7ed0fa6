"""Keys and values as the table of mistakes shows them: as their user writes them, and never a secret."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from stacks.settings.credentials import kind_of_credential, names_credential
from stacks.settings.settings import NAMESPACE

Location: TypeAlias = tuple[str | int, ...]
"""Section, then keys and places in lists: `("aws", "zones", 1)`."""

HIDDEN = "(hidden)"
MISSING = "(missing)"


def written(location: Location) -> str:
    """`platform:aws.zones[1]` of `("aws", "zones", 1)`."""
    section, *rest = location
    path = f"{NAMESPACE}:{_key(str(section))}"
    for part in rest:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part and not set(part) & set(".[]\"' "):
            path += f".{_key(part)}"
        else:
            path += '["' + _key(part).replace('"', '\\"') + '"]'
    return path


def shown(location: Location, value: Any) -> str:
    """Scalars cut short, the shape of anything else, and nothing of what is or looks like a credential."""
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return f"(a mapping of {_counted(len(value), 'key')})"
    if isinstance(value, list | tuple):
        return f"(a list of {_counted(len(value), 'item')})"
    if _is_private(location, value):
        return HIDDEN
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    text = str(value)
    return repr(text) if len(text) <= 48 else repr(text[:45]) + "..."


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _is_private(location: Location, value: Any) -> bool:
    if location[:2] == ("secrets", "external") or (location[0] == "secrets" and isinstance(value, str)):
        return True
    named = any(names_credential(part) for part in location[1:] if isinstance(part, str))
    return named or kind_of_credential(str(value)) is not None


def _key(key: str) -> str:
    return HIDDEN if kind_of_credential(key) else key
