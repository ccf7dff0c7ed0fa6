"""The comparison with another commit or stack on a terminal: what is added, changed, replaced, deleted."""

import json
import os
from collections.abc import Hashable, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from sandbox.difference import Change, Difference, PropertyChange
from sandbox.graph import Resource
from sandbox.plan import Comparison
from sandbox.plan_view import counted, crowds, gathered, heading, print_line, print_row

VALUE_WIDTH = 36
"""Characters of a value that are shown beside the other one, unless everything was asked for."""

_STYLES = {"+": "green", "~": "yellow", "+-": "magenta", "-": "red"}
_Line = tuple[str, Sequence[Resource], Sequence[PropertyChange]]


def show_difference(against: Comparison, out: Console, full: bool = False) -> None:
    """Every resource that differs with the properties that do; red where state would be lost."""
    found = against.difference
    heading(out, f"Against {against.label}")
    lost = {resource.urn for resource in found.stateful}
    lines = _lines(found, lost, full)
    width = max((len(counted(resources)) for _, resources, _ in lines), default=0)
    for mark, resources, properties in lines:
        left = Text.assemble((f" {mark:<3} ", _STYLES[mark]), f"{counted(resources):<{width}}  ")
        stateful, kept = resources[0].urn in lost, mark == "-" and resources[0].options.retain_on_delete
        note = "  stateful" if stateful else "  stays in the cloud" if kept else ""
        name = gathered([resource.name for resource in resources])
        print_row(out, left, name, (note, "cyan" if kept else ""), full, style="bold red" if stateful else "")
        for change in properties:
            print_line(out, _property(change, full), full)
    replaced = len(found.replaced) + len(found.following)
    figures = f"{len(found.added)} to add, {len(found.changed)} to change, {replaced} to replace"
    out.print(f"    {figures}, {len(found.deleted)} to delete" if found else "    no difference")


def _lines(found: Difference, lost: set[str], full: bool) -> list[_Line]:
    """What to show: mark, resources alike, and the properties in which all of these differ alike."""

    def kind(resource: Resource) -> Hashable:
        return resource.urn if full else (resource.type, resource.urn in lost)

    def change_kind(change: Change) -> Hashable:
        return kind(change.before), repr(change.properties)

    lines: list[_Line] = [("+", resources, ()) for resources in crowds(found.added, kind)]
    for mark, changes in (("~", found.changed), ("+-", found.replaced), ("+-", found.following)):
        for group in crowds(changes, change_kind):
            lines.append((mark, [change.before for change in group], group[0].properties))
    return [*lines, *(("-", resources, ()) for resources in crowds(found.deleted, kind))]


def _property(change: PropertyChange, full: bool) -> Text:
    texts = [_text(change.before), _text(change.after)]
    if not full:
        # Two long values, such as policies, begin alike: what they share tells nothing.
        alike = len(os.path.commonprefix(texts))  # noqa: RUF071 - characters are meant
        texts = [_cut(text, alike) for text in texts]
    forces = ("  forces replacement" if change.replaces else "", "magenta")
    return Text.assemble((f"         {change.path}: ", "dim"), " -> ".join(texts), forces)


def _text(value: Any) -> str:
    return "(none)" if value is None else json.dumps(value, ensure_ascii=False)


def _cut(text: str, alike: int) -> str:
    """As much of the text as has room, from shortly before where it differs from the other one."""
    if len(text) <= VALUE_WIDTH:
        return text
    start = max(min(alike - 8, len(text) - VALUE_WIDTH), 0)
    end = start + VALUE_WIDTH
    return f"{'...' if start else ''}{text[start:end]}{'...' if end < len(text) else ''}"
