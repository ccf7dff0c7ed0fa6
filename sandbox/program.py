"""A Pulumi Python program on disk and the configuration that the engine would hand to it."""

import fnmatch
import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import yaml

_MARK = "sentinel"


def sentinel(path: str) -> str:
    """The stand-in of the secret at a configuration path: told from all others, and the same every time.

    Letters, digits and hyphens alone, so that JSON, YAML, URLs and shells all leave it as it is.
    """
    return f"{_MARK}-{hashlib.sha256(path.encode()).hexdigest()[:16]}-{_slug(path)}"


def placeholder(path: str) -> str:
    """The stand-in of a value that is no secret and not set yet."""
    return f"placeholder-{_slug(path)}"


def _slug(path: str) -> str:
    return re.sub(r"[^a-zA-Z0-9]+", "-", path.rpartition(".")[2]).strip("-").lower()


class NoSuchStackError(LookupError):
    """The directory holds no such program or no such stack, or none that can be read."""


@dataclass(frozen=True)
class Program:
    """The program in a directory, with the settings of one of its stacks.

    Secrets are replaced by sentinels: every `secure:` value, and every leaf, null included, under the paths that
    `[tool.sandbox] secrets` of pyproject.toml names (`"platform:secrets.external.*"`). A null under the paths of
    `[tool.sandbox] placeholders` is public and set later, and gets a placeholder. Raises NoSuchStackError.
    """

    directory: Path
    stack: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "directory", Path(self.directory).resolve())
        for name in ("Pulumi.yaml", f"Pulumi.{self.stack}.yaml"):
            if not (self.directory / name).is_file():
                raise NoSuchStackError(
                    f"{self.directory} has no {name}; its stacks: {', '.join(self._stacks()) or 'none'}"
                )

    @cached_property
    def name(self) -> str:
        """The project's name."""
        return str(self._project["name"])

    @property
    def main(self) -> Path:
        """The directory of the entry point."""
        return self.directory / str(self._project.get("main") or ".")

    @property
    def values(self) -> Mapping[str, Any]:
        """Configuration by full key (`project:key`), objects as objects, sentinels in place of secrets."""
        return self._read[0]

    @property
    def config(self) -> Mapping[str, str]:
        """Configuration as the engine passes it: strings, objects as JSON."""
        return {key: _flat(value) for key, value in self.values.items() if value is not None}

    @property
    def secret_keys(self) -> list[str]:
        """The full keys of which the whole or a part is secret."""
        return list(dict.fromkeys(_key_of(path, self.values) for path in self.sentinels))

    @property
    def sentinels(self) -> Mapping[str, str]:
        """Path of each secret (`platform:secrets.external.slack-token`) to what stands in for it."""
        return self._read[1]

    @property
    def plain_secrets(self) -> list[str]:
        """Paths of secrets that the stack's file holds in plain text."""
        return self._read[2]

    def filled(self, key: str, value: Any) -> Any:
        """The value of a key with a placeholder for what is public and not set yet."""
        return _filled(value, self._full(key), self._paths("placeholders"))

    @cached_property
    def _project(self) -> dict[str, Any]:
        return self._yaml("Pulumi.yaml")

    @cached_property
    def _read(self) -> tuple[dict[str, Any], dict[str, str], list[str]]:
        values: dict[str, Any] = {}
        sentinels: dict[str, str] = {}
        plain: list[str] = []
        for key, value in self._written():
            secret = _replaced(value, key, self._paths("secrets"), sentinels, plain)
            values[key] = self.filled(key, secret)
        return values, sentinels, plain

    def _written(self) -> Iterator[tuple[str, Any]]:
        """Project-level values first, the stack's own over them."""
        stack = self._yaml(f"Pulumi.{self.stack}.yaml")
        given = {self._full(key): value for key, value in _mapping(stack.get("config")).items()}
        inherited = {self._full(k): _inherited(v) for k, v in _mapping(self._project.get("config")).items()}
        yield from ({key: value for key, value in inherited.items() if value is not None} | given).items()

    def _yaml(self, name: str) -> dict[str, Any]:
        try:
            return _mapping(yaml.safe_load((self.directory / name).read_text(encoding="utf-8")))
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else "?"
            raise NoSuchStackError(f"{name}:{line} is no YAML: {error.problem}; nothing of it can be read") from None

    def _full(self, key: str) -> str:
        return key if ":" in key else f"{self.name}:{key}"

    def _paths(self, table: str) -> list[str]:
        return [self._full(pattern) for pattern in self._tool.get(table, [])]

    @cached_property
    def _tool(self) -> dict[str, Any]:
        path = self.directory / "pyproject.toml"
        if not path.is_file():
            return {}
        return tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("sandbox", {})

    def _stacks(self) -> list[str]:
        return sorted(path.name.split(".")[1] for path in self.directory.glob("Pulumi.*.yaml"))


def _mapping(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _inherited(declared: Any) -> Any:
    """The value of a project-level entry: written directly, as `value:`, or as the `default:` of a declaration."""
    if not isinstance(declared, dict):
        return declared
    entry = cast("dict[str, Any]", declared)
    return entry.get("value", entry.get("default"))


def _replaced(value: Any, path: str, patterns: list[str], sentinels: dict[str, str], plain: list[str]) -> Any:
    """The value with each secret leaf replaced; takes note of what was replaced, and of secrets in plain text."""
    table = _mapping(value)
    if set(table) == {"secure"}:
        return sentinels.setdefault(path, sentinel(path))
    if table:
        return {key: _replaced(item, f"{path}.{key}", patterns, sentinels, plain) for key, item in table.items()}
    if isinstance(value, list):
        items = enumerate(cast("list[Any]", value))
        return [_replaced(item, f"{path}[{number}]", patterns, sentinels, plain) for number, item in items]
    if any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns) and not isinstance(value, dict):
        plain.extend([] if value is None else [path])
        return sentinels.setdefault(path, sentinel(path))
    return value


def _filled(value: Any, path: str, patterns: list[str]) -> Any:
    """The value with a placeholder for each null under the patterns."""
    if table := _mapping(value):
        return {key: _filled(item, f"{path}.{key}", patterns) for key, item in table.items()}
    unset = value is None and any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)
    return placeholder(path) if unset else value


def _key_of(path: str, values: Mapping[str, Any]) -> str:
    return max((key for key in values if path == key or path.startswith((f"{key}.", f"{key}["))), key=len)


def _flat(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), default=str)
