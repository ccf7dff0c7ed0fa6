"""The environments of this repository, each recorded once a test run."""

import atexit
import copy
import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

from sandbox.graph import Graph
from sandbox.program import Program
from sandbox.recorder import record
from stacks.settings import Settings, load

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "platform:"
ENVIRONMENTS = ("development", "staging", "production")


@cache
def recorded(environment: str, known: bool = True) -> Graph:
    """The graph of one environment: outputs known as after an `up`, or unknown as in a first preview."""
    return record(Program(ROOT, environment), known=known)


@cache
def loaded(environment: str) -> Settings:
    """The settings of one environment, with a sentinel in place of each secret."""
    values = Program(ROOT, environment).values
    return load(environment, {k.removeprefix(PREFIX): v for k, v in values.items() if k.startswith(PREFIX)})


def changed(environment: str, changes: Mapping[str, Any], known: bool = True) -> Graph:
    """The graph of an environment with other settings: values by key path, `platform:network.aws.nat`."""
    return _changed(environment, json.dumps(changes), known)


@lru_cache(maxsize=16)
def _changed(environment: str, changes: str, known: bool) -> Graph:
    """A recording takes seconds, and tests in a row often ask for the same one."""
    content = copy.deepcopy(_stack_file(environment))
    for key, value in json.loads(changes).items():
        *steps, last = key.split(".")
        place: Any = content["config"]
        for step in steps:
            place = place[step]
        place[last] = value
    directory = _elsewhere()
    (directory / f"Pulumi.{environment}.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return record(Program(directory, environment), known=known)


@cache
def _stack_file(environment: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / f"Pulumi.{environment}.yaml").read_text(encoding="utf-8"))


@cache
def _elsewhere() -> Path:
    """The program beside stack files of its own: one directory, as its modules are imported anew for each."""
    directory = Path(tempfile.mkdtemp(prefix="changed-"))
    atexit.register(shutil.rmtree, directory)
    for path in ROOT.iterdir():
        if path.name != ".git" and not re.fullmatch(r"Pulumi\..+\.yaml", path.name):
            (directory / path.name).symlink_to(path)
    return directory
