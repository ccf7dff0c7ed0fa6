"""Certificates for the load balancer of Google Cloud, proven by DNS."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp
from pulumi import Output

from components.component import Component
from components.ordering import after


@dataclass(frozen=True, kw_only=True)
class GoogleCertificateArgs:
    """What a GoogleCertificate needs to know."""

    project_id: str
    """The project of the certificates."""
    hostnames: Mapping[str, str]
    """The full host names, such as `api.elson.example`, by a short name for each; none ends with a dot."""


class GoogleCertificate(Component):
    """A certificate for each host name, and the map by which a load balancer finds the right one.

    Guarantees that a certificate can be issued and renewed while its name points to the other cloud: what proves the
    name is a DNS record, not a request to its address. Each name has a certificate of its own, so that one whose record
    is missing does not hold up the rest. A client that asks for another name gets no certificate at all. Leaves out the
    records, which are written where the zone is; until then the certificates wait, and nothing else does.
    """

    map_id: Output[str]
    """The certificate map, once it has all its entries."""
    record_names: Mapping[str, Output[str]]
    """Names of the CNAME records that prove the host names, by short name; each ends with a dot."""
    record_values: Mapping[str, Output[str]]
    """What each of these records points to; it has to stay there, for renewals."""

    def __init__(self, name: str, args: GoogleCertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:edge:GoogleCertificate", name, None, opts)
        self._name, self._args = name, args

        authorizations = {key: self._authorization(key, hostname) for key, hostname in args.hostnames.items()}
        self.map_id = self._map(authorizations)
        records = {key: each.dns_resource_records.apply(lambda found: found[0]) for key, each in authorizations.items()}
        self.record_names = {key: record.apply(lambda found: found["name"]) for key, record in records.items()}
        self.record_values = {key: record.apply(lambda found: found["data"]) for key, record in records.items()}
        self.publish()

    def _authorization(self, key: str, hostname: str) -> gcp.certificatemanager.DnsAuthorization:
        return gcp.certificatemanager.DnsAuthorization(
            f"{self._name}-{key}",
            project=self._args.project_id,
            description=f"Proof of {hostname}",
            domain=hostname,
            # The fixed record would be `_acme-challenge`, which another issuer of the same name may want for itself.
            type="PER_PROJECT_RECORD",
            opts=self.child(),
        )

    def _map(self, authorizations: Mapping[str, gcp.certificatemanager.DnsAuthorization]) -> Output[str]:
        certificates = gcp.certificatemanager.CertificateMap(
            f"{self._name}-map",
            project=self._args.project_id,
            description=f"Certificates of {self._name}",
            opts=self.child(),
        )
        entries = [
            gcp.certificatemanager.CertificateMapEntry(
                f"{self._name}-{key}",
                project=self._args.project_id,
                description=f"The certificate of {hostname}",
                map=certificates.name,
                hostname=hostname,
                certificates=[self._certificate(key, hostname, authorizations[key].id)],
                opts=self.child(),
            )
            for key, hostname in self._args.hostnames.items()
        ]
        return after(certificates.id, entries)

    def _certificate(self, key: str, hostname: str, authorization_id: Output[str]) -> Output[str]:
        return gcp.certificatemanager.Certificate(
            f"{self._name}-{key}",
            project=self._args.project_id,
            description=f"Certificate of {hostname}",
            scope="DEFAULT",
            managed=gcp.certificatemanager.CertificateManagedArgs(
                domains=[hostname], dns_authorizations=[authorization_id]
            ),
            opts=self.child(),
        ).id
