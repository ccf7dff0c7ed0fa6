"""The three stack files: usable as they are, alike, apart from each other, and described by the schema."""

import json
from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import combinations, product
from typing import Any

import jsonschema
import pytest
import yaml

from stacks.settings import SettingsError, load, schema
from stacks.settings.edge import BodySize, GeoList, ManagedGroup, RateLimit
from tests.stacks.settings.stack_files import ENVIRONMENTS, PREFIX, ROOT, file, raw

VALIDATOR = jsonschema.Draft202012Validator(schema.stack_schema())


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_stack_file_lacks_nothing_but_its_secrets(environment: str) -> None:
    load(environment, raw(environment))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_stack_file_asks_for_each_of_its_secrets_and_for_nothing_else(environment: str) -> None:
    sections = raw(environment)
    sections["secrets"] = file(environment)["config"][f"{PREFIX}secrets"]
    with pytest.raises(SettingsError) as error:
        load(environment, sections)
    names = sections["secrets"]["external"]
    assert [mistake.path for mistake in error.value.mistakes] == [f"platform:secrets.external.{name}" for name in names]
    assert [mistake.command for mistake in error.value.mistakes] == [
        f"pulumi config set --secret --path 'platform:secrets.external[\"{name}\"]' --stack {environment}"
        for name in names
    ], "a missing secret comes with the command that sets it in this very stack"


def keys(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield f"{path}.{key}"
            yield from keys(item, f"{path}.{key}")


def test_all_files_have_the_same_keys_in_the_same_order() -> None:
    def comparable(environment: str) -> list[str]:
        # What is null in one file has no keys there, regions differ, and one service exists only before production.
        nullable = (
            *("aws.recovery", "network.recovery", "network.access.bastion", "network.access.client_vpn"),
            *(f"databases.managed.main.{key}" for key in ("authority.certificates", "recovery", "standby")),
            *("caches.managed.sessions.recovery", "caches.managed.sessions.standby", "compute.recovery"),
            *(f"storage.buckets.{name}.{key}" for name in ("statements", "records") for key in ("lock", "standby")),
            *("analytics.datasets", "analytics.personal_data", "analytics.pipeline"),
        )
        apart = tuple(f".config.platform:{key}." for key in nullable)
        simulator = ".config.platform:services.broker-simulator"
        static = file(environment)
        return [key for key in keys(static) if not key.startswith(apart) and not key.startswith(simulator)]

    first, *others = (comparable(environment) for environment in ENVIRONMENTS)
    for other in others:
        assert other == first, "`diff` of two files has to be the difference of two environments"


def test_the_simulator_is_the_only_service_that_production_lacks() -> None:
    services = [set(file(environment)["config"][f"{PREFIX}services"]) for environment in ENVIRONMENTS]
    assert services[0] == services[1]
    assert services[0] - services[2] == {"broker-simulator"}
    assert services[2] <= services[0]


def test_an_event_has_the_same_fields_in_every_environment() -> None:
    first, *others = (file(environment)["config"][f"{PREFIX}events"] for environment in ENVIRONMENTS)
    for other in others:
        assert (other["source"], other["schemas"]) == (first["source"], first["schemas"]), (
            "a consumer that was tested against one environment would fail in the next"
        )


def test_what_would_refuse_a_customer_is_tried_before_production() -> None:
    first, *others = (file(environment)["config"][f"{PREFIX}edge"]["rules"] for environment in ENVIRONMENTS)
    for other in others:
        assert other == first, "a rule that only production has refuses its first customer there"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_firewalls_look_for_everything_there_is(environment: str) -> None:
    rules = load(environment, raw(environment)).edge.rules.values()
    assert {rule.threat for rule in rules if isinstance(rule, ManagedGroup)} == {
        *("common", "known_bad_inputs", "sql_injection", "ip_reputation", "anonymous_ip")
    }
    limits = [rule for rule in rules if isinstance(rule, RateLimit)]
    assert [(rule.paths, rule.mode) for rule in limits] == [((), "enforce"), (("/api/auth",), "enforce")]
    assert {rule.mode for rule in rules if isinstance(rule, GeoList | BodySize)} == {"count"}, "nobody watched them yet"


def test_no_two_environments_share_an_address() -> None:
    ranges: list[dict[str, IPv4Network]] = []
    for environment in ENVIRONMENTS:
        network = load(environment, raw(environment)).network
        ranges.append({f"{environment}: {key}": value for key, value in network.ranges().items()})
    for one, other in combinations(ranges, 2):
        for (first, left), (second, right) in product(one.items(), other.items()):
            assert not left.overlaps(right), f"{first} and {second} overlap: the two could never be linked"


def test_no_two_environments_share_an_account_or_a_project() -> None:
    loaded = [load(environment, raw(environment)) for environment in ENVIRONMENTS]
    for values in (
        [it.aws.account_id for it in loaded],
        [it.gcp.project_id for it in loaded],
        [it.gcp.project_number for it in loaded],
        [it.environment.domain for it in loaded],
    ):
        assert len(set(values)) == len(ENVIRONMENTS), f"{values}: one environment could reach into another"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_first_line_of_a_stack_file_leads_editors_to_the_schema(environment: str) -> None:
    first = (ROOT / f"Pulumi.{environment}.yaml").read_text().splitlines()[0]
    marker, _, path = first.partition("=")
    assert marker == "# yaml-language-server: $schema"
    assert (ROOT / path).resolve() == schema.PATH


def test_the_schema_file_is_current() -> None:
    assert schema.PATH.read_text() == schema.text(), "the models have changed: run `make schema`"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_stack_file_fits_the_schema(environment: str) -> None:
    # As JSON, which is how editors read it: YAML would give dates and other types that the schema has no word for.
    instance = json.loads(json.dumps(file(environment)))
    assert [error.message for error in VALIDATOR.iter_errors(instance)] == []


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("aws", "account_id", 123456789012),
        ("aws", "acount_id", "123456789012"),
        ("keys", "rotation_days", 1),
        ("network", "aws", {}),
        ("release", "green_percent", 33),
        ("secrets", "external", {"slack-token": "in plain text"}),
    ],
)
def test_the_schema_marks_a_mistake_while_it_is_typed(section: str, key: str, value: Any) -> None:
    instance = json.loads(json.dumps(file("staging")))
    instance["config"][f"{PREFIX}{section}"][key] = value
    assert not VALIDATOR.is_valid(instance), f"{section}.{key} = {value!r} went unmarked"


def test_the_schema_takes_encrypted_secrets_and_what_the_engine_writes() -> None:
    instance = json.loads(json.dumps(file("staging")))
    instance["encryptionsalt"] = "v1:salt"
    instance["config"]["pulumi:tags"] = {"team": "platform"}
    instance["config"][f"{PREFIX}secrets"]["external"]["slack-token"] = {"secure": "v1:ciphertext"}
    assert [error.message for error in VALIDATOR.iter_errors(instance)] == []


def test_every_key_of_the_schema_is_described() -> None:
    document = schema.stack_schema()
    definitions = document["$defs"]

    def described(node: dict[str, Any]) -> bool:
        target = definitions.get(node.get("$ref", "").rpartition("/")[2], {})
        return bool(node.get("description") or target.get("description"))

    bare = [
        f"{name}.{key}"
        for name, definition in definitions.items()
        for key, node in definition.get("properties", {}).items()
        if not described(node)
    ]
    assert bare == [], "an editor shows the description, and so does the table of mistakes"


def test_the_project_file_declares_exactly_the_sections() -> None:
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    declared = {key: value for key, value in project["config"].items() if key.startswith(PREFIX)}
    sections = schema.stack_schema()["properties"]["config"]["properties"]
    assert list(declared) == list(sections)
    for key, section in sections.items():
        assert declared[key] == {"type": "object", "default": {}, "description": section["description"]}, key


def test_the_project_file_switches_default_providers_off() -> None:
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    assert project["config"]["pulumi:disable-default-providers"] == {"value": ["*"]}
    assert project["runtime"] == {"name": "python", "options": {"virtualenv": ".venv"}}
