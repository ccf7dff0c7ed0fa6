"""Who may talk to whom, derived from what the services say of themselves.

This module is the table; `components.network.access` enforces it. Names that begin with `gcp-` are on Google Cloud.
"""

from collections.abc import Container, Iterable, Iterator
from ipaddress import IPv4Network

from components.network import ranges as provider_ranges
from components.network import subnets
from components.network.access import Flow
from stacks.settings import Settings
from stacks.settings.analytics import ChangeStream
from stacks.settings.services import ContainerService
from stacks.topology.placement import (
    MACHINES,
    ON_AWS,
    Services,
    at_the_edge,
    at_the_recovery_edge,
    called_back,
    called_on_cloud_run,
    callees_on_aws,
    in_recovery,
    inside,
    migrating,
    open_to_the_internet,
    recovered,
)

HTTP = 80
HTTPS = 443
POSTGRES = 5432
REDIS = 6379
MEMORYSTORE_TLS = 6378
ENTRANCE = "entrance"
"""What API Gateway comes in by."""
INTERNET = IPv4Network("0.0.0.0/0")
PIPELINES = "gcp-pipelines"
"""The machines of Google's data pipelines, which carry no tag of ours and have a subnet of their own."""
CLOUDFRONT = "cloudfront"
"""CloudFront's addresses, in a list that AWS keeps."""


def aws_parties(settings: Settings) -> dict[str, str]:
    """Who has a security group in the primary region."""
    balancers = {"edge": "The public load balancer"} if at_the_edge(settings) else {}
    balancers |= {"internal": "The internal load balancer"} if inside(settings) else {}
    balancers |= {ENTRANCE: "The private entrance of API Gateway"} if called_back(settings) else {}
    services = {name: f"Service {name}" for name, service in settings.containers.items() if service.primary in MACHINES}
    migrations = {migration(name): f"Migrations of {name}" for name in migrating(settings)}
    kubernetes = {"kubernetes": "Nodes and pods of EKS"} if _runs(settings, "eks") else {}
    databases = {f"postgres-{name}": f"PostgreSQL {name}" for name in _databases(settings)}
    caches = {f"redis-{name}": f"Redis {name}" for name in _caches(settings)}
    bastion = {"bastion": "The host of administrators"} if settings.network.access.bastion else {}
    return {**balancers, **services, **migrations, **kubernetes, **databases, **caches, **bastion}


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
            "gcp-internal": [google.nodes],
            PIPELINES: [google.pipelines],
            "google-health-checks": list(provider_ranges.GOOGLE_HEALTH_CHECKS),
        }
    return found


def flows(settings: Settings) -> list[Flow]:
    """Every row of the table, most public first."""
    rows = [*_edge(at_the_edge(settings)), *_inside(settings), *_services_on_aws(settings), *_migrations(settings)]
    rows += [*_pools(settings), *_administrators(settings)]
    if settings.gcp.enabled:
        rows += [*_replication(settings), *_services_on_google(settings), *_google_kubernetes(settings)]
        rows += _analytics(settings)
    return list({row.key: row for row in rows}.values())


def recovery_parties(settings: Settings) -> dict[str, str]:
    """Who has a security group in the recovery region."""
    balancers = {"edge": "The public load balancer"} if at_the_recovery_edge(settings) else {}
    services = {name: f"Service {name}" for name in in_recovery(settings)}
    databases = {f"postgres-{name}": f"PostgreSQL {name}" for name in recovered(settings.databases.managed)}
    caches = {f"redis-{name}": f"Redis {name}" for name in recovered(settings.caches.managed)}
    return {**balancers, **services, **databases, **caches}


def recovery_ranges() -> dict[str, list[IPv4Network]]:
    """The addresses behind the other names of the recovery region's table."""
    return {"internet": [INTERNET]}


def recovery_flows(settings: Settings) -> list[Flow]:
    """The table of the recovery region, which is linked to no other network: replicas come by AWS's own way."""
    rows = [*_edge(at_the_recovery_edge(settings))]
    for name, service in in_recovery(settings).items():
        rows.append(_flow(name, "internet", HTTPS, "AWS endpoints, partners and registries"))
        for database in _managed(service.databases, recovered(settings.databases.managed)):
            rows.append(_flow(name, f"postgres-{database}", POSTGRES, f"{name} uses its databases"))
        for cache in _managed(service.caches, recovered(settings.caches.managed)):
            rows.append(_flow(name, f"redis-{cache}", REDIS, f"{name} uses cache {cache}"))
    return rows


def migration(service: str) -> str:
    """The party of the task that migrates a service's databases."""
    return f"{service}-migration"


def _edge(behind: Services) -> Iterator[Flow]:
    """Where every service is behind the CDN, nobody else gets to the load balancer."""
    if open_to_the_internet(behind):
        yield _flow("internet", "edge", HTTPS, "Customers")
        yield _flow("internet", "edge", HTTP, "Redirected to HTTPS")
    elif behind:
        yield _flow(CLOUDFRONT, "edge", HTTPS, "Customers, by way of the CDN")
    for name, service in behind.items():
        yield _flow("edge", _aws_name(name, service), service.port, f"Requests to {name}")


def _inside(settings: Settings) -> Iterator[Flow]:
    if called_back(settings):
        yield _flow(ENTRANCE, "internal", HTTPS, "API Gateway calls services back")
    for name, service in inside(settings).items():
        yield _flow("internal", _aws_name(name, service), service.port, f"Calls of {name}")


def _services_on_aws(settings: Settings) -> Iterator[Flow]:
    for name, service in settings.containers.items():
        if service.primary not in ON_AWS:
            continue
        source = _aws_name(name, service)
        yield _flow(source, "internet", HTTPS, "AWS endpoints, partners and registries")
        for callee in callees_on_aws(settings, name):
            yield _flow(source, "internal", HTTPS, f"{name} calls {callee}")
        yield from _databases_of(source, service, settings, f"{name} uses its databases")
        for cache in _managed(service.caches, settings.caches.managed):
            yield _flow(source, f"redis-{cache}", REDIS, f"{name} uses cache {cache}")
    if _runs(settings, "eks"):
        yield Flow(
            source="kubernetes", destination="kubernetes", port=None, protocol="all", why="Nodes and pods of EKS"
        )


def _databases_of(source: str, service: ContainerService, settings: Settings, why: str) -> Iterator[Flow]:
    """On both sides always: a promotion is no time to open a way."""
    for database in _managed(service.databases, settings.databases.managed):
        yield _flow(source, f"postgres-{database}", POSTGRES, why)
        if settings.databases.managed[database].standby is not None:
            yield _flow(source, "gcp-managed-services", POSTGRES, "Databases while Google Cloud writes")


def _migrations(settings: Settings) -> Iterator[Flow]:
    for name, service in migrating(settings).items():
        yield _flow(migration(name), "internet", HTTPS, "AWS endpoints")
        yield from _databases_of(migration(name), service, settings, f"Migrations of {name}")


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


def _analytics(settings: Settings) -> Iterator[Flow]:
    """Data Fusion reads the standby, which answers queries all the time; a stream reads the side that is written to."""
    pipeline = settings.analytics.pipeline
    if isinstance(pipeline, ChangeStream) and pipeline.source == "primary":
        yield _flow(PIPELINES, f"postgres-{pipeline.database}", POSTGRES, "The warehouse follows the primary")
    elif pipeline is not None:
        yield _flow(PIPELINES, "gcp-managed-services", POSTGRES, "The warehouse is filled from the standby")


def _services_on_google(settings: Settings) -> Iterator[Flow]:
    for name, service in settings.containers.items():
        source = _google_name(name, service)
        if source is None:
            continue
        yield _flow(source, "internet", HTTPS, "Google APIs and partners")
        for callee in service.calls:
            destination = _google_name(callee, settings.containers[callee])
            if callee in called_on_cloud_run(settings):
                yield _flow(source, "gcp-internal", HTTPS, f"{name} calls {callee}")
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


def _managed(names: Iterable[str], managed: Container[str]) -> Iterator[str]:
    """Without those inside the clusters, which the clusters' own policies open."""
    return (name for name in names if name in managed)
