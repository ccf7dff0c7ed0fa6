"""The records that prove the names of Google's certificates; that Google finds them is not proven here."""

from functools import cache

from components.edge.certificate_proofs import CertificateProofs, CertificateProofsArgs, Proof
from sandbox.graph import Graph
from sandbox.recorder import record_components

ARGS = CertificateProofsArgs(
    zone_id="Z0PUBLIC",
    public={"api": Proof(name="_acme-1.api.example.com.", value="1.authorize.example.net.")},
    project_id="example-project",
    gcp_zone_name="zones-gcp",
    delegated={"api-place": Proof(name="_acme-2.api.gcp.example.com.", value="2.authorize.example.net.")},
)


@cache
def graph() -> Graph:
    return record_components(lambda: CertificateProofs("proofs", ARGS))


def test_a_public_name_is_proven_where_route_53_answers_for_it() -> None:
    (record,) = graph().of_type("aws:route53/record:Record")
    assert (record["zoneId"], record["type"]) == ("Z0PUBLIC", "CNAME")
    assert (record["name"], record["records"]) == ("_acme-1.api.example.com", ["1.authorize.example.net."]), (
        "with a dot at its end, Route 53 would show another name in every preview"
    )


def test_a_delegated_name_is_proven_where_cloud_dns_answers_for_it() -> None:
    (record,) = graph().of_type("gcp:dns/recordSet:RecordSet")
    assert (record["managedZone"], record["project"], record["type"]) == ("zones-gcp", "example-project", "CNAME")
    assert (record["name"], record["rrdatas"]) == ("_acme-2.api.gcp.example.com.", ["2.authorize.example.net."]), (
        "Route 53 delegates the name and would never be asked"
    )


def test_every_record_is_published() -> None:
    found = graph().named("proofs", "platform:edge:CertificateProofs").registered
    assert found == {"record_names": {"api": "_acme-1.api.example.com", "api-place": "_acme-2.api.gcp.example.com."}}
