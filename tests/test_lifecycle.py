"""The life of an environment on the real engine, against stand-in providers.

Needs the Pulumi CLI on the PATH. It shows what the engine does with this program: order, dependencies, replacements,
secrets in the state. Whether a cloud accepts the requests it cannot show.
"""

from collections import Counter
from collections.abc import Iterator

import pytest

from sandbox import engine
from sandbox.engine import Engine, EngineError
from sandbox.program import Program
from tests.environments import ROOT, recorded

pytestmark = pytest.mark.skipif(bool(engine.available()), reason=engine.available() or "there is an engine")


def resource_type(urn: str) -> str:
    """The type of a resource, without those of its parents."""
    return urn.split("::")[2].rpartition("$")[2]


@pytest.fixture(scope="module")
def staging_engine() -> Iterator[Engine]:
    """Staging, created once; the tests below change it in the order in which they are written."""
    with Engine(Program(ROOT, "staging"), expected=recorded("staging")) as running:
        running.up()
        yield running


def test_an_up_creates_what_the_recording_shows(staging_engine: Engine) -> None:
    state = {resource["urn"] for resource in staging_engine.state()["resources"]}
    recording = set(recorded("staging").resources)
    stack = {urn for urn in state if urn.endswith("::platform-staging")}
    assert state - stack == recording, "the tests on the recording would speak of another program"


def test_an_up_leaves_no_secret_in_plain_text(staging_engine: Engine) -> None:
    assert staging_engine.leaks() == [], "it would stand in the state file, the outputs or the log of every deployment"


def test_an_up_without_changes_changes_nothing(staging_engine: Engine) -> None:
    assert staging_engine.up().changes == [], "an environment that never comes to rest hides real changes"


def test_one_changed_setting_changes_what_it_is_about(staging_engine: Engine) -> None:
    staging_engine.edit("platform:network.aws.flow_log_retention_days", 14)
    changed = {(step.op, step.name) for step in staging_engine.up().changes}
    groups = ("network-aws-flow-logs", "network-vpn-tunnels", "secret-rotation-log")
    assert changed == {("update", name) for name in groups}, (
        "the log groups keep their logs for another period, and nothing else knows of it"
    )


def test_a_weight_moves_routers_and_scales_there_and_back(staging_engine: Engine) -> None:
    """Each service in AWS has a rule, each cloud's URL maps hold the rest; tasks of both colours run already."""
    routers = {
        "aws:lb/listenerRule:ListenerRule": 5,
        "gcp:compute/uRLMap:URLMap": 1,
        "gcp:compute/regionUrlMap:RegionUrlMap": 1,
    }
    scales = {"gcp:cloudrunv2/service:Service": 3}
    for percent in (10, 0):
        staging_engine.edit("platform:release.green_percent", percent)
        changes = staging_engine.up().changes
        assert {step.op for step in changes} == {"update"}, "a weight builds nothing and takes nothing away"
        assert Counter(resource_type(step.urn) for step in changes) == {**routers, **scales}
        paths = {path.rpartition(".")[2] for step in changes for path in step.changed}
        assert paths == {"weight", "minInstanceCount"}, "of each, the one number that a release is about"


def test_the_writer_is_flipped_to_the_standby_and_back_and_nothing_is_made_anew(staging_engine: Engine) -> None:
    urls = {"postgres-main-url-aws", "postgres-main-url-gcp"}
    # Once it follows again, the migration service takes the standby back to one zone, and the program leaves it.
    for writer, others in (("gcp", {"postgres-main-standby"}), ("aws", set[str]())):
        staging_engine.edit("platform:databases.managed.main.writer", writer)
        changes = staging_engine.up().changes
        assert {step.op for step in changes} == {"update"}, "a promotion is no time to make anything anew"
        named = {step.name for step in changes}
        assert named == urls | others, "services of both clouds follow the writer"


def test_a_refresh_sees_what_was_changed_behind_the_programs_back(staging_engine: Engine) -> None:
    vpc = recorded("staging").named("network-aws-vpc")
    staging_engine.standins.plant(vpc.urn, "enableDnsHostnames", value=False)
    assert "network-aws-vpc" in staging_engine.refresh().named("update"), "drift that a refresh misses is never mended"
    assert staging_engine.up().named("update") == {"network-aws-vpc"}, "the next `up` puts it right"


def test_protected_resources_survive_a_destroy(staging_engine: Engine) -> None:
    with pytest.raises(EngineError, match="protect"):
        staging_engine.destroy()


def test_a_destroy_on_purpose_leaves_nothing_in_the_state_and_the_keys_in_the_clouds(staging_engine: Engine) -> None:
    staging_engine.unprotect()
    staging_engine.destroy()
    assert staging_engine.state().get("resources", []) == []
    retained = {r.urn for r in recorded("staging") if r.options.retain_on_delete}
    assert len(staging_engine.standins) == len(retained), "what a key encrypted must stay readable"
