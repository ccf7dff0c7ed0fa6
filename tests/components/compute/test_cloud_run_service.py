"""What a CloudRunService promises; that Cloud Run takes it is not proven here."""

from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any, get_args

import pytest

from components.compute import cloud_run_limits as limits
from components.compute.cloud_run_service import (
    CloudRunCallers,
    CloudRunIdentity,
    CloudRunNetwork,
    CloudRunPlace,
    CloudRunService,
    CloudRunServiceArgs,
)
from components.workloads.service import COLOURS, Place, Replicas, ServiceSpec, capacity
from sandbox.difference import difference
from sandbox.graph import Graph
from sandbox.recorder import record_components
from stacks.settings.checks.sizes import CLOUD_RUN_MEMORY_GIB
from tests.components.compute.cloud_run_examples import SPEC, STEPS, with_weight

SERVICE = "gcp:cloudrunv2/service:Service"
INVOKER = "gcp:cloudrunv2/serviceIamMember:ServiceIamMember"
SECRET_GRANT = "gcp:secretmanager/secretIamMember:SecretIamMember"
MEMBER = "serviceAccount:elson-stg-backend-api@elson-test.iam.gserviceaccount.com"
KEY = "projects/elson-test/locations/us-central1/keyRings/data/cryptoKeys/data"
CALLERS = CloudRunCallers(
    members={"trading-engine": "serviceAccount:trading@x.example"}, audience="https://api.internal.elson.example"
)
ARGS = CloudRunServiceArgs(
    spec=SPEC,
    place=CloudRunPlace(
        project_id="elson-test", region="us-central1", prefix="elson-stg", serves_as="primary", key_id=KEY
    ),
    network=CloudRunNetwork(
        network_id="networks/vpc", subnetwork_id="subnetworks/run", tags=["gcp-backend-api"], egress="ALL_TRAFFIC"
    ),
    identity=CloudRunIdentity(email=MEMBER.removeprefix("serviceAccount:"), member=MEMBER),
    callers=None,
    concurrency=80,
    cpu_idle=False,
    deletion_protection=True,
)
WEBSOCKET = replace(SPEC, name="websocket", protocol="websocket")


def recorded(args: CloudRunServiceArgs, known: bool = True) -> Graph:
    def build() -> None:
        CloudRunService(args.spec.name, args)

    return record_components(build, known=known)


@cache
def public() -> Graph:
    return recorded(ARGS)


@cache
def internal() -> Graph:
    return recorded(replace(ARGS, callers=CALLERS))


def services(graph: Graph) -> dict[str, dict[str, Any]]:
    """The inputs of the Cloud Run services, by colour."""
    return {each.name.rpartition("-")[2]: dict(each.inputs) for each in graph.of_type(SERVICE)}


def container(graph: Graph, colour: str = "blue") -> dict[str, Any]:
    (only,) = services(graph)[colour]["template"]["containers"]
    return only


def test_a_colour_is_a_cloud_run_service_with_its_own_image():
    found = {
        (colour, each["name"], container(public(), colour)["image"]) for colour, each in services(public()).items()
    }
    assert found == {
        (colour, f"elson-stg-backend-api-{colour}", SPEC.release.images[colour]) for colour in ("blue", "green")
    }


def test_the_colours_differ_in_image_and_scale_only():
    blue, green = services(public())["blue"], services(public())["green"]
    for each in (blue, green):
        each["template"] = {**each["template"], "containers": [{**each["template"]["containers"][0], "image": ""}]}
    assert {key for key in blue if blue[key] != green[key]} == {"name", "description", "scaling"}, (
        "what is tested on green is what blue becomes"
    )


def test_no_colour_has_an_address_of_its_own_on_the_internet():
    assert {(e["ingress"], e["defaultUriDisabled"]) for e in services(public()).values()} == {
        ("INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER", True)
    }
    assert {(e["ingress"], e["defaultUriDisabled"]) for e in services(internal()).values()} == {
        ("INGRESS_TRAFFIC_INTERNAL_ONLY", False)
    }, "callers within the VPC have no other address for it"


def test_only_a_service_behind_the_load_balancer_is_called_without_a_name():
    assert {each["invokerIamDisabled"] for each in services(public()).values()} == {True}
    assert public().of_type(INVOKER) == [], "nobody is named in the policy, allUsers least of all"
    assert {each["invokerIamDisabled"] for each in services(internal()).values()} == {False}


def test_an_internal_service_is_called_by_those_it_names_and_by_one_audience_for_both_colours():
    found = {(each["name"], each["role"], each["member"]) for each in internal().of_type(INVOKER)}
    assert found == {
        (f"elson-stg-backend-api-{colour}", "roles/run.invoker", "serviceAccount:trading@x.example")
        for colour in ("blue", "green")
    }
    assert {tuple(each["customAudiences"]) for each in services(internal()).values()} == {(CALLERS.audience,)}


def test_the_service_may_read_its_own_secrets_and_do_nothing_else():
    grants = {
        (each["secretId"], each["role"], each["member"]) for each in public() if each.custom and "member" in each.inputs
    }
    assert grants == {(secret, "roles/secretmanager.secretAccessor", MEMBER) for secret in SPEC.secrets.values()}


def test_a_secret_is_a_reference_and_a_variable_is_not():
    plain = {each["name"]: each["value"] for each in container(public())["envs"] if "value" in each}
    references = {
        each["name"]: each["valueSource"]["secretKeyRef"] for each in container(public())["envs"] if "value" not in each
    }
    assert plain == SPEC.environment
    assert references == {name: {"secret": secret, "version": "latest"} for name, secret in SPEC.secrets.items()}


def test_no_revision_starts_before_it_may_read_its_secrets():
    grants = {each.urn for each in public().of_type(SECRET_GRANT)}
    for service in public().of_type(SERVICE):
        assert grants <= service.dependencies, "the first revision would fail, and the deployment with it"


def test_a_preview_of_a_new_secret_knows_which_one_it_is():
    assert container(recorded(ARGS, known=False))["envs"] == container(public())["envs"]


def test_the_order_of_variables_is_no_new_revision():
    mixed = replace(
        SPEC,
        environment={key: SPEC.environment[key] for key in reversed(list(SPEC.environment))},
        secrets={key: SPEC.secrets[key] for key in reversed(list(SPEC.secrets))},
    )
    assert not difference(public(), recorded(replace(ARGS, spec=mixed))).changed


def test_instances_leave_by_the_vpc_and_carry_their_tags():
    for each in services(public()).values():
        assert each["template"]["vpcAccess"] == {
            "egress": "ALL_TRAFFIC",
            "networkInterfaces": [
                {"network": "networks/vpc", "subnetwork": "subnetworks/run", "tags": ["gcp-backend-api"]}
            ],
        }, "the firewall knows a service by its tags alone"


def test_the_probes_ask_each_path_at_the_service_s_port():
    probes = {
        kind: (container(public())[kind]["httpGet"]["path"], container(public())[kind]["httpGet"]["port"])
        for kind in ("startupProbe", "readinessProbe", "livenessProbe")
    }
    assert probes == {
        "startupProbe": ("/health", 8000),
        "readinessProbe": ("/health/ready", 8000),
        "livenessProbe": ("/health/live", 8000),
    }
    assert container(public())["ports"] == {"containerPort": 8000}


def test_a_start_has_the_four_minutes_that_cloud_run_gives_it():
    probe = container(public())["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] == 240
    for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
        each = container(public())[kind]
        assert each["timeoutSeconds"] <= each["periodSeconds"], "Cloud Run refuses probes that overlap"


@pytest.mark.parametrize(("gib", "written"), [(4, "4Gi"), (1.5, "1536Mi"), (0.5, "512Mi")])
def test_sizes_are_written_as_cloud_run_reads_them(gib: float, written: str):
    resources = container(recorded(replace(ARGS, spec=replace(SPEC, memory_gib=gib))))["resources"]
    assert resources == {"limits": {"cpu": "2", "memory": written}, "cpuIdle": False, "startupCpuBoost": True}


@pytest.mark.parametrize(
    ("cpu", "gib", "words"),
    [(0.5, 0.5, "0.5 vCPU"), (3, 4, "3 vCPU"), (2, 16, "16 GiB"), (4, 1, "1 GiB"), (1, 0.25, "0.25 GiB")],
)
def test_a_size_that_is_not_offered_is_refused(cpu: float, gib: float, words: str):
    with pytest.raises(ValueError, match=words):
        replace(ARGS, spec=replace(SPEC, cpu=cpu, memory_gib=gib))


def test_the_settings_refuse_the_same_sizes():
    assert dict(limits.MEMORY_GIB) == dict(CLOUD_RUN_MEMORY_GIB), "a size is refused where it is written"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"concurrency": 0}, "concurrency"),
        ({"concurrency": 1001}, "concurrency"),
        ({"spec": WEBSOCKET, "cpu_idle": True}, "cpu_idle=False"),
        ({"spec": replace(SPEC, scaling=replace(SPEC.scaling, cpu_out_percent=96))}, "10 to 95"),
    ],
)
def test_what_cloud_run_would_not_do_is_refused(changes: dict[str, Any], words: str):
    with pytest.raises(ValueError, match=words):
        replace(ARGS, **changes)


def test_a_name_that_is_too_long_is_refused():
    with pytest.raises(Exception, match="holds 49"):
        recorded(replace(ARGS, spec=replace(SPEC, name="a-service-whose-name-goes-on-and-on-and-on")))


def test_a_websocket_stays_open_for_an_hour_and_comes_back_to_its_instance():
    template = services(recorded(replace(ARGS, spec=WEBSOCKET, concurrency=1000)))["blue"]["template"]
    assert (template["timeout"], template["sessionAffinity"], template["maxInstanceRequestConcurrency"]) == (
        "3600s",
        True,
        1000,
    )
    http = services(public())["blue"]["template"]
    assert (http["timeout"], http["sessionAffinity"]) == ("300s", False)


def test_revisions_are_second_generation_encrypted_and_run_as_the_service():
    found = {
        (t["executionEnvironment"], t["encryptionKey"], t["serviceAccount"])
        for t in (each["template"] for each in services(public()).values())
    }
    assert found == {("EXECUTION_ENVIRONMENT_GEN2", KEY, MEMBER.removeprefix("serviceAccount:"))}


def test_only_images_that_the_project_s_policy_admits_run_and_nothing_is_deleted_by_mistake():
    found = {
        (each["binaryAuthorization"]["useDefault"], each["deletionProtection"]) for each in services(public()).values()
    }
    assert found == {(True, True)}
    unprotected = services(recorded(replace(ARGS, deletion_protection=False))).values()
    assert {each["deletionProtection"] for each in unprotected} == {False}, "unset, Google would protect it"


def kept(spec: ServiceSpec, serves_as: Place) -> dict[str, int]:
    """How many instances of each colour always run."""
    graph = recorded(replace(ARGS, spec=spec, place=replace(ARGS.place, serves_as=serves_as)))
    return {colour: each["scaling"]["minInstanceCount"] for colour, each in services(graph).items()}


@pytest.mark.parametrize("serves_as", get_args(Place))
@pytest.mark.parametrize("percent", sorted(set(STEPS)))
def test_as_many_instances_always_run_as_the_release_says(serves_as: Place, percent: int):
    spec = with_weight(SPEC, percent)
    assert kept(spec, serves_as) == {colour: capacity(spec, colour, serves_as).min for colour in COLOURS}


def test_a_colour_without_traffic_waits_and_costs_nothing_where_that_is_asked_for():
    bare = replace(SPEC, replicas=Replicas(min=2, max=10, standby=0))
    assert kept(SPEC, "primary") == {"blue": 2, "green": 1}
    assert kept(bare, "primary") == {"blue": 2, "green": 0}
    assert kept(SPEC, "standby") == {"blue": 1, "green": 0}


@pytest.mark.parametrize("percent", sorted(set(STEPS)))
def test_either_colour_may_grow_to_the_most_at_any_weight(percent: int):
    found = services(recorded(replace(ARGS, spec=with_weight(SPEC, percent)))).values()
    assert {
        (each["template"]["scaling"]["maxInstanceCount"], each["scaling"].get("maxInstanceCount")) for each in found
    } == {(10, None)}, "the colour that loses its traffic has it until the load balancer says otherwise"
    assert {each["template"]["scaling"]["cpuUtilization"] for each in found} == {0.7}


@pytest.mark.parametrize("step", list(pairwise(STEPS)), ids=str)
@pytest.mark.parametrize("callers", [None, CALLERS], ids=["public", "internal"])
def test_a_weight_changes_the_scales_and_deploys_nothing(step: tuple[int, int], callers: CloudRunCallers | None):
    before, after = (recorded(replace(ARGS, callers=callers, spec=with_weight(SPEC, percent))) for percent in step)
    change = difference(before, after)
    assert [*change.added, *change.deleted, *change.replaced, *change.following] == []
    paths = {path for each in change.changed for path in each.paths}
    assert paths <= {"scaling.minInstanceCount"}, "a change of the template would be a new revision"


def test_a_new_green_image_changes_green_alone():
    spec = replace(SPEC, release=replace(SPEC.release, images={**SPEC.release.images, "green": "images.example/x"}))
    change = difference(public(), recorded(replace(ARGS, spec=spec)))
    assert {(each.resource.name, *each.paths) for each in change.changed} == {
        ("backend-api-green", "template.containers[0].image")
    }
    assert not [*change.added, *change.deleted, *change.replaced, *change.following]


@pytest.mark.parametrize("callers", [None, CALLERS], ids=["public", "internal"])
def test_a_first_preview_sees_all_that_an_update_makes(callers: CloudRunCallers | None):
    known, unknown = (recorded(replace(ARGS, callers=callers), known=known) for known in (True, False))
    assert set(unknown.resources) == set(known.resources)
    assert [*known.problems, *unknown.problems, *known.warnings] == []


def test_the_outputs_name_what_routers_and_callers_need():
    registered = public().named("backend-api", "platform:compute:CloudRunService").registered or {}
    assert registered["service_names"] == {colour: f"elson-stg-backend-api-{colour}" for colour in ("blue", "green")}
    assert set(registered) == {"service_names", "service_ids", "uris"}
