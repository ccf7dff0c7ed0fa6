"""The repository's own stack files as raw settings, with a stand-in for what is set by command."""

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
ENVIRONMENTS = ("development", "staging", "production")
PREFIX = "platform:"


@cache
def file(environment: str) -> Mapping[str, Any]:
    """A stack file as it stands."""
    return yaml.safe_load((ROOT / f"Pulumi.{environment}.yaml").read_text())


def raw(environment: str, edits: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The sections of a stack file, with secrets, and with other values at dotted keys: `{"gcp.enabled": False}`."""
    sections = {key.removeprefix(PREFIX): deepcopy(value) for key, value in file(environment)["config"].items()}
    external = sections["secrets"]["external"]
    sections["secrets"]["external"] = {name: f"sentinel of {name}" for name in external}
    for database in sections["databases"]["managed"].values():
        certificates = database["authority"]["certificates"]
        database["authority"]["certificates"] = {key: f"certificate of {key}" for key in certificates}
    for key, value in (edits or {}).items():
        *parents, last = key.split(".")
        target: Any = sections
        for part in parents:
            target = target[part]
        target[last] = value
    return sections
