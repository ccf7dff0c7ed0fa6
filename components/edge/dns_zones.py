"""The public names of an environment: its zone in Route 53 and the part of it that Google Cloud serves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_gcp as gcp
from pulumi import Output

from components import policy
from components.component import Component
from components.ordering import after
from components.security.key_policy import MANAGE, THIS_KEY

DNSSEC_REGION = "us-east-1"
"""Route 53 signs with keys of this region only, wherever the platform runs."""
GCP_LABEL = "gcp"
"""The label below the domain whose names Cloud DNS serves."""
DELEGATION_TTL_SECONDS = 86_400
"""Name servers of a zone change only with the zone."""


@dataclass(frozen=True, kw_only=True)
class SigningArgs:
    """How the zone is signed."""

    account_id: str
    """The account that owns the signing key, 12 digits."""
    administrators: Sequence[str]
    """ARNs of existing roles that manage the key without using it."""
    deletion_window_days: int
    """Days in which a scheduled deletion of the key can still be cancelled, 7 to 30."""


@dataclass(frozen=True, kw_only=True)
class Delegation:
    """A part of the domain that other name servers serve, such as that of another environment."""

    name_servers: Sequence[pulumi.Input[str]]
    """The name servers of the delegated zone."""
    ds_records: Sequence[str] = ()
    """`<key tag> <algorithm> <digest type> <digest>` of its signing keys; without them nobody checks its signatures."""


@dataclass(frozen=True, kw_only=True)
class GcpZoneArgs:
    """The zone `gcp.<domain>` in Cloud DNS."""

    project_id: str
    """The project that owns the zone."""
    ds_records: Sequence[str] = ()
    """Its DS record, which Cloud DNS shows once the zone is signed: `gcloud dns dns-keys describe`."""


@dataclass(frozen=True, kw_only=True)
class DnsZonesArgs:
    """What DnsZones needs to know."""

    domain: str
    """The public domain of the environment, such as `example.com`."""
    signing: SigningArgs | None
    """DNSSEC of the Route 53 zone; None leaves it unsigned."""
    certificate_authorities: Sequence[str]
    """Who may issue certificates below the domain, as in CAA records: `amazon.com`, `pki.goog`."""
    incident_mail: str
    """Where a certificate authority reports a request that it refused."""
    ttl_seconds: int
    """Seconds that resolvers keep the CAA records, 60 to 86400."""
    delegations: Mapping[str, Delegation] = field(default_factory=dict)
    """Other zones below the domain, by label: `staging` for `staging.example.com`."""
    gcp: GcpZoneArgs | None
    """The zone that Google Cloud serves; None where there is no standby cloud."""

    def __post_init__(self) -> None:
        """Raise ValueError for a domain that is no domain, an empty CAA list or a label that is taken."""
        if self.domain != self.domain.strip(".").lower() or "." not in self.domain:
            raise ValueError(f"domain {self.domain!r} is written in small letters, without dots at its ends")
        if not self.certificate_authorities:
            raise ValueError("certificate_authorities is empty: nobody could issue a certificate; name `amazon.com`")
        if self.gcp is not None and GCP_LABEL in self.delegations:
            raise ValueError(f"{GCP_LABEL}.{self.domain} is delegated to Cloud DNS already; take another label")


class DnsZones(Component):
    """The public zone of the domain, and the zone `gcp.<domain>` that it delegates to Cloud DNS.

    Owns the zones, their signing, the delegations and the CAA records. Guarantees that no certificate authority but the
    named ones issues below the domain, that the zones outlive a mistaken destroy, and that the signing key signs this
    zone and nothing else. Route 53 answers from all over the world; only changes go through us-east-1, and those
    recover elsewhere within the hour.

    Leaves out two steps that happen outside: the registrar (or the zone above) gets `name_servers` and, once signed,
    `ds_record`; and the DS record of the Google zone comes back as a setting, because Cloud DNS reveals it to a lookup
    only. Until then its answers are signed and nobody checks them.
    """

    zone_id: Output[str]
    """The Route 53 zone of the domain."""
    zone_arn: Output[str]
    """The same, as policies name it."""
    name_servers: Output[Sequence[str]]
    """The name servers that the registrar, or the zone above, points to."""
    ds_record: Output[str] | None
    """The DS record that the registrar, or the zone above, publishes; None without signing."""
    gcp_domain: Output[str] | None
    """The name below which Cloud DNS serves; None without Google Cloud."""
    gcp_zone_name: Output[str] | None
    """The zone in Cloud DNS, once the domain points to it; None without Google Cloud."""

    def __init__(self, name: str, args: DnsZonesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:edge:DnsZones", name, None, opts)
        self._name, self._args = name, args

        zone = self._aws_zone()
        self.zone_id, self.zone_arn, self.name_servers = zone.zone_id, zone.arn, zone.name_servers
        self.ds_record = self._signature(args.signing) if args.signing else None
        self._authorities()
        for label, delegation in args.delegations.items():
            self._delegation(label, delegation.name_servers, delegation.ds_records)
        self.gcp_domain = Output.from_input(f"{GCP_LABEL}.{args.domain}") if args.gcp else None
        self.gcp_zone_name = self._gcp_zone(args.gcp) if args.gcp else None
        self.publish()

    def _aws_zone(self) -> aws.route53.Zone:
        return aws.route53.Zone(
            f"{self._name}-aws",
            name=self._args.domain,
            comment=f"Public names of {self._args.domain}",
            force_destroy=False,
            # Without it no record can be changed while us-east-1, where the only control plane lives, is down.
            enable_accelerated_recovery=True,
            opts=self.child(protect=True),
        )

    def _signature(self, signing: SigningArgs) -> Output[str]:
        key = aws.kms.Key(
            f"{self._name}-dnssec",
            region=DNSSEC_REGION,
            description=f"Signs the zone {self._args.domain}",
            customer_master_key_spec="ECC_NIST_P256",
            key_usage="SIGN_VERIFY",
            deletion_window_in_days=signing.deletion_window_days,
            policy=policy.rendered(signing_key_policy(signing, self.zone_arn)),
            opts=self.child(protect=True, retain_on_delete=True),
        )
        signing_key = aws.route53.KeySigningKey(
            f"{self._name}-dnssec",
            name=self._name.replace("-", "_"),
            hosted_zone_id=self.zone_id,
            key_management_service_arn=key.arn,
            opts=self.child(protect=True),
        )
        signed = aws.route53.HostedZoneDnsSec(
            f"{self._name}-dnssec",
            hosted_zone_id=self.zone_id,
            # Route 53 refuses to sign a zone that has no active key; and a zone that stops signing while the registrar
            # still publishes its DS record is gone for every resolver that validates.
            opts=self.child(depends_on=[signing_key], protect=True),
        )
        return after(signing_key.ds_record, [signed])

    def _authorities(self) -> None:
        """Certificate authorities climb from a name to its parents, so that this one record holds for all names."""
        aws.route53.Record(
            f"{self._name}-caa",
            zone_id=self.zone_id,
            name=self._args.domain,
            type="CAA",
            ttl=self._args.ttl_seconds,
            records=authorities(self._args.certificate_authorities, self._args.incident_mail),
            opts=self.child(),
        )

    def _gcp_zone(self, half: GcpZoneArgs) -> Output[str]:
        zone = gcp.dns.ManagedZone(
            f"{self._name}-gcp",
            project=half.project_id,
            description=f"Public names of {self._args.domain} in Google Cloud",
            dns_name=f"{GCP_LABEL}.{self._args.domain}.",
            visibility="public",
            force_destroy=False,
            dnssec_config=gcp.dns.ManagedZoneDnssecConfigArgs(
                state="on",
                non_existence="nsec3",
                default_key_specs=[_key_spec("keySigning"), _key_spec("zoneSigning")],
            ),
            cloud_logging_config=gcp.dns.ManagedZoneCloudLoggingConfigArgs(enable_logging=True),
            deletion_policy="PREVENT",
            opts=self.child(protect=True),
        )
        return after(zone.name, self._delegation(GCP_LABEL, zone.name_servers, half.ds_records))

    def _delegation(
        self, label: str, name_servers: pulumi.Input[Sequence[pulumi.Input[str]]], ds_records: Sequence[str]
    ) -> list[aws.route53.Record]:
        """A DS record that goes before its zone makes the zone unreachable, so the zone is signed first."""
        records: dict[str, pulumi.Input[Sequence[pulumi.Input[str]]]] = {"NS": name_servers}
        if ds_records:
            records["DS"] = list(ds_records)
        return [
            aws.route53.Record(
                f"{self._name}-{label}-{type_.lower()}",
                zone_id=self.zone_id,
                name=f"{label}.{self._args.domain}",
                type=type_,
                ttl=DELEGATION_TTL_SECONDS if type_ == "NS" else self._args.ttl_seconds,
                records=values,
                opts=self.child(),
            )
            for type_, values in records.items()
        ]


def authorities(issuers: Sequence[str], incident_mail: str) -> list[str]:
    """CAA values: who issues (for wildcards too, as none are named apart), and where refusals are reported."""
    return [*(f'0 issue "{issuer}"' for issuer in issuers), f'0 iodef "mailto:{incident_mail}"']


def signing_key_policy(signing: SigningArgs, zone_arn: pulumi.Input[str]) -> dict[str, Any]:
    """Administrators manage the key; Route 53 signs with it, for this one zone."""
    principals = {"Service": "dnssec-route53.amazonaws.com"}
    this_zone = {
        "StringEquals": {"aws:SourceAccount": signing.account_id},
        "ArnEquals": {"aws:SourceArn": zone_arn},
    }
    return policy.document(
        # The account too, so that IAM can always name a new administrator: KMS keeps no back door.
        policy.allow("AccountManages", MANAGE, THIS_KEY, principals={"AWS": f"arn:aws:iam::{signing.account_id}:root"}),
        *(
            [policy.allow("AdministratorsManage", MANAGE, THIS_KEY, principals={"AWS": list(signing.administrators)})]
            if signing.administrators
            else []
        ),
        policy.allow(
            "Route53Signs",
            ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"],
            THIS_KEY,
            principals=principals,
            conditions=this_zone,
        ),
        policy.allow(
            "Route53Grants",
            ["kms:CreateGrant"],
            THIS_KEY,
            principals=principals,
            # The grant is made before Route 53 names a zone, so the account is all it can be held to.
            conditions={
                "StringEquals": {"aws:SourceAccount": signing.account_id},
                "Bool": {"kms:GrantIsForAWSResource": "true"},
            },
        ),
    )


def _key_spec(key_type: str) -> gcp.dns.ManagedZoneDnssecConfigDefaultKeySpecArgs:
    """The algorithm of the Route 53 zone; both sizes of answers stay below what UDP carries whole."""
    return gcp.dns.ManagedZoneDnssecConfigDefaultKeySpecArgs(
        key_type=key_type, algorithm="ecdsap256sha256", key_length=256
    )
