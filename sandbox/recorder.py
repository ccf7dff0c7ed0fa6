"""Runs a Pulumi Python program without an engine and returns the graph of what it registers."""

import asyncio
import contextvars
import gc
import json
import os
import runpy
import threading
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import pulumi
from pulumi.runtime import mocks, set_all_config, settings
from pulumi.runtime.stack import run_in_stack

from sandbox.graph import Graph
from sandbox.modules import importable
from sandbox.monitor import Log, Monitor, RefusedError
from sandbox.program import Program

_DISABLED = "pulumi:disable-default-providers"


class ProgramError(Exception):
    """The program failed: `message` as the engine would show it, `file` (relative) and `line`, `resource` if known."""

    def __init__(self, message: str, file: str | None, line: int | None, resource: str | None) -> None:
        where = f"{file}:{line}: " if file else ""
        super().__init__(f"{where}{f'{resource}: ' if resource else ''}{message}")
        self.message, self.file, self.line, self.resource = message, file, line, resource


class ProgramExitError(ProgramError):
    """The program ended itself with this exit code, having said why by itself."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the program ended itself with exit code {code}", None, None, None)
        self.code = code


def record(
    program: Program,
    known: bool = True,
    progress: Callable[[int], None] | None = None,
    *,
    reads: bool = False,
) -> Graph:
    """Run the program's `__main__.py` with its stack's configuration.

    `known` gives computed outputs made-up values, as after an `up`; otherwise they are unknown, as in a first preview.
    `progress` is called with the number of resources so far. Raises ProgramError, and ProgramExitError when the program
    ends itself; what it prints goes where it always goes.
    """
    disabled = json.loads(program.config.get(_DISABLED, "[]"))
    monitor = Monitor(
        program.name,
        program.stack,
        program.directory,
        known=known,
        disabled=disabled,
        reads=reads,
        progress=progress,
    )
    monitor.problems += [f"{path} is a secret in plain text" for path in program.plain_secrets]
    log = Log()

    def main() -> None:
        runpy.run_path(str(program.main / "__main__.py"), run_name="__main__")

    try:
        with importable(program.main), _directory(program.directory):
            _run(main, monitor, log, program.config, program.secret_keys)
    except SystemExit as exit_:
        if exit_.code not in (None, 0):
            raise ProgramExitError(exit_.code if isinstance(exit_.code, int) else 1) from None
    except Exception as error:
        raise _explained(error, program.directory) from error
    return _graph(program.name, program.stack, monitor, log, program.sentinels, known)


def record_components(
    build: Callable[[], object],
    known: bool = True,
    *,
    config: Mapping[str, str] | None = None,
    project: str = "project",
    stack: str = "test",
) -> Graph:
    """Run a function that builds components as if it were a program; its exceptions come out as they are."""
    monitor = Monitor(project, stack, Path.cwd(), known=known)
    log = Log()
    _run(build, monitor, log, dict(config or {}), [])
    return _graph(project, stack, monitor, log, {}, known)


class _Inline(ThreadPoolExecutor):
    """Answers the SDK's calls where they are made: other threads would only make the order of registrations vary."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


def _run(
    main: Callable[[], object], monitor: Monitor, log: Log, config: Mapping[str, str], secret_keys: list[str]
) -> None:
    """Run a program in a thread, an event loop and a context of its own: nothing of it stays behind."""
    failures: list[BaseException] = []

    def run() -> None:
        _configure(monitor, log, config, secret_keys)
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        loop.set_default_executor(_Inline())
        # What else fails while the program winds down follows from the failure that is raised.
        loop.set_exception_handler(lambda _loop, _context: None)
        try:
            loop.run_until_complete(run_in_stack(lambda: _started(main)))
        except BaseException as error:
            failures.append(error)
        finally:
            _close(loop)

    # The SDK reads the whole call stack at every registration; that of a new thread is short.
    thread = threading.Thread(target=contextvars.Context().run, args=(run,), name="program", daemon=True)
    with _strict_formatting(), _no_lookups(), _rare_collections():
        thread.start()
        thread.join()
    if failures:
        raise failures[0]


async def _started(main: Callable[[], object]) -> None:
    """Run the program and let its registrations begin.

    The SDK then waits for them one by one. Before they have begun it would wait for all outputs together, and again
    for the rest of them each time that some are there, which takes as long as everything else.
    """
    main()
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def _configure(monitor: Monitor, log: Log, config: Mapping[str, str], secret_keys: list[str]) -> None:
    project, stack = monitor.project_and_stack
    settings.configure(
        mocks.MockSettings(
            monitor=monitor,
            engine=log,
            project=project,
            stack=stack,
            dry_run=not monitor.known,
            organization="organization",
            root_directory=str(Path.cwd()),
            callbacks=None,
            outputs=set(),
            lock=threading.Lock(),
            package_refs={},
            base_providers_by_ref={},
            monitor_features=set(),
            legacy_apply_enabled=False,
        )
    )
    settings.set_root_resource(None)  # pyright: ignore[reportArgumentType] - a new stack begins
    set_all_config(dict(config), secret_keys)


def _close(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    asyncio.set_event_loop(None)
    loop.close()


def _graph(project: str, stack: str, monitor: Monitor, log: Log, sentinels: Mapping[str, str], known: bool) -> Graph:
    nothing = (None, frozenset[str]())
    resources = {
        urn: resource
        if resource.custom
        else replace(
            resource,
            registered=monitor.registered.get(urn, nothing)[0],
            secret_registered=monitor.registered.get(urn, nothing)[1],
        )
        for urn, resource in monitor.recorded.items()
    }
    exports, secret_exports = monitor.exports
    return Graph(
        stack=stack,
        project=project,
        resources=resources,
        exports=exports,
        secret_exports=secret_exports,
        warnings=log.warnings,
        problems=[*monitor.problems, *log.errors],
        sentinels=sentinels,
        known=known,
    )


@contextmanager
def _no_lookups() -> Generator[None, None, None]:
    """Refuse lookups at the line that asks: by the time the SDK sends one, the program has moved on."""

    def refuse(token: str, *_arguments: object, **_options: object) -> None:
        raise RefusedError(f"lookup of {token} refused: the program must run without a cloud to ask")

    before = {name: getattr(pulumi.runtime, name) for name in _LOOKUPS if hasattr(pulumi.runtime, name)}
    for name in before:
        setattr(pulumi.runtime, name, refuse)
    try:
        yield
    finally:
        for name, function in before.items():
            setattr(pulumi.runtime, name, function)


_LOOKUPS = ("invoke", "invoke_async", "invoke_output", "invoke_output_single", "invoke_single", "call", "call_single")


@contextmanager
def _directory(path: Path) -> Generator[None, None, None]:
    before = Path.cwd()
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(before)


@contextmanager
def _strict_formatting() -> Generator[None, None, None]:
    """An output inside an f-string is an error while this lasts, instead of a paragraph of advice in its place."""
    name = "PULUMI_ERROR_OUTPUT_STRING"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


@contextmanager
def _rare_collections() -> Generator[None, None, None]:
    """Modules and resources are made by the ten thousand and kept: looking for garbage among them finds none."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _explained(error: BaseException, directory: Path) -> ProgramError:
    """The failure with the innermost line of the program on its way, and the resource that was being made."""
    chain = [error]
    # The SDK raises some failures from themselves.
    while chain[-1].__cause__ is not None and chain[-1].__cause__ not in chain:
        chain.append(chain[-1].__cause__)
    root = chain[-1]
    place: tuple[str, int] | None = None
    resource: str | None = None
    for frame, line in _frames(chain):
        path = Path(frame.f_code.co_filename)
        # A program may carry this package, but it is never what failed.
        ours = path.is_relative_to(Path(__file__).parent)
        if path.is_relative_to(directory) and "site-packages" not in path.parts and not ours:
            place = (path.relative_to(directory).as_posix(), line)
        resource = _resource_of(frame.f_locals) or resource
    if isinstance(root, RefusedError):
        file, _, number = (root.source or "").rpartition(":")
        place = (file, int(number)) if file else place
        resource = root.resource or resource
        return ProgramError(str(root), *(place or (None, None)), resource)
    if isinstance(root, SyntaxError) and root.filename and Path(root.filename).is_relative_to(directory):
        place = (Path(root.filename).relative_to(directory).as_posix(), root.lineno or 0)
    if isinstance(root, pulumi.RunError):
        return ProgramError(str(root), None, None, None)  # said by the program to its user; the engine adds nothing
    text = "".join(traceback.format_exception_only(root)).strip()
    return ProgramError(text, *(place or (None, None)), resource)


def _frames(chain: list[BaseException]) -> Iterator[tuple[Any, int]]:
    for error in chain:
        step: TracebackType | None = error.__traceback__
        while step is not None:
            yield step.tb_frame, step.tb_lineno
            step = step.tb_next


def _resource_of(names: Mapping[str, Any]) -> str | None:
    """The logical name of the resource whose method a frame runs, or that a frame of the SDK registers."""
    owner = names.get("self", names.get("__self__", names.get("res")))
    name = getattr(owner, "_name", None) if isinstance(owner, pulumi.Resource) else names.get("resource_name")
    return name if isinstance(name, str) else None
