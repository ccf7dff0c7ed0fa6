"""What each member may do in Google Cloud in production, in sentences; whoever adds a grant writes its line here.

Who reads which secret follows from the settings, and is in `test_secrets_and_keys.py`.
"""

import re
from collections import defaultdict

import pytest

from sandbox.graph import Graph
from tests.environments import recorded
from tests.permissions import google_grants

BASIC = {"owner", "editor", "viewer"}
PUBLIC = {"allUsers", "allAuthenticatedUsers"}
READS_SECRETS = "secretmanager.secretAccessor"

ENCRYPTS = "cloudkms.cryptoKeyEncrypterDecrypter on key-{}-gcp"


def encrypts(*keys: str) -> set[str]:
    """What a service of Google does with the keys of the data that it holds."""
    return {ENCRYPTS.format(key) for key in keys}


def files(*buckets: str) -> set[str]:
    """New objects, and reading those that are there; nothing is overwritten or deleted."""
    return {f"storage.{role} on bucket-{each}-gcp" for each in buckets for role in ("objectCreator", "objectViewer")}


GRANTS: dict[str, set[str]] = {
    # Services of ours, by their service accounts.
    "backend-api-identity-account": {
        "pubsub.publisher on trading-events-to-aws-topic",
        "pubsub.subscriber on trading-events-to-google-backend-api",
        *files("records", "statements"),
    },
    "trading-engine-identity-account": {"pubsub.publisher on trading-events-to-aws-topic"},
    "secret-rotation-identity-gcp": {
        "secretmanager.secretVersionAdder on jwt-secret-gcp",
        "secretmanager.secretVersionAdder on secret-key-gcp",
    },
    # AWS, by web identity.
    "secret-rotation-identity-aws of AWS": {"iam.workloadIdentityUser on secret-rotation-identity-gcp"},
    # Services of Google, by their agents.
    "artifactregistry.googleapis.com": encrypts("images"),
    "run.googleapis.com": encrypts("images"),
    "redis.googleapis.com": encrypts("data"),
    "sqladmin.googleapis.com": encrypts("data"),
    "secretmanager.googleapis.com": encrypts("secrets"),
    "datastream.googleapis.com": {"WRITER on analytics-landing", *encrypts("data")},
    "serviceAccount:service-334567890123@gs-project-accounts.iam.gserviceaccount.com": encrypts("data"),
    "serviceAccount:bq-334567890123@bigquery-encryption.iam.gserviceaccount.com": encrypts("data"),
    "pubsub.googleapis.com": {
        *encrypts("events"),
        # What it takes from AWS it puts into the topic as itself; what nobody takes, into the topic for dead letters.
        "iam.serviceAccountTokenCreator on trading-events-to-google-ingest",
        "iam.serviceAccountTokenCreator on trading-events-to-aws-push",
        "pubsub.publisher on trading-events-to-google-topic",
        "pubsub.publisher on trading-events-dead-topic",
        "pubsub.subscriber on trading-events-to-aws-push",
        "pubsub.subscriber on trading-events-to-google-backend-api",
    },
    # People.
    "group:platform-administrators@elsonwealth.com": {
        f"cloudkms.admin on key-{key}-gcp" for key in ("data", "events", "images", "pii", "secrets", "vault")
    },
    "group:data-engineering@elsonwealth.com": {"OWNER on analytics-landing", "OWNER on analytics-reports"},
    "group:analysts@elsonwealth.com": {
        "READER on analytics-reports",
        "bigquerydatapolicy.maskedReader on analytics-email",
    },
    "group:compliance@elsonwealth.com": {
        "datacatalog.categoryFineGrainedReader on analytics-email",
        "datacatalog.categoryFineGrainedReader on analytics-tax_id",
    },
}
"""All that each member may do, apart from reading secrets."""

DATASET_ROLES = ("WRITER", "READER", "OWNER")
"""BigQuery's own words for the roles of one dataset."""


@pytest.fixture(scope="module")
def found() -> dict[str, set[str]]:
    grants: dict[str, set[str]] = defaultdict(set)
    for _, member, role, thing in google_grants(recorded("production")):
        if role != READS_SECRETS:
            grants[member].add(f"{role} on {thing}")
    return grants


def test_every_member_has_its_line_and_no_line_has_lost_its_member(found: dict[str, set[str]]) -> None:
    assert set(found) == set(GRANTS), "nobody has written down what a member may do"


@pytest.mark.parametrize("member", sorted(GRANTS))
def test_a_member_may_do_exactly_what_its_line_says(member: str, found: dict[str, set[str]]) -> None:
    assert found[member] == GRANTS[member]


def test_no_grant_is_public(graph: Graph) -> None:
    assert [grant.urn for grant, member, _, _ in google_grants(graph) if member in PUBLIC] == []


def test_no_grant_is_for_the_whole_project_and_no_role_is_a_basic_one(graph: Graph) -> None:
    wide = [grant.urn for grant, _, role, thing in google_grants(graph) if role in BASIC or thing == "the project"]
    assert wide == [], "it would open whatever is built in the project later"
    owned = {grant.type for grant, _, role, _ in google_grants(graph) if role in DATASET_ROLES}
    assert owned <= {"gcp:bigquery/dataset:Dataset"}


def test_no_grant_takes_the_place_of_others(graph: Graph) -> None:
    """A binding or policy of one resource removes what Google and others granted there."""
    authoritative = [
        r.urn
        for r in graph
        if r.package == "gcp" and re.search(r"(?i)iam(binding|policy)$", r.type) and "dataPolicy" not in r.type
    ]
    assert authoritative == []


def test_nothing_runs_as_the_default_account(graph: Graph) -> None:
    ours = {account["email"] for account in graph.of_type("gcp:serviceaccount/account:Account")}
    runs_as = {r["template"].get("serviceAccount") for r in graph.of_type("gcp:cloudrunv2/service:Service")}
    for machine in graph.of_type("gcp:compute/instance:Instance"):
        runs_as.add((machine.get("serviceAccount") or {}).get("email"))
    assert runs_as <= ours, "it may edit the whole project"
