"""What a Certificate promises; that ACM finds the proofs is not proven here."""

from dataclasses import replace
from typing import Any

import pytest

from components.edge.certificate import Certificate, CertificateArgs
from sandbox.difference import difference
from sandbox.graph import Graph
from sandbox.recorder import record_components

ARGS = CertificateArgs(
    domain="example.com",
    alternative_names=["*.example.com", "*.aws.example.com", "stream.staging.example.com", "example.com"],
    zone_ids={"example.com": "Z0TOP", "staging.example.com": "Z0STAGING"},
    regions=["us-east-1"],
)


def build(args: CertificateArgs = ARGS, known: bool = True) -> Graph:
    return record_components(lambda: Certificate("public", args), known)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return build()


def test_every_name_is_asked_for_once(graph: Graph) -> None:
    (certificate,) = graph.of_type("aws:acm/certificate:Certificate")
    assert (certificate["domainName"], certificate["subjectAlternativeNames"]) == (
        "example.com",
        ["*.example.com", "*.aws.example.com", "stream.staging.example.com"],
    )
    assert (certificate["validationMethod"], certificate["region"]) == ("DNS", "us-east-1")


def test_every_name_is_proven_in_its_own_zone_with_the_answer_meant_for_it(graph: Graph) -> None:
    (certificate,) = graph.of_type("aws:acm/certificate:Certificate")
    asked = {
        each["domainName"].removeprefix("*."): (each["resourceRecordName"], [each["resourceRecordValue"]])
        for each in certificate["domainValidationOptions"]
    }
    records = graph.of_type("aws:route53/record:Record")
    assert {(each.name, each["zoneId"], each["name"], *each["records"]) for each in records} == {
        ("public-example.com", "Z0TOP", asked["example.com"][0], *asked["example.com"][1]),
        ("public-aws.example.com", "Z0TOP", asked["aws.example.com"][0], *asked["aws.example.com"][1]),
        (
            "public-stream.staging.example.com",
            "Z0STAGING",
            asked["stream.staging.example.com"][0],
            *asked["stream.staging.example.com"][1],
        ),
    }, "a wildcard and the name above it share one proof"
    assert {each["type"] for each in records} == {"CNAME"}


def test_the_certificate_is_handed_out_once_it_is_issued(graph: Graph) -> None:
    (issued,) = graph.of_type("aws:acm/certificateValidation:CertificateValidation")
    proofs = {each.urn for each in graph.of_type("aws:route53/record:Record")}
    assert proofs < set(issued.dependencies)
    assert (graph.named("public", "platform:edge:Certificate").registered or {})["arns"] == {
        "us-east-1": issued["certificateArn"]
    }


def test_two_regions_have_two_certificates_and_one_set_of_proofs(graph: Graph) -> None:
    two = build(replace(ARGS, regions=["us-east-1", "us-west-2"]))
    assert {each["region"] for each in two.of_type("aws:acm/certificate:Certificate")} == {"us-east-1", "us-west-2"}
    change = difference(graph, two)
    assert {each.type for each in change.added} == {
        "aws:acm/certificate:Certificate",
        "aws:acm/certificateValidation:CertificateValidation",
    }
    assert (change.replaced, change.deleted) == ([], [])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"regions": []}, "for no region"),
        ({"domain": "x" * 64 + ".example.com"}, "more than 64 characters"),
        ({"alternative_names": ["api.example.org"]}, "in none of the zones"),
        ({"alternative_names": ["notexample.com"]}, "in none of the zones"),
    ],
)
def test_what_nobody_could_prove_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(ARGS, **change)


def test_a_first_preview_builds_the_same(graph: Graph) -> None:
    assert {each.urn for each in build(known=False)} == {each.urn for each in graph}
    assert graph.problems == []
