"""The public names: which cloud answers them, and what moves them to the other."""

from collections.abc import Iterator, Mapping

from pulumi import Output

from components.edge.certificate_proofs import CertificateProofs, CertificateProofsArgs, Proof
from components.edge.failover_records import (
    AliasTarget,
    Checking,
    FailoverRecords,
    FailoverRecordsArgs,
    GcpRecordsArgs,
    PublicName,
    Standstill,
)
from components.edge.load_balancer import LoadBalancer
from stacks.settings import Settings
from stacks.settings.services import ContainerService, StaticSite
from stacks.topology.entrances import Entrances
from stacks.topology.google_services import GoogleServices, place_key
from stacks.topology.names import Names
from stacks.topology.placement import PlaceName, at_the_edge, in_recovery, public_host, published_in_google
from stacks.topology.providers import Providers
from stacks.topology.recovery import Recovery
from stacks.topology.sites import Sites

FIRST_PAGE = "/index.html"
"""What the checkers ask a site for."""


def public_names(
    settings: Settings,
    providers: Providers,
    names: Names,
    entrances: Entrances,
    sites: Sites,
    google: GoogleServices | None,
    recovery: Recovery | None,
) -> FailoverRecords:
    """The records of every public service and site."""
    dns = settings.dns
    if google is not None:
        _proofs(settings, providers, names, google)
    return FailoverRecords(
        "names",
        FailoverRecordsArgs(
            domain=settings.environment.domain,
            zone_id=names.zones.zone_id,
            names=dict([*_services(settings, entrances, google, recovery), *_sites(settings, sites)]),
            active=dns.active,
            checking=Checking(
                regions=dns.checks.regions,
                interval_seconds=dns.checks.interval_seconds,
                failure_threshold=dns.checks.failure_threshold,
            ),
            ttl_seconds=dns.failover_ttl_seconds,
            standstill=Standstill(host=dns.standstill.host, path=dns.standstill.path) if dns.standstill else None,
            gcp=GcpRecordsArgs(project_id=settings.gcp.project_id, zone_name=names.zones.gcp_zone_name)
            if names.zones.gcp_zone_name is not None
            else None,
            origins=dict(_origins(settings, entrances, recovery)),
        ),
        providers.options(),
    )


def _origins(
    settings: Settings, entrances: Entrances, recovery: Recovery | None
) -> Iterator[tuple[str, Mapping[PlaceName, AliasTarget]]]:
    """Behind the CDN alone, a service has no public name of its own, only those of its places."""
    standing_by = in_recovery(settings)
    here, there = _aws_regions(settings, entrances, recovery)
    for name, service in at_the_edge(settings).items():
        if service.exposure == "cdn":
            places: dict[PlaceName, AliasTarget | None] = {"aws": here}
            if name in standing_by:
                places["recovery"] = there
            yield _label(settings, service), {place: target for place, target in places.items() if target is not None}


def _services(
    settings: Settings, entrances: Entrances, google: GoogleServices | None, recovery: Recovery | None
) -> Iterator[tuple[str, PublicName]]:
    in_google, standing_by = published_in_google(settings), in_recovery(settings)
    here, there = _aws_regions(settings, entrances, recovery)
    for name, service in settings.containers.items():
        if service.exposure == "public":
            yield _public_name(
                settings,
                service,
                aws=here if name in at_the_edge(settings) else None,
                gcp_address=google.public.address if google and name in in_google else None,
                health_path=service.health.ready,
                recovery=there if name in standing_by else None,
            )


def _sites(settings: Settings, sites: Sites) -> Iterator[tuple[str, PublicName]]:
    for name, site in settings.sites.items():
        frontend, standby = sites.frontends[name], sites.standbys.get(name)
        yield _public_name(
            settings,
            site,
            aws=AliasTarget(dns_name=frontend.domain_name, zone_id=frontend.zone_id),
            gcp_address=standby.address if standby else None,
            health_path=FIRST_PAGE,
        )


def _public_name(
    settings: Settings,
    service: ContainerService | StaticSite,
    *,
    aws: AliasTarget | None,
    gcp_address: Output[str] | None,
    health_path: str,
    recovery: AliasTarget | None = None,
) -> tuple[str, PublicName]:
    return _label(settings, service), PublicName(
        name=public_host(settings, service),
        aws=aws,
        gcp_address=gcp_address,
        health_path=health_path,
        recovery=recovery,
    )


def _label(settings: Settings, service: ContainerService | StaticSite) -> str:
    return public_host(settings, service).removesuffix(f".{settings.environment.domain}")


def _aws_regions(
    settings: Settings, entrances: Entrances, recovery: Recovery | None
) -> tuple[AliasTarget | None, AliasTarget | None]:
    """Where AWS answers its names, and where its recovery region answers those of its own."""
    there = _target(recovery.entrances.public) if recovery and recovery.entrances else None
    return _target(entrances.public) if settings.dns.aws_region == "primary" else there, there


def _target(balancer: LoadBalancer | None) -> AliasTarget | None:
    return AliasTarget(dns_name=balancer.dns_name, zone_id=balancer.zone_id) if balancer else None


def _proofs(settings: Settings, providers: Providers, names: Names, google: GoogleServices) -> None:
    """Each in the zone that answers for its name: those of this one cloud are served by Cloud DNS."""
    zone_name, published = names.zones.gcp_zone_name, published_in_google(settings)
    if zone_name is None:
        return
    certificate, internal = google.certificate, google.internal
    proofs = {
        key: Proof(name=certificate.record_names[key], value=certificate.record_values[key])
        for key in certificate.record_names
    }
    CertificateProofs(
        "certificate-gcp-proofs",
        CertificateProofsArgs(
            zone_id=names.zones.zone_id,
            public={
                **{name: proofs[name] for name in published},
                **({"internal": Proof(name=internal.proof_name, value=internal.proof_value)} if internal else {}),
            },
            project_id=settings.gcp.project_id,
            gcp_zone_name=zone_name,
            delegated={place_key(name): proofs[place_key(name)] for name in published},
        ),
        providers.options(),
    )
