"""The settings of the running stack, from the engine's configuration and the stack's file."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pulumi.runtime import config as engine

from stacks.settings.loading import load
from stacks.settings.settings import NAMESPACE, Settings


def read(stack: str, directory: Path | None = None) -> Settings:
    """The settings of a stack; `directory` holds its file, by default the working directory, as on the engine.

    Raises SettingsError with every mistake at once, before anything is registered.
    """
    prefix = f"{NAMESPACE}:"
    # pulumi.Config reads one key at a time and can't list them, and an unknown section is a mistake too.
    flat = {key: value for key, value in _configuration().items() if key.startswith(prefix)}
    raw = {key.removeprefix(prefix): _decoded(value) for key, value in flat.items()}
    encrypted = {key.removeprefix(prefix) for key in flat if engine.is_config_secret(key)}
    in_file = set(_plain_in_file((directory or Path.cwd()) / f"Pulumi.{stack}.yaml"))
    plain = in_file if "secrets" in encrypted else in_file | _set_secrets(raw.get("secrets"))
    return load(stack, raw, plain_text=plain, encrypted=encrypted)


def _configuration() -> Mapping[str, Any]:
    return {**engine.get_config_env(), **engine.CONFIG.get()}


def _decoded(value: Any) -> Any:
    """Sections arrive as JSON; what is no JSON is text, which no section is."""
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value


def _set_secrets(raw_secrets: Any) -> set[str]:
    return {name for name, value in _external(raw_secrets).items() if value is not None}


def _plain_in_file(path: Path) -> Iterator[str]:
    """External secrets in plain text beside encrypted ones: the engine marks only the section as a whole."""
    try:
        file = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError):
        return
    values = file.get("config") if isinstance(file, Mapping) else None
    section = values.get(f"{NAMESPACE}:secrets") if isinstance(values, Mapping) else None
    for name, value in _external(section).items():
        is_encrypted = isinstance(value, Mapping) and set(value) == {"secure"}
        if value is not None and not is_encrypted:
            yield str(name)


def _external(raw_secrets: Any) -> Mapping[str, Any]:
    external = raw_secrets.get("external") if isinstance(raw_secrets, Mapping) else None
    return external if isinstance(external, Mapping) else {}
