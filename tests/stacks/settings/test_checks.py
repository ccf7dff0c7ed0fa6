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
STANDBY_OFF = {
    "gcp.enabled": False,
    "network.link.transport": "none",
    **{f"services.{name}.standby": "none" for name in raw("production")["services"]},
}

EXAMPLES: Mapping[str, list[tuple[str, Edits, set[str]]]] = {
    "zones_lie_in_their_region": [
        ("production", {"aws.zones": ["us-east-1a", "us-east-1b", "us-west-2c"]}, {"aws.zones[2]"}),
        ("production", {"aws.recovery.zones": ["us-east-1a"]}, {"aws.recovery.zones[0]"}),
        ("staging", {"gcp.zones": ["us-central1-a", "us-central2-b"]}, {"gcp.zones[1]"}),
    ],
    "recovery_is_elsewhere": [
        ("production", {"aws.recovery": {"region": "us-east-1", "zones": ["us-east-1f"]}}, {"aws.recovery.region"}),
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
    "it_has_a_recovery_region": [
        ("production", {"aws.recovery": None, "network.recovery": None}, {"aws.recovery"}),
    ],
    "it_has_a_standby_half": [
        ("production", {**STANDBY_OFF, "services.specialized.primary": "ecs"}, {"gcp.enabled"}),
    ],
    "it_has_three_zones": [
        ("production", {"aws.zones": ["us-east-1a", "us-east-1b"]}, {"aws.zones"}),
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
    "images_are_pinned": [
        ("production", {"services.frontend.images.green": "1.42.0"}, {"services.frontend.images.green"}),
        ("production", {"services.auth-service.images.blue": "1.42.0"}, {"services.auth-service.images.blue"}),
    ],
    "public_services_have_two_replicas": [
        ("production", {"services.websocket.replicas.min": 1}, {"services.websocket.replicas.min"}),
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
