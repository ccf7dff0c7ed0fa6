"""The public names: who serves them, who may certify them, and when they move to the other cloud."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from stacks.settings.section import Section, Unique

HostAddress = Annotated[
    str,
    Field(
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$",
        max_length=253,
        examples=["status.example.net"],
    ),
]
NameServer = Annotated[
    str,
    Field(
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}\.?$",
        max_length=254,
        examples=["ns-1.awsdns-01.org"],
    ),
]
DsRecord = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{1,5} [0-9]{1,3} (1 [0-9A-Fa-f]{40}|2 [0-9A-Fa-f]{64}|4 [0-9A-Fa-f]{96})$",
        examples=["12345 13 2 " + "0123456789ABCDEF" * 4],
    ),
]
DsRecords = Annotated[tuple[DsRecord, ...], *Unique]
DnsLabel = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", examples=["staging"])]
CheckerRegion = Literal[
    "us-east-1",
    "us-west-1",
    "us-west-2",
    "eu-west-1",
    "ap-northeast-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "sa-east-1",
]


class Delegation(Section):
    """A part of the domain that other name servers serve, such as that of another environment."""

    name_servers: Annotated[tuple[NameServer, ...], Field(min_length=1, max_length=16), *Unique]
    """The name servers of the delegated zone."""
    ds_records: DsRecords
    """`<key tag> <algorithm> <digest type> <digest>` of its signing keys; with none, nobody checks its signatures."""


class HealthChecks(Section):
    """How Route 53 finds out whether AWS answers."""

    regions: Annotated[tuple[CheckerRegion, ...], Field(min_length=3, max_length=8), *Unique]
    """Where it asks from, 3 or more: with fewer, a cut cable would look like an outage."""
    interval_seconds: Literal[10, 30]
    """Seconds between two questions from one place; 10 costs extra for every check."""
    failure_threshold: Annotated[int, Field(ge=1, le=10)]
    """Wrong answers in a row that move a name, and right ones that move it back, 1 to 10."""


class Standstill(Section):
    """A page outside AWS by which people take AWS out of service, without asking AWS."""

    host: HostAddress
    """The host that serves it; it must not stand on what it is to replace."""
    path: Annotated[str, Field(pattern=r"^/[A-Za-z0-9/_.~-]*$", max_length=255, examples=["/aws-out-of-service"])]
    """Its path: there while traffic is to leave AWS, 404 otherwise."""


class Dns(Section):
    """The zone of the environment's domain, and the cloud that its names lead to."""

    signing: bool
    """DNSSEC; the zone above, or the registrar, has to publish the DS record."""
    certificate_authorities: Annotated[tuple[HostAddress, ...], Field(min_length=1, max_length=10), *Unique]
    """Who may issue certificates below the domain: amazon.com for AWS, pki.goog for Google Cloud."""
    incident_mail: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9._+-]+@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$",
            max_length=254,
            examples=["security@elsonwealth.com"],
        ),
    ]
    """Where an authority reports that somebody asked for a certificate it may not issue."""
    ttl_seconds: Annotated[int, Field(ge=60, le=86_400)]
    """Seconds that resolvers keep the list of authorities, 60 to 86400."""
    failover_ttl_seconds: Annotated[int, Field(ge=1, le=300)]
    """Seconds that resolvers keep an address of Google Cloud, 1 to 300; AWS's own are kept for 60."""
    delegations: Mapping[DnsLabel, Delegation]
    """Other zones below the domain, by label: `staging` for `staging.elsonwealth.com`."""
    gcp_ds_records: DsRecords
    """The DS record of the zone in Cloud DNS, known once that is signed: `gcloud dns dns-keys describe`."""
    checks: HealthChecks
    """How Route 53 finds out whether AWS answers."""
    active: Literal["aws", "gcp"]
    """Who answers where both can; gcp after a failover that is to stay, until everything is moved back."""
    aws_region: Literal["primary", "recovery"]
    """The region that answers the services' names of AWS; recovery after the loss of the primary one."""
    standstill: Standstill | None
    """The page that takes AWS out of service, or null where only the checks decide."""
