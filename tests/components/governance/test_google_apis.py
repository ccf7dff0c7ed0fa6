"""What the APIs of a project promise; that Google really creates an agent where asked is not proven here."""

import pytest

from components.governance.google_apis import GoogleApis, GoogleApisArgs
from sandbox.graph import Graph
from sandbox.recorder import record_components

SQL, SECRETS, RUN = "sqladmin.googleapis.com", "secretmanager.googleapis.com", "run.googleapis.com"
ARGS = GoogleApisArgs(project_id="elson-test", services=[SQL, SECRETS, RUN], agents=[SQL, SECRETS])


@pytest.fixture(scope="module")
def graph() -> Graph:
    return record_components(lambda: GoogleApis("apis", ARGS))


def test_exactly_the_named_apis_are_enabled(graph: Graph) -> None:
    enabled = [(each["project"], each["service"]) for each in graph.of_type("gcp:projects/service:Service")]
    assert sorted(enabled) == sorted(("elson-test", service) for service in ARGS.services)


def test_an_api_stays_on_when_the_program_stops_asking_for_it(graph: Graph) -> None:
    for each in graph.of_type("gcp:projects/service:Service"):
        switches = (each.inputs["disableOnDestroy"], each.inputs["disableDependentServices"])
        assert switches == (False, False), f"{each.name}: switching an API off stops what others built with it"


def test_an_agent_is_created_once_its_api_is_on(graph: Graph) -> None:
    agents = {each["service"]: each for each in graph.of_type("gcp:projects/serviceIdentity:ServiceIdentity")}
    assert set(agents) == {SQL, SECRETS}
    for service, agent in agents.items():
        waits_for = {(each.type, each["service"]) for each in graph.dependencies(agent)}
        assert waits_for == {("gcp:projects/service:Service", service)}, "Google refuses agents of disabled APIs"


def test_the_agents_are_published_by_service(graph: Graph) -> None:
    registered = graph.named("apis", "platform:governance:GoogleApis").registered
    assert registered is not None
    assert set(registered["agents"]) == {SQL, SECRETS}


def test_an_agent_of_an_api_that_is_not_enabled_is_refused() -> None:
    with pytest.raises(ValueError, match=r"not enabled: pubsub\.googleapis\.com; .* add them to services"):
        GoogleApisArgs(project_id="elson-test", services=[SQL], agents=[SQL, "pubsub.googleapis.com"])
