"""What loading gives, and how mistakes are told: all at once, each where it is, without a secret."""

from collections.abc import Sequence
from ipaddress import IPv4Network
from typing import Any

import pulumi
import pydantic
import pytest

from stacks.settings import ContainerService, Mistake, SettingsError, StaticSite, load
from stacks.settings.mistakes import WIDTH
from tests.stacks.settings.stack_files import raw

PASSWORD = "correct-horse-battery"


def refused(sections: dict[str, Any], stack: str = "staging", **options: Any) -> SettingsError:
    with pytest.raises(SettingsError) as error:
        load(stack, sections, **options)
    return error.value


def only(mistakes: Sequence[Mistake], path: str) -> Mistake:
    (mistake,) = (it for it in mistakes if it.path == path)
    return mistake


def test_sections_are_attributes_with_values_of_their_own_types() -> None:
    settings = load("production", raw("production"))
    assert settings.network.aws.cidr == IPv4Network("10.0.0.0/16")
    assert settings.aws.account_id == "345678901234"
    assert settings.services["backend-api"].images.blue.startswith("sha256:")
    assert settings.secrets.provided()["slack-token"].get_secret_value() == "sentinel of slack-token"


def test_services_are_containers_or_sites() -> None:
    settings = load("staging", raw("staging"))
    assert set(settings.sites) == {"frontend"}
    assert set(settings.containers) == set(settings.services) - {"frontend"}
    assert all(isinstance(it, StaticSite) for it in settings.sites.values())
    assert all(isinstance(it, ContainerService) for it in settings.containers.values())


def test_settings_cannot_be_changed_once_they_are_loaded() -> None:
    settings = load("staging", raw("staging"))
    with pytest.raises(pydantic.ValidationError):
        settings.network.aws.nat = "per_zone"  # pyright: ignore[reportAttributeAccessIssue]


def test_probes_and_scaling_have_the_house_values_where_nothing_is_written() -> None:
    service = load("staging", raw("staging")).containers["backend-api"]
    assert service.health.model_dump() == {
        "startup": "/health",
        "ready": "/health/ready",
        "live": "/health/live",
    }
    assert service.scaling.model_dump() == {
        "cpu_out_percent": 70,
        "cpu_in_percent": 30,
        "memory_percent": 80,
        "out_after_minutes": 5,
        "in_after_minutes": 15,
        "cooldown_minutes": 5,
    }


def test_all_mistakes_are_told_at_once_inside_and_across_sections() -> None:
    sections = raw(
        "staging",
        {
            "aws.account_id": 234567890123,
            "network.gcp.nodes": "10.16.0.0/20",
            "network.link.gcp_asn": 64514,
            "keys.rotation_days": 30,
            "release.green_percent": 33,
            "services.backend-api.calls": ["nobody"],
            "services.websocket.hostname": "api",
            "netwrok": {},
            "secrets.external.slack-token": None,
        },
    )
    assert [mistake.path for mistake in refused(sections).mistakes] == [
        "platform:aws.account_id",
        "platform:network.gcp.nodes",
        "platform:network.link.gcp_asn",
        "platform:keys.rotation_days",
        "platform:secrets.external.slack-token",
        "platform:release.green_percent",
        "platform:services.backend-api.calls[0]",
        "platform:services.websocket.hostname",
        "platform:netwrok",
    ]


def test_a_check_waits_for_the_sections_that_it_compares() -> None:
    sections = raw("staging", {"residency.aws_regions": ["nowhere"], "network.link.transport": "none"})
    paths = [mistake.path for mistake in refused(sections).mistakes]
    assert paths == ["platform:residency.aws_regions[0]", "platform:network.link.transport"], (
        "residency can't be compared with regions while it is invalid itself, and the link still can"
    )


@pytest.mark.parametrize(
    ("edits", "path", "near"),
    [
        ({"netwrok": {}}, "platform:netwrok", "network"),
        ({"aws.acount_id": "1"}, "platform:aws.acount_id", "account_id"),
        ({"network.aws.cdir": "1"}, "platform:network.aws.cdir", "cidr"),
        ({"services.backend-api.replica": {}}, "platform:services.backend-api.replica", "replicas"),
        ({"services.frontend.hostnames": "x"}, "platform:services.frontend.hostnames", "hostname"),
        ({"services.backend-api.health": {"readi": "/"}}, "platform:services.backend-api.health.readi", "ready"),
    ],
)
def test_an_unknown_key_comes_with_the_nearest_known_one(edits: dict[str, Any], path: str, near: str) -> None:
    mistake = only(refused(raw("staging", edits)).mistakes, path)
    assert f"did you mean `{near}`?" in mistake.cure


@pytest.mark.parametrize(
    ("key", "value", "cure"),
    [
        ("keys.deletion_window_days", 99, "write a whole number from 7 to 30"),
        ("network.aws.nat", "none", "write one of per_zone, single"),
        ("gcp.enabled", "yes", "write true or false"),
        ("network.aws.cidr", "10.16.0.0/8", 'write text such as "10.0.0.0/16"'),
        ("release.green_percent", 33, "write one of 0, 10, 25, 50, 100"),
        ("services.backend-api.cpu", 0, "write a number above 0, at most 64"),
        ("network.link.tunnel_cidrs", [], 'write a list of 4, each text such as "169.254.10.0/30"'),
        (
            "network.link.interconnect",
            "x",
            "write a mapping with the keys bandwidth_mbps, direct_connect_asn, paths or null",
        ),
        ("services.frontend.standby", "gke", "write one of firebase, none"),
    ],
)
def test_a_wrong_value_comes_with_what_may_be_written(key: str, value: Any, cure: str) -> None:
    assert only(refused(raw("staging", {key: value})).mistakes, f"platform:{key}").cure.startswith(cure)


@pytest.mark.parametrize(
    ("cidr", "reason"),
    [
        ("10.16.0.1/16", "Host bits are set: the network of this address is 10.16.0.0/16."),
        ("10.16.0.0/20", "The prefix length has to be /16, this is a /20."),
        ("10.16.0.0", "An address alone is not a network: the prefix length is missing."),
        ("10.16.0.0/99", "The prefix length is not one of an IPv4 network."),
        ("ten", "This is not an IPv4 network in CIDR notation."),
    ],
)
def test_a_range_that_is_none_comes_with_what_is_wrong_about_it(cidr: str, reason: str) -> None:
    assert (
        only(refused(raw("staging", {"network.aws.cidr": cidr})).mistakes, "platform:network.aws.cidr").reason == reason
    )


def test_a_list_that_repeats_itself_is_refused() -> None:
    mistake = only(refused(raw("staging", {"aws.zones": ["us-east-1a", "us-east-1a"]})).mistakes, "platform:aws.zones")
    assert mistake.reason == "Listed more than once: us-east-1a."


def test_the_tag_latest_is_refused() -> None:
    refused(raw("staging", {"services.backend-api.images.blue": "latest"}))


@pytest.mark.parametrize("key", ["port", "cpu", "memory_gib", "replicas", "health", "scaling", "secrets"])
def test_a_static_site_has_nothing_of_a_process(key: str) -> None:
    sections = raw("staging", {f"services.frontend.{key}": 1})
    assert [mistake.path for mistake in refused(sections).mistakes] == [f"platform:services.frontend.{key}"]


@pytest.mark.parametrize("name", ["Backend", "back_end", "-api", "a" * 33])
def test_a_service_name_that_clouds_refuse_is_named(name: str) -> None:
    services = raw("staging")["services"]
    paths = [it.path for it in refused(raw("staging", {f"services.{name}": services["specialized"]})).mistakes]
    assert f"platform:services.{name}" in paths


@pytest.mark.parametrize("section", ["text", 7, None, [], True])
def test_a_section_that_is_no_mapping_is_reported_like_any_mistake(section: Any) -> None:
    assert "platform:network" in [it.path for it in refused(raw("staging", {"network": section})).mistakes]


def test_an_empty_section_is_a_missing_one() -> None:
    (mistake,) = refused(raw("staging", {"keys": {}})).mistakes
    assert (mistake.path, mistake.value) == ("platform:keys", "(missing)")


def test_nothing_at_all_gives_one_mistake_a_section() -> None:
    assert [it.path.removeprefix("platform:") for it in refused({}).mistakes] == list(raw("staging"))


def test_an_external_secret_without_a_value_comes_with_its_command() -> None:
    (mistake,) = refused(raw("staging", {"secrets.external.slack-token": None})).mistakes
    assert mistake.command == (
        "pulumi config set --secret --path 'platform:secrets.external[\"slack-token\"]' --stack staging"
    )


def test_an_empty_external_secret_is_refused() -> None:
    (mistake,) = refused(raw("staging", {"secrets.external.slack-token": " "})).mistakes
    assert mistake.path == "platform:secrets.external.slack-token"


@pytest.mark.parametrize(
    "edits",
    [
        {"secrets": PASSWORD},
        {"secrets.external": PASSWORD},
        {"secrets.external": [PASSWORD]},
        {"secrets.external.slack-token": {"nested": PASSWORD}},
        {"secrets.external.Slack": PASSWORD},
        {"secrets.rotation_days": PASSWORD},
        {"secrets.slack-token": PASSWORD},
        {"services.backend-api.environment": {"DB_PASSWORD": PASSWORD}},
        {"services.backend-api.environment": {"apiKey": PASSWORD, "db-password": PASSWORD}},
        {"services.backend-api.password": PASSWORD},
        {"aws.secret_key": PASSWORD},
        {"services.backend-api.environment": {"DATABASE": f"postgres://elson:{PASSWORD}@db/main"}},
        {"services.backend-api.environment": [f"DB_PASSWORD={PASSWORD}"]},
    ],
)
def test_no_message_shows_a_secret(edits: dict[str, Any]) -> None:
    error = refused(raw("staging", edits))
    assert PASSWORD not in str(error) + repr(error) + repr(error.args), "an error message ends up in a log"


def test_values_of_an_encrypted_section_are_not_shown() -> None:
    error = refused(raw("staging", {"aws.account_id": PASSWORD}), encrypted=["aws"])
    assert only(error.mistakes, "platform:aws.account_id").value == "(hidden)"
    assert PASSWORD not in str(error)


CREDENTIALS = {
    "a private key": "-----BEGIN PRIVATE KEY-----\nMIIB",
    "an AWS access key": "AKIA" + "ABCDEFGHIJKLMNOP",
    "a Slack token": "xoxb-" + "123456789012-abcdef",
    "a GitHub token": "ghp_" + "a" * 36,
    "a Google API key": "AIza" + "a" * 35,
    "a Vault token": "hvs." + "a" * 24,
    "a signed token": "eyJhbGciOiJI.eyJzdWIiOiIx.c2ln",
    "a service account's key": '{"private_key": "x"}',
    "a password inside an address": f"postgres://elson:{PASSWORD}@db/main",
}


@pytest.mark.parametrize(("kind", "text"), CREDENTIALS.items())
def test_a_credential_is_known_by_its_looks(kind: str, text: str) -> None:
    (mistake,) = refused(raw("staging", {"services.backend-api.environment": {"NOTE": text}})).mistakes
    assert mistake.path == "platform:services.backend-api.environment.NOTE"
    assert kind in mistake.reason
    assert text not in str(mistake)


@pytest.mark.parametrize("name", ["DB_PASSWORD", "SLACK_TOKEN", "STRIPE_API_KEY", "AWS_SECRET_ACCESS_KEY"])
def test_a_credential_is_known_by_the_name_of_its_variable(name: str) -> None:
    (mistake,) = refused(raw("staging", {"services.backend-api.environment": {name: PASSWORD}})).mistakes
    assert mistake.path == f"platform:services.backend-api.environment.{name}"


@pytest.mark.parametrize("name", ["TOKEN_TTL_SECONDS", "PASSWORD_MIN_LENGTH", "PARTITION_KEY", "SECRETS_PATH"])
def test_a_variable_that_only_speaks_of_credentials_is_taken(name: str) -> None:
    load("staging", raw("staging", {"services.backend-api.environment": {name: "12"}}))


def test_the_error_ends_a_program_with_its_table_and_without_a_traceback() -> None:
    error = refused(raw("staging", {"release.green_percent": 33, "secrets.external.slack-token": None}))
    assert isinstance(error, pulumi.RunError), "the engine prints the message of a RunError, and a traceback of others"
    text = str(error)
    for mistake in error.mistakes:
        for part in (mistake.path, mistake.value):
            assert part in text
        assert (mistake.command or "") in text, "a command stands on a line of its own, to be copied"
    assert text.endswith("2 mistakes in the settings of staging. Nothing was built.")
    assert max(map(len, _table(text))) <= WIDTH <= 120


def _table(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(("│", "├", "╭", "╰"))]


def test_the_table_holds_the_longest_key_in_one_piece() -> None:
    path = "services.backend-api.scaling.cooldown_minutes"
    sections = raw("staging", {"services.backend-api.scaling": {"cooldown_minutes": 0}})
    assert f"platform:{path}" in str(refused(sections))


def test_what_is_valid_is_checked_beside_what_is_not() -> None:
    sections = raw("staging")
    sections["network"]["aws"]["nat"] = "singel"
    sections["network"]["aws"]["cidr"] = "10.18.0.0/16"
    sections["network"]["link"]["gcp_asn"] = sections["network"]["link"]["aws_asn"]
    sections["services"]["websocket"]["hostname"] = sections["services"]["backend-api"]["hostname"]
    sections["services"]["backend-api"]["port"] = 80
    paths = {mistake.path for mistake in refused(sections).mistakes}
    assert {
        "platform:network.aws.nat",
        "platform:network.gcp.nodes",
        "platform:network.gcp.managed_services",
        "platform:network.link.gcp_asn",
        "platform:services.backend-api.port",
        "platform:services.websocket.hostname",
    } <= paths, "one typing error must not hide what a second look would find"


def test_a_pipeline_says_of_which_kind_it_is() -> None:
    nameless = dict(raw("staging")["analytics"]["pipeline"]) | {"kind": "stream"}
    (mistake,) = refused(raw("staging", {"analytics.pipeline": nameless})).mistakes
    assert mistake.path == "platform:analytics.pipeline.kind"
    assert "change_stream" in mistake.cure
    assert "data_fusion" in mistake.cure


def test_a_mistake_in_a_pipeline_is_told_in_the_words_of_its_kind() -> None:
    edits = {"analytics.pipeline.freshness_minutes": 0, "analytics.pipeline.edition": "BASIC"}
    found = {mistake.path: mistake.cure for mistake in refused(raw("staging", edits)).mistakes}
    assert set(found) == {"platform:analytics.pipeline.freshness_minutes", "platform:analytics.pipeline.edition"}
    assert found["platform:analytics.pipeline.freshness_minutes"] == "write a whole number from 1 to 1440"
    assert "publication" in found["platform:analytics.pipeline.edition"], "the keys of a change stream are offered"


def test_a_pipeline_is_checked_beside_its_own_mistakes() -> None:
    edits = {"analytics.pipeline.freshness_minutes": 0, "analytics.pipeline.dataset": "elsewhere"}
    found = {mistake.path for mistake in refused(raw("staging", edits)).mistakes}
    assert found == {"platform:analytics.pipeline.freshness_minutes", "platform:analytics.pipeline.dataset"}


@pytest.mark.parametrize(
    "member", ["allUsers", "allAuthenticatedUsers", "data@elsonwealth.com", "domain:elsonwealth.com"]
)
def test_nobody_owns_or_reads_the_warehouse_without_being_named(member: str) -> None:
    edits = {"analytics.datasets.reports.readers": [member]}
    (mistake,) = refused(raw("staging", edits)).mistakes
    assert mistake.path == "platform:analytics.datasets.reports.readers[0]"


@pytest.mark.parametrize("kind", ["rate", None, 7])
def test_a_rule_says_of_which_kind_it_is(kind: object) -> None:
    (mistake,) = refused(raw("staging", {"edge.rules.sign-in.kind": kind})).mistakes
    assert mistake.path == "platform:edge.rules.sign-in.kind"
    assert mistake.cure == "write one of addresses or countries or body_size or managed or rate_limit"


def test_a_rule_without_a_kind_is_told_which_there_are() -> None:
    (mistake,) = refused(raw("staging", {"edge.rules.another": {"mode": "count"}})).mistakes
    assert (mistake.path, mistake.value) == ("platform:edge.rules.another.kind", "(missing)")
    assert "body_size" in mistake.cure


def test_a_mistake_in_a_rule_is_told_in_the_words_of_its_kind() -> None:
    edits = {"edge.rules.sign-in.requests": 5, "edge.rules.sign-in.threat": "common", "edge.rules.countries.refuses": 1}
    found = {mistake.path: mistake.cure for mistake in refused(raw("staging", edits)).mistakes}
    assert found["platform:edge.rules.sign-in.requests"] == "write a whole number from 10 to 1000000"
    assert found["platform:edge.rules.countries.refuses"] == "write one of listed, others"
    assert "window_seconds" in found.pop("platform:edge.rules.sign-in.threat"), "the keys of a limit are offered"
    assert set(found) == {"platform:edge.rules.sign-in.requests", "platform:edge.rules.countries.refuses"}


def test_a_mistake_in_one_rule_hides_none_across_sections() -> None:
    edits = {"edge.rules.sign-in.window_seconds": 77, "edge.rules.countries.except_paths": []}
    found = {mistake.path for mistake in refused(raw("staging", edits)).mistakes}
    assert found == {"platform:edge.rules.sign-in.window_seconds", "platform:edge.rules.countries.except_paths"}


def test_an_event_may_be_called_like_a_kind_of_rule_or_service() -> None:
    edits = {"events.schemas.RateLimit": {"limit": "text"}, "events.schemas.StaticSite": {"site": "string"}}
    (mistake,) = refused(raw("staging", edits)).mistakes
    assert mistake.path == "platform:events.schemas.RateLimit.limit"
    assert mistake.cure == "write one of string, integer, number, boolean"


@pytest.mark.parametrize("path", ["/api/", "api", "/", "/a b"])
def test_a_route_is_a_path_that_a_cdn_takes(path: str) -> None:
    edits = {"services.frontend.routes": {path: "backend-api", "/ws": "websocket"}}
    (mistake,) = refused(raw("staging", edits)).mistakes
    assert mistake.cure == "write a path such as `/api`, without `/` at its end"


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("203.0.113.1/24", "host bits set"),
        ("2001:db8::/129", "no address range"),
        ("0.0.0.0/0", "no range of all addresses"),
        ("office", "no address range"),
        (7, "is text"),
    ],
)
def test_an_address_that_a_firewall_can_not_hold_is_refused(address: object, why: str) -> None:
    rule = {"kind": "addresses", "mode": "count", "addresses": ["2001:db8::/32", address], "refuses": "listed"}
    (mistake,) = refused(raw("staging", {"edge.rules.refused": rule})).mistakes
    assert mistake.path == "platform:edge.rules.refused.addresses[1]"
    assert why in mistake.reason


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("edge.origin_prefix_list", "cloudfront"),
        ("edge.origin_prefix_list", None),
        ("dns.incident_mail", "mailto:security@elsonwealth.com"),
        ("dns.certificate_authorities", []),
        ("dns.checks.regions", ["us-east-1", "us-west-2"]),
        ("dns.checks.regions", ["us-east-1", "us-west-2", "eu-central-1"]),
        ("dns.gcp_ds_records", ["12345 13 2 ABCDEF"]),
        ("dns.gcp_ds_records", ["12345 13 3 " + "0123456789ABCDEF" * 4]),
        ("dns.standstill", {"host": "https://status.example.net", "path": "/"}),
        ("compute.ec2", {"instance_type": "m7g", "image_id": "al2023", "disk_gib": 7}),
        ("services.frontend.sources", {"connect": ["*"]}),
        ("services.frontend.sources", {"images": ["http://images.example.com"]}),
        ("services.frontend.sources", {"frames": ["https://example.com; script-src *"]}),
        ("services.backend-api.migration", [""]),
        ("services.backend-api.events", ["publish", "publish"]),
        ("services.backend-api.callbacks", {"hostname": "stream", "actions": ["connect"]}),
    ],
)
def test_a_value_in_another_form_than_its_cloud_takes_is_refused_at_its_key(key: str, value: object) -> None:
    mistakes = refused(raw("staging", {key: value})).mistakes
    assert all(mistake.path.startswith(f"platform:{key}") for mistake in mistakes), [it.path for it in mistakes]


@pytest.mark.parametrize(
    "key",
    [
        "release.green_percent",
        "compute.log_retention_days",
        "databases.managed.main.observation.monitoring_seconds",
    ],
)
@pytest.mark.parametrize("value", [True, False])
def test_true_and_false_are_not_taken_for_one_and_zero(key: str, value: bool) -> None:
    (mistake,) = refused(raw("staging", {key: value})).mistakes
    assert mistake.path == f"platform:{key}"
