"""Every check across sections, by an example that only it refuses."""

from collections.abc import Mapping
from typing import Any

import pytest

from stacks.settings import Mistake, SettingsError, load
from stacks.settings.checks import CHECKS
from stacks.topology import access
from tests.stacks.settings import traffic_examples
from tests.stacks.settings.stack_files import raw
from tests.stacks.settings.traffic_examples import CALLBACKS, CHECKED, MACHINES, OFFICES, ONLY_OFFICES

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
RECORDS = "storage.buckets.records"
STATEMENTS = "storage.buckets.statements"
NO_DATABASES = {
    f"services.{name}.{key}": []
    for name, it in raw("production")["services"].items()
    for key in ("databases", "migration")
    if it["primary"] != "static"
}
NO_WAREHOUSE = {"analytics": {"datasets": {}, "personal_data": {}, "pipeline": None}}
STANDBY_OFF = {
    "gcp.enabled": False,
    "identity.enabled": False,
    "databases.managed.main.standby": None,
    "caches.managed.sessions.standby": None,
    "storage.buckets.records.standby": None,
    "storage.buckets.statements.standby": None,
    "network.link.transport": "none",
    **NO_WAREHOUSE,
    **{f"services.{name}.standby": "none" for name in raw("production")["services"]},
    "services.backend-api.events": ["publish"],
}

STREAM = "analytics.pipeline"

EXAMPLES: Mapping[str, list[tuple[str, Edits, set[str]]]] = {
    **traffic_examples.EXAMPLES,
    "the_warehouse_is_where_the_standby_half_is": [
        (
            "development",
            {"analytics.datasets": {"reports": raw("production")["analytics"]["datasets"]["reports"]}},
            {"analytics.datasets"},
        ),
    ],
    "nothing_is_filled_or_tagged_without_datasets": [
        (
            "development",
            {"analytics.personal_data": raw("production")["analytics"]["personal_data"]},
            {"analytics.personal_data"},
        ),
        (
            "development",
            {
                "analytics.pipeline": {
                    "kind": "data_fusion",
                    "edition": "BASIC",
                    "version": "6.11.1",
                    "producer_project": "k8e1c2a4b6d8f0-tp",
                    "runner_email": "pipelines@elson-development.iam.gserviceaccount.com",
                }
            },
            {"analytics.pipeline"},
        ),
    ],
    "the_stream_reads_a_database_with_a_standby": [
        ("production", {f"{STREAM}.database": "market"}, {f"{STREAM}.database"}),
        (
            "staging",
            {
                f"{MAIN}.standby": None,
                **{f"services.{name}.databases": [] for name in raw("staging")["services"] if name != "frontend"},
                **{f"services.{name}.migration": [] for name in raw("staging")["services"] if name != "frontend"},
            },
            {f"{STREAM}.database"},
        ),
    ],
    "the_stream_reads_a_side_that_takes_writes": [
        ("production", {f"{STREAM}.source": "standby"}, {f"{STREAM}.source"}),
    ],
    "the_stream_has_a_login_of_its_own": [
        ("production", {f"{STREAM}.login": "follower"}, {f"{STREAM}.login"}),
        ("production", {f"{STREAM}.login": "platform"}, {f"{STREAM}.login"}),
        ("production", {f"{STREAM}.login": "owner"}, {f"{STREAM}.login"}),
    ],
    "the_stream_fills_a_dataset_that_nobody_reads": [
        ("production", {f"{STREAM}.dataset": "elsewhere"}, {f"{STREAM}.dataset"}),
        ("production", {f"{STREAM}.dataset": "reports"}, {"analytics.datasets.reports.readers"}),
    ],
    "excluded_columns_belong_to_what_is_read": [
        (
            "production",
            {f"{STREAM}.excluded_columns": {"public.acounts": ["password_hash"]}},
            {f'{STREAM}.excluded_columns["public.acounts"]'},
        ),
    ],
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
        (
            "production",
            {"network.gcp.proxies": "10.2.16.0/23"},
            {"network.gcp.proxies", "network.gcp.pipelines"},
        ),
        ("production", {"network.gcp.pipelines": "10.2.17.16/28"}, {"network.gcp.pipelines"}),
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
        ("development", {"services.auth-service.standby": "gke"}, {"services.auth-service.standby"}),
        ("development", {"services.frontend.standby": "firebase"}, {"services.frontend.standby"}),
    ],
    "standby_is_another_place": [
        ("staging", {"services.specialized.standby": "cloud_run"}, {"services.specialized.standby"}),
    ],
    "calls_name_other_services": [
        ("staging", {"services.backend-api.calls": ["backend-api"]}, {"services.backend-api.calls[0]"}),
        ("staging", {"services.backend-api.calls": ["auth-service", "auth"]}, {"services.backend-api.calls[1]"}),
        ("staging", {"services.broker-simulator.exposure": "none"}, {"services.broker-connector.calls[0]"}),
        ("staging", {"services.specialized.calls": ["frontend"]}, {"services.specialized.calls[0]"}),
    ],
    "sites_call_only_public_services": [
        ("staging", {"services.frontend.calls": ["auth-service"]}, {"services.frontend.calls[0]"}),
        (
            "development",
            {"services.websocket.exposure": "cdn", "services.frontend.routes": {"/api": "backend-api"}},
            {"services.frontend.calls[1]", "services.websocket.exposure"},
        ),
    ],
    "hostnames_are_unique": [
        ("staging", {"services.websocket.hostname": "api"}, {"services.websocket.hostname"}),
        ("staging", {"services.frontend.hostname": "ws"}, {"services.frontend.hostname"}),
        (
            "staging",
            {"services.backend-api.callbacks": {**CALLBACKS, "hostname": "ws"}},
            {"services.websocket.hostname"},
        ),
    ],
    "hostname_fits_the_exposure": [
        ("staging", {"services.backend-api.hostname": None}, {"services.backend-api.hostname"}),
        (
            "development",
            {"services.backend-api.exposure": "cdn", "services.backend-api.hostname": None},
            {"services.backend-api.hostname"},
        ),
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
            {"services.backend-api.graceful_stop_seconds": 121, "services.websocket.graceful_stop_seconds": 1},
            {"services.backend-api.graceful_stop_seconds", "services.websocket.graceful_stop_seconds"},
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
            },
        ),
        (
            "staging",
            {"environment.project": "abc", "services.nineteen-characters": traffic_examples.QUIET},
            {"services.nineteen-characters"},
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
            {
                "aws.recovery": None,
                "network.recovery": None,
                "compute.recovery": {},
                **{f"{data}.recovery": None for data in (MAIN, SESSIONS)},
                **{f"{bucket}.replicated": False for bucket in (RECORDS, STATEMENTS)},
            },
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
            {f"{MAIN}.standby": None, **NO_DATABASES, **NO_WAREHOUSE},
            {f"{MAIN}.standby"},
        ),
    ],
    "caches_survive_a_zone": [
        ("production", {f"{SESSIONS}.nodes": 1}, {f"{SESSIONS}.nodes"}),
        ("production", {f"{SESSIONS}.recovery.nodes": 1}, {f"{SESSIONS}.recovery.nodes"}),
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
        ("staging", {f"{MAIN}.standby": None, **NO_WAREHOUSE}, {f"{MAIN}.standby"}),
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
        ("staging", {f"{MAIN}.recovery": {"instance_class": "db.r8g.large", "promoted": False}}, {f"{MAIN}.recovery"}),
        ("staging", {f"{SESSIONS}.recovery": {"node_type": "cache.t4g.micro", "nodes": 1}}, {f"{SESSIONS}.recovery"}),
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
    "buckets_exist": [
        ("staging", {"services.websocket.buckets": ["records", "statement"]}, {"services.websocket.buckets[1]"}),
    ],
    "environment_leaves_the_names_of_buckets": [
        (
            "staging",
            {"services.websocket.environment": {"BUCKET_RECORDS": "records", "BUCKETS": "two"}},
            {"services.websocket.environment.BUCKET_RECORDS"},
        ),
    ],
    "objects_age_in_order": [
        ("production", {f"{RECORDS}.archive_after_days": 365}, {f"{RECORDS}.deep_archive_after_days"}),
        (
            "development",
            {f"{STATEMENTS}.archive_after_days": 60, f"{STATEMENTS}.expire_after_days": 30},
            {f"{STATEMENTS}.expire_after_days"},
        ),
    ],
    "nothing_expires_while_it_is_locked": [
        ("production", {f"{RECORDS}.expire_after_days": 2554}, {f"{RECORDS}.expire_after_days"}),
        (
            "staging",
            {
                f"{STATEMENTS}.expire_after_days": 400,
                f"{STATEMENTS}.standby.retention": {"days": 401, "permanent": False},
            },
            {f"{STATEMENTS}.expire_after_days"},
        ),
    ],
    "copies_have_a_region": [
        ("staging", {f"{RECORDS}.replicated": True}, {f"{RECORDS}.replicated"}),
    ],
    "bucket_standbys_have_a_cloud": [
        (
            "development",
            {f"{STATEMENTS}.standby": {"soft_delete_days": 7, "retention": None}},
            {f"{STATEMENTS}.standby"},
        ),
    ],
    "what_is_locked_is_locked_everywhere": [
        ("production", {f"{RECORDS}.standby.retention": None}, {f"{RECORDS}.standby.retention"}),
    ],
    "what_is_stored_survives_a_region": [
        ("production", {f"{STATEMENTS}.replicated": False}, {f"{STATEMENTS}.replicated"}),
    ],
    "cache_names_fit": [
        (
            "staging",
            {"caches.managed.sessions-of-customers": raw("staging")["caches"]["managed"]["sessions"]},
            {"caches.managed.sessions-of-customers"},
        ),
        (
            "production",
            {"caches.managed.sessions-of-all": raw("production")["caches"]["managed"]["sessions"]},
            {"caches.managed.sessions-of-all"},
        ),
    ],
    "services_in_the_recovery_region_have_their_caches": [
        (
            "production",
            {f"{SESSIONS}.recovery": None},
            {"compute.recovery.backend-api", "compute.recovery.websocket"},
        ),
        ("production", {"services.websocket.caches": ["cache"]}, {"compute.recovery.websocket"}),
    ],
    "services_in_the_recovery_region_call_none_there": [
        ("production", {"services.backend-api.calls": ["websocket"]}, {"compute.recovery.backend-api"}),
    ],
    "the_region_of_aws_answers": [
        (
            "production",
            {
                "dns.aws_region": "recovery",
                "compute.recovery": {"backend-api": 1},
                f"{MAIN}.recovery.promoted": True,
            },
            {"dns.aws_region"},
        ),
        ("staging", {"dns.aws_region": "recovery"}, {"dns.aws_region"}),
    ],
    "databases_write_where_the_names_lead": [
        ("production", {"dns.aws_region": "recovery"}, {f"{MAIN}.recovery.promoted"}),
    ],
    "a_cdn_is_known_in_the_recovery_region": [
        (
            "production",
            {
                "services.websocket.exposure": "cdn",
                "services.websocket.standby": "none",
                "edge.recovery_origin_prefix_list": None,
            },
            {"edge.recovery_origin_prefix_list"},
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


@pytest.mark.parametrize("days", [1, 6])
def test_what_cloud_storage_deletes_softly_stays_for_a_week_or_not_at_all(days: int) -> None:
    (mistake,) = found("staging", {f"{RECORDS}.standby.soft_delete_days": days})
    assert mistake.path == f"platform:{RECORDS}.standby.soft_delete_days"
    assert "at once (0) or after 7 to 90 days" in mistake.reason


def test_a_mistake_in_one_bucket_hides_none_in_another() -> None:
    edits = {f"{RECORDS}.lock.days": 0, f"{STATEMENTS}.replicated": True}
    assert [mistake.path for mistake in found("staging", edits)] == [
        f"platform:{RECORDS}.lock.days",
        f"platform:{STATEMENTS}.replicated",
    ]


def test_settings_of_another_environment_are_refused() -> None:
    with pytest.raises(SettingsError) as error:
        load("production", raw("staging"))
    assert [mistake.path for mistake in error.value.mistakes] == ["platform:environment.name"]


def test_what_production_demands_the_other_environments_may_do_without() -> None:
    settings = load("development", raw("development"))
    assert settings.aws.recovery is None
    assert not settings.gcp.enabled
    assert settings.network.aws.nat == "single"


def test_a_websocket_may_run_on_cloud_run_where_no_cdn_leads_to_it() -> None:
    edits = {"services.websocket.primary": "cloud_run", "services.websocket.standby": "none"}
    load("staging", raw("staging", {**edits, "services.frontend.routes": {"/api": "backend-api"}}))


@pytest.mark.parametrize("place", ["ecs", "ec2", "eks"])
@pytest.mark.parametrize("service", ["backend-api", "websocket", "trading-engine", "specialized"])
def test_a_container_moves_to_any_place_in_aws_by_one_word(service: str, place: str) -> None:
    # Machines are described once for all services, and what stands by elsewhere is on ECS.
    edits = {f"services.{service}.primary": place, "compute.ec2": MACHINES, "compute.recovery": {}}
    assert load("production", raw("production", edits)).services[service].primary == place


@pytest.mark.parametrize("service", ["backend-api", "websocket", "trading-engine", "specialized"])
def test_a_container_that_nobody_waits_for_in_aws_moves_to_google_cloud(service: str) -> None:
    edits: dict[str, Any] = {
        "services.frontend.routes": {},
        "services.backend-api.calls": [],
        "services.strategy-engine.calls": [],
        "compute.recovery": {},
        f"services.{service}.primary": "cloud_run",
        f"services.{service}.standby": "none",
    }
    edits[f"services.{service}.calls"] = []
    assert load("production", raw("production", edits)).services[service].primary == "cloud_run"


def test_a_service_may_be_behind_the_cdn_alone() -> None:
    edits = {"services.backend-api.exposure": "cdn", "services.websocket.exposure": "cdn"}
    settings = load("development", raw("development", edits))
    assert {name for name, it in settings.containers.items() if it.exposure == "public"} == set()


def test_callbacks_are_taken_where_customers_sign_in() -> None:
    settings = load("staging", raw("staging", {"services.backend-api.callbacks": CALLBACKS}))
    callbacks = settings.containers["backend-api"].callbacks
    assert callbacks is not None
    assert callbacks.path == "/callbacks"


def test_google_cloud_may_be_active_where_every_public_name_has_a_place_in_it() -> None:
    load(
        "production",
        raw("production", {"dns.active": "gcp", "dns.certificate_authorities": ["awstrust.com", "pki.goog"]}),
    )


@pytest.mark.parametrize(
    "rule",
    [
        {**ONLY_OFFICES, "addresses": OFFICES[:4], "except_paths": CHECKED},
        {**ONLY_OFFICES, "paths": ["/api/admin"]},
        {**ONLY_OFFICES, "addresses": [f"198.51.100.{place}" for place in range(200)], "refuses": "listed"},
        {"kind": "countries", "mode": "count", "countries": ["KP"], "refuses": "listed", "paths": ["/api"]},
        {**ONLY_OFFICES, "addresses": OFFICES[:1], "except_paths": ["/health", "/index.html"]},
        {"kind": "rate_limit", "mode": "count", "requests": 5000, "window_seconds": 300, "paths": []},
    ],
    ids=["few", "apart", "plain", "elsewhere", "above", "as_wide"],
)
def test_a_rule_that_keeps_to_what_both_firewalls_take_is_taken(rule: Mapping[str, Any]) -> None:
    load("staging", raw("staging", {"edge.rules.another": rule}))


@pytest.mark.parametrize("family", ["a1", "t4g", "m7g", "c8gn", "x2gd", "im4gn", "is4gen", "g5g", "hpc7g"])
def test_families_of_machines_with_arm_processors_are_known(family: str) -> None:
    edits = {"compute.ec2": {**MACHINES, "instance_type": f"{family}.large"}}
    load("staging", raw("staging", edits))
    (mistake,) = found("staging", {**edits, "compute.architecture": "X86_64"})
    assert mistake.path == "platform:compute.ec2.instance_type"


@pytest.mark.parametrize("family", ["t3", "m7i", "m7a", "c7i-flex", "g4dn", "g5", "inf2", "u7i-12tb"])
def test_all_other_families_have_intel_ones(family: str) -> None:
    edits = {"compute.ec2": {**MACHINES, "instance_type": f"{family}.large"}}
    load("staging", raw("staging", {**edits, "compute.architecture": "X86_64"}))
    (mistake,) = found("staging", edits)
    assert mistake.path == "platform:compute.ec2.instance_type"


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_no_service_takes_the_name_of_another_party(environment: str) -> None:
    bastion = {
        "aws_instance_type": "t4g.micro",
        "gcp_machine_type": "e2-micro",
        "gcp_image": "projects/debian-cloud/global/images/family/debian-12",
    }
    everything = {"services.backend-api.callbacks": CALLBACKS, "network.access.bastion": bastion}
    settings = load(environment, raw(environment, everything))
    tables = {**access.aws_parties(settings), **access.gcp_parties(settings), **access.recovery_parties(settings)}
    others = {*tables, *access.address_ranges(settings), *access.recovery_ranges()} - {*settings.services}
    assert {"bastion", "edge", "entrance", "internal", "internet"} <= others
    for name in others:
        mistakes = found(environment, {f"services.{name}": traffic_examples.QUIET})
        named = [it for it in mistakes if it.path == f"platform:services.{name}" and "by this name" in it.reason]
        assert named, f"a service called {name} would get what belongs to another"


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
