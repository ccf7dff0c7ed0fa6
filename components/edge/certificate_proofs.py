"""The records by which Google Cloud's certificates prove who owns their names."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_gcp as gcp
from pulumi import Output

from components.component import Component

PROOF_TTL_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class Proof:
    """The record that proves one name."""

    name: pulumi.Input[str]
    """Its full name, with a dot at the end."""
    value: pulumi.Input[str]
    """What it points to."""


@dataclass(frozen=True, kw_only=True)
class CertificateProofsArgs:
    """What CertificateProofs needs to know."""

    zone_id: pulumi.Input[str]
    """The zone of the domain in Route 53."""
    public: Mapping[str, Proof]
    """Proofs of names of that zone, by a short name for each."""
    project_id: str
    """The project of the zone that Google Cloud serves."""
    gcp_zone_name: pulumi.Input[str]
    """That zone, in Cloud DNS."""
    delegated: Mapping[str, Proof]
    """Proofs of names below it, by a short name for each."""


class CertificateProofs(Component):
    """A CNAME record for each name of a certificate, in the zone that answers for the name.

    Guarantees that the proofs stay for renewals: they go only with the certificate. Leaves out the certificates.
    """

    record_names: Mapping[str, Output[str]]
    """The records that are there, by short name."""

    def __init__(self, name: str, args: CertificateProofsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:edge:CertificateProofs", name, None, opts)
        self._name, self._args = name, args

        public = {key: self._aws_record(key, proof) for key, proof in args.public.items()}
        delegated = {key: self._gcp_record(key, proof) for key, proof in args.delegated.items()}
        self.record_names = {**public, **delegated}
        self.publish()

    def _aws_record(self, key: str, proof: Proof) -> Output[str]:
        return aws.route53.Record(
            f"{self._name}-{key}",
            zone_id=self._args.zone_id,
            # Route 53 knows names without the dot at their end, and would see another name in each preview.
            name=Output.from_input(proof.name).apply(lambda name: name.rstrip(".")),
            type="CNAME",
            ttl=PROOF_TTL_SECONDS,
            records=[proof.value],
            opts=self.child(),
        ).name

    def _gcp_record(self, key: str, proof: Proof) -> Output[str]:
        return gcp.dns.RecordSet(
            f"{self._name}-{key}",
            project=self._args.project_id,
            managed_zone=self._args.gcp_zone_name,
            name=proof.name,
            type="CNAME",
            ttl=PROOF_TTL_SECONDS,
            rrdatas=[proof.value],
            opts=self.child(),
        ).name
