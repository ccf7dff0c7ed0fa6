"""Every check across sections, by an example that only it refuses."""

from collections.abc import Mapping
from typing import Any

import pytest

from stacks.settings import Mistake, SettingsError, load
from stacks.settings.checks import CHECKS
from tests.stacks.settings.stack_files import raw

Edits = Mapping[str, Any]

OTHER_ACCOUNT = "arn:aws:iam::999999999999:role/administrators"
CERTIFICATE = "arn:aws:acm:eu-west-1:345678901234:certificate/6b1d3d52-6c0e-4a63-9d0e-1f5b2f1d7c11"
CLIENT_VPN = {
    "cidr": "10.8.0.0/22",
    "server_certificate_arn": CERTIFICATE,
    "client_root_certificate_arn": CERTIFICATE.replace("eu-west-1", "us-east-1"),
    "session_hours": 12,
}
CIRCUIT = {
    "interconnect": "projects/elson-production/global/interconnects/iad-1",
    "connection_id": "dxcon-fg5678gh",
    "vlan": 100,
    "cidr": "169.254.200.0/29",
}
INTERCONNECT = {
    "bandwidth_mbps": 1000,
    "direct_connect_asn": 64600,
    "paths": {"iad-1": CIRCUIT, "iad-2": {**CIRCUIT, "cidr": "169.254.200.8/29"}},
}
MAIN = "databases.managed.main"
SESSIONS = "caches.managed.sessions"
NO_DATABASES = {
    f"services.{name}.databases": [] for name, it in raw("production")["services"].items() if it["primary"] != "static"
}
STANDBY_OFF = {
    "gcp.enabled": False,
    "identity.enabled": False,
    "databases.managed.main.standby": None,
    "caches.managed.sessions.standby": None,
    "network.link.transport": "none",
    **{f"services.{name}.standby": "none" for name in raw("production")["services"]},
}

EXAMPLES: Mapping[str, list[tuple[str, Edits, set[str]]]] = {
    "zones_lie_in_their_region": [
        (
            "production",
            {"aws.zones": ["us-east-1a", "us-east-1b", "us-west-2c"], f"{MAIN}.replica_zones": []},
            {"aws.zones[2]"},
        ),
        ("production", {"aws.recovery.zones": ["us-east-1a", "us-west-2a"]}, {"aws.recovery.zones[0]"}),
        ("staging", {"gcp.zones": ["us-central1-a", "us-central2-b"]}, {"gcp.zones[1]"}),
    ],
    "recovery_is_elsewhere": [
        (
            "production",
            {"aws.recovery": {"region": "us-east-1", "zones": ["us-east-1e", "us-east-1f"]}},
            {"aws.recovery.region"},
        ),
    ],
    "recovery_has_a_network": [
        ("production", {"network.recovery": None}, {"network.recovery"}),
        ("staging", {"network.recovery": raw("production")["network"]["recovery"]}, {"network.recovery"}),
    ],
    "administrators_belong_to_the_account": [
        ("production", {"aws.administrators": [OTHER_ACCOUNT]}, {"aws.administrators[0]"}),
    ],
    "data_stays_in_allowed_regions": [
        ("production", {"residency.aws_regions": ["us-east-1"]}, {"aws.recovery.region"}),
        ("staging", {"residency.aws_regions": ["us-west-2"]}, {"aws.region"}),
        ("staging", {"residency.gcp_regions": []}, {"gcp.region"}),
    ],
    "link_fits_the_standby_half": [
        ("staging", {"network.link.transport": "none"}, {"network.link.transport"}),
        ("development", {"network.link.transport": "vpn"}, {"network.link.transport"}),
    ],
    "interconnect_is_described": [
        ("staging", {"network.link.transport": "interconnect"}, {"network.link.interconnect"}),
        (
            "staging",
            {
                "network.link.interconnect": {
                    **INTERCONNECT,
                    "paths": {
                        "iad-1": CIRCUIT,
                        "iad-2": {
                            "interconnect": "projects/elson-production/global/interconnects/iad-2",
                            "connection_id": "dxcon-ab1234cd",
                            "vlan": 100,
                            "cidr": "169.254.200.8/29",
                        },
                    },
                }
            },
            {"network.link.interconnect"},
        ),
    ],
    "circuits_share_nothing": [
        (
            "staging",
            {"network.link.transport": "interconnect", "network.link.interconnect": INTERCONNECT},
            {
                "network.link.interconnect.paths.iad-2.interconnect",
                "network.link.interconnect.paths.iad-2.connection_id",
            },
        ),
    ],
    "certificates_are_where_the_vpn_is": [
        (
            "production",
            {"network.access.client_vpn": CLIENT_VPN},
            {"network.access.client_vpn.server_certificate_arn"},
        ),
    ],
    "no_two_ranges_overlap": [
        ("production", {"network.gcp.nodes": "10.0.16.0/20"}, {"network.gcp.nodes"}),
        ("production", {"network.recovery.cidr": "10.0.0.0/16"}, {"network.recovery.cidr"}),
        ("production", {"network.aws.kubernetes_services": "10.9.0.0/16"}, {"network.recovery.kubernetes_services"}),
    ],
    "no_two_link_ranges_overlap": [
        (
            "staging",
            {
                "network.link.transport": "interconnect",
                "network.link.interconnect": {
                    **INTERCONNECT,
                    "paths": {
                        "iad-1": {**CIRCUIT, "cidr": "169.254.20.0/29"},
                        "iad-2": {
                            "interconnect": "projects/elson-production/global/interconnects/iad-2",
                            "connection_id": "dxcon-ab1234cd",
                            "vlan": 100,
                            "cidr": "169.254.200.8/29",
                        },
                    },
                },
            },
            {"network.link.interconnect.paths.iad-1.cidr"},
        ),
    ],
    "ranges_are_private": [
        ("production", {"network.gcp.nodes": "11.0.0.0/20"}, {"network.gcp.nodes"}),
        ("production", {"network.aws.kubernetes_services": "100.64.0.0/20"}, {"network.aws.kubernetes_services"}),
    ],
    "ranges_avoid_the_bridge_of_cloud_sql": [
        ("production", {"network.gcp.pods": "172.16.0.0/14"}, {"network.gcp.pods"}),
        ("production", {"network.gcp.serverless": "172.17.4.0/24"}, {"network.gcp.serverless"}),
    ],
    "link_ranges_are_free_link_local": [
        (
            "production",
            {"network.link.tunnel_cidrs": ["10.255.0.0/30", "169.254.5.0/30", "169.254.169.252/30", "169.254.6.0/30"]},
            {"network.link.tunnel_cidrs[0]", "network.link.tunnel_cidrs[1]", "network.link.tunnel_cidrs[2]"},
        ),
    ],
    "every_router_has_a_number_of_its_own": [
        ("production", {"network.link.gcp_asn": 64512}, {"network.link.gcp_asn"}),
    ],
    "places_in_google_cloud_exist": [
        ("development", {"services.specialized.primary": "cloud_run"}, {"services.specialized.primary"}),
        ("development", {"services.backend-api.standby": "gke"}, {"services.backend-api.standby"}),
        ("development", {"services.frontend.standby": "firebase"}, {"services.frontend.standby"}),
    ],
    "standby_is_another_place": [
        ("staging", {"services.specialized.standby": "cloud_run"}, {"services.specialized.standby"}),
    ],
    "calls_name_other_services": [
        ("staging", {"services.backend-api.calls": ["backend-api"]}, {"services.backend-api.calls[0]"}),
        ("staging", {"services.backend-api.calls": ["auth-service", "auth"]}, {"services.backend-api.calls[1]"}),
        ("staging", {"services.broker-simulator.exposure": "none"}, {"services.broker-connector.calls[0]"}),
    ],
    "sites_call_only_public_services": [
        ("staging", {"services.frontend.calls": ["auth-service"]}, {"services.frontend.calls[0]"}),
    ],
    "hostnames_are_unique": [
        ("staging", {"services.websocket.hostname": "api"}, {"services.websocket.hostname"}),
        ("staging", {"services.frontend.hostname": "ws"}, {"services.frontend.hostname"}),
    ],
    "hostname_fits_the_exposure": [
        ("staging", {"services.backend-api.hostname": None}, {"services.backend-api.hostname"}),
        (
            "staging",
            {"services.specialized.exposure": "none", "services.specialized.hostname": "special"},
            {"services.specialized.hostname"},
        ),
    ],
    "hostnames_make_legal_domains": [
        ("staging", {"services.frontend.hostname": "a" * 50}, {"services.frontend.hostname"}),
    ],
    "secrets_exist": [
        (
            "staging",
            {"services.backend-api.secrets": ["SECRET_KEY", "slack-token", "slack"]},
            {"services.backend-api.secrets[2]"},
        ),
    ],
    "environment_leaves_provided_variables": [
        (
            "staging",
            {"services.backend-api.environment": {"REGION": "us-east-1"}},
            {"services.backend-api.environment.REGION"},
        ),
    ],
    "production_has_no_simulators": [
        (
            "production",
            {"services.broker-simulator": raw("production")["services"]["auth-service"]},
            {"services.broker-simulator"},
        ),
    ],
    "fargate_offers_the_size": [
        ("development", {"services.backend-api.cpu": 3}, {"services.backend-api.cpu"}),
        ("development", {"services.backend-api.memory_gib": 9}, {"services.backend-api.memory_gib"}),
    ],
    "cloud_run_offers_the_size": [
        ("staging", {"services.specialized.cpu": 3}, {"services.specialized.cpu"}),
        ("staging", {"services.specialized.memory_gib": 4.5}, {"services.specialized.memory_gib"}),
        (
            "staging",
            {"services.trading-engine.standby": "cloud_run", "services.trading-engine.cpu": 0.5},
            {"services.trading-engine.cpu"},
        ),
    ],
    "fargate_waits_for_the_stop": [
        (
            "staging",
            {"services.backend-api.graceful_stop_seconds": 121},
            {"services.backend-api.graceful_stop_seconds"},
        ),
    ],
    "replicas_are_in_order": [
        (
            "staging",
            {"services.backend-api.replicas": {"min": 4, "max": 3, "standby": 5}},
            {"services.backend-api.replicas.min", "services.backend-api.replicas.standby"},
        ),
    ],
    "scaling_has_a_gap": [
        (
            "staging",
            {"services.backend-api.scaling": {"cpu_in_percent": 70}},
            {"services.backend-api.scaling.cpu_in_percent"},
        ),
    ],
    "names_fit_what_carries_them": [
        (
            "staging",
            {"environment.project": "elsonwealth1"},
            {
                "services.trading-engine",
                "services.strategy-engine",
                "services.broker-connector",
                "services.broker-simulator",
                "services.backend-api",
                "services.specialized",
                "services.auth-service",
            },
        ),
    ],
    "archive_outlives_the_stream": [
        (
            "staging",
            {"events.archive_retention_days": 6, "events.stream.retention_hours": 145},
            {"events.archive_retention_days"},
        ),
    ],
    "events_leave_the_common_fields": [
        (
            "staging",
            {"events.schemas.OrderExecuted": {"order_id": "string", "sequence": "integer"}},
            {"events.schemas.OrderExecuted.sequence"},
        ),
    ],
    "services_leave_the_accounts_of_the_bus": [
        (
            "staging",
            {"services.events-push": {**raw("staging")["services"]["auth-service"], "hostname": None}},
            {"services.events-push"},
        ),
    ],
    "identity_is_where_the_standby_half_is": [
        ("development", {"identity.enabled": True}, {"identity.enabled"}),
    ],
    "customers_sign_in_on_our_pages": [
        (
            "staging",
            {"identity.authorized_domains": ["staging.elsonwealth.com", "app.elsonwealth.com", "localhost"]},
            {"identity.authorized_domains[1]"},
        ),
        (
            "production",
            {"identity.authorized_domains": ["app.elsonwealth.com", "localhost", "notelsonwealth.com"]},
            {"identity.authorized_domains[1]", "identity.authorized_domains[2]"},
        ),
    ],
    "it_has_a_recovery_region": [
        (
            "production",
            {"aws.recovery": None, "network.recovery": None, f"{MAIN}.recovery": None},
            {"aws.recovery"},
        ),
    ],
    "it_has_a_standby_half": [
        ("production", {**STANDBY_OFF, "services.specialized.primary": "ecs"}, {"gcp.enabled"}),
    ],
    "it_has_three_zones": [
        ("production", {"aws.zones": ["us-east-1a", "us-east-1b"], f"{MAIN}.replica_zones": []}, {"aws.zones"}),
        ("production", {"gcp.zones": ["us-central1-a"]}, {"gcp.zones"}),
    ],
    "it_has_a_nat_gateway_in_each_zone": [
        ("production", {"network.aws.nat": "single"}, {"network.aws.nat"}),
    ],
    "keys_can_be_restored_for_a_month": [
        ("production", {"keys.deletion_window_days": 29}, {"keys.deletion_window_days"}),
    ],
    "secrets_can_be_restored_for_a_week": [
        ("production", {"secrets.recovery_window_days": 0}, {"secrets.recovery_window_days"}),
    ],
    "customers_confirm_a_sign_in": [
        ("production", {"identity.mfa": "optional"}, {"identity.mfa"}),
    ],
    "images_are_pinned": [
        ("production", {"services.frontend.images.green": "1.42.0"}, {"services.frontend.images.green"}),
        ("production", {"services.auth-service.images.blue": "1.42.0"}, {"services.auth-service.images.blue"}),
    ],
    "public_services_have_two_replicas": [
        ("production", {"services.websocket.replicas.min": 1}, {"services.websocket.replicas.min"}),
    ],
    "databases_survive_what_can_be_lost": [
        ("production", {f"{MAIN}.multi_az": False}, {f"{MAIN}.multi_az"}),
        ("production", {f"{MAIN}.backups.retention_days": 29}, {f"{MAIN}.backups.retention_days"}),
        ("production", {f"{MAIN}.deletion_protection": False}, {f"{MAIN}.deletion_protection"}),
        (
            "production",
            {f"{MAIN}.standby": None, **NO_DATABASES},
            {f"{MAIN}.standby"},
        ),
    ],
    "caches_survive_a_zone": [
        ("production", {f"{SESSIONS}.nodes": 1}, {f"{SESSIONS}.nodes"}),
        (
            "production",
            {f"{SESSIONS}.standby.deletion_protection": False},
            {f"{SESSIONS}.standby.deletion_protection"},
        ),
    ],
    "databases_and_caches_exist": [
        ("staging", {"services.backend-api.databases": ["main", "mian"]}, {"services.backend-api.databases[1]"}),
        ("staging", {"services.websocket.caches": ["session"]}, {"services.websocket.caches[0]"}),
    ],
    "a_name_means_one_thing": [
        ("staging", {"databases.in_cluster": ["market", "main"]}, {"databases.in_cluster[1]"}),
        ("staging", {"caches.in_cluster": ["sessions", "cache"]}, {"caches.in_cluster[0]"}),
    ],
    "standbys_have_a_cloud": [
        (
            "development",
            {f"{MAIN}.standby": raw("staging")["databases"]["managed"]["main"]["standby"]},
            {f"{MAIN}.standby"},
        ),
        (
            "development",
            {f"{SESSIONS}.standby": raw("staging")["caches"]["managed"]["sessions"]["standby"]},
            {f"{SESSIONS}.standby"},
        ),
    ],
    "services_in_google_cloud_have_their_data_there": [
        ("staging", {f"{MAIN}.standby": None}, {f"{MAIN}.standby"}),
        ("staging", {f"{SESSIONS}.standby": None}, {f"{SESSIONS}.standby"}),
    ],
    "the_writer_is_there": [
        ("development", {f"{MAIN}.writer": "gcp"}, {f"{MAIN}.writer"}),
    ],
    "databases_and_caches_span_zones": [
        ("development", {"aws.zones": ["us-east-1a"]}, {"aws.zones"}),
        ("production", {"aws.recovery.zones": ["us-west-2a"]}, {"aws.recovery.zones"}),
    ],
    "replicas_are_in_zones_of_the_region": [
        ("staging", {f"{MAIN}.replica_zones": ["us-east-1a", "us-east-1d"]}, {f"{MAIN}.replica_zones[1]"}),
    ],
    "recovery_replicas_have_a_region": [
        ("staging", {f"{MAIN}.recovery": {"instance_class": "db.r8g.large"}}, {f"{MAIN}.recovery"}),
    ],
    "storage_can_grow": [
        ("staging", {f"{MAIN}.max_storage_gib": 50}, {f"{MAIN}.max_storage_gib"}),
        ("staging", {f"{MAIN}.standby.max_storage_gib": 19}, {f"{MAIN}.standby.max_storage_gib"}),
    ],
    "logins_are_apart": [
        ("staging", {f"{MAIN}.logins.replication": "owner"}, {f"{MAIN}.logins.replication"}),
    ],
    "authorities_are_given": [
        (
            "production",
            {f"{MAIN}.authority.certificates": {"us-east-1": None}},
            {f"{MAIN}.authority.certificates.{key}" for key in ("us-east-1", "us-west-2", "proxy")},
        ),
        (
            "development",
            {f"{MAIN}.authority.certificates": {"us-west-2": "of another region"}},
            {f"{MAIN}.authority.certificates.us-east-1"},
        ),
    ],
    "machines_are_of_an_edition": [
        ("staging", {f"{MAIN}.standby.tier": "db-custom-3-11520"}, {f"{MAIN}.standby.tier"}),
        ("staging", {f"{MAIN}.standby.tier": "db-custom-2-7700"}, {f"{MAIN}.standby.tier"}),
        ("staging", {f"{MAIN}.standby.tier": "db-custom-8-3840"}, {f"{MAIN}.standby.tier"}),
        ("staging", {f"{MAIN}.standby.backups.log_days": 8}, {f"{MAIN}.standby.backups.log_days"}),
    ],
    "engines_have_the_version": [
        ("staging", {f"{SESSIONS}.engine": "redis"}, {f"{SESSIONS}.version"}),
        ("staging", {f"{SESSIONS}.version": "7.0"}, {f"{SESSIONS}.version"}),
    ],
    "windows_are_apart": [
        ("staging", {f"{MAIN}.backups.window": "02:30-03:30"}, {f"{MAIN}.backups.maintenance_window"}),
        (
            "staging",
            {f"{MAIN}.backups.window": "23:30-00:30", f"{MAIN}.backups.maintenance_window": "mon:00:00-mon:01:00"},
            {f"{MAIN}.backups.maintenance_window"},
        ),
        ("staging", {f"{MAIN}.backups.window": "01:00-01:29"}, {f"{MAIN}.backups.window"}),
        (
            "staging",
            {f"{SESSIONS}.backups.maintenance_window": "sun:03:00-sun:03:30"},
            {f"{SESSIONS}.backups.maintenance_window"},
        ),
    ],
    "cache_names_fit": [
        (
            "staging",
            {"caches.managed.sessions-of-customers": raw("staging")["caches"]["managed"]["sessions"]},
            {"caches.managed.sessions-of-customers"},
        ),
    ],
}
"""By check: an environment, what is written into its file, and exactly the keys that are then reported."""


def found(environment: str, edits: Edits) -> tuple[Mistake, ...]:
    with pytest.raises(SettingsError) as error:
        load(environment, raw(environment, edits))
    return error.value.mistakes


def test_every_check_has_an_example() -> None:
    assert {check.__name__ for check in CHECKS} == set(EXAMPLES), "a check without an example may never have fired"


@pytest.mark.parametrize(
    ("environment", "edits", "paths"),
    [pytest.param(*example, id=name) for name, examples in EXAMPLES.items() for example in examples],
)
def test_a_check_names_exactly_the_keys_at_fault(environment: str, edits: Edits, paths: set[str]) -> None:
    mistakes = found(environment, edits)
    assert {mistake.path for mistake in mistakes} == {f"platform:{path}" for path in paths}
    for mistake in mistakes:
        assert mistake.value, "a reader looks for the value"
        assert mistake.reason, "a reader asks why"
        assert mistake.cure, "a reader asks what to write"


@pytest.mark.parametrize(
    ("source", "why"),
    [("aws.trading", "AWS keeps every source"), ("elson.trading.gcp", "marks the events of Google Cloud")],
)
def test_a_source_that_marks_the_events_of_others_is_refused(source: str, why: str) -> None:
    (mistake,) = found("staging", {"events.source": source})
    assert mistake.path == "platform:events.source"
    assert why in mistake.reason


@pytest.mark.parametrize(
    ("schemas", "path", "cure"),
    [
        ({"order-executed": {}}, "events.schemas.order-executed", "letters and digits, beginning with a capital"),
        (
            {"OrderExecuted": {"orderId": "string"}},
            "events.schemas.OrderExecuted.orderId",
            "lower-case letters, digits and underscores, beginning with a letter",
        ),
    ],
)
def test_an_event_and_its_fields_have_names_that_carry_over(schemas: Edits, path: str, cure: str) -> None:
    (mistake,) = found("staging", {"events.schemas": schemas})
    assert mistake.path == f"platform:{path}"
    assert cure in mistake.cure


def test_settings_of_another_environment_are_refused() -> None:
    with pytest.raises(SettingsError) as error:
        load("production", raw("staging"))
    assert [mistake.path for mistake in error.value.mistakes] == ["platform:environment.name"]


def test_what_production_demands_the_other_environments_may_do_without() -> None:
    settings = load("development", raw("development"))
    assert settings.aws.recovery is None
    assert not settings.gcp.enabled
    assert settings.network.aws.nat == "single"


def test_a_websocket_may_run_on_cloud_run() -> None:
    load("staging", raw("staging", {"services.websocket.primary": "cloud_run", "services.websocket.standby": "none"}))


@pytest.mark.parametrize("place", ["ecs", "ec2", "eks", "cloud_run"])
@pytest.mark.parametrize("service", ["backend-api", "websocket", "trading-engine", "specialized"])
def test_a_container_moves_to_any_place_by_one_word(service: str, place: str) -> None:
    edits = {f"services.{service}.primary": place, f"services.{service}.standby": "none"}
    assert load("production", raw("production", edits)).services[service].primary == place


def test_a_missing_certificate_comes_with_its_command() -> None:
    (mistake,) = found("development", {f"{MAIN}.authority.certificates.us-east-1": None})
    assert mistake.command == (
        "pulumi config set --path 'platform:databases.managed.main.authority.certificates[\"us-east-1\"]' "
        "--stack development < us-east-1.pem"
    )


def test_longer_logs_go_with_enterprise_plus() -> None:
    edits = {f"{MAIN}.standby.tier": "db-perf-optimized-N-2", f"{MAIN}.standby.backups.log_days": 35}
    load("staging", raw("staging", edits))


def test_data_inside_the_clusters_needs_no_settings_of_its_own() -> None:
    settings = load("staging", raw("staging"))
    assert "market" in settings.databases.in_cluster
    assert "market" in settings.containers["trading-engine"].databases


def test_a_mistake_in_one_database_hides_none_across_sections() -> None:
    edits = {f"{MAIN}.version": "9", f"{MAIN}.replica_zones": ["us-east-1d"]}
    assert [mistake.path for mistake in found("staging", edits)] == [
        "platform:databases.managed.main.version",
        "platform:databases.managed.main.replica_zones[0]",
    ]
