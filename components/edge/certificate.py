"""A certificate for public names, which AWS renews by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components.component import Component

VALIDATION_TTL_SECONDS = 300
LONGEST_COMMON_NAME = 64


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """What a Certificate needs to know."""

    domain: str
    """The name that the certificate is issued for, 64 characters at the most; `*.example.com` is possible."""
    alternative_names: Sequence[str] = field(default_factory=tuple)
    """Further names; a wildcard stands for one label, so `*.example.com` does not cover `api.aws.example.com`."""
    zone_ids: Mapping[str, pulumi.Input[str]]
    """The public zones that prove who owns the names, by domain; the deepest that holds a name is taken."""
    regions: Sequence[str]
    """Where the certificate is needed: that of the load balancers, and us-east-1 for CloudFront."""

    def __post_init__(self) -> None:
        """Raise ValueError for names that are not in a zone, or a certificate for nowhere."""
        if not self.regions:
            raise ValueError(f"the certificate of {self.domain} is for no region; name one")
        if len(self.domain) > LONGEST_COMMON_NAME:
            raise ValueError(f"{self.domain} has more than {LONGEST_COMMON_NAME} characters; put a shorter name first")
        for name in self.proven_names:
            self.zone_of(name)

    @property
    def names(self) -> list[str]:
        """All names, each once."""
        return list(dict.fromkeys([self.domain, *self.alternative_names]))

    @property
    def proven_names(self) -> list[str]:
        """The names that are proven: a wildcard and the name that it stands below share one proof."""
        return list(dict.fromkeys(name.removeprefix("*.") for name in self.names))

    def zone_of(self, name: str) -> str:
        """The domain of the zone that holds a name. Raises ValueError if none does."""
        holding = [domain for domain in self.zone_ids if name == domain or name.endswith(f".{domain}")]
        if not holding:
            raise ValueError(
                f"{name} is in none of the zones {', '.join(self.zone_ids)}; nobody could prove who owns it"
            )
        return max(holding, key=len)


class Certificate(Component):
    """A certificate of the same names in each region that needs one, proven by records in the public zones.

    Guarantees that its ARN is known once it is issued, that it goes on being renewed, as the proof stays in the zone,
    and that a region added later touches none of the others: AWS asks one proof of a name for all regions of an
    account. A changed list of names makes a new certificate, which takes over before the old one goes. Leaves out
    Google's certificates, which have proofs of their own.
    """

    arns: Mapping[str, Output[str]]
    """The certificate, once it is issued, by region."""

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:edge:Certificate", name, None, opts)
        self._name, self._args = name, args

        certificates = {region: self._certificate(region) for region in args.regions}
        proofs = self._proofs(certificates[args.regions[0]])
        self.arns = {region: self._issued(region, each, proofs) for region, each in certificates.items()}
        self.publish()

    def _certificate(self, region: str) -> aws.acm.Certificate:
        first, *others = self._args.names
        return aws.acm.Certificate(
            f"{self._name}-{region}",
            region=region,
            domain_name=first,
            subject_alternative_names=others,
            validation_method="DNS",
            tags={"Name": self._name},
            opts=self.child(),
        )

    def _proofs(self, certificate: aws.acm.Certificate) -> list[Output[str]]:
        """Counted by our own list of names: that of AWS has an order of its own, and is unknown in a first preview."""
        return [self._proof(name, certificate) for name in self._args.proven_names]

    def _proof(self, name: str, certificate: aws.acm.Certificate) -> Output[str]:
        option = certificate.domain_validation_options.apply(
            lambda options: next(each for each in options if (each.domain_name or "").removeprefix("*.") == name)
        )
        return aws.route53.Record(
            f"{self._name}-{name}",
            zone_id=self._args.zone_ids[self._args.zone_of(name)],
            name=option.apply(lambda each: each.resource_record_name or ""),
            type="CNAME",
            ttl=VALIDATION_TTL_SECONDS,
            records=[option.apply(lambda each: each.resource_record_value or "")],
            # Another certificate of this account for the same name, in whatever region, asks for the same record.
            allow_overwrite=True,
            opts=self.child(),
        ).fqdn

    def _issued(self, region: str, certificate: aws.acm.Certificate, proofs: Sequence[Output[str]]) -> Output[str]:
        return aws.acm.CertificateValidation(
            f"{self._name}-{region}",
            region=region,
            certificate_arn=certificate.arn,
            validation_record_fqdns=list(proofs),
            opts=self.child(),
        ).certificate_arn
