"""What is wrong with the settings, in a form that a reader can act on."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

WIDTH = 116
"""Columns of the table; the engine indents what it prints by four."""


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One thing to mend in the stack file."""

    path: str
    """The key as its user writes it, such as `platform:network.aws.cidr`."""
    value: str
    """What stands there, cut short; never a secret."""
    reason: str
    """Why it matters."""
    cure: str
    """What to write instead."""
    command: str | None = None
    """The command that mends it, where there is one."""


class SettingsError(pulumi.RunError):
    """Everything that is wrong with a stack's settings.

    As a RunError it ends a program with its message alone: on the engine an error in the diagnostics, no traceback.
    """

    def __init__(self, stack: str, mistakes: Sequence[Mistake]) -> None:
        super().__init__(stack, mistakes)
        self.stack = stack
        self.mistakes = tuple(mistakes)

    def __str__(self) -> str:
        return render(self.stack, self.mistakes)


def render(stack: str, mistakes: Sequence[Mistake]) -> str:
    """The mistakes as a table, then the commands that mend some of them, then the count."""
    count = f"{len(mistakes)} mistake{'s' if len(mistakes) != 1 else ''}"
    parts = [f"The settings of {stack} can't be used.", "", _table(mistakes)]
    commands = [mistake.command for mistake in mistakes if mistake.command]
    if commands:
        parts += ["Commands named above:", "", *(f"  {command}" for command in commands), ""]
    parts.append(f"{count} in the settings of {stack}. Nothing was built.")
    return "\n".join(parts)


def _table(mistakes: Sequence[Mistake]) -> str:
    # rich is worth its import time only where there is something to complain about.
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.ROUNDED, show_lines=True, width=WIDTH)
    longest = max((len(mistake.path) for mistake in mistakes), default=0)
    table.add_column("Key and value", width=min(max(longest, 30), 54), overflow="fold")
    table.add_column("Why it matters", ratio=1, overflow="fold")
    table.add_column("What to write", ratio=1, overflow="fold")
    for mistake in mistakes:
        key = Text(f"{mistake.path}\n{mistake.value}")
        table.add_row(key, Text(mistake.reason), Text(mistake.cure))
    out = io.StringIO()
    Console(file=out, width=WIDTH, color_system=None, force_terminal=False, legacy_windows=False).print(table)
    return out.getvalue()
