"""The zones of the public domain, and the certificates of everything that answers in AWS."""

from dataclasses import dataclass
from typing import Any

from components.edge.certificate import Certificate, CertificateArgs
from components.edge.dns_zones import Delegation, DnsZones, DnsZonesArgs, GcpZoneArgs, SigningArgs
from components.edge.edge_security import CLOUDFRONT_REGION
from stacks.settings import Settings
from stacks.topology.placement import RECOVERY, inside, internal_domain
from stacks.topology.providers import Providers


@dataclass(frozen=True, kw_only=True)
class Names:
    """What stands for the platform's names."""

    zones: DnsZones
    """The public zones."""
    certificate: Certificate
    """The certificate of all public names, in each region that needs it."""
    internal_certificate: Certificate | None
    """The certificate by which services of AWS call each other; None where none do."""

    def outputs(self) -> dict[str, Any]:
        """What the registrar, or the zone above, is told."""
        return {"name_servers": self.zones.name_servers, "ds_record": self.zones.ds_record}


def names(settings: Settings, providers: Providers) -> Names:
    """The public zones, and certificates that are proven in them."""
    zones = _zones(settings, providers)
    return Names(
        zones=zones,
        certificate=_certificate(settings, providers, zones),
        internal_certificate=_internal_certificate(settings, providers, zones) if inside(settings) else None,
    )


def _zones(settings: Settings, providers: Providers) -> DnsZones:
    dns, google = settings.dns, settings.gcp
    return DnsZones(
        "zones",
        DnsZonesArgs(
            domain=settings.environment.domain,
            signing=SigningArgs(
                account_id=settings.aws.account_id,
                administrators=settings.aws.administrators,
                deletion_window_days=settings.keys.deletion_window_days,
            )
            if dns.signing
            else None,
            certificate_authorities=dns.certificate_authorities,
            incident_mail=dns.incident_mail,
            ttl_seconds=dns.ttl_seconds,
            delegations={
                label: Delegation(name_servers=zone.name_servers, ds_records=zone.ds_records)
                for label, zone in dns.delegations.items()
            },
            gcp=GcpZoneArgs(project_id=google.project_id, ds_records=dns.gcp_ds_records) if google.enabled else None,
        ),
        providers.options(),
    )


def _certificate(settings: Settings, providers: Providers, zones: DnsZones) -> Certificate:
    """Wildcards, so that a service that is added or renamed needs no other certificate."""
    domain, recovery = settings.environment.domain, settings.aws.recovery
    regions = [settings.aws.region, CLOUDFRONT_REGION, *([recovery.region] if recovery else [])]
    return Certificate(
        "certificate",
        CertificateArgs(
            domain=domain,
            alternative_names=[
                f"*.{domain}",
                f"*.aws.{domain}",
                *([f"*.{RECOVERY}.{domain}"] if recovery else []),
            ],
            zone_ids={domain: zones.zone_id},
            regions=list(dict.fromkeys(regions)),
        ),
        providers.options(),
    )


def _internal_certificate(settings: Settings, providers: Providers, zones: DnsZones) -> Certificate:
    """Of private names, but proven in the public zone: every client trusts it without an authority of our own."""
    return Certificate(
        "certificate-internal",
        CertificateArgs(
            domain=f"*.aws.{internal_domain(settings)}",
            zone_ids={settings.environment.domain: zones.zone_id},
            regions=[settings.aws.region],
        ),
        providers.options(),
    )
