"""The other side of a comparison: the program as of another commit, or another stack of it."""

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from sandbox.graph import Graph
from sandbox.program import NoSuchStackError, Program
from sandbox.recorder import ProgramError, record


class AgainstError(Exception):
    """There is no such other side, or the program fails there; the message says which."""


@dataclass(frozen=True)
class Side:
    """Where the other program lies, which of its stacks is meant, and what to call it."""

    label: str
    directory: Path
    stack: str


@contextmanager
def other_side(program: Program, against: str) -> Generator[Side]:
    """The stack of this name, else the program's own stack as of this git reference, exported while the context lasts.

    A stack hides a branch of the same name; `heads/NAME` is always the branch. Raises AgainstError.
    """
    if (program.directory / f"Pulumi.{against}.yaml").is_file():
        yield Side(f"stack {against}", program.directory, against)
        return
    commit = _commit(program.directory, against)
    with tempfile.TemporaryDirectory(prefix="against-") as scratch:
        _export(program.directory, commit, Path(scratch))
        yield Side(f"{against} ({commit[:9]})", Path(scratch), program.stack)


@contextmanager
def recording(side: Side) -> Generator[Callable[[], Graph]]:
    """Record the other side while this process does something else; the callable waits for the graph.

    A process of its own: modules of two commits that bear the same name do not fit into one. Raises AgainstError.
    """
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        future = pool.submit(_record, side)

        def graph() -> Graph:
            try:
                return future.result()
            except BrokenProcessPool as error:
                raise AgainstError(f"{side.label} cannot be recorded: its process was killed") from error

        yield graph


def _record(side: Side) -> Graph:
    said = io.StringIO()
    try:
        with redirect_stdout(said), redirect_stderr(said):
            return record(Program(side.directory, side.stack))
    except (ProgramError, NoSuchStackError) as error:
        message = str(error).replace(str(side.directory), side.label)
        raise AgainstError(f"{said.getvalue()}{side.label} cannot be recorded: {message}") from None


def _commit(directory: Path, reference: str) -> str:
    stacks = ", ".join(sorted(path.name.split(".")[1] for path in directory.glob("Pulumi.*.yaml")))
    try:
        found = _git(directory, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
    except FileNotFoundError as error:
        raise AgainstError(f"{reference} is none of the stacks ({stacks}), and there is no git") from error
    if found.returncode:
        raise AgainstError(f"{reference} is none of the stacks ({stacks}) and no commit that git knows")
    return found.stdout.strip()


def _export(directory: Path, commit: str, target: Path) -> None:
    """Write the files of the commit; of a program in a subdirectory of its repository, that subdirectory."""
    with tempfile.NamedTemporaryFile(suffix=".tar") as archive:
        exported = _git(directory, "archive", "--format=tar", "-o", archive.name, commit)
        if exported.returncode:
            raise AgainstError(f"git cannot export {commit[:9]}: {exported.stderr.strip()}")
        with tarfile.open(archive.name) as tar:
            if hasattr(tarfile, "data_filter"):
                tar.extractall(target, filter="data")
            else:  # Early releases of 3.11 have no filters; the archive is git's own in either case.
                tar.extractall(target)  # noqa: S202


def _git(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - a fixed program, and arguments that no shell reads
        ["git", "-C", str(directory), *arguments],  # noqa: S607 - the user's own git
        capture_output=True,
        text=True,
        check=False,
    )
