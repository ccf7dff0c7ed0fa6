"""What a ServiceIdentity promises."""

import pytest

from components.compute.service_identity import ServiceIdentity, ServiceIdentityArgs
from sandbox.graph import Graph
from sandbox.recorder import record_components


def recorded(service: str = "backend-api") -> Graph:
    def build() -> None:
        args = ServiceIdentityArgs(project_id="elson-test", prefix="elson-stg", service=service)
        ServiceIdentity("gcp-backend-api", args)

    return record_components(build)


def test_a_service_has_an_account_of_its_own_that_may_do_nothing_and_has_no_key():
    found = {(each.type, each.name) for each in recorded() if each.custom}
    assert found == {("gcp:serviceaccount/account:Account", "gcp-backend-api-account")}, (
        "grants are written where the thing they open is, and keys nowhere"
    )


def test_its_name_says_whose_it_is():
    account = recorded().named("gcp-backend-api-account")
    assert (account["accountId"], account["project"]) == ("elson-stg-backend-api", "elson-test")
    registered = recorded().named("gcp-backend-api", "platform:compute:ServiceIdentity").registered or {}
    assert registered == {"email": account["email"], "member": account["member"]}
    assert registered["member"] == f"serviceAccount:{registered['email']}"


def test_a_name_that_google_would_cut_off_is_refused():
    with pytest.raises(Exception, match="holds 30"):
        recorded("a-service-with-a-long-name")
