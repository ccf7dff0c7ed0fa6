"""What a FirebaseFrontend promises; that Firebase serves the content is not proven here."""

import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from components.edge.firebase_frontend import FirebaseFrontend, FirebaseFrontendArgs
from sandbox.graph import Graph
from sandbox.recorder import record_components

HEADERS = {"Strict-Transport-Security": "max-age=63072000", "X-Content-Type-Options": "nosniff"}
ARGS = FirebaseFrontendArgs(
    project_id="elson-test",
    prefix="elson-stg",
    service="frontend",
    hostnames={"public": "app.elson.example", "place": "app.gcp.elson.example"},
    security_headers=HEADERS,
    service_paths=["/api", "/ws"],
)


@cache
def recorded(known: bool = True) -> Graph:
    def build() -> None:
        FirebaseFrontend("frontend-standby", ARGS)

    return record_components(build, known=known)


def outputs() -> dict[str, Any]:
    return dict(recorded().named("frontend-standby", "platform:edge:FirebaseFrontend").registered or {})


def hosting() -> dict[str, Any]:
    return json.loads(outputs()["hosting_configuration"])["hosting"]


def test_a_project_a_site_and_a_domain_is_all_there_is():
    assert {(each.type.rpartition(":")[2], each.name) for each in recorded() if each.custom} == {
        ("Project", "frontend-standby-project"),
        ("HostingSite", "frontend-standby-site"),
        ("HostingCustomDomain", "frontend-standby-public"),
        ("HostingCustomDomain", "frontend-standby-place"),
    }, "the content ships with a release"


def test_nothing_takes_the_project_out_of_firebase_or_gives_the_site_s_name_away():
    project, site = recorded().named("frontend-standby-project"), recorded().named("frontend-standby-site")
    assert (project.options.protect, project.options.retain_on_delete) == (True, True)
    assert site.options.protect is True
    assert (site["siteId"], site["project"]) == ("elson-stg-frontend", "elson-test")
    assert project.urn in site.dependencies, "a site needs the project to be one of Firebase"


def test_the_public_name_is_prepared_while_it_points_to_the_other_cloud():
    domains = recorded().of_type("gcp:firebase/hostingCustomDomain:HostingCustomDomain")
    assert {domain["customDomain"] for domain in domains} == {"app.elson.example", "app.gcp.elson.example"}
    for domain in domains:
        assert domain["siteId"] == "elson-stg-frontend"
        assert (domain["waitDnsVerification"], domain["certPreference"]) == (False, "DEDICATED")
    assert outputs()["address"] == "199.36.158.100"


def test_every_response_carries_the_security_headers():
    (everywhere,) = (each["headers"] for each in hosting()["headers"] if each["source"] == "**")
    assert {each["key"]: each["value"] for each in everywhere} == HEADERS
    assert hosting()["site"] == "elson-stg-frontend"


def test_the_first_page_is_asked_for_again_and_its_files_are_kept():
    caching = {
        each["source"]: header["value"]
        for each in hosting()["headers"]
        for header in each["headers"]
        if header["key"] == "Cache-Control"
    }
    assert caching == {"/index.html": "no-cache", "/assets/**": "public, max-age=31536000, immutable"}


def test_routes_of_the_application_lead_to_its_first_page_and_those_of_the_api_do_not():
    assert hosting()["rewrites"] == [{"source": "!/@(api|ws)/**", "destination": "/index.html"}], (
        "a page in place of an error would hide it from the program that called"
    )


def test_a_first_preview_gets_by_without_what_firebase_asks_for():
    assert set(recorded(known=False).resources) == set(recorded().resources)
    assert [*recorded().problems, *recorded(known=False).problems] == []


def test_a_name_that_firebase_would_refuse_is_refused_before():
    with pytest.raises(ValueError, match="holds 30"):
        replace(ARGS, service="a-frontend-with-a-long-name")
