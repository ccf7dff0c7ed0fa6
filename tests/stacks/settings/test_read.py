"""Reading the settings of the running stack from what the engine hands over, and from the stack's file."""

import contextvars
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pulumi
import pytest
import yaml
from pulumi.runtime import config as engine

from stacks.settings import Settings, SettingsError, read
from tests.stacks.settings.stack_files import raw

Result = TypeVar("Result")


@pytest.fixture(autouse=True)
def no_configuration_of_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULUMI_CONFIG", raising=False)
    monkeypatch.delenv("PULUMI_CONFIG_SECRET_KEYS", raising=False)


def handed_over(
    sections: dict[str, Any], run: Callable[[], Result], encrypted: tuple[str, ...] = ("platform:secrets",)
) -> Result:
    """Runs with the configuration that the engine would hand over, and forgets it afterwards."""

    def inside() -> Result:
        flat = {f"platform:{name}": json.dumps(section) for name, section in sections.items()}
        pulumi.runtime.set_all_config(flat, list(encrypted))
        return run()

    return contextvars.copy_context().run(inside)


def reading(directory: Path) -> Callable[[], Settings]:
    return lambda: read("staging", directory)


def paths(run: Callable[[], Settings], sections: dict[str, Any], **options: Any) -> list[str]:
    with pytest.raises(SettingsError) as error:
        handed_over(sections, run, **options)
    return [mistake.path for mistake in error.value.mistakes]


def write(directory: Path, external: dict[str, Any]) -> None:
    file = {"config": {"platform:secrets": {"external": external}}}
    (directory / "Pulumi.staging.yaml").write_text(yaml.safe_dump(file))


def test_encrypted_secrets_are_read_with_the_rest(tmp_path: Path) -> None:
    sections = raw("staging")
    write(tmp_path, {name: {"secure": "v1:ciphertext"} for name in sections["secrets"]["external"]})
    settings = handed_over(sections, reading(tmp_path))
    assert settings.secrets.provided()["slack-token"].get_secret_value() == "sentinel of slack-token"


def test_reading_needs_no_file(tmp_path: Path) -> None:
    assert handed_over(raw("staging"), reading(tmp_path)).environment.name == "staging"


def test_secrets_that_the_engine_does_not_know_as_secret_stand_in_plain_text(tmp_path: Path) -> None:
    sections = raw("staging")
    found = paths(reading(tmp_path), sections, encrypted=())
    assert found == [f"platform:secrets.external.{name}" for name in sections["secrets"]["external"]]


def test_a_secret_in_plain_text_beside_encrypted_ones_is_found_in_the_file(tmp_path: Path) -> None:
    sections = raw("staging")
    encrypted = {name: {"secure": "v1:ciphertext"} for name in sections["secrets"]["external"]}
    write(tmp_path, {**encrypted, "slack-token": "xyz"})
    assert paths(reading(tmp_path), sections) == ["platform:secrets.external.slack-token"]


def test_secrets_that_the_file_leaves_to_a_rehearsal_are_no_plain_text(tmp_path: Path) -> None:
    sections = raw("staging")
    write(tmp_path, dict.fromkeys(sections["secrets"]["external"]))
    handed_over(sections, reading(tmp_path))


def test_a_section_that_nothing_reads_is_named_though_nobody_asks_for_it(tmp_path: Path) -> None:
    sections = raw("staging", {"netwrok": {"aws": {}}})
    assert paths(reading(tmp_path), sections) == ["platform:netwrok"]


def test_a_section_that_is_no_json_is_reported_like_any_mistake(tmp_path: Path) -> None:
    def with_broken_section() -> Settings:
        pulumi.runtime.set_config("platform:keys", "{not json")
        return read("staging", tmp_path)

    assert paths(with_broken_section, raw("staging")) == ["platform:keys"]


def test_a_file_that_is_no_yaml_is_left_to_the_engine(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.staging.yaml").write_text("config: [")
    handed_over(raw("staging"), reading(tmp_path))


def test_the_configuration_of_other_projects_is_not_ours(tmp_path: Path) -> None:
    def with_others() -> Settings:
        pulumi.runtime.set_config("pulumi:disable-default-providers", '["*"]')
        return read("staging", tmp_path)

    handed_over(raw("staging"), with_others)


def test_the_configuration_may_come_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sections = raw("staging")
    flat = {f"platform:{name}": json.dumps(section) for name, section in sections.items()}
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(flat))
    assert handed_over({}, reading(tmp_path)).environment.name == "staging"


@pytest.fixture(autouse=True)
def nothing_stays_behind() -> Iterator[None]:
    before = dict(engine.CONFIG.get())
    yield
    assert engine.CONFIG.get() == before, "a test has left its configuration to the next one"
