"""What a GoogleCertificate promises; that a certificate is issued is not proven here."""

from functools import cache

from components.edge.google_certificate import GoogleCertificate, GoogleCertificateArgs
from sandbox.difference import difference
from sandbox.graph import Graph
from sandbox.recorder import record_components

HOSTNAMES = {"api": "api.elson.example", "api-gcp": "api.gcp.elson.example"}
AUTHORIZATION = "gcp:certificatemanager/dnsAuthorization:DnsAuthorization"
CERTIFICATE = "gcp:certificatemanager/certificate:Certificate"
ENTRY = "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry"


@cache
def recorded(*keys: str, known: bool = True) -> Graph:
    hostnames = {key: HOSTNAMES[key] for key in keys or HOSTNAMES}

    def build() -> None:
        GoogleCertificate("certificates", GoogleCertificateArgs(project_id="elson-test", hostnames=hostnames))

    return record_components(build, known=known)


def test_each_name_is_proven_by_a_dns_record_of_this_project():
    found = {(each["domain"], each["type"]) for each in recorded().of_type(AUTHORIZATION)}
    assert found == {(hostname, "PER_PROJECT_RECORD") for hostname in HOSTNAMES.values()}


def test_each_name_has_a_certificate_of_its_own_proven_by_its_own_record():
    graph = recorded()
    found: set[tuple[str, ...]] = set()
    for each in graph.of_type(CERTIFICATE):
        (authorization,) = (graph.referred(value) for value in each["managed"]["dnsAuthorizations"])
        assert authorization is not None
        found.add((*each["managed"]["domains"], authorization["domain"]))
    assert found == {(hostname, hostname) for hostname in HOSTNAMES.values()}, (
        "one missing record must hold up one name"
    )


def test_the_map_leads_each_name_to_its_certificate_and_no_other_name_to_any():
    graph = recorded()
    found = {(each["hostname"], graph.referred(each["certificates"][0])) for each in graph.of_type(ENTRY)}
    certificates = {each["managed"]["domains"][0]: each for each in graph.of_type(CERTIFICATE)}
    assert found == set(certificates.items())
    assert [each for each in graph.of_type(ENTRY) if "matcher" in each.inputs] == []


def test_the_records_to_write_are_outputs():
    registered = recorded().named("certificates", "platform:edge:GoogleCertificate").registered or {}
    records = {
        each["domain"]: (each["dnsResourceRecords"][0]["name"], each["dnsResourceRecords"][0]["data"])
        for each in recorded().of_type(AUTHORIZATION)
    }
    assert registered["record_names"] == {key: records[hostname][0] for key, hostname in HOSTNAMES.items()}
    assert registered["record_values"] == {key: records[hostname][1] for key, hostname in HOSTNAMES.items()}


def test_a_first_preview_needs_no_record():
    assert set(recorded(known=False).resources) == set(recorded().resources)
    assert [*recorded().problems, *recorded(known=False).problems] == []


def test_another_name_touches_none_of_the_certificates_in_use():
    change = difference(recorded("api"), recorded())
    assert {each.name for each in change.added} == {"certificates-api-gcp"}
    assert not [*change.changed, *change.replaced, *change.following, *change.deleted]
