"""Whether a secret got out: into the state, the exports, or what the engine printed."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sandbox import schema
from sandbox.hygiene import Leak, forms
from sandbox.standins.store import Store
from sandbox.standins.values import plain, strings

_SHORTEST = 8  # Shorter made-up secrets would be found in innocent text.


def generated(store: Store) -> dict[str, str]:
    """The secrets that the providers made up, by what they are called."""
    found: dict[str, str] = {}
    for held in store.everything():
        known = schema.resource(held.type)
        for name in (known.secret_outputs if known else frozenset[str]()) - held.inputs.keys():
            text = plain(held.outputs.get(name))
            if isinstance(text, str) and len(text) >= _SHORTEST:
                found[f"{name} of {held.urn.rpartition('::')[2]}"] = text
    return found


def leaks_in(state: Mapping[str, Any], printed: Iterable[tuple[str, str]], secrets: Mapping[str, str]) -> list[Leak]:
    """The places of an exported state, and of printed (operation, line) pairs, that show one of the secrets.

    A leak's resource is a URN or the operation that printed it; its property says whether it is an input or an output.
    """
    looks = [(name, form) for name, value in secrets.items() for form in forms(value)]
    shown = list(_shown(state, printed))
    everything = "\0".join(text for _, _, text in shown)
    there = [(name, form) for name, form in looks if form in everything]
    return sorted({Leak(where, path, name) for where, path, text in shown for name, form in there if form in text})


def _shown(state: Mapping[str, Any], printed: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    for resource in state.get("resources", ()):
        for side in ("inputs", "outputs"):
            for path, text in strings(resource.get(side)):
                yield resource["urn"], f"{side}.{path}", text
    for operation, line in printed:
        yield operation, "what it printed", line
