"""Who may talk to whom, derived from what the services say of themselves.

This module is the table; `components.network.access` enforces it. Names that begin with `gcp-` are on Google Cloud.
"""

from collections.abc import Container, Iterable, Iterator
from ipaddress import IPv4Network

from components.network import ranges as provider_ranges
from components.network import subnets
from components.network.access import Flow
from stacks.settings import Settings
from stacks.settings.services import ContainerService

HTTP = 80
HTTPS = 443
POSTGRES = 5432
REDIS = 6379
MEMORYSTORE_TLS = 6378
INTERNET = IPv4Network("0.0.0.0/0")

ON_AWS = ("ecs", "ec2")


def aws_parties(settings: Settings) -> dict[str, str]:
    """Who has a security group in the primary region."""
    services = {name: f"Service {name}" for name, service in settings.containers.items() if service.primary in ON_AWS}
    kubernetes = {"kubernetes": "Nodes and pods of EKS"} if _runs(settings, "eks") else {}
    databases = {f"postgres-{name}": f"PostgreSQL {name}" for name in _databases(settings)}
    caches = {f"redis-{name}": f"Redis {name}" for name in _caches(settings)}
    bastion = {"bastion": "The host of administrators"} if settings.network.access.bastion else {}
    return {"edge": "The public load balancer", **services, **kubernetes, **databases, **caches, **bastion}


def gcp_parties(settings: Settings) -> dict[str, str]:
    """Who has a network tag in the standby cloud."""
    services = {
        f"gcp-{name}": f"Cloud Run service {name}"
        for name, service in settings.containers.items()
        if "cloud_run" in (service.primary, service.standby)
    }
    kubernetes = {"gcp-kubernetes": "Nodes and pods of GKE"} if _runs(settings, "gke") else {}
    bastion = {"gcp-bastion": "The host of administrators"} if settings.network.access.bastion else {}
    return {**services, **kubernetes, **bastion}


def address_ranges(settings: Settings) -> dict[str, list[IPv4Network]]:
    """The addresses behind every name of the table that has some."""
    planned = subnets.plan(settings.network.aws.cidr, settings.aws.zones)
    databases = [zone.database for zone in planned.values()]
    found: dict[str, list[IPv4Network]] = {
        "internet": [INTERNET],
        **{f"postgres-{name}": databases for name in _databases(settings)},
        **{f"redis-{name}": databases for name in _caches(settings)},
    }
    if settings.gcp.enabled:
        google = settings.network.gcp
        found |= {party: [google.serverless] for party in gcp_parties(settings)}
        found |= {
            "gcp-bastion": [google.nodes],
            "gcp-kubernetes": [google.nodes, google.pods],
            "gcp-control-plane": [google.control_plane],
            "gcp-managed-services": [google.managed_services],
            "google-health-checks": list(provider_ranges.GOOGLE_HEALTH_CHECKS),
        }
    return found


def flows(settings: Settings) -> list[Flow]:
    """Every row of the table, most public first."""
    rows = [*_edge(settings), *_services_on_aws(settings), *_pools(settings), *_administrators(settings)]
    if settings.gcp.enabled:
        rows += [*_replication(settings), *_services_on_google(settings), *_google_kubernetes(settings)]
    return list({row.key: row for row in rows}.values())


def recovery_parties(settings: Settings) -> dict[str, str]:
    """Who has a security group in the recovery region."""
    databases = {f"postgres-{name}": f"PostgreSQL {name}" for name in _recovered(settings)}
    return {"services": "Services that are started there", **databases}


def recovery_ranges() -> dict[str, list[IPv4Network]]:
    """The addresses behind the other names of the recovery region's table."""
    return {"internet": [INTERNET]}


def recovery_flows(settings: Settings) -> list[Flow]:
    """The table of the recovery region, which is linked to no other network: replicas come by AWS's own way."""
    return [
        _flow("services", "internet", HTTPS, "AWS endpoints, partners and registries"),
        *(_flow("services", f"postgres-{name}", POSTGRES, f"Services use {name}") for name in _recovered(settings)),
    ]


def _edge(settings: Settings) -> Iterator[Flow]:
    yield Flow(source="internet", destination="edge", port=HTTPS, protocol="tcp", why="Customers")
    yield Flow(source="internet", destination="edge", port=HTTP, protocol="tcp", why="Redirected to HTTPS")
    for name, service in settings.containers.items():
        if service.exposure == "public" and service.primary in (*ON_AWS, "eks"):
            yield _flow("edge", _aws_name(name, service), service.port, f"Requests to {name}")


def _services_on_aws(settings: Settings) -> Iterator[Flow]:
    for name, service in settings.containers.items():
        if service.primary not in (*ON_AWS, "eks"):
            continue
        source = _aws_name(name, service)
        yield _flow(source, "internet", HTTPS, "AWS endpoints, partners and registries")
        for callee in service.calls:
            called = settings.containers[callee]
            if called.primary in (*ON_AWS, "eks") and _aws_name(callee, called) != source:
                yield _flow(source, _aws_name(callee, called), called.port, f"{name} calls {callee}")
        for database in _managed(service.databases, settings.databases.managed):
            yield _flow(source, f"postgres-{database}", POSTGRES, f"{name} uses database {database}")
            if settings.databases.managed[database].standby is not None:
                yield _flow(source, "gcp-managed-services", POSTGRES, "Databases while Google Cloud writes")
        for cache in _managed(service.caches, settings.caches.managed):
            yield _flow(source, f"redis-{cache}", REDIS, f"{name} uses cache {cache}")
    if _runs(settings, "eks"):
        yield Flow(
            source="kubernetes", destination="kubernetes", port=None, protocol="all", why="Nodes and pods of EKS"
        )


def _pools(settings: Settings) -> Iterator[Flow]:
    """A proxy is a member of the party of its database."""
    for name, database in settings.databases.managed.items():
        if database.pool_percent is not None:
            yield _flow(f"postgres-{name}", f"postgres-{name}", POSTGRES, "The proxy pools connections")


def _administrators(settings: Settings) -> Iterator[Flow]:
    """What people reach from a bastion; from a Client VPN they reach the Kubernetes APIs alone."""
    if settings.network.access.bastion is None:
        return
    for database in _databases(settings):
        yield _flow("bastion", f"postgres-{database}", POSTGRES, "Administrators look at databases")
    for cache in _caches(settings):
        yield _flow("bastion", f"redis-{cache}", REDIS, "Administrators look at caches")
    if settings.gcp.enabled:
        yield _flow("gcp-bastion", "gcp-managed-services", POSTGRES, "Administrators look at databases")
        yield _flow("gcp-bastion", "gcp-managed-services", MEMORYSTORE_TLS, "Administrators look at caches")
        yield _flow("gcp-bastion", "internet", HTTPS, "Packages and Google APIs")
        if _runs(settings, "gke"):
            yield _flow("gcp-bastion", "gcp-control-plane", HTTPS, "Administrators call the Kubernetes API")


def _replication(settings: Settings) -> Iterator[Flow]:
    for name, database in settings.databases.managed.items():
        if database.standby is not None:
            yield _flow("gcp-managed-services", f"postgres-{name}", POSTGRES, "The standby follows the primary")


def _services_on_google(settings: Settings) -> Iterator[Flow]:
    for name, service in settings.containers.items():
        source = _google_name(name, service)
        if source is None:
            continue
        yield _flow(source, "internet", HTTPS, "Google APIs and partners")
        for callee in service.calls:
            destination = _google_name(callee, settings.containers[callee])
            if destination == "gcp-kubernetes" and destination != source:
                yield _flow(source, destination, settings.containers[callee].port, f"{name} calls {callee}")
        for database in _managed(service.databases, settings.databases.managed):
            yield _flow(source, f"postgres-{database}", POSTGRES, f"{name} uses database {database} while AWS writes")
            yield _flow(source, "gcp-managed-services", POSTGRES, "Databases of the standby cloud")
        for _cache in _managed(service.caches, settings.caches.managed):
            yield _flow(source, "gcp-managed-services", MEMORYSTORE_TLS, "Caches of the standby cloud")


def _google_kubernetes(settings: Settings) -> Iterator[Flow]:
    """What a GKE cluster needs behind a firewall that denies egress: its own members and its control plane."""
    if not _runs(settings, "gke"):
        return
    nodes = "gcp-kubernetes"
    yield Flow(source=nodes, destination=nodes, port=None, protocol="all", why="Nodes and pods of GKE")
    yield _flow(nodes, "gcp-control-plane", HTTPS, "Nodes and pods call the Kubernetes API")
    for name, service in settings.containers.items():
        if service.standby == "gke" and service.exposure == "public":
            yield _flow("google-health-checks", nodes, service.port, f"Requests and health checks of {name}")


def _flow(source: str, destination: str, port: int, why: str) -> Flow:
    return Flow(source=source, destination=destination, port=port, protocol="tcp", why=why)


def _aws_name(name: str, service: ContainerService) -> str:
    """The party of a service in the primary region; pods share the one of their nodes."""
    return "kubernetes" if service.primary == "eks" else name


def _google_name(name: str, service: ContainerService) -> str | None:
    """The party of a service in the standby cloud; None for one that has no place there."""
    if "cloud_run" in (service.primary, service.standby):
        return f"gcp-{name}"
    return "gcp-kubernetes" if service.standby == "gke" else None


def _runs(settings: Settings, place: str) -> bool:
    return any(place in (service.primary, service.standby) for service in settings.containers.values())


def _databases(settings: Settings) -> list[str]:
    return sorted(settings.databases.managed)


def _caches(settings: Settings) -> list[str]:
    return sorted(settings.caches.managed)


def _recovered(settings: Settings) -> list[str]:
    return sorted(name for name, database in settings.databases.managed.items() if database.recovery is not None)


def _managed(names: Iterable[str], managed: Container[str]) -> Iterator[str]:
    """Without those inside the clusters, which the clusters' own policies open."""
    return (name for name in names if name in managed)
