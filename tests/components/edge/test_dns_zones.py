"""What DnsZones promises; that registrars and resolvers accept the signatures is not proven here."""

import json
from dataclasses import replace
from typing import Any

import pytest

from components.edge.dns_zones import Delegation, DnsZones, DnsZonesArgs, GcpZoneArgs, SigningArgs, authorities
from sandbox.difference import difference
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components

ACCOUNT = "111122223333"
ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT}:role/platform-administrator"
STAGING_SERVERS = ("ns-1.awsdns-01.org", "ns-2.awsdns-02.com")
DS = "12345 13 2 49FD46E6C4B45C55D4AC69CBD3CD34AC1AFE51DE9F1B2C3D4E5F60718293A4B5"

ARGS = DnsZonesArgs(
    domain="example.com",
    signing=SigningArgs(account_id=ACCOUNT, administrators=[ADMINISTRATOR], deletion_window_days=30),
    certificate_authorities=["amazon.com", "pki.goog"],
    incident_mail="security@example.com",
    ttl_seconds=300,
    delegations={"staging": Delegation(name_servers=STAGING_SERVERS, ds_records=[DS])},
    gcp=GcpZoneArgs(project_id="example-project"),
)


def build(args: DnsZonesArgs = ARGS, known: bool = True) -> Graph:
    return record_components(lambda: DnsZones("zones", args), known)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return build()


def records(graph: Graph) -> dict[tuple[str, str], Resource]:
    return {(each["name"], each["type"]): each for each in graph.of_type("aws:route53/record:Record")}


def key_policy(graph: Graph) -> dict[str, dict[str, Any]]:
    (key,) = graph.of_type("aws:kms/key:Key")
    return {each["Sid"]: each for each in json.loads(key["policy"])["Statement"]}


def test_the_domain_and_its_google_part_are_zones_that_outlive_a_mistaken_destroy(graph: Graph) -> None:
    (zone,) = graph.of_type("aws:route53/zone:Zone")
    (google,) = graph.of_type("gcp:dns/managedZone:ManagedZone")
    assert (zone["name"], google["dnsName"]) == ("example.com", "gcp.example.com."), "Cloud DNS wants the final dot"
    assert (zone.options.protect, google.options.protect) == (True, True)
    assert (zone["forceDestroy"], google["forceDestroy"], google["deletionPolicy"]) == (False, False, "PREVENT")


def test_records_can_be_changed_again_while_the_control_plane_of_us_east_1_is_down(graph: Graph) -> None:
    (zone,) = graph.of_type("aws:route53/zone:Zone")
    assert zone["enableAcceleratedRecovery"] is True


def test_the_zone_holds_exactly_its_delegations_and_the_authorities(graph: Graph) -> None:
    assert {name: each["records"] for name, each in records(graph).items()} == {
        ("example.com", "CAA"): [
            '0 issue "amazon.com"',
            '0 issue "pki.goog"',
            '0 iodef "mailto:security@example.com"',
        ],
        ("staging.example.com", "NS"): list(STAGING_SERVERS),
        ("staging.example.com", "DS"): [DS],
        ("gcp.example.com", "NS"): graph.named("zones-gcp")["nameServers"],
    }


def test_both_clouds_may_issue_certificates_and_nobody_else() -> None:
    assert authorities(["amazon.com"], "a@b.c") == ['0 issue "amazon.com"', '0 iodef "mailto:a@b.c"'], (
        "without issuewild, the same authorities issue wildcards"
    )


def test_the_ds_record_of_the_google_zone_comes_back_as_a_setting(graph: Graph) -> None:
    assert ("gcp.example.com", "DS") not in records(graph), "a DS record ahead of its keys makes the zone unreachable"
    signed = build(replace(ARGS, gcp=GcpZoneArgs(project_id="example-project", ds_records=[DS])))
    assert records(signed)["gcp.example.com", "DS"]["records"] == [DS]
    assert [each.path for change in difference(graph, signed).changed for each in change.properties] == []


def test_the_google_zone_is_signed_with_the_algorithm_of_route_53(graph: Graph) -> None:
    (google,) = graph.of_type("gcp:dns/managedZone:ManagedZone")
    assert google["dnssecConfig"]["state"] == "on"
    assert {(each["keyType"], each["algorithm"]) for each in google["dnssecConfig"]["defaultKeySpecs"]} == {
        ("keySigning", "ecdsap256sha256"),
        ("zoneSigning", "ecdsap256sha256"),
    }


def test_route_53_signs_with_a_key_of_us_east_1_that_can_do_nothing_else(graph: Graph) -> None:
    (key,) = graph.of_type("aws:kms/key:Key")
    (signing,) = graph.of_type("aws:route53/keySigningKey:KeySigningKey")
    assert (key["region"], key["customerMasterKeySpec"], key["keyUsage"]) == (
        "us-east-1",
        "ECC_NIST_P256",
        "SIGN_VERIFY",
    ), "Route 53 takes no other key"
    assert signing["keyManagementServiceArn"] == key["arn"]
    assert (key.options.protect, key.options.retain_on_delete) == (True, True)


def test_the_key_signs_this_zone_for_this_account_only(graph: Graph) -> None:
    (zone,) = graph.of_type("aws:route53/zone:Zone")
    policy = key_policy(graph)
    assert set(policy) == {"AccountManages", "AdministratorsManage", "Route53Signs", "Route53Grants"}
    assert policy["Route53Signs"]["Action"] == ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"]
    assert policy["Route53Signs"]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnEquals": {"aws:SourceArn": zone["arn"]},
    }
    assert policy["Route53Grants"]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "Bool": {"kms:GrantIsForAWSResource": "true"},
    }


def test_nobody_who_manages_the_key_can_sign_with_it(graph: Graph) -> None:
    managers = [key_policy(graph)[sid] for sid in ("AccountManages", "AdministratorsManage")]
    assert {action for each in managers for action in each["Action"]} & {"kms:Sign", "kms:*", "kms:CreateGrant"} == (
        set()
    )


def test_the_zone_is_signed_once_its_key_is_active_and_never_unsigned_by_mistake(graph: Graph) -> None:
    (signed,) = graph.of_type("aws:route53/hostedZoneDnsSec:HostedZoneDnsSec")
    assert "aws:route53/keySigningKey:KeySigningKey" in {each.type for each in graph.dependencies(signed)}
    assert signed.options.protect is True, "the registrar's DS record would make the whole domain unresolvable"


def test_without_signing_and_google_only_the_zone_and_its_own_records_are_left() -> None:
    plain = build(replace(ARGS, signing=None, gcp=None, delegations={}))
    assert {each.type for each in plain if each.custom} == {"aws:route53/zone:Zone", "aws:route53/record:Record"}
    assert set(records(plain)) == {("example.com", "CAA")}


def test_switching_the_signing_on_leaves_the_zone_as_it_is(graph: Graph) -> None:
    change = difference(build(replace(ARGS, signing=None)), graph)
    assert (change.replaced, change.deleted, change.changed) == ([], [], [])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"domain": "example.com."}, "without dots at its ends"),
        ({"domain": "Example.com"}, "small letters"),
        ({"certificate_authorities": []}, "nobody could issue"),
        ({"delegations": {"gcp": Delegation(name_servers=["ns"])}}, "delegated to Cloud DNS already"),
    ],
)
def test_what_cannot_be_resolved_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(ARGS, **change)


def test_a_first_preview_builds_the_same(graph: Graph) -> None:
    assert {each.urn for each in build(known=False)} == {each.urn for each in graph}
    assert graph.problems == []
