"""Settings that are valid by construction, and the ways in which one place of them can be spoilt."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from ipaddress import IPv4Network
from random import Random
from typing import Any, TypeAlias

from hypothesis import strategies as st

Raw: TypeAlias = dict[str, Any]
Location: TypeAlias = tuple[str | int, ...]

DIGEST = "sha256:" + "0123456789abcdef" * 4
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----"

AWS_REGIONS = ("us-east-1", "us-west-2", "eu-central-1")
GCP_REGIONS = ("us-central1", "europe-west3")
EXTERNAL = ("slack-token", "broker-api-keys")

PREFIXES: Mapping[str, tuple[int, int]] = {
    "aws.cidr": (16, 16),
    "aws.kubernetes_services": (14, 24),
    "recovery.cidr": (16, 16),
    "recovery.kubernetes_services": (14, 24),
    "gcp.nodes": (16, 26),
    "gcp.pods": (14, 21),
    "gcp.services": (16, 27),
    "gcp.control_plane": (28, 28),
    "gcp.managed_services": (16, 24),
    "gcp.serverless": (20, 26),
    "gcp.resolver": (29, 29),
    "gcp.proxies": (20, 26),
    "gcp.pipelines": (24, 28),
    "access.client_vpn.cidr": (14, 22),
}
"""Lengths that each range may have, none larger than the slots that they are drawn from."""

TENS = list(IPv4Network("10.0.0.0/8").subnets(new_prefix=14))
SHARED = list(IPv4Network("100.64.0.0/10").subnets(new_prefix=14))

CHECKER_REGIONS = (
    *("us-east-1", "us-west-1", "us-west-2", "eu-west-1"),
    *("ap-northeast-1", "ap-southeast-1", "ap-southeast-2", "sa-east-1"),
)

CALLBACKS: Mapping[str, Any] = {
    "hostname": "stream",
    "actions": ["subscribe"],
    "path": "/callbacks",
    "timeout_seconds": 29,
    "messages_per_second": 100,
    "burst": 200,
}

FARGATE_SIZES = ((0.25, 0.5), (0.5, 1), (1, 2), (2, 4), (4, 8))
EVERYWHERE_SIZES = ((1, 2), (2, 4), (4, 8))

WINDOWS = (
    {"window": "01:00-02:00", "maintenance_window": "sun:03:00-sun:04:00"},
    {"window": "23:30-00:30", "maintenance_window": "sun:22:30-sun:23:30"},
    {"window": "01:00-02:00", "maintenance_window": "sat:23:30-sun:01:00"},
)
"""Daily and weekly windows that do not meet, across midnight and the end of the week too."""

OPTIONAL = frozenset(
    {
        *("health", "scaling", "environment", "secrets", "hostname", "calls", "databases", "caches", "buckets"),
        *("migration", "events", "cloud_run", "callbacks", "routes", "sources"),
    }
)
"""Keys of a service that may be left out."""

OPTIONAL_WITHIN = frozenset({"requests_at_once", "cpu_idle", "path", "connect", "images", "frames"})
"""Keys that may be left out of what belongs to a service."""

OPTIONAL_OF_RULES = frozenset({"paths", "except_paths", "aws_counted", "gcp_opted_out", "ban_seconds"})
"""Keys of a firewall's rule that may be left out."""


def _random() -> st.SearchStrategy[Random]:
    """One draw for a whole layout: a draw for each of its numbers takes most of a test's time."""
    return st.integers(0, 2**32).map(Random)


@st.composite
def networks(draw: st.DrawFn) -> dict[str, IPv4Network]:
    """A range for each key, every one in a slot of its own."""
    random = draw(_random())
    slots = random.sample(TENS + SHARED, len(TENS + SHARED))
    ranges: dict[str, IPv4Network] = {}
    for key, (largest, smallest) in PREFIXES.items():
        fits = TENS if key.endswith("kubernetes_services") else TENS + SHARED
        slot = next(slot for slot in slots if slot in fits)
        slots.remove(slot)
        length = random.randint(largest, smallest)
        place = random.randrange(2 ** (length - slot.prefixlen))
        start = int(slot.network_address) + place * 2 ** (32 - length)
        ranges[key] = IPv4Network((start, length))
    return ranges


@st.composite
def careless_networks(draw: st.DrawFn) -> dict[str, IPv4Network]:
    """A range for each key anywhere in 10.0.0.0/8, so that some overlap."""
    random = draw(_random())
    ranges: dict[str, IPv4Network] = {}
    for key, (largest, smallest) in PREFIXES.items():
        # Seldom the largest: else no layout would be free of overlaps.
        length = max(random.randint(largest, smallest), random.randint(largest, smallest))
        ranges[key] = IPv4Network((10 * 2**24 + random.randrange(2 ** (length - 8)) * 2 ** (32 - length), length))
    return ranges


@st.composite
def raw_settings(draw: st.DrawFn) -> Raw:
    """Raw sections of any environment that `load` takes."""
    name = draw(st.sampled_from(["development", "staging", "production"]))
    production = name == "production"
    enabled = production or draw(st.booleans())
    recovers = production or draw(st.booleans())
    account = draw(st.integers(0, 10**12 - 1).map(lambda number: f"{number:012}"))
    primary, second = draw(st.permutations(AWS_REGIONS))[:2]
    google = draw(st.sampled_from(GCP_REGIONS))
    zones = draw(_zones(primary, "abcdef", least=3 if production else 2))
    green_percent, signs_in = draw(st.sampled_from([0, 10, 25, 50, 100])), enabled and draw(st.booleans())
    services = draw(_services(production, enabled, signs_in, green_percent))
    return {
        "environment": {
            "name": name,
            "project": draw(st.sampled_from(["elson", "abc", "a-b-c-d-e-f1"])),
            "domain": draw(st.sampled_from(["elsonwealth.com", "staging.elsonwealth.com"])),
            "owner": "platform-engineering",
            "cost_center": "cc-1",
            "data_class": draw(st.sampled_from(["public", "internal", "confidential", "restricted"])),
        },
        "aws": {
            "account_id": account,
            "region": primary,
            "zones": zones,
            "administrators": [f"arn:aws:iam::{account}:role/administrators"],
            "recovery": {"region": second, "zones": draw(_zones(second, "abc", 2))} if recovers else None,
        },
        "gcp": {
            "enabled": enabled,
            "project_id": "elson-anything",
            "project_number": "123456789012",
            "region": google,
            "zones": draw(_zones(f"{google}-", "abc", least=3 if production else 1)),
            "administrators": ["group:administrators@elsonwealth.com"],
        },
        "residency": {"aws_regions": [primary, second], "gcp_regions": [google]},
        "network": draw(_network(production, enabled, recovers, primary, account)),
        "keys": {
            "rotation_days": draw(st.integers(90, 2560)),
            "deletion_window_days": 30 if production else draw(st.integers(7, 30)),
        },
        "secrets": {
            "rotation_days": draw(st.integers(1, 365)),
            "recovery_window_days": draw(st.integers(7, 30) if production else st.sampled_from([0, 7, 30])),
            "external": dict.fromkeys(EXTERNAL, "any value"),
        },
        "registry": {"keep_images": draw(st.integers(4, 1000)), "untagged_days": draw(st.integers(1, 365))},
        "databases": {
            "managed": {"main": draw(_database(production, enabled, recovers, primary, second, zones))},
            "in_cluster": ["market"],
        },
        "caches": {"managed": {"sessions": draw(_cache(production, enabled, recovers))}, "in_cluster": ["cache"]},
        "storage": draw(_storage(production, enabled, recovers)),
        "events": draw(_events()),
        "analytics": draw(_analytics(enabled)),
        "identity": {
            "enabled": signs_in,
            "mfa": "mandatory" if production else draw(st.sampled_from(["optional", "mandatory"])),
            "self_signup": draw(st.booleans()),
            "authorized_domains": ["app.staging.elsonwealth.com", *([] if production else ["localhost"])],
        },
        "compute": draw(_compute(production, recovers, services)),
        "edge": draw(_edge(production)),
        "dns": draw(_dns(production, enabled, services)),
        "release": {"green_percent": green_percent},
        "services": services,
    }


@st.composite
def _zones(draw: st.DrawFn, stem: str, letters: str, least: int) -> list[str]:
    chosen = draw(st.lists(st.sampled_from(letters), min_size=least, max_size=len(letters), unique=True))
    return [stem + letter for letter in chosen]


@st.composite
def _network(draw: st.DrawFn, production: bool, enabled: bool, recovers: bool, region: str, account: str) -> Raw:
    ranges = {key: str(network) for key, network in draw(networks()).items()}
    certificate = f"arn:aws:acm:{region}:{account}:certificate/6b1d3d52-6c0e-4a63-9d0e-1f5b2f1d7c11"
    client_vpn = {
        "cidr": ranges["access.client_vpn.cidr"],
        "server_certificate_arn": certificate,
        "client_root_certificate_arn": certificate,
        "session_hours": 12,
    }

    bastion = {
        "aws_instance_type": "t4g.micro",
        "gcp_machine_type": "e2-micro",
        "gcp_image": "projects/debian-cloud/global/images/family/debian-12",
    }

    def vpc(half: str, nat: str) -> Raw:
        return {
            "cidr": ranges[f"{half}.cidr"],
            "nat": nat,
            "interface_endpoints": draw(st.sampled_from([[], ["kms"], ["ecr.api", "sts"]])),
            "kubernetes_services": ranges[f"{half}.kubernetes_services"],
            "flow_log_retention_days": draw(st.sampled_from([1, 30, 3653])),
        }

    google = {key.removeprefix("gcp."): value for key, value in ranges.items() if key.startswith("gcp.")}
    return {
        "aws": vpc("aws", "per_zone" if production else draw(st.sampled_from(["per_zone", "single"]))),
        "recovery": vpc("recovery", "single") if recovers else None,
        "gcp": {**google, "flow_log_sampling": draw(st.sampled_from([0, 0.5, 1]))},
        "link": draw(_link(enabled)),
        "access": {
            "bastion": draw(st.sampled_from([None, bastion])),
            "client_vpn": draw(st.sampled_from([None, client_vpn])),
        },
    }


@st.composite
def _link(draw: st.DrawFn, enabled: bool) -> Raw:
    numbers = st.integers(64512, 65534) | st.integers(4_200_000_000, 4_294_967_294)
    aws_asn, gcp_asn, third = draw(st.lists(numbers, min_size=3, max_size=3, unique=True))
    transport = draw(st.sampled_from(["vpn", "interconnect"])) if enabled else "none"
    interconnect = {
        "bandwidth_mbps": draw(st.sampled_from([50, 10_000])),
        "direct_connect_asn": third,
        "paths": {
            key: {
                "interconnect": f"projects/elson-anything/global/interconnects/{key}",
                "connection_id": f"dxcon-{key * 4}",
                "vlan": draw(st.integers(2, 4094)),
                "cidr": cidr,
            }
            for key, cidr in (("one", "169.254.200.0/29"), ("two", "169.254.200.8/29"))
        },
    }
    thirds = draw(st.lists(st.integers(6, 160), min_size=4, max_size=4, unique=True))
    return {
        "transport": transport,
        "aws_asn": aws_asn,
        "gcp_asn": gcp_asn,
        "tunnel_cidrs": [f"169.254.{third}.{draw(st.integers(0, 63)) * 4}/30" for third in thirds],
        "interconnect": interconnect if transport == "interconnect" else None,
    }


@st.composite
def _database(
    draw: st.DrawFn, production: bool, enabled: bool, recovers: bool, primary: str, second: str, zones: list[str]
) -> Raw:
    start = draw(st.integers(20, 1000))
    pooled, copied = draw(st.booleans()), recovers and draw(st.booleans())
    tier, most_log_days = draw(
        st.sampled_from([("db-custom-1-3840", 7), ("db-custom-4-15360", 7), ("db-perf-optimized-N-2", 35)])
    )
    standby = {
        "tier": tier,
        "storage_gib": start,
        "max_storage_gib": start + draw(st.integers(1, 1000)),
        "backups": {
            "retained": draw(st.integers(1, 365)),
            "log_days": draw(st.integers(1, most_log_days)),
            "start_time": "23:59",
            "maintenance_day": draw(st.integers(1, 7)),
            "maintenance_hour": draw(st.integers(0, 23)),
        },
        "replication_generation": draw(st.integers(1, 9)),
    }
    needed = [primary, *([second] if copied else []), *(["proxy"] if pooled else [])]
    return {
        "database": "platform",
        "version": draw(st.sampled_from(["15", "16", "17"])),
        "writer": draw(st.sampled_from(["aws", "gcp"])) if enabled else "aws",
        "deletion_protection": production or draw(st.booleans()),
        "logins": {"administrator": "owner", "application": "platform", "replication": "follower", "generation": 1},
        "instance_class": draw(st.sampled_from(["db.t4g.medium", "db.r8g.xlarge"])),
        "storage_gib": start,
        "max_storage_gib": start + draw(st.integers(1, 1000)),
        "multi_az": production or draw(st.booleans()),
        "replica_zones": draw(st.sampled_from([[], zones[:1], zones[:2]])),
        "pool_percent": draw(st.integers(1, 100)) if pooled else None,
        "backups": {
            "retention_days": draw(st.integers(30 if production else 1, 35)),
            **draw(st.sampled_from(WINDOWS)),
        },
        "observation": {
            "monitoring_seconds": draw(st.sampled_from([1, 60])),
            "insights": draw(st.sampled_from(["standard", "advanced"])),
            "log_retention_days": draw(st.sampled_from([1, 30, 3653])),
        },
        "authority": {"identifier": "rds-ca-rsa2048-g1", "certificates": dict.fromkeys(needed, "a certificate")},
        "recovery": {"instance_class": "db.r8g.large", "promoted": draw(st.booleans())} if copied else None,
        "standby": standby if enabled else None,
    }


@st.composite
def _cache(draw: st.DrawFn, production: bool, enabled: bool, recovers: bool) -> Raw:
    engine, version = draw(st.sampled_from([("redis", "7.1"), ("valkey", "7.2"), ("valkey", "8.0")]))
    standby = {
        "version": "REDIS_7_2",
        "memory_gib": draw(st.integers(1, 300)),
        "snapshots": draw(st.sampled_from(["ONE_HOUR", "TWENTY_FOUR_HOURS"])),
        "maintenance_day": "SUNDAY",
        "maintenance_hour": draw(st.integers(0, 23)),
        "deletion_protection": production or draw(st.booleans()),
    }
    recovery = {"node_type": "cache.t4g.micro", "nodes": draw(st.integers(2 if production else 1, 6))}
    return {
        "engine": engine,
        "version": version,
        "eviction": draw(st.sampled_from(["noeviction", "volatile-lru"])),
        "node_type": "cache.t4g.micro",
        "nodes": draw(st.integers(2 if production else 1, 6)),
        "user": {"key_patterns": ["*"], "channel_patterns": draw(st.sampled_from([[], ["*"]])), "generation": 1},
        "backups": {"snapshot_days": draw(st.integers(0, 35)), **draw(st.sampled_from(WINDOWS))},
        "log_retention_days": draw(st.sampled_from([1, 30, 3653])),
        "recovery": recovery if recovers and draw(st.booleans()) else None,
        "standby": standby if enabled else None,
    }


@st.composite
def _storage(draw: st.DrawFn, production: bool, enabled: bool, recovers: bool) -> Raw:
    locked = draw(st.none() | st.integers(1, 3650))
    archive = draw(st.none() | st.integers(1, 1000))
    expires = draw(st.none() | st.integers(max(locked or 0, 2001), 36_500))
    retention = None if locked is None else {"days": locked, "permanent": draw(st.booleans())}
    bucket = {
        "noncurrent_days": draw(st.integers(1, 36_500)),
        "archive_after_days": archive,
        "deep_archive_after_days": draw(st.none() | st.integers(1001, 2000)),
        "expire_after_days": expires,
        "lock": None
        if locked is None
        else {"mode": draw(st.sampled_from(["GOVERNANCE", "COMPLIANCE"])), "days": locked},
        "replicated": production or (recovers and draw(st.booleans())),
        "standby": draw(
            st.sampled_from([None, *({"soft_delete_days": days, "retention": retention} for days in (0, 7, 90))])
        )
        if enabled
        else None,
    }
    return {"access_log_days": draw(st.integers(1, 36_500)), "buckets": {"statements": bucket}}


@st.composite
def _events(draw: st.DrawFn) -> Raw:
    hours = draw(st.integers(24, 8760))
    return {
        "source": draw(st.sampled_from(["elson.trading", "elson.gcp-desk", "a.b1.c-2"])),
        "archive_retention_days": draw(st.integers(-(-hours // 24), 3653)),
        "stream": {"shards": draw(st.none() | st.integers(1, 200)), "retention_hours": hours},
        "push_limits": {
            "requests_per_second": draw(st.integers(1, 10_000)),
            "burst": draw(st.integers(1, 5_000)),
        },
        "log_retention_days": draw(st.sampled_from([1, 30, 3653])),
        "schemas": {"OrderExecuted": {"order_id": "string", "is_partial": "boolean"}, "MarketClosed": {}},
    }


@st.composite
def _analytics(draw: st.DrawFn, enabled: bool) -> Raw:
    if not enabled or draw(st.booleans()):
        return {"datasets": {}, "personal_data": {}, "pipeline": None}
    owners = ["group:data@elsonwealth.com"]
    stream = {
        "kind": "change_stream",
        "database": "main",
        "source": "primary",
        "login": "analytics",
        "generation": draw(st.integers(1, 9)),
        "dataset": "landing",
        "publication": "analytics",
        "slot": "analytics",
        "tables": {"public": ["orders", "accounts"]},
        "excluded_columns": draw(st.sampled_from([{}, {"public.accounts": ["secret"]}])),
        "freshness_minutes": draw(st.integers(1, 1440)),
        "producer_project": draw(st.sampled_from([None, "k8e1c2a4b6d8f0-tp"])),
        "desired_state": draw(st.sampled_from(["NOT_STARTED", "RUNNING", "PAUSED"])),
    }
    fusion = {
        "kind": "data_fusion",
        "edition": draw(st.sampled_from(["DEVELOPER", "BASIC", "ENTERPRISE"])),
        "version": "6.11.1",
        "producer_project": "k8e1c2a4b6d8f0-tp",
        "runner_email": "pipelines@elson-anything.iam.gserviceaccount.com",
    }
    return {
        "datasets": {
            "landing": {"description": "Tables", "owners": owners, "readers": [], "expiration_days": None},
            "reports": {
                "description": "Reports",
                "owners": owners,
                "readers": ["user:ann@elsonwealth.com"],
                "expiration_days": draw(st.integers(1, 3650)),
            },
        },
        "personal_data": {
            "email": {"description": "Addresses", "mask": "SHA256", "readers": owners, "masked_readers": []}
        },
        "pipeline": draw(st.sampled_from([None, stream, fusion])),
    }


@st.composite
def _compute(draw: st.DrawFn, production: bool, recovers: bool, services: Raw) -> Raw:
    architecture, machine = draw(st.sampled_from([("ARM64", "m7g.large"), ("X86_64", "m7i.xlarge")]))
    machines = {"instance_type": machine, "image_id": "ami-0123456789abcdef0", "disk_gib": draw(st.integers(8, 16384))}
    on_machines = any(service["primary"] == "ec2" for service in services.values())
    api = services["api"]
    stands_by = recovers and api["primary"] == "ecs" and not api["databases"] and not api["caches"]
    return {
        "architecture": architecture,
        "spot": not production and draw(st.booleans()),
        "log_retention_days": draw(st.sampled_from([1, 30, 3653])),
        "ec2": machines if on_machines or draw(st.booleans()) else None,
        "cloud_run": {
            "egress": draw(st.sampled_from(["all_traffic", "private_ranges"])),
            "deletion_protection": production or draw(st.booleans()),
        },
        "recovery": {"api": draw(st.integers(1, 100))} if stands_by and draw(st.booleans()) else {},
    }


@st.composite
def _edge(draw: st.DrawFn, production: bool) -> Raw:
    checked = {"except_paths": ["/health/ready", "/index.html"]}
    modes = st.sampled_from(["count", "enforce"])
    wide = draw(st.integers(10, 1_000_000))
    rules = {
        "offices": {
            "kind": "addresses",
            "addresses": ["203.0.113.0/24", "2001:db8::/32"],
            "refuses": "others",
            **checked,
        },
        "countries": {"kind": "countries", "countries": ["US", "CA"], "refuses": "others", **checked},
        "bodies": {"kind": "body_size", "paths": ["/api"], "except_paths": ["/api/uploads"]},
        "injection": {
            "kind": "managed",
            "threat": "sql_injection",
            "aws_counted": draw(st.sampled_from([[], ["SQLi_BODY"]])),
            "gcp_opted_out": draw(st.sampled_from([[], ["owasp-crs-v030301-id942350-sqli"]])),
        },
        "requests": {"kind": "rate_limit", "requests": wide, "window_seconds": 300},
        "sign-in": {
            "kind": "rate_limit",
            "paths": ["/api/auth"],
            "requests": draw(st.integers(10, wide)),
            "window_seconds": draw(st.sampled_from([300, 600])),
            "ban_seconds": draw(st.none() | st.integers(60, 86_400)),
        },
    }
    return {
        "deletion_protection": production or draw(st.booleans()),
        "idle_timeout_seconds": draw(st.integers(1, 4000)),
        "log_retention_days": draw(st.sampled_from([1, 30, 3653])),
        "request_log_days": draw(st.integers(1, 3653)),
        "origin_prefix_list": "pl-3b927c52",
        "recovery_origin_prefix_list": "pl-82a045eb",
        "price_class": draw(st.sampled_from(["PriceClass_100", "PriceClass_200", "PriceClass_All"])),
        "undo_days": draw(st.integers(1, 365)),
        "google_log_sampling": draw(st.sampled_from([0.01, 0.5, 1])),
        "rules": {key: {**rule, "mode": draw(modes)} for key, rule in rules.items()},
    }


@st.composite
def _dns(draw: st.DrawFn, production: bool, enabled: bool, services: Raw) -> Raw:
    public = [service for service in services.values() if service["exposure"] == "public"]
    everywhere = enabled and all(it["primary"] == "cloud_run" or it["standby"] != "none" for it in public)
    digest = "0123456789ABCDEF" * 4
    delegation = {
        "name_servers": ["ns-1.awsdns-01.org", "ns-2.awsdns-02.net."],
        "ds_records": draw(st.sampled_from([[], [f"12345 13 2 {digest}"]])),
    }
    return {
        "signing": production or draw(st.booleans()),
        "certificate_authorities": ["amazontrust.com", *(["pki.goog"] if enabled else [])],
        "incident_mail": "security@elsonwealth.com",
        "ttl_seconds": draw(st.integers(60, 86_400)),
        "failover_ttl_seconds": draw(st.integers(1, 300)),
        "delegations": draw(st.sampled_from([{}, {"elsewhere": delegation}])),
        "gcp_ds_records": draw(st.sampled_from([[], [f"1 8 2 {digest}"]])),
        "checks": {
            "regions": draw(st.sampled_from([["us-east-1", "us-west-2", "eu-west-1"], list(CHECKER_REGIONS)])),
            "interval_seconds": draw(st.sampled_from([10, 30])),
            "failure_threshold": draw(st.integers(1, 10)),
        },
        "active": draw(st.sampled_from(["aws", "gcp"])) if everywhere else "aws",
        "aws_region": "primary",
        "standstill": draw(st.sampled_from([None, {"host": "status.example.net", "path": "/stop"}])),
    }


@st.composite
def _services(draw: st.DrawFn, production: bool, enabled: bool, signs_in: bool, green_percent: int) -> Raw:
    names = ["api", "engine", "worker"][: draw(st.integers(1, 3))]
    services = {name: draw(_service(name, production, enabled, signs_in, green_percent)) for name in names}
    api = services["api"]
    routed = api["primary"] != "cloud_run" and draw(st.booleans())
    if routed and api["standby"] == "none" and draw(st.booleans()):
        api["exposure"] = "cdn"
    services["site"] = {
        "primary": "static",
        "standby": draw(st.sampled_from(["firebase", "none"])) if enabled else "none",
        "images": {"blue": DIGEST, "green": DIGEST},
        "exposure": "public",
        "hostname": "app",
        "routes": {"/api": "api"} if routed else {},
        "sources": {"connect": ["https://identitytoolkit.googleapis.com"], "images": [], "frames": []},
    }
    if "engine" in services and _same_clouds(api, services["engine"]):
        api["calls"] = ["engine"]
    return services


def _same_clouds(caller: Raw, called: Raw) -> bool:
    """Whether every cloud with a place of the one has a place of the other."""

    def clouds(service: Raw) -> set[str]:
        runs = {"gcp" if service["primary"] == "cloud_run" else "aws"}
        return runs if service["standby"] == "none" else {*runs, "gcp"}

    return clouds(caller) <= clouds(called)


@st.composite
def _service(draw: st.DrawFn, name: str, production: bool, enabled: bool, signs_in: bool, green_percent: int) -> Raw:
    primary = draw(st.sampled_from(["ecs", "ec2", "eks", "cloud_run"] if enabled else ["ecs", "ec2", "eks"]))
    standby = draw(st.sampled_from(["cloud_run", "gke", "none"])) if enabled else "none"
    standby = "none" if standby == primary else standby
    cpu, memory = draw(st.sampled_from(EVERYWHERE_SIZES if "cloud_run" in (primary, standby) else FARGATE_SIZES))
    least = draw(st.integers(2, 5))
    image = DIGEST if production else draw(st.sampled_from([DIGEST, "1.42.0"]))
    exposure = {"api": "public", "engine": "internal", "worker": "none"}[name]
    protocol = draw(st.sampled_from(["http", "websocket"]))
    databases = draw(st.sampled_from([[], ["main"], ["main", "market"]]))
    called_back = signs_in and name == "api" and primary in ("ecs", "ec2") and protocol == "http"
    in_google = primary == "cloud_run" or standby != "none"
    return {
        "primary": primary,
        "standby": standby,
        "protocol": protocol,
        "images": {"blue": image, "green": image},
        "port": draw(st.integers(1024, 65535)),
        "cpu": cpu,
        "memory_gib": memory,
        "replicas": {
            "min": least,
            "max": least + draw(st.integers(0, 5)),
            "standby": draw(st.integers(1 if green_percent else 0, 2)),
        },
        "environment": {"LOG_LEVEL": "info", "TOKEN_TTL_SECONDS": "60"},
        "secrets": draw(st.sampled_from([[], ["SECRET_KEY"], ["slack-token", "JWT_SECRET"]])),
        "exposure": exposure,
        "hostname": name if exposure == "public" else None,
        "databases": databases,
        "caches": draw(st.sampled_from([[], ["sessions"], ["cache"]])),
        "buckets": draw(st.sampled_from([[], ["statements"]])),
        "migration": draw(st.sampled_from([[], ["alembic", "upgrade", "head"]])) if databases else [],
        "events": draw(st.sampled_from([[], ["publish", "subscribe"]])) if in_google else ["publish"],
        "cloud_run": {"requests_at_once": draw(st.integers(1, 1000)), "cpu_idle": protocol == "http"},
        "callbacks": draw(st.sampled_from([None, CALLBACKS])) if called_back else None,
        "graceful_stop_seconds": draw(st.integers(2, 120)),
    }


@dataclass(frozen=True)
class Corruption:
    """Settings spoilt in one place."""

    raw: Raw
    """The settings, spoilt."""
    path: str
    """The key that has to be named."""
    also: str = ""
    """A second key that has to be named with it."""


def places(value: Any, location: Location = ()) -> Iterator[tuple[Location, Any]]:
    """Every place of the settings with what stands there, sections first."""
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*location, key), item
        yield from places(item, (*location, key))


def path(location: Location) -> str:
    """`platform:aws.zones[1]` of `("aws", "zones", 1)`, written here a second time to check the first."""
    section, *rest = location
    return f"platform:{section}" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in rest)


def put(raw: Raw, location: Location, value: Any) -> Raw:
    """A copy with another value at one place."""
    spoilt = deepcopy(raw)
    parent: Any = spoilt
    for part in location[:-1]:
        parent = parent[part]
    parent[location[-1]] = value
    return spoilt


def without(raw: Raw, location: Location) -> Raw:
    """A copy without one key."""
    spoilt = deepcopy(raw)
    parent: Any = spoilt
    for part in location[:-1]:
        parent = parent[part]
    del parent[location[-1]]
    return spoilt


def _is_chosen(location: Location) -> bool:
    """Whether the key is one that its user chooses: one less, or one more beside it, is no mistake."""
    match location:
        case ("services", _) | ("secrets", "external", _) | ("services", _, "environment", _):
            return True
        case (
            ("services", _, "routes", _) | ("edge", "rules", _) | ("dns", "delegations", _) | ("compute", "recovery", _)
        ):
            return True
        case ("network", "link", "interconnect", "paths", _):
            return True
        case ("databases" | "caches", "managed", _) | ("storage", "buckets", _):
            return True
        case ("databases", "managed", _, "authority", "certificates", _):
            return True
        case ("events", "schemas", _) | ("events", "schemas", _, _):
            return True
        case _:
            return False


def _is_optional(location: Location) -> bool:
    match location:
        case ("services", _, key):
            return key in OPTIONAL
        case ("services", _, "cloud_run" | "callbacks" | "sources", key):
            return key in OPTIONAL_WITHIN
        case ("edge", "rules", _, key):
            return key in OPTIONAL_OF_RULES
        case _:
            return False


@st.composite
def removed_keys(draw: st.DrawFn) -> Corruption:
    """A key that has to be there is not."""
    raw = draw(raw_settings())
    required = [
        location
        for location, _ in places(raw)
        if isinstance(location[-1], str) and not _is_chosen(location) and not _is_optional(location)
    ]
    location = draw(st.sampled_from(required))
    spoilt = without(raw, location)
    # The engine hands over a missing section as an empty one, so a section without its only key counts as missing.
    return Corruption(spoilt, path(location if spoilt.get(str(location[0])) else location[:1]))


@st.composite
def extra_keys(draw: st.DrawFn) -> Corruption:
    """A key that nothing reads."""
    raw = draw(raw_settings())
    closed = [
        location
        for location, value in places(raw)
        if isinstance(value, dict) and location != ("services",) and not _is_chosen((*location, "surprise"))
    ]
    location = (*draw(st.sampled_from([(), *closed])), "surprise")
    return Corruption(put(raw, location, "anything"), path(location))


@st.composite
def wrong_types(draw: st.DrawFn) -> Corruption:
    """A value of another JSON type than any that fits."""
    raw = draw(raw_settings())
    location, value = draw(st.sampled_from(list(places(raw))))
    match value:
        case bool():
            others = ["true", 7, [True], {"a": True}]
        case str():
            others = [7.5, True, ["text"], {"a": "text"}]
        case int() | float():
            others = ["7", True, [7], {"a": 7}]
        case dict() | list():
            others = ["text", 7, True]
        case _:
            others = [7.5, True, ["text"]]
    return Corruption(put(raw, location, draw(st.sampled_from(others))), path(location))


OUT_OF_RANGE: Mapping[Location, tuple[float, ...]] = {
    ("network", "aws", "flow_log_retention_days"): (0, 2, 4000),
    ("network", "gcp", "flow_log_sampling"): (-0.1, 1.1),
    ("network", "link", "aws_asn"): (0, 64511, 65535, 4_199_999_999, 4_294_967_295),
    ("network", "link", "gcp_asn"): (16550, 65535, 4_294_967_295),
    ("keys", "rotation_days"): (89, 2561),
    ("keys", "deletion_window_days"): (6, 31),
    ("secrets", "rotation_days"): (0, 366),
    ("secrets", "recovery_window_days"): (-1, 1, 6, 31),
    ("registry", "keep_images"): (0, 1001),
    ("registry", "untagged_days"): (0, 366),
    ("databases", "managed", "main", "logins", "generation"): (0, 1001),
    ("databases", "managed", "main", "storage_gib"): (0, 19, 65_537),
    ("databases", "managed", "main", "pool_percent"): (0, 101),
    ("databases", "managed", "main", "backups", "retention_days"): (0, 36),
    ("databases", "managed", "main", "observation", "monitoring_seconds"): (0, 2, 61),
    ("caches", "managed", "sessions", "nodes"): (0, 7),
    ("caches", "managed", "sessions", "backups", "snapshot_days"): (-1, 36),
    ("storage", "access_log_days"): (0, 36_501),
    ("storage", "buckets", "statements", "noncurrent_days"): (0, 36_501),
    ("storage", "buckets", "statements", "archive_after_days"): (0, 36_501),
    ("events", "archive_retention_days"): (0, 3654),
    ("events", "stream", "shards"): (0, 201),
    ("events", "stream", "retention_hours"): (23, 8761),
    ("events", "push_limits", "requests_per_second"): (0, 10_001),
    ("events", "push_limits", "burst"): (0, 5_001),
    ("events", "log_retention_days"): (0, 2, 4000),
    ("compute", "log_retention_days"): (0, 2, 4000),
    ("edge", "idle_timeout_seconds"): (0, 4001),
    ("edge", "log_retention_days"): (0, 2, 4000),
    ("edge", "request_log_days"): (0, 3654),
    ("edge", "undo_days"): (0, 366),
    ("edge", "google_log_sampling"): (0, -0.1, 1.1),
    ("edge", "rules", "requests", "requests"): (0, 9, 1_000_001),
    ("edge", "rules", "requests", "window_seconds"): (0, 61, 601),
    ("edge", "rules", "sign-in", "ban_seconds"): (0, 59, 86_401),
    ("dns", "ttl_seconds"): (0, 59, 86_401),
    ("dns", "failover_ttl_seconds"): (0, 301),
    ("dns", "checks", "interval_seconds"): (0, 11, 60),
    ("dns", "checks", "failure_threshold"): (0, 11),
    ("release", "green_percent"): (-1, 1, 51, 101),
    ("services", "api", "port"): (0, 80, 1023, 65536),
    ("services", "api", "cpu"): (0, -1, 65),
    ("services", "api", "memory_gib"): (0, -1, 513),
    ("services", "api", "replicas", "min"): (0, 101),
    ("services", "api", "replicas", "max"): (0, 1001),
    ("services", "api", "replicas", "standby"): (-1, 101),
    ("services", "api", "graceful_stop_seconds"): (0, 3601),
    ("services", "api", "cloud_run", "requests_at_once"): (0, 1001),
}
"""Numbers on the wrong side of each limit."""


@st.composite
def out_of_range_numbers(draw: st.DrawFn) -> Corruption:
    """A number that no cloud takes there."""
    location = draw(st.sampled_from(list(OUT_OF_RANGE)))
    number = draw(st.sampled_from(OUT_OF_RANGE[location]))
    return Corruption(put(draw(raw_settings()), location, number), path(location))


def range_location(key: str) -> Location:
    """Where the range of a key stands: `("network", "gcp", "pods")` of `gcp.pods`."""
    return ("network", *key.split("."))


def ranges_of(raw: Raw) -> dict[str, IPv4Network]:
    """The ranges that the raw settings hold."""
    at = dict(places(raw))
    return {key: IPv4Network(at[range_location(key)]) for key in PREFIXES if range_location(key) in at}


@st.composite
def overlapping_ranges(draw: st.DrawFn) -> Corruption:
    """A range moved into another one, or around it."""
    raw = draw(raw_settings())
    ranges = ranges_of(raw)
    moved, onto = draw(st.permutations(list(ranges)))[:2]
    length = ranges[moved].prefixlen
    if length >= ranges[onto].prefixlen:
        network = IPv4Network((int(ranges[onto].network_address), length))
    else:
        network = ranges[onto].supernet(new_prefix=length)
    location = range_location(moved)
    return Corruption(put(raw, location, str(network)), path(location), also=path(range_location(onto)))


@st.composite
def foreign_zones(draw: st.DrawFn) -> Corruption:
    """A zone of a region that the settings do not use there."""
    raw = draw(raw_settings())
    lists: list[tuple[str, ...]] = [("aws", "zones"), ("gcp", "zones")]
    if raw["aws"]["recovery"] is not None:
        lists.append(("aws", "recovery", "zones"))
    location = draw(st.sampled_from(lists))
    zone = "europe-north1-b" if location[0] == "gcp" else "ap-southeast-2b"
    zones: list[str] = dict(places(raw))[location]
    place = (*location, draw(st.integers(0, len(zones) - 1)))
    return Corruption(put(raw, place, zone), path(place))


@st.composite
def plain_credentials(draw: st.DrawFn) -> Corruption:
    """A private key where some text ought to be, outside the secrets."""
    raw = draw(raw_settings())
    texts = [
        location
        for location, value in places(raw)
        if isinstance(value, str) and location[:2] != ("secrets", "external")
    ]
    location = draw(st.sampled_from(texts))
    return Corruption(put(raw, location, PEM), path(location))
