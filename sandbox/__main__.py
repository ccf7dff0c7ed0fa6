"""`python -m sandbox`: what a stack of the program in this directory would build, as a plan or as a picture."""

import argparse
import dataclasses
import io
import json
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from rich.console import Console

from sandbox import engine, plan_view
from sandbox.against import AgainstError, other_side, recording
from sandbox.difference import difference
from sandbox.graph import Graph
from sandbox.hygiene import Leak, leaks
from sandbox.picture import Words, WordsError, draw, read
from sandbox.plan import BROKEN, Comparison, Plan
from sandbox.plan_difference import show_difference
from sandbox.program import NoSuchStackError, Program
from sandbox.reachability import NotModelledError
from sandbox.recorder import ProgramError, ProgramExitError, record

Say = Callable[[str], None]
"""Shows what is under way, where somebody watches."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0; 1 something is wrong; 2 something stateful would be lost."""
    asked = _parser().parse_args(arguments)
    try:
        return _picture(asked) if asked.command == "picture" else _preview(asked)
    except (ProgramError, NoSuchStackError, AgainstError, WordsError, NotModelledError, engine.EngineError) as error:
        return _refused(asked, error)
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Rehearse a Pulumi Python program.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    command = commands.add_parser(
        "preview",
        help="show what a stack would build",
        description="Show what a stack would build, with no account and no credentials. "
        "Exit code 1: the program or its plan is wrong. 2: something stateful would be replaced or deleted.",
    )
    command.add_argument("--stack", required=True, help="its settings are read from Pulumi.STACK.yaml")
    command.add_argument("--against", metavar="STACK|COMMIT", help="show what differs from that stack or commit")
    command.add_argument("--full", action="store_true", help="every resource on a line of its own, nothing cut")
    command.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    command.add_argument("--offline", action="store_true", help="leave the engine out even where there is one")
    command.add_argument("--directory", type=Path, default=Path(), help="where the program is (default: here)")
    picture = commands.add_parser(
        "picture",
        help="draw a stack",
        description="Draw what a stack would build as SVG: clouds, networks, services, data, and the ways between.",
    )
    picture.add_argument("--stack", required=True, help="its settings are read from Pulumi.STACK.yaml")
    picture.add_argument("--words", type=Path, required=True, help="TOML file that says how components are drawn")
    picture.add_argument("--output", type=Path, required=True, help="the SVG file that is written")
    picture.add_argument("--directory", type=Path, default=Path(), help="where the program is (default: here)")
    picture.set_defaults(json=False)
    return parser


def _picture(asked: argparse.Namespace) -> int:
    program, words = Program(asked.directory, asked.stack), Words.read(asked.words)
    with _watched() as say, redirect_stdout(sys.stderr):
        graph = record(program, progress=_counting(program, "outputs known", say))
        drawn = draw(read(graph, words))
    asked.output.write_text(drawn, encoding="utf-8")
    sys.stdout.write(f"{asked.output}\n")
    return 0


def _preview(asked: argparse.Namespace) -> int:
    program = Program(asked.directory, asked.stack)
    missing = "--offline" if asked.offline else engine.available()
    with _watched() as say:
        plan = _plan(program, asked.against, say)
        run = None
        if not missing:
            plan, run = _on_the_engine(program, plan, say)
    if asked.json:
        ran = {"engine": {"steps": dict(run.counts), "seconds": round(run.seconds, 1)}} if run else {}
        sys.stdout.write(json.dumps({**plan.document(), **ran}, indent=2) + "\n")
    else:
        _show(plan, run, missing, asked.full)
    return plan.exit_code


def _plan(program: Program, against: str | None, say: Say) -> Plan:
    """Record the program in both passes, and meanwhile what it is compared with."""
    with ExitStack() as stack:
        side = stack.enter_context(other_side(program, against)) if against else None
        other = stack.enter_context(recording(side)) if side else None
        with redirect_stdout(sys.stderr):
            graph = record(program, progress=_counting(program, "outputs known", say))
        first = _first_preview(program, say)
        if side and other:
            say(f"Recording {side.label}")
        compared = Comparison(side.label, difference(other(), graph)) if side and other else None
    found = dict.fromkeys([*leaks(graph), *leaks(first)])
    return Plan(graph, first, list(found), compared)


def _first_preview(program: Program, say: Say) -> Graph:
    """The second pass: what the program prints was seen in the first one, unless this one fails."""
    said = io.StringIO()
    try:
        with redirect_stdout(said), redirect_stderr(said):
            return record(program, known=False, progress=_counting(program, "outputs unknown", say))
    except ProgramError as error:
        sys.stderr.write(said.getvalue())
        error.add_note("It happens only while outputs are unknown, as they are in a first preview.")
        raise


def _counting(program: Program, how: str, say: Say) -> Callable[[int], None]:
    return lambda count: say(f"Recording {program.stack}, {how}: {count} resources")


def _on_the_engine(program: Program, plan: Plan, say: Say) -> tuple[Plan, engine.Run]:
    say(f"Previewing {program.stack} on the engine")
    with engine.Engine(program, expected=plan.graph) as rehearsal:
        run = rehearsal.preview()
        shown = [Leak(leak.resource, leak.property, leak.secret) for leak in rehearsal.leaks()]
    return dataclasses.replace(plan, leaks=[*plan.leaks, *shown]), run


def _show(plan: Plan, run: engine.Run | None, missing: str, full: bool) -> None:
    """The whole plan, what matters most last: that is where a terminal stands when the command ends."""
    out = plan_view.console()
    whole = full or plan.against is None
    for line in run.printed if run else ():
        out.print(line.rstrip(), soft_wrap=True)
    if run is None:
        out.print(f"Preview of {plan.graph.project}, stack {plan.graph.stack}: the offline plan ({missing})")
    if run is None and whole:
        plan_view.show_tree(plan.graph, out, full)
    if whole:
        plan_view.show_counts(plan, out)
    if plan.against:
        show_difference(plan.against, out, full)
    if run is None and whole:
        plan_view.show_outputs(plan, out, full)
    plan_view.show_chain(plan, out)
    plan_view.show_diagnostics(plan, out)
    plan_view.show_verdict(plan, out)


def _refused(asked: argparse.Namespace, error: Exception) -> int:
    """Report what stopped the program; one that ended itself has said why on standard error."""
    if asked.json:
        sys.stdout.write(json.dumps({"error": str(error), "exitCode": BROKEN}) + "\n")
    elif not isinstance(error, ProgramExitError):
        plan_view.show_error(error, plan_view.console(stderr=True))
    return BROKEN


@contextmanager
def _watched() -> Generator[Say]:
    """A line that moves on a terminal and nothing in a log."""
    terminal = Console(file=sys.stderr)
    if not sys.stderr.isatty() or terminal.is_dumb_terminal:
        yield lambda _: None
        return
    with terminal.status("Reading the program") as status:
        yield status.update


if __name__ == "__main__":
    sys.exit(main())
