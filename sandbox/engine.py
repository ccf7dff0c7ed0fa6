"""The second rehearsal: the real engine runs a program on stand-in providers, in a scratch copy of it.

    with Engine(Program(directory, "staging")) as engine:
        engine.up()
        engine.edit("network:cidr", "10.1.0.0/16")
        assert engine.preview().named("update") == {"main-vpc"}

It needs the Pulumi CLI on the PATH and nothing else: state, home directory and secrets are thrown away at the end, and
neither a cloud, nor a network, nor credentials are within reach of the program.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, cast

import yaml
from pulumi import automation
from pulumi.automation import events

from sandbox.graph import Graph
from sandbox.hygiene import Leak
from sandbox.program import Program
from sandbox.standins import Fault, StandIns
from sandbox.standins.secrecy import generated, leaks_in

# Whatever these names begin with could reach a cloud, or another stack than the scratch one.
_KEPT_AWAY: Final = ("AWS_", "AZURE_", "CLOUDSDK_", "GCLOUD", "GCP_", "GOOGLE_", "KUBE", "PULUMI_", "VAULT_")
_NOWHERE: Final = "http://127.0.0.1:9"  # the discard port: a request that leaves the machine fails at once


@dataclass(frozen=True)
class Step:
    """What the engine did (in a preview: would do) to one resource."""

    op: str
    """`same`, `create`, `update`, `delete`, `replace`, `create-replacement`, `delete-replaced`, `read` ..."""
    urn: str
    changed: tuple[str, ...] = ()
    """The property paths that differ."""

    @property
    def name(self) -> str:
        """The logical name."""
        return self.urn.rpartition("::")[2]


@dataclass(frozen=True)
class Diagnostic:
    """An error or warning, as the engine shows it, and the resource it is about (empty: the program)."""

    message: str
    urn: str = ""

    def __str__(self) -> str:
        return f"{self.urn.rpartition('::')[2]}: {self.message}" if self.urn else self.message


@dataclass
class Run:
    """One operation of the engine."""

    operation: str
    steps: list[Step] = field(default_factory=list[Step])
    failed: list[Step] = field(default_factory=list[Step])
    errors: list[Diagnostic] = field(default_factory=list[Diagnostic])
    warnings: list[Diagnostic] = field(default_factory=list[Diagnostic])
    printed: list[str] = field(default_factory=list[str])
    """What the CLI wrote, line by line."""
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The exports after an `up`, secrets held back."""
    seconds: float = 0.0
    _seen: set[Step] = field(default_factory=set[Step], repr=False)

    @property
    def changes(self) -> list[Step]:
        """The steps that are not `same`; a replacement is one `replace` and its two halves."""
        return [step for step in self.steps if step.op not in ("same", "refresh", "read")]

    @property
    def counts(self) -> Counter[str]:
        """How many steps of each kind."""
        return Counter(step.op for step in self.steps)

    def named(self, op: str) -> set[str]:
        """The logical names of the resources that had this done to them."""
        return {step.name for step in self.steps if step.op == op}

    def observe(self, event: automation.EngineEvent) -> None:
        """Take note of one event of the engine, which announces some steps more than once."""
        if (done := event.res_outputs_event) is not None:
            step = _step(done.metadata)
            self.steps.extend([step] if step not in self._seen else [])
            self._seen.add(step)
        elif (failed := event.res_op_failed_event) is not None:
            self.failed.append(_step(failed.metadata))
        elif (said := event.diagnostic_event) is not None:
            kept = {"error": self.errors, "warning": self.warnings}.get(said.severity)
            if kept is not None:
                kept.append(Diagnostic(_uncoloured(said.message).strip(), said.urn or ""))


class EngineError(Exception):
    """An operation failed; the message is what the engine says of it, program errors included."""

    def __init__(self, run: Run, fallback: str = "") -> None:
        self.run = run
        reasons = [str(error) for error in run.errors if error.message not in ("update failed", "preview failed")]
        super().__init__("\n".join([f"{run.operation} failed", *(reasons or [fallback.strip()])]))


def available() -> str:
    """Why the engine cannot run here; empty when it can."""
    if shutil.which("pulumi") is None:
        return "the Pulumi CLI is not on the PATH"
    if shutil.which("pulumi-language-python") is None:
        return "the Pulumi CLI on the PATH lacks its Python language host"
    return ""


class Engine:
    """The real engine on one program and stack, from an empty cloud on; use it as a context manager.

    `expected` is a recording of the same program: with it the stand-ins know names of what does not exist yet.
    `checkpoints` writes the state after every step, as outside of a rehearsal; only a test that kills needs it.
    """

    def __init__(
        self,
        program: Program,
        *,
        expected: Graph | None = None,
        faults: Iterable[Fault] = (),
        latency: Mapping[str, float] | None = None,
        parallel: int = 32,
        checkpoints: bool = False,
    ) -> None:
        self._program = program
        self._expected = expected
        self._faults, self._latency = tuple(faults), latency
        self._parallel, self._checkpoints = parallel, checkpoints
        self._printed: list[tuple[str, str]] = []
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as cleanup:
            self._scratch = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="rehearsal-")))
            self.standins = cleanup.enter_context(StandIns(self._scratch, faults=self._faults, latency=self._latency))
            if self._expected is not None:
                self.standins.expect(self._expected)
            self._copy()
            self._stack = self._open()
            self._cleanup = cleanup.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cleanup.close()

    @property
    def directory(self) -> Path:
        """The scratch copy of the program, free to be edited."""
        return self._scratch / "program"

    def preview(self) -> Run:
        """What an `up` would do. Raises EngineError when the program or a provider fails."""
        return self._run("preview", lambda options: self._stack.preview(**options))

    def up(self) -> Run:
        """Create, change and delete. Raises EngineError when anything fails; what was under way is finished."""
        return self._run("up", lambda options: self._stack.up(show_secrets=False, **options))

    def refresh(self) -> Run:
        """Take over into the state what the stand-ins hold."""
        return self._run("refresh", lambda options: self._stack.refresh(show_secrets=False, **options))

    def unprotect(self) -> None:
        """Lift the protection of every resource, so that a rehearsed `destroy` can delete them."""
        self._command("state", "unprotect", "--all", "--yes")

    def destroy(self) -> Run:
        """Delete everything. Raises EngineError when something is protected or still in use."""
        return self._run("destroy", lambda options: self._stack.destroy(show_secrets=False, **options))

    def state(self) -> dict[str, Any]:
        """The exported state: secrets are ciphertext in it."""
        # The Automation API's own export asks for the secrets in plain text.
        return cast("dict[str, Any]", json.loads(self._command("stack", "export"))["deployment"])

    def edit(self, path: str, change: Any) -> None:
        """Give a setting another value for the next operation; a callable is given the present one.

        The path is the engine's: `network:subnets.a`, `network:zones[0]`, `secrets:external["api-key"]`.
        """
        file = self.directory / f"Pulumi.{self._program.stack}.yaml"
        content: dict[str, Any] = yaml.safe_load(file.read_text())
        *steps, last = setting_steps(path)
        node: Any = content["config"]
        for step in steps:
            node = node[step]
        node[last] = change(node[last]) if callable(change) else change
        file.write_text(yaml.safe_dump(content, sort_keys=False))

    def leaks(self) -> list[Leak]:
        """Secrets in plain text in the state, in the exports or in what any operation printed."""
        secrets = {**self._program.sentinels, **generated(self.standins.cloud.store)}
        return leaks_in(self.state(), self._printed, secrets)

    def _command(self, *arguments: str) -> str:
        environment = self._environment() | {"PULUMI_HOME": str(self._scratch / "home")}
        command = [*arguments, "--stack", self._program.stack]
        return self._workspace.pulumi_command.run(command, str(self.directory), environment).stdout

    def _run(self, operation: str, work: Callable[[dict[str, Any]], Any]) -> Run:
        run, started = Run(operation), time.monotonic()
        self._workspace.env_vars = self._environment()  # stand-ins that were restarted listen elsewhere
        options: dict[str, Any] = {
            "color": "never",
            "parallel": self._parallel,
            "suppress_progress": True,
            "on_event": run.observe,
            "on_output": run.printed.append,
            "on_error": run.printed.append,
        }
        try:
            result = work(options)
        except automation.CommandError as error:
            raise EngineError(run, str(error)) from None
        finally:
            run.seconds = time.monotonic() - started
            self._printed.extend((operation, line) for line in run.printed)
        outputs = cast("automation.OutputMap", getattr(result, "outputs", {}))
        run.outputs = {name: "[secret]" if output.secret else output.value for name, output in outputs.items()}
        return run

    def _copy(self) -> None:
        """What the program's repository would hold: no build output, no virtual environment, no ignored file."""
        source = Path(self._program.directory)
        for name in _files(source):
            target = self.directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / name, target, follow_symlinks=True)
        project = yaml.safe_load((self.directory / "Pulumi.yaml").read_text())
        runtime = project["runtime"]
        place = runtime.get("options", {}).get("virtualenv") if isinstance(runtime, dict) else None
        if place:
            (self.directory / place).parent.mkdir(parents=True, exist_ok=True)
            (self.directory / place).symlink_to(sys.prefix, target_is_directory=True)

    def _open(self) -> automation.Stack:
        """The scratch stack: the settings as they are, every secure value a sentinel under a throw-away key."""
        for name in ("home", "state"):
            (self._scratch / name).mkdir()
        file = self.directory / f"Pulumi.{self._program.stack}.yaml"
        content: dict[str, Any] = yaml.safe_load(file.read_text()) if file.exists() else {}
        written = _without_secure(content.get("config") or {})
        config = {key: self._program.filled(key, value) for key, value in written.items()}
        file.write_text(yaml.safe_dump({"config": config}, sort_keys=False))
        self._workspace = automation.LocalWorkspace(
            work_dir=str(self.directory),
            pulumi_home=str(self._scratch / "home"),
            secrets_provider="passphrase",
            env_vars=self._environment(),
        )
        stack = automation.Stack.create(self._program.stack, self._workspace)
        secrets = {path: automation.ConfigValue(value, secret=True) for path, value in self._program.sentinels.items()}
        if secrets:
            stack.set_all_config(secrets, path=True)
        return stack

    def _environment(self) -> dict[str, str]:
        # The CLI is started in this process's environment; an empty value takes a variable out of the program's reach.
        emptied = {name: "" for name in os.environ if name.startswith(_KEPT_AWAY)}
        own = {
            **emptied,
            "HOME": str(self._scratch / "home"),
            "HTTPS_PROXY": _NOWHERE,
            "HTTP_PROXY": _NOWHERE,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "PATH": f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
            # Side files of a local backend are not written atomically; without them there is nothing to tear.
            "PULUMI_BACKEND_URL": f"file://{self._scratch / 'state'}?metadata=skip",
            "PULUMI_CONFIG_PASSPHRASE": "rehearsal",
            "PULUMI_ERROR_OUTPUT_STRING": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PYTHONDONTWRITEBYTECODE": "1",
            **self.standins.environment,
        }
        if not self._checkpoints:
            own |= {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
        return own


def _files(directory: Path) -> list[str]:
    """Tracked files and new ones that are not ignored; without Git, everything but caches and environments."""
    git = shutil.which("git")
    if git is not None:
        listed = subprocess.run(  # noqa: S603 - Git, with arguments of our own
            [git, "-C", str(directory), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            capture_output=True,
            text=True,
            check=False,
        )
        if listed.returncode == 0:
            return [name for name in listed.stdout.split("\0") if name and (directory / name).is_file()]
    skipped = {".git", ".venv", "venv", "node_modules", "__pycache__"}
    found = (path for path in directory.rglob("*") if path.is_file())
    return [str(p.relative_to(directory)) for p in found if not skipped & set(p.relative_to(directory).parts)]


def _without_secure(value: Any) -> Any:
    """The settings with null in place of every secure value: its ciphertext belongs to another key."""
    if isinstance(value, dict):
        table = cast("dict[str, Any]", value)
        return None if set(table) == {"secure"} else {key: _without_secure(item) for key, item in table.items()}
    return [_without_secure(item) for item in cast("list[Any]", value)] if isinstance(value, list) else value


def setting_steps(path: str) -> list[str | int]:
    """The keys along a configuration path; the first one is the whole `namespace:name`."""
    first = re.match(r"[^.\[]+", path)
    if first is None:
        raise ValueError(f"{path!r} is no configuration path")
    found = re.findall(r'\.?([^.\[\]"]+)|\["([^"]+)"\]|\[(\d+)\]', path[first.end() :])
    return [first.group(), *(int(index) if index else bare or quoted for bare, quoted, index in found)]


def _step(metadata: events.StepEventMetadata) -> Step:
    return Step(metadata.op.value, metadata.urn, tuple(sorted(metadata.detailed_diff or {})))


def _uncoloured(text: str) -> str:
    """The engine marks colours by `<{%fg 1%}>`, whatever it is told."""
    return re.sub(r"<\{%[^%]*%\}>", "", text)
