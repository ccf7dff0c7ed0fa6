"""The host inside the Google Cloud network: no door but the Identity-Aware Proxy."""

from functools import cache

import pytest

from components.network.gcp_bastion import GcpBastion, GcpBastionArgs
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components

ADMINISTRATORS = ("group:platform@elsonwealth.com", "user:on-call@elsonwealth.com")


def built(name: str) -> None:
    GcpBastion(
        name,
        GcpBastionArgs(
            project_id="elson-test",
            zone="us-central1-a",
            network_id="projects/elson-test/global/networks/vpc",
            subnetwork_id="projects/elson-test/regions/us-central1/subnetworks/nodes",
            machine_type="e2-micro",
            image="projects/debian-cloud/global/images/family/debian-12",
            network_tags=["access-gcp-bastion"],
            administrators=ADMINISTRATORS,
        ),
    )


@cache
def bastion() -> Graph:
    return record_components(lambda: built("gcp-bastion"))


def only(token: str) -> Resource:
    (found,) = bastion().of_type(token)
    return found


def instance() -> Resource:
    return only("gcp:compute/instance:Instance")


def test_ssh_answers_the_identity_aware_proxy_alone() -> None:
    rule = only("gcp:compute/firewall:Firewall")
    account = only("gcp:serviceaccount/account:Account")
    assert (rule["direction"], rule["sourceRanges"]) == ("INGRESS", ["35.235.240.0/20"])
    assert rule["allows"] == [{"protocol": "tcp", "ports": ["22"]}]
    assert rule["targetServiceAccounts"] == [account["email"]], "the rule would open the port on other instances"
    assert "sourceTags" not in rule.inputs
    assert instance()["serviceAccount"]["email"] == account["email"]


def test_the_host_has_no_public_address() -> None:
    (interface,) = instance()["networkInterfaces"]
    assert "accessConfigs" not in interface
    assert "ipv6AccessConfigs" not in interface


def test_keys_in_metadata_do_not_open_the_host() -> None:
    assert instance()["metadata"] == {
        "enable-oslogin": "TRUE",
        "block-project-ssh-keys": "TRUE",
        "serial-port-enable": "FALSE",
    }


def test_the_host_starts_nothing_that_is_not_signed() -> None:
    assert instance()["shieldedInstanceConfig"] == {
        "enableSecureBoot": True,
        "enableVtpm": True,
        "enableIntegrityMonitoring": True,
    }


def test_the_host_itself_may_do_nothing() -> None:
    email = only("gcp:serviceaccount/account:Account")["email"]
    granted = [r.urn for r in bastion() if r.inputs.get("member") == f"serviceAccount:{email}"]
    assert granted == [], "who gets in should bring permissions, not find them"


def test_what_the_host_reaches_is_for_the_access_rules_to_say() -> None:
    assert instance()["tags"] == ["access-gcp-bastion"]
    assert [r["direction"] for r in bastion().of_type("gcp:compute/firewall:Firewall")] == ["INGRESS"]


@pytest.mark.parametrize(
    ("token", "role"),
    [
        ("gcp:iap/tunnelInstanceIAMMember:TunnelInstanceIAMMember", "roles/iap.tunnelResourceAccessor"),
        ("gcp:compute/instanceIAMMember:InstanceIAMMember", "roles/compute.osAdminLogin"),
        ("gcp:serviceaccount/iAMMember:IAMMember", "roles/iam.serviceAccountUser"),
    ],
)
def test_administrators_alone_pass_each_of_the_three_doors(token: str, role: str) -> None:
    found = {(grant["role"], grant["member"]) for grant in bastion().of_type(token)}
    assert found == {(role, member) for member in ADMINISTRATORS}, "with one door closed nobody gets in"


def test_grants_are_on_this_instance_and_not_on_the_project() -> None:
    tunnels = bastion().of_type("gcp:iap/tunnelInstanceIAMMember:TunnelInstanceIAMMember")
    sign_ins = bastion().of_type("gcp:compute/instanceIAMMember:InstanceIAMMember")
    identities = bastion().of_type("gcp:serviceaccount/iAMMember:IAMMember")
    assert {r["instance"] for r in tunnels} == {r["instanceName"] for r in sign_ins} == {instance()["name"]}
    assert {r["serviceAccountId"] for r in identities} == {only("gcp:serviceaccount/account:Account")["name"]}
    assert [r.urn for r in bastion() if r.type.startswith("gcp:projects/")] == []


@pytest.mark.parametrize("name", ["short", "a-bastion-with-a-name-of-31-abc"])
def test_a_name_that_no_service_account_may_have_is_an_error(name: str) -> None:
    with pytest.raises(Exception, match="6 to 30 characters"):
        record_components(lambda: built(name))
