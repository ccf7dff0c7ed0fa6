"""A program with mistaken settings, rehearsed: it shows its table, without a traceback, and registers nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from sandbox.engine import Engine, EngineError, available
from sandbox.program import Program
from sandbox.recorder import ProgramError, record
from tests.stacks.settings.stack_files import ROOT

EXPECTED = (
    "platform:release.green_percent",
    "platform:netwrok",
    "platform:keys",
    "3 mistakes in the settings of staging",
)


def spoil(file: Path) -> None:
    """A number that is no step, a section that nothing reads, and one that is missing."""
    content = yaml.safe_load(file.read_text())
    content["config"]["platform:release"]["green_percent"] = 7
    content["config"]["platform:netwrok"] = {}
    del content["config"]["platform:keys"]
    file.write_text(yaml.safe_dump(content, sort_keys=False))


@pytest.fixture
def spoilt(tmp_path: Path) -> Program:
    for name in ("__main__.py", "Pulumi.yaml", "pyproject.toml", "components", "stacks"):
        (tmp_path / name).symlink_to(ROOT / name)
    file = tmp_path / "Pulumi.staging.yaml"
    file.write_text((ROOT / file.name).read_text())
    spoil(file)
    return Program(tmp_path, "staging")


def test_the_offline_plan_shows_the_table_and_nothing_is_registered(spoilt: Program) -> None:
    registered: list[int] = []
    with pytest.raises(ProgramError) as error:
        record(spoilt, progress=registered.append)
    for part in EXPECTED:
        assert part in error.value.message
    assert "Traceback" not in error.value.message
    assert max(registered, default=0) <= 1, "the stack itself is there before the program begins, and nothing else"


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(Program(ROOT, "staging")) as engine:
        spoil(engine.directory / "Pulumi.staging.yaml")
        yield engine


@pytest.mark.skipif(bool(available()), reason=available())
def test_the_engine_shows_the_table_and_nothing_is_registered(engine: Engine) -> None:
    with pytest.raises(EngineError) as error:
        engine.preview()
    run = error.value.run
    shown = "\n".join(map(str, run.errors))
    for part in EXPECTED:
        assert part in shown
    assert "Traceback" not in "\n".join([shown, *run.printed])
    assert [step.urn.split("::")[2] for step in run.steps] in ([], ["pulumi:pulumi:Stack"]), (
        "the stack itself is there before the program begins, and nothing else"
    )
