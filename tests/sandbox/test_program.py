"""What the engine would hand to a program, and what stands in for its secrets."""

import json
from pathlib import Path

import pytest

from sandbox.program import NoSuchStackError, Program, placeholder, sentinel

VAULTED = Path(__file__).parent / "programs" / "vaulted"


@pytest.fixture
def one() -> Program:
    return Program(VAULTED, "one")


def test_the_configuration_is_flat_text_with_objects_as_json(one: Program) -> None:
    config = dict(one.config)
    partners = json.loads(config.pop("vaulted:partners"))
    assert partners == {
        "chat": sentinel("vaulted:partners.chat"),
        "pager": one.sentinels["vaulted:partners.pager"],
        "retries": 3,
    }
    assert json.loads(config.pop("vaulted:labels")) == {
        "owner": "someone",
        "sizes": [1, 2],
        "certificates": {"public": placeholder("vaulted:labels.certificates.public"), "given": "PEM"},
    }
    assert config == {
        "pulumi:disable-default-providers": '["*"]',
        "vaulted:retention": "7",
        "vaulted:region": "eu-west-1",
        "vaulted:token": one.sentinels["vaulted:token"],
        "vaulted:switch": "true",
    }, "project-level values and defaults are inherited; a key that is only declared is not set"


def test_the_stack_overrides_the_project() -> None:
    assert Program(VAULTED, "two").config["vaulted:region"] == "eu-central-1"


def test_every_secret_has_a_sentinel_of_its_own(one: Program) -> None:
    assert set(one.sentinels) == {"vaulted:token", "vaulted:partners.chat", "vaulted:partners.pager"}
    assert len(set(one.sentinels.values())) == 3
    assert "v1:abc:def" not in json.dumps(dict(one.config)), "ciphertext must not pass for a value"


def test_a_sentinel_is_the_same_in_every_run_and_survives_any_coding(one: Program) -> None:
    value = one.sentinels["vaulted:token"]
    assert value == Program(VAULTED, "one").sentinels["vaulted:token"]
    assert value.replace("-", "").isalnum()


def test_a_key_with_a_secret_in_it_is_secret_as_a_whole(one: Program) -> None:
    assert set(one.secret_keys) == {"vaulted:token", "vaulted:partners"}


def test_a_secret_in_plain_text_is_reported_and_replaced() -> None:
    two = Program(VAULTED, "two")
    assert two.plain_secrets == ["vaulted:partners.chat"]
    assert "written-by-hand" not in str(two.config)


def test_a_secret_that_is_not_set_yet_is_no_plain_text(one: Program) -> None:
    assert one.plain_secrets == []


def test_a_public_value_that_is_not_set_yet_has_a_stand_in_that_is_no_secret(one: Program) -> None:
    value = placeholder("vaulted:labels.certificates.public")
    assert value not in one.sentinels.values()
    assert value in one.config["vaulted:labels"]
    assert "vaulted:labels" not in one.secret_keys, "a plan that hides it hides the rest of its section too"


def test_a_stack_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(NoSuchStackError, match=r"no Pulumi\.three\.yaml; its stacks: one, two"):
        Program(VAULTED, "three")


def test_a_file_that_is_no_yaml_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: small\nruntime: python\n")
    (tmp_path / "Pulumi.test.yaml").write_text("config:\n  small:weight: 33: x\n")
    with pytest.raises(NoSuchStackError, match=r"Pulumi\.test\.yaml:2 is no YAML"):
        _ = Program(tmp_path, "test").values
