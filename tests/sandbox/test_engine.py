"""The real engine, taken through a program's life on the stand-ins; skipped where there is no Pulumi CLI.

The tests that need it share one engine in the order they are written: each `up` takes seconds, and what one leaves
behind is what the next one starts from.
"""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from sandbox.engine import Engine, EngineError, available, setting_steps
from sandbox.hygiene import Leak
from sandbox.program import Program
from sandbox.recorder import record
from sandbox.standins import Fault
from sandbox.standins.secrecy import leaks_in

reason = available()
needs_cli = pytest.mark.skipif(bool(reason), reason=reason)

LIFECYCLE = Path(__file__).parent / "programs" / "lifecycle"
EVERYTHING = {
    "lifecycle-rehearsal",
    "aws",
    "random",
    "main",
    "main-vpc",
    "main-subnet-a",
    "main-subnet-b",
    "database",
    "orders",
}


def program() -> Program:
    return Program(LIFECYCLE, "rehearsal")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(program()) as running:
        yield running


@needs_cli
class TestTheWholeLife:
    """One program from nothing to nothing."""

    def test_a_preview_plans_everything_and_creates_nothing(self, engine: Engine) -> None:
        run = engine.preview()
        assert run.named("create") == EVERYTHING
        assert run.warnings == []
        assert len(engine.standins) == 0

    def test_up_creates_what_the_preview_planned(self, engine: Engine) -> None:
        run = engine.up()
        assert run.named("create") == EVERYTHING
        assert run.counts == {"create": 11}
        assert run.outputs == {
            "vpcId": engine.standins.held(_urn(engine, "main-vpc")).id,
            "topicArn": "arn:aws:sns:eu-west-1:111122223333:orders",
            "password": "[secret]",
        }

    def test_no_secret_shows_in_state_exports_or_print(self, engine: Engine) -> None:
        assert engine.leaks() == []

    def test_an_up_without_changes_changes_nothing(self, engine: Engine) -> None:
        assert engine.up().counts == {"same": 11}

    def test_a_changed_setting_updates_or_replaces_exactly_what_it_touches(self, engine: Engine) -> None:
        engine.edit("lifecycle:network.tags.stage", "second")
        engine.edit("lifecycle:topic", lambda name: f"{name}-2")
        planned = engine.preview()
        run = engine.up()
        assert set(planned.changes) == set(run.changes)
        assert {(step.op, step.name, step.changed) for step in run.changes} == {
            ("update", "main-vpc", ("tags.stage",)),
            ("create-replacement", "orders", ("name",)),
            ("replace", "orders", ("name",)),
            ("delete-replaced", "orders", ()),
        }

    def test_refresh_sees_drift_and_up_puts_it_right(self, engine: Engine) -> None:
        vpc = _urn(engine, "main-vpc")
        engine.standins.plant(vpc, "tags", {"stage": "changed by hand"})
        assert {(step.op, step.name) for step in engine.refresh().changes} == {("update", "main-vpc")}
        assert {(step.op, step.name, step.changed) for step in engine.up().changes} == {
            ("update", "main-vpc", ("tags.stage",))
        }
        assert engine.standins.held(vpc).outputs["tags"] == {"stage": "second"}

    def test_the_cloud_survives_a_restart_of_the_stand_ins(self, engine: Engine) -> None:
        before = len(engine.standins)
        engine.standins.restart()
        assert len(engine.standins) == before
        assert engine.refresh().changes == []

    def test_destroy_leaves_nothing_not_even_after_a_trouble(self, engine: Engine) -> None:
        engine.standins.faults(Fault(method="delete", type="aws:sns/*", kind="throttle", message="slow down"))
        with pytest.raises(EngineError, match="orders: too many requests: slow down") as caught:
            engine.destroy()
        assert [step.name for step in caught.value.run.failed] == ["orders"]
        engine.destroy()
        assert len(engine.standins) == 0
        assert engine.state().get("resources", []) == []


@needs_cli
class TestWhatGoesWrong:
    """Failures are told as the engine tells them, and what was begun can be finished."""

    def test_a_resource_that_never_became_ready_is_repaired_by_the_next_up(self, engine: Engine) -> None:
        engine.standins.faults(Fault(type="aws:ec2/vpc:Vpc", kind="partial", message="never became available"))
        with pytest.raises(EngineError, match="never became available"):
            engine.up()
        run = engine.up()
        assert run.named("update") == {"main-vpc"}, "it exists, so a second one must not be created"
        assert {"main-subnet-a", "main-subnet-b"} <= run.named("create"), "what waited for it is made up for"

    def test_a_property_that_the_provider_lacks_is_named(self, engine: Engine) -> None:
        engine.edit("lifecycle:network.tags", {"stage": {"not": "text"}})
        with pytest.raises(EngineError, match=r"main-vpc: .*tags\.stage.* string expected, object given"):
            engine.preview()
        engine.edit("lifecycle:network.tags", {"stage": "second"})

    def test_an_error_in_the_program_is_shown_with_file_and_line(
        self, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-hush-hush")
        main = engine.directory / "__main__.py"
        written = main.read_text()
        main.write_text(_SAYS_WHERE_IT_RUNS)
        with pytest.raises(EngineError) as caught:
            engine.preview()
        main.write_text(written)
        message = str(caught.value)
        assert message.startswith("preview failed\nProgram failed with an unhandled exception:\n"), "the engine's words"
        assert '__main__.py", line 3' in message
        assert "ValueError: runs with '' at home in /" in message, "no credentials reach the program"
        assert f"at home in {Path.home()}." not in message, "nor does anything in the user's home"

    def test_a_leak_names_the_resource_and_the_property(self, engine: Engine) -> None:
        main = engine.directory / "__main__.py"
        written = main.read_text()
        careless = 'config.require("topic") + "-" + config.require_object("secrets")["webhook"]'
        main.write_text(written.replace('config.require("topic")', careless))
        engine.up()
        main.write_text(written)
        shown = {(leak.resource.rpartition("::")[2], leak.property) for leak in engine.leaks()}
        assert {("orders", "inputs.name"), ("lifecycle-rehearsal", "outputs.topicArn")} <= shown
        assert {leak.secret for leak in engine.leaks()} == {"lifecycle:secrets.webhook"}


@needs_cli
def test_a_name_written_twice_is_caught_as_a_missing_dependency() -> None:
    with Engine(program(), latency={"aws:iam/role:Role": 1.0}) as engine:
        (engine.directory / "__main__.py").write_text(_HIDDEN_DEPENDENCY)
        engine.standins.expect(record(Program(engine.directory, "rehearsal")))
        with pytest.raises(EngineError, match=r"role names 'app', which is app .*does not exist yet"):
            engine.up()


@needs_cli
def test_the_program_itself_is_not_touched() -> None:
    before = {path: path.read_bytes() for path in LIFECYCLE.iterdir() if path.is_file()}
    with Engine(program()) as engine:
        scratch = engine.directory
        config = yaml.safe_load((engine.directory / "Pulumi.rehearsal.yaml").read_text())["config"]
        assert set(config["lifecycle:secrets"]["webhook"]) == {"secure"}, "a sentinel, under a key of this rehearsal"
        assert set(config["lifecycle:secrets"]["unset"]) == {"secure"}
    assert {path: path.read_bytes() for path in LIFECYCLE.iterdir() if path.is_file()} == before
    assert not scratch.exists(), "state, secrets and the copy are thrown away"


def test_without_a_cli_the_reason_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert available() == "the Pulumi CLI is not on the PATH"
    (tmp_path / "pulumi").touch(mode=0o755)
    assert available() == "the Pulumi CLI on the PATH lacks its Python language host"
    (tmp_path / "pulumi-language-python").touch(mode=0o755)
    assert available() == ""


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("shop:engine", ["shop:engine"]),
        ("shop:network.subnets.a", ["shop:network", "subnets", "a"]),
        ("shop:zones[1].name", ["shop:zones", 1, "name"]),
        ('shop:secrets.external["slack.token"]', ["shop:secrets", "external", "slack.token"]),
        ("shop:secrets.external.slack-token", ["shop:secrets", "external", "slack-token"]),
    ],
)
def test_a_setting_is_found_by_the_engine_s_own_path(path: str, steps: list[str | int]) -> None:
    assert setting_steps(path) == steps


def test_leaks_are_found_in_inputs_outputs_and_print_and_ciphertext_is_none() -> None:
    ciphertext = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc"}
    state = {
        "resources": [
            {"urn": "urn:a", "inputs": {"password": ciphertext, "script": ["login --with hush-hush"]}},
            {"urn": "urn:b", "outputs": {"data": {"key": base64.b64encode(b"hush-hush").decode()}}},
            {"urn": "urn:c", "inputs": {"name": "innocent"}},
        ]
    }
    assert leaks_in(state, [("up", "hush-hush created")], {"the token": "hush-hush"}) == [
        Leak("up", "what it printed", "the token"),
        Leak("urn:a", "inputs.script[0]", "the token"),
        Leak("urn:b", "outputs.data.key", "the token"),
    ]


def _urn(engine: Engine, name: str) -> str:
    return next(held.urn for held in engine.standins.cloud.store if held.urn.endswith(f"::{name}"))


_HIDDEN_DEPENDENCY = """
import pulumi
import pulumi_aws as aws

on_aws = pulumi.ResourceOptions(provider=aws.Provider("aws", region="eu-west-1"))
aws.iam.Role("app", name="app", assume_role_policy="{}", opts=on_aws)
aws.iam.InstanceProfile("app", role="app", opts=on_aws)
"""

_SAYS_WHERE_IT_RUNS = """import os

raise ValueError(f"runs with {os.environ.get('AWS_SECRET_ACCESS_KEY', '')!r} at home in {os.environ['HOME']}.")
"""
