"""Examples for the checks of what services run on and how they are reached: compute, firewalls, names, calls."""

from collections.abc import Mapping
from typing import Any

from tests.stacks.settings.stack_files import raw

Edits = Mapping[str, Any]

MAIN = "databases.managed.main"
SESSIONS = "caches.managed.sessions"

MIGRATION = ["alembic", "upgrade", "head"]
MACHINES = {"instance_type": "m7g.large", "image_id": "ami-0123456789abcdef0", "disk_gib": 20}
CALLBACKS = {
    "hostname": "stream",
    "actions": ["subscribe"],
    "timeout_seconds": 10,
    "messages_per_second": 100,
    "burst": 200,
}
DELEGATION = {"name_servers": ["ns-1.awsdns-01.org", "ns-2.awsdns-02.net"], "ds_records": []}
CHECKED = ["/health/ready", "/index.html"]
OFFICES = [f"203.0.113.{place}/32" for place in range(5)]
ONLY_OFFICES = {"kind": "addresses", "mode": "count", "addresses": OFFICES[:4], "refuses": "others"}
QUIET = {**raw("staging")["services"]["auth-service"], "databases": [], "caches": [], "buckets": []}
"""A service that uses nothing, in Kubernetes with a standby."""

CALLS: Mapping[str, list[tuple[str, Edits, set[str]]]] = {
    "calls_stay_in_a_cloud": [
        (
            "staging",
            {"services.auth-service.standby": "none"},
            {"services.backend-api.calls[0]", "services.websocket.calls[0]"},
        ),
        (
            "production",
            {"services.auth-service.primary": "cloud_run", "services.auth-service.standby": "none"},
            {"services.backend-api.calls[0]", "services.websocket.calls[0]"},
        ),
        (
            "production",
            {"services.specialized.calls": ["alone"], "services.alone": {**QUIET, "standby": "none"}},
            {"services.specialized.calls[0]", "services.alone.images.blue", "services.alone.images.green"},
        ),
    ],
    "migrations_have_a_database": [
        ("staging", {"services.websocket.migration": MIGRATION}, {"services.websocket.migration"}),
        (
            "staging",
            {"services.trading-engine.migration": MIGRATION, "services.trading-engine.databases": ["market"]},
            {"services.trading-engine.migration"},
        ),
    ],
    "subscribers_are_in_google_cloud": [
        ("development", {"services.backend-api.events": ["publish", "subscribe"]}, {"services.backend-api.events[1]"}),
    ],
    "services_leave_the_names_of_others": [
        (
            "staging",
            {"services.internal": QUIET, "services.redis-old": QUIET},
            {"services.internal", "services.redis-old"},
        ),
        (
            "staging",
            {
                "services.api": {**QUIET, "databases": ["main"], "migration": MIGRATION},
                "services.api-migration": QUIET,
                "services.websocket-migration": QUIET,
            },
            {"services.api-migration", "services.websocket-migration"},
        ),
    ],
}
COMPUTE: Mapping[str, list[tuple[str, Edits, set[str]]]] = {
    "cloud_run_scales_at_the_limit": [
        (
            "staging",
            {"services.specialized.scaling": {"cpu_out_percent": 96}},
            {"services.specialized.scaling.cpu_out_percent"},
        ),
        (
            "staging",
            {"services.backend-api.scaling": {"cpu_out_percent": 9, "cpu_in_percent": 5}},
            {"services.backend-api.scaling.cpu_out_percent"},
        ),
    ],
    "a_release_finds_copies": [
        (
            "development",
            {"release.green_percent": 10},
            {"services.specialized.replicas.standby", "services.broker-simulator.replicas.standby"},
        ),
        (
            "development",
            {"release.green_percent": 100, "services.specialized.exposure": "none"},
            {"services.broker-simulator.replicas.standby"},
        ),
    ],
    "machines_are_described": [
        ("production", {"services.specialized.primary": "ec2"}, {"compute.ec2"}),
    ],
    "machines_run_the_images": [
        ("staging", {"compute.ec2": {**MACHINES, "instance_type": "m7i.large"}}, {"compute.ec2.instance_type"}),
        ("staging", {"compute.architecture": "X86_64", "compute.ec2": MACHINES}, {"compute.ec2.instance_type"}),
    ],
    "recovery_is_of_services_on_ecs": [
        (
            "production",
            {"compute.recovery": {"trading": 1, "frontend": 1, "specialized": 1, "websocket": 1}},
            {"compute.recovery.trading", "compute.recovery.frontend", "compute.recovery.specialized"},
        ),
    ],
    "recovery_has_a_region": [
        (
            "development",
            {"compute.recovery": {"specialized": 1}, "services.specialized.databases": []},
            {"compute.recovery"},
        ),
    ],
    "services_in_the_recovery_region_have_their_databases": [
        ("production", {f"{MAIN}.recovery": None}, {"compute.recovery.backend-api"}),
        (
            "production",
            {"services.websocket.databases": ["market"]},
            {"compute.recovery.websocket"},
        ),
    ],
    "a_websocket_keeps_its_cpu": [
        ("staging", {"services.websocket.cloud_run": {"cpu_idle": True}}, {"services.websocket.cloud_run.cpu_idle"}),
    ],
    "tasks_are_not_taken_away": [
        ("production", {"compute.spot": True}, {"compute.spot"}),
    ],
    "what_answers_is_protected": [
        ("production", {"edge.deletion_protection": False}, {"edge.deletion_protection"}),
        ("production", {"compute.cloud_run.deletion_protection": False}, {"compute.cloud_run.deletion_protection"}),
    ],
}
EDGE: Mapping[str, list[tuple[str, Edits, set[str]]]] = {
    "address_lists_fit_an_expression": [
        (
            "staging",
            {"edge.rules.offices": {**ONLY_OFFICES, "addresses": OFFICES, "except_paths": CHECKED}},
            {"edge.rules.offices.addresses"},
        ),
        (
            "staging",
            {"edge.rules.refused": {**ONLY_OFFICES, "addresses": OFFICES, "refuses": "listed", "paths": ["/api"]}},
            {"edge.rules.refused.addresses"},
        ),
    ],
    "rules_let_health_checkers_in": [
        ("staging", {"edge.rules.countries.except_paths": ["/health"]}, {"edge.rules.countries.except_paths"}),
        (
            "staging",
            {"edge.rules.countries.except_paths": ["/health/rea", "/index.html"]},
            {"edge.rules.countries.except_paths"},
        ),
        ("staging", {"edge.rules.countries.except_paths": ["/index.html"]}, {"edge.rules.countries.except_paths"}),
        ("staging", {"services.websocket.health": {"ready": "/ready"}}, {"edge.rules.countries.except_paths"}),
        ("staging", {"edge.rules.offices": ONLY_OFFICES}, {"edge.rules.offices.except_paths"}),
        (
            "staging",
            {"edge.rules.countries": {**raw("staging")["edge"]["rules"]["countries"], "refuses": "listed"}}
            | {"edge.rules.countries.except_paths": []},
            {"edge.rules.countries.except_paths"},
        ),
    ],
    "deeper_limits_are_smaller": [
        ("staging", {"edge.rules.sign-in.requests": 2001}, {"edge.rules.sign-in.requests"}),
        (
            "staging",
            {"edge.rules.sign-in.requests": 401, "edge.rules.sign-in.window_seconds": 60},
            {"edge.rules.sign-in.requests"},
        ),
    ],
    "routes_lead_to_load_balancers": [
        (
            "staging",
            {"services.frontend.routes": {"/a": "auth-service", "/b": "nobody", "/c": "frontend", "/ws": "websocket"}},
            {"services.frontend.routes./a", "services.frontend.routes./b", "services.frontend.routes./c"},
        ),
        (
            "staging",
            {"services.backend-api.primary": "cloud_run", "services.backend-api.standby": "none"},
            {"services.frontend.routes./api"},
        ),
    ],
    "services_behind_a_cdn_are_reached": [
        (
            "development",
            {"services.backend-api.exposure": "cdn", "services.frontend.routes": {}, "services.frontend.calls": []},
            {"services.backend-api.exposure"},
        ),
        ("staging", {"services.backend-api.exposure": "cdn"}, {"services.backend-api.standby"}),
        (
            "staging",
            {
                "services.backend-api.exposure": "cdn",
                "services.backend-api.primary": "cloud_run",
                "services.backend-api.standby": "none",
            },
            {"services.backend-api.primary", "services.frontend.routes./api"},
        ),
    ],
    "callbacks_reach_their_service": [
        ("staging", {"services.websocket.callbacks": CALLBACKS}, {"services.websocket.protocol"}),
        ("staging", {"services.trading-engine.callbacks": CALLBACKS}, {"services.trading-engine.primary"}),
    ],
    "callbacks_know_who_connects": [
        ("development", {"services.backend-api.callbacks": CALLBACKS}, {"services.backend-api.callbacks"}),
    ],
}
DNS: Mapping[str, list[tuple[str, Edits, set[str]]]] = {
    "hostnames_leave_the_labels_of_the_platform": [
        ("staging", {"services.backend-api.hostname": "gcp"}, {"services.backend-api.hostname"}),
        ("staging", {"services.frontend.hostname": "internal"}, {"services.frontend.hostname"}),
        (
            "staging",
            {"services.backend-api.callbacks": {**CALLBACKS, "hostname": "aws"}},
            {"services.backend-api.callbacks.hostname"},
        ),
    ],
    "delegations_leave_the_names_of_the_platform": [
        (
            "production",
            {"dns.delegations": {"gcp": DELEGATION, "api": DELEGATION, "staging": DELEGATION}},
            {"dns.delegations.gcp", "dns.delegations.api"},
        ),
    ],
    "authorities_issue_for_the_clouds": [
        ("staging", {"dns.certificate_authorities": ["pki.goog"]}, {"dns.certificate_authorities"}),
        ("staging", {"dns.certificate_authorities": ["amazontrust.com"]}, {"dns.certificate_authorities"}),
        ("development", {"dns.certificate_authorities": ["letsencrypt.org"]}, {"dns.certificate_authorities"}),
    ],
    "the_active_cloud_answers": [
        ("development", {"dns.active": "gcp"}, {"dns.active"}),
        ("staging", {"dns.active": "gcp", "services.frontend.standby": "none"}, {"dns.active"}),
    ],
    "the_standstill_page_stands_elsewhere": [
        (
            "staging",
            {"dns.standstill": {"host": "app.gcp.staging.elsonwealth.com", "path": "/stop"}},
            {"dns.standstill.host"},
        ),
    ],
    "names_are_signed": [
        ("production", {"dns.signing": False}, {"dns.signing"}),
    ],
}
EXAMPLES: Mapping[str, list[tuple[str, Edits, set[str]]]] = {**CALLS, **COMPUTE, **EDGE, **DNS}
