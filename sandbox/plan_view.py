"""The offline plan on a terminal or in a plain log, in the engine's own layout where it has one."""

import json
import os
import textwrap
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from rich.console import Console
from rich.text import Text

from sandbox.graph import SECRET, UNKNOWN, Graph, Resource
from sandbox.plan import Plan, short

T = TypeVar("T")

LOG_WIDTH = 100
"""Columns where there is no terminal to ask."""

CROWD = 4
"""From so many alike on, alike things share a line."""


def console(stderr: bool = False) -> Console:
    """A console that colours nothing by itself and gives a log without a terminal `LOG_WIDTH` columns."""
    made = Console(stderr=stderr, highlight=False, emoji=False, markup=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = LOG_WIDTH
    return made


def print_line(out: Console, text: Text, full: bool = False) -> None:
    """One line, cut at the width of the console unless everything was asked for."""
    out.print(text, no_wrap=True, overflow="ignore" if full else "ellipsis", crop=not full)


def print_row(out: Console, left: Text, name: str, mark: tuple[str, str], full: bool = False, style: str = "") -> None:
    """A line that ends in a name and a mark; where both do not fit, the name is cut and the mark stays."""
    label = Text(name)
    if not full:
        label.truncate(max(out.width - left.cell_len - len(mark[0]), 12), overflow="ellipsis")
    print_line(out, Text.assemble(left, label, mark, style=style), full)


def print_message(out: Console, text: Text) -> None:
    """Words to be read whole: broken between words on a terminal, in one piece in a log, where they are searched."""
    out.print(text, soft_wrap=not out.is_terminal)


def number(count: int, noun: str) -> str:
    """The count with its noun, in the plural where that is due."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def heading(out: Console, text: str) -> None:
    """The title of a section, after an empty line."""
    out.print()
    out.print(Text(text, style="bold"))


@dataclass(frozen=True)
class Row:
    """One line of the tree: one resource, or a crowd of the same type."""

    guides: str
    resources: Sequence[Resource]

    @property
    def type(self) -> str:
        """The short type, with the number of resources when there are several."""
        return counted(self.resources)

    @property
    def name(self) -> str:
        """The logical name; of a crowd, the words they share once."""
        return gathered([resource.name for resource in self.resources])

    @property
    def protected(self) -> bool:
        """Whether the engine refuses to delete what the line shows."""
        return all(resource.custom and resource.options.protect for resource in self.resources)


def counted(resources: Sequence[Resource]) -> str:
    """The short type that the resources share, with their number when there are several."""
    token = short(resources[0].type)
    return token if len(resources) == 1 else f"{token} x {len(resources)}"


def gathered(names: Sequence[str]) -> str:
    """Several names as one text, the words that all begin or end with written once: `key-{logs, data}-aws`."""
    words = [name.split("-") for name in names]
    spare = min(map(len, words)) - 1
    head = _shared(words, spare)
    tail = _shared([parts[::-1] for parts in words], spare - head)
    varied = ", ".join("-".join(parts[head : len(parts) - tail]) for parts in words)
    middle = varied if len(names) == 1 else f"{{{varied}}}"
    return "-".join([*words[0][:head], middle, *words[0][len(words[0]) - tail :]])


def _shared(words: Sequence[Sequence[str]], limit: int) -> int:
    """How many words, `limit` at most, all begin with."""
    count = 0
    while count < limit and len({parts[count] for parts in words}) == 1:
        count += 1
    return count


def rows(graph: Graph, full: bool = False) -> list[Row]:
    """The tree from the root down, in registration order; `full` gives every resource its own line."""
    shape = _shapes(graph)

    def kind(resource: Resource) -> Hashable:
        return resource.urn if full else (shape(resource), resource.options.protect)

    def branch(siblings: Sequence[Resource], guides: str) -> Iterator[Row]:
        entries = crowds(siblings, kind)
        for entry in entries:
            last = entry is entries[-1]
            yield Row(guides + ("└─ " if last else "├─ "), entry)
            below = [child for resource in entry for child in graph.children(resource)]
            yield from branch(below, guides + ("   " if last else "│  "))

    return list(branch(graph.children(None), ""))


def _shapes(graph: Graph) -> Callable[[Resource], Hashable]:
    """A function that gives two resources the same value when they and all below them agree in their types."""
    known: dict[str, Hashable] = {}

    def shape(resource: Resource) -> Hashable:
        if resource.urn not in known:
            below = Counter(shape(child) for child in graph.children(resource))
            known[resource.urn] = (resource.type, frozenset(below.items()))
        return known[resource.urn]

    return shape


def crowds(items: Sequence[T], kind: Callable[[T], Hashable]) -> list[list[T]]:
    """The items in their order; those of one kind together at the place of the first, once they are a `CROWD`."""
    sizes = Counter(map(kind, items))
    entries: dict[Hashable, list[T]] = {}
    for place, item in enumerate(items):
        key = kind(item) if sizes[kind(item)] >= CROWD else (place,)
        entries.setdefault(key, []).append(item)
    return list(entries.values())


def show_tree(graph: Graph, out: Console, full: bool = False) -> None:
    """What a first deploy creates, by component."""
    lines = rows(graph, full)
    out.print()
    width = max([len(line.guides) + len(line.type) for line in lines] + [len("pulumi:pulumi:Stack")])
    print_line(out, Text(f"     {'Type':<{width}}  Name", style="bold"))
    root = f"{'pulumi:pulumi:Stack':<{width}}  {graph.project}-{graph.stack}"
    print_line(out, Text.assemble((" +   ", "green"), root))
    for line in lines:
        kind = (line.type.ljust(width - len(line.guides) + 2), "" if line.resources[0].custom else "bold")
        left = Text.assemble((" +   ", "green"), (line.guides, "dim"), kind)
        print_row(out, left, line.name, ("  protected" if line.protected else "", "cyan"), full)


def show_counts(plan: Plan, out: Console) -> None:
    """How many resources of which type each provider creates."""
    width = max(map(len, [*plan.counts, "Provider"]))
    out.print()
    out.print(Text(f"{'Provider':<{width}}  Resources  Types", style="bold"))
    for provider, types in plan.counts.items():
        listed = ", ".join(f"{_inner(token)}\N{NO-BREAK SPACE}{n}" for token, n in types.most_common())
        left = f"{provider:<{width}}  {types.total():>9}  "
        for line in textwrap.wrap(listed, max(out.width - len(left), 30), break_long_words=False):
            out.print(left + line)
            left = " " * len(left)


def _inner(token: str) -> str:
    """The type without the package, which the line names, and without the module that only says where its index is."""
    return token.partition(":")[2].removeprefix("index:")


def show_outputs(plan: Plan, out: Console, full: bool = False) -> None:
    """The stack outputs; a value that only the cloud can give is shown as an example and named as one."""
    if plan.outputs:
        heading(out, "Outputs")
    width = max(map(len, plan.outputs), default=0)
    for name, (before, after) in plan.outputs.items():
        text = Text(f"    {name:<{width}}  ")
        if repr(UNKNOWN) in _brief(before):
            text.append("from the cloud, such as ", style="dim")
        print_line(out, text.append(_brief(after), style="magenta" if after == SECRET else ""), full)


def _brief(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def show_chain(plan: Plan, out: Console) -> None:
    """What the deploy waits for, step by step: minutes after the start, minutes taken."""
    if not plan.chain:
        return
    heading(out, f"Longest chain, typically {plan.minutes:.0f} minutes")
    types = [short(step.resource.type) for step in plan.chain]
    width = max(map(len, types))
    print_line(out, Text(f"    Starts  Takes  {'Type':<{width}}  Name", style="dim"))
    for step, token in zip(plan.chain, types, strict=True):
        times = (f"    {step.start:6.1f}", "dim"), (f"  {step.minutes:5.1f}  ", "yellow")
        print_line(out, Text.assemble(*times, f"{token:<{width}}  {step.resource.name}"))


def show_diagnostics(plan: Plan, out: Console) -> None:
    """All that is to be put right."""
    shown = [f"{leak.resource}: {leak.property} shows {leak.secret} in plain text" for leak in plan.leaks]
    errors = [*plan.problems, *shown]
    if plan.warnings or errors:
        heading(out, "Diagnostics")
    for word, style, texts in (("warning", "yellow", plan.warnings), ("error", "red", errors)):
        for text in texts:
            print_message(out, Text.assemble((f"    {word}: ", style), text))


def show_verdict(plan: Plan, out: Console) -> None:
    """The last lines: how much there is to create, and whether anything stands against it."""
    heading(out, "Resources")
    created = sum(types.total() for types in plan.counts.values())
    out.print(
        Text.assemble(("    + ", "green"), f"{created} to create, in {number(len(plan.graph.components), 'component')}")
    )
    errors = len(plan.problems) + len(plan.leaks)
    lost = plan.against.difference.stateful if plan.against else ()
    if errors:
        out.print(Text(f"    {number(errors, 'error')}, shown above", style="bold red"))
    elif lost:
        out.print(Text(f"    {len(lost)} with state would be replaced or deleted:", style="bold red"))
        for resource in lost:
            print_message(out, Text(f"      {resource.type} {resource.name}", style="red"))
    else:
        out.print(Text("    no secret in the open, no error", style="green"))


def show_error(error: Exception, out: Console) -> None:
    """What stopped the program, as the engine shows it: the resource, the line, the message."""
    heading(out, "Diagnostics")
    print_message(out, Text.assemble(("    error: ", "red"), str(error)))
    for note in getattr(error, "__notes__", ()):
        out.print(f"    {note}")
