"""A service on Fargate in two colours. That AWS starts the tasks, and how fast, is not proven here."""

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from components.compute.aws_runtime import rule_priority
from components.workloads.service import Release
from sandbox.difference import Difference, difference
from sandbox.graph import Graph, Resource
from tests.components.compute.aws_examples import (
    BLUE_IMAGE,
    DATABASE_URL,
    GREEN_IMAGE,
    IDENTITY,
    LOGS_KEY,
    ORIGIN_SECRET,
    PUBLIC,
    QUEUE,
    REPOSITORY,
    RULE,
    SECRET_KEY,
    SECRETS_KEY,
    SERVICE,
    ancestors,
    ecs,
    ecs_arguments,
    ecs_graph,
    pods,
    service,
    split,
    weights,
)

COLOURS = ("blue", "green")
BACKEND_PRIORITY = 24115
LADDER = (0, 10, 25, 50, 100, 0)
GROUP = "aws:lb/targetGroup:TargetGroup"
SERVICES = "aws:ecs/service:Service"
DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
BOUNDS = "aws:appautoscaling/target:Target"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


def colour(name: str, token: str, graph: Graph | None = None) -> Resource:
    return (graph or ecs_graph()).named(f"backend-api-{name}", token)


def container(name: str, graph: Graph | None = None) -> dict[str, Any]:
    (found,) = json.loads(colour(name, DEFINITION, graph)["containerDefinitions"])
    return found


def statements(role: str) -> dict[str, tuple[set[str], list[str]]]:
    document = json.loads(ecs_graph().named(f"backend-api-{role}", "aws:iam/rolePolicy:RolePolicy")["policy"])
    return {each["Sid"]: (set(each["Action"]), each["Resource"]) for each in document["Statement"]}


def changed(found: Difference) -> dict[str, set[str]]:
    return {f"{c.after.type.rpartition(':')[2]} {c.after.name}": {p.path for p in c.properties} for c in found.changed}


# What a colour runs


@pytest.mark.parametrize(("name", "image"), [("blue", BLUE_IMAGE), ("green", GREEN_IMAGE)])
def test_each_colour_runs_its_own_image_in_a_size_that_fargate_offers(name: str, image: str) -> None:
    definition = colour(name, DEFINITION)
    assert container(name)["image"] == image
    assert (definition["cpu"], definition["memory"]) == ("1024", "2048")
    assert definition["runtimePlatform"] == {"operatingSystemFamily": "LINUX", "cpuArchitecture": "ARM64"}
    assert definition["skipDestroy"], "a rollback goes to the revision before, which must still be there"


def test_the_code_has_no_privileges_and_one_place_to_write() -> None:
    found = container("blue")
    assert (found["user"], found["readonlyRootFilesystem"], found["privileged"]) == ("65532:65532", True, False)
    assert found["linuxParameters"]["capabilities"] == {"drop": ["ALL"]}
    assert [each["containerPath"] for each in found["linuxParameters"]["tmpfs"]] == ["/tmp"]  # noqa: S108


def test_secrets_are_references_and_never_plain_variables() -> None:
    found = container("blue")
    assert {each["name"]: each["valueFrom"] for each in found["secrets"]} == {
        "SECRET_KEY": SECRET_KEY,
        "DATABASE_URL": f"{DATABASE_URL}:url::",
    }
    assert {each["name"]: each["value"] for each in found["environment"]} == {"LOG_LEVEL": "info", "PORT": "8080"}


def test_a_copy_is_asked_whether_it_lives_and_has_time_to_stop() -> None:
    found = container("green")
    assert "http://127.0.0.1:8080/health/live" in found["healthCheck"]["command"][1]
    assert found["stopTimeout"] == SERVICE.graceful_stop_seconds


def test_the_output_of_each_colour_is_kept_and_never_stops_the_service() -> None:
    log = ecs_graph().named("backend-api", "aws:cloudwatch/logGroup:LogGroup")
    options = container("green")["logConfiguration"]["options"]
    assert (log["retentionInDays"], log["kmsKeyId"]) == (90, LOGS_KEY)
    assert (options["awslogs-group"], options["awslogs-stream-prefix"]) == (log["name"], "green")
    assert options["mode"] == "non-blocking"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"cpu": 3}, "Fargate offers no 3 vCPU"),
        ({"memory_gib": 16}, "no 16 GiB with 1 vCPU; write one of 2, 3, 4, 5, 6, 7, 8"),
        ({"graceful_stop_seconds": 300}, "Fargate waits for 2 to 120"),
        ({"green_percent": 10, "standby": 0}, "deploy replicas.standby 1 first"),
        ({"green_percent": 100, "standby": 0}, "of a rollback, would find no copy"),
    ],
)
def test_what_fargate_or_a_release_could_not_do_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        ecs_arguments(service(**changes))


# Deployments


def test_a_deployment_never_takes_capacity_away_and_undoes_itself() -> None:
    for name in COLOURS:
        found = colour(name, SERVICES)
        assert (found["deploymentMinimumHealthyPercent"], found["deploymentMaximumPercent"]) == (100, 200)
        assert found["deploymentConfiguration"]["strategy"] == "ROLLING"
        assert found["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
        assert found["availabilityZoneRebalancing"] == "ENABLED"
        assert found["waitForSteadyState"], "a deployment that failed would pass for a good one"
        assert found.options.ignore_changes == ("desiredCount",), "a deployment would undo what scaling did"


def test_a_deployment_is_judged_by_the_errors_of_its_own_colour() -> None:
    judges = {each.name: each for each in ecs_graph().of_type(ALARM) if "errors" in each.name}
    for name in COLOURS:
        judged = colour(name, SERVICES)["alarms"]
        names = {judges[f"backend-api-errors-{name}-{exposure}"]["name"] for exposure in ("public", "internal")}
        assert (judged["enable"], judged["rollback"], set(judged["alarmNames"])) == (True, True, names)
    assert {each["treatMissingData"] for each in judges.values()} == {"notBreaching"}, "no request is no error"


def test_tasks_stand_in_private_subnets_under_the_services_own_group() -> None:
    assert colour("blue", SERVICES)["networkConfiguration"] == {
        "subnets": ["subnet-1a", "subnet-1b", "subnet-1c"],
        "securityGroups": ["sg-backend-api"],
        "assignPublicIp": False,
    }


def test_a_service_is_created_once_its_groups_belong_to_a_listener_and_its_roles_may_work() -> None:
    needed = ancestors(ecs_graph(), colour("green", SERVICES))
    assert {f"ListenerRule backend-api-testers-green-{exposure}" for exposure in ("public", "internal")} <= needed
    assert {"RolePolicy backend-api-execution", "RolePolicy backend-api-task"} <= needed
    assert not {f"ListenerRule backend-api-{exposure}" for exposure in ("public", "internal")} & needed


# Ways in


def test_what_leads_to_tasks_leads_to_pods_too_and_nothing_of_it_belongs_to_either() -> None:
    for found in (difference(ecs_graph(), pods()), difference(pods(), ecs_graph())):
        assert (found.changed, found.replaced, found.following) == ([], [], []), "a move would rebuild it"
    ways = {each.urn for each in ecs_graph().of_type(GROUP, RULE, ALARM) if each.urn in pods().resources}
    leading = {each.urn for each in ecs_graph().of_type(GROUP, RULE)}
    assert ways == leading | {each.urn for each in ecs_graph().of_type(ALARM) if "errors" in each.name}


def test_customers_go_by_weight_and_testers_by_header_before_them() -> None:
    rules = {each.name: each for each in ecs_graph().of_type(RULE) if each["listenerArn"].endswith("edge/1/2")}
    assert {name: rule["priority"] for name, rule in rules.items()} == {
        "backend-api-testers-blue-public": 10,
        "backend-api-testers-green-public": 11,
        "backend-api-public": 12,
    }
    (_, _, header) = rules["backend-api-testers-green-public"]["conditions"]
    assert header["httpHeader"] == {"httpHeaderName": "X-Release", "values": ["green"]}
    green = ecs_graph().referred(rules["backend-api-testers-green-public"]["actions"][0]["targetGroupArn"])
    assert green is not None
    assert green.name == "backend-api-green-public"


def test_no_rule_of_the_public_load_balancer_lets_a_request_pass_the_cdn_by() -> None:
    for rule in ecs_graph().of_type(RULE):
        through = [
            each["httpHeader"]["values"]
            for each in rule["conditions"]
            if each.get("httpHeader", {}).get("httpHeaderName") == "X-Origin-Verify"
        ]
        public = rule["listenerArn"].endswith("edge/1/2")
        assert through == ([[ORIGIN_SECRET]] if public else []), rule.name
        assert any("conditions" in path for path in rule.secret_inputs) == public, "the value is a secret"


def test_the_rules_of_a_service_stay_where_they_are_whoever_joins() -> None:
    names = ("backend-api", "websocket", "specialized", "auth-service", "strategy-engine", "trading-engine")
    taken = [rule_priority(name) + offset for name in names for offset in range(3)]
    assert len(set(taken)) == len(taken), "AWS takes a number once"
    assert rule_priority("backend-api") == BACKEND_PRIORITY, "a number that moves meets the rule that has it"


@pytest.mark.parametrize("change", [{"priority": 0}, {"priority": 49_999}, {"hosts": []}, {"hosts": list("abcd")}])
def test_a_rule_that_aws_refuses_is_refused_here(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="three"):
        replace(PUBLIC, **change)


def test_a_rule_answers_to_the_names_of_its_load_balancer() -> None:
    hosts = {
        exposure: [c["hostHeader"]["values"] for c in split(ecs_graph(), exposure)["conditions"] if "hostHeader" in c]
        for exposure in ("public", "internal")
    }
    assert hosts == {"public": [["api.example.com"]], "internal": [["backend-api.internal.example.com"]]}


def test_no_cookie_outlives_a_rollback() -> None:
    for exposure in ("public", "internal"):
        (action,) = split(ecs_graph(), exposure)["actions"]
        assert action["forward"]["stickiness"]["enabled"] is False
    assert {each["stickiness"]["enabled"] for each in ecs_graph().of_type(GROUP)} == {False}


def test_only_ready_copies_get_requests_and_leaving_ones_finish_them() -> None:
    websocket = ecs(service(protocol="websocket"))
    for graph, seconds in ((ecs_graph(), 45), (websocket, 300)):
        for group in graph.of_type(GROUP):
            assert (group["healthCheck"]["path"], group["targetType"]) == ("/health/ready", "ip")
            assert group["deregistrationDelay"] == seconds


def test_a_worker_has_no_way_in_and_is_judged_by_its_start_alone() -> None:
    graph = ecs(routers={})
    assert (graph.of_type(GROUP), graph.of_type(RULE)) == ([], [])
    assert "alarms" not in colour("blue", SERVICES, graph).inputs
    assert "healthCheckGracePeriodSeconds" not in colour("blue", SERVICES, graph).inputs, "refused without a balancer"


# Releases


@pytest.mark.parametrize(("before", "after"), list(pairwise(LADDER)))
def test_a_weight_changes_rules_and_bounds_and_nothing_else(before: int, after: int) -> None:
    found = difference(ecs(service(green_percent=before)), ecs(service(green_percent=after)))
    assert (found.added, found.deleted, found.replaced, found.following) == ([], [], [], [])
    weight = "actions[0].forward.targetGroups[{}].weight"
    for name, paths in changed(found).items():
        kind, _, resource = name.partition(" ")
        assert kind in {"ListenerRule", "Target"}, name
        if kind == "ListenerRule":
            assert resource in {"backend-api-public", "backend-api-internal"}, "testers keep their way"
            assert paths == {weight.format(0), weight.format(1)}
        else:
            assert paths == {"minCapacity"}, "a lower maximum would take copies away that still have requests"


@pytest.mark.parametrize("percent", LADDER)
def test_the_weights_are_those_of_the_release_in_every_load_balancer(percent: int) -> None:
    graph = ecs(service(green_percent=percent))
    expected = {"blue": 100 - percent, "green": percent}
    assert weights(graph, "public") == weights(graph, "internal") == expected


@pytest.mark.parametrize(("before", "after"), list(pairwise(LADDER)))
def test_no_step_sends_traffic_to_a_colour_that_ran_nothing_before_it(before: int, after: int) -> None:
    earlier, later = ecs(service(green_percent=before)), ecs(service(green_percent=after))
    for name, weight in weights(later).items():
        if weight:
            assert colour(name, BOUNDS, earlier)["minCapacity"] >= 1, "a task needs a minute to start"
            assert colour(name, BOUNDS, later)["minCapacity"] == SERVICE.replicas.min


def test_the_weight_is_changed_after_the_bounds() -> None:
    for exposure in ("public", "internal"):
        assert {"Target backend-api-blue", "Target backend-api-green"} <= ancestors(
            ecs_graph(), split(ecs_graph(), exposure)
        ), "the engine would move traffic first"


def test_a_green_that_is_blue_costs_nothing_while_it_has_no_weight_and_no_standby() -> None:
    same = Release(images={"blue": BLUE_IMAGE, "green": BLUE_IMAGE}, green_percent=0)
    graph = ecs(replace(service(standby=0), release=same))
    assert (colour("green", SERVICES, graph)["desiredCount"], colour("green", BOUNDS, graph)["minCapacity"]) == (0, 0)
    assert weights(graph) == {"blue": 100, "green": 0}


def test_a_new_image_touches_its_own_colour_alone() -> None:
    images = {"blue": BLUE_IMAGE, "green": GREEN_IMAGE.replace("a" * 64, "c" * 64)}
    found = difference(ecs_graph(), ecs(service(images=images)))
    assert {c.after.name for c in found.replaced} == {"backend-api-green"}
    assert {c.after.type for c in found.replaced} == {DEFINITION}
    assert (found.added, found.deleted, found.stateful) == ([], [], [])
    assert set(changed(found)) <= {"Service backend-api-green"}, "blue is not even looked at"


def test_another_size_replaces_task_definitions_and_nothing_that_customers_reach() -> None:
    found = difference(ecs_graph(), ecs(service(cpu=2, memory_gib=8, max=20, graceful_stop_seconds=60, port=9090)))
    assert {c.after.type for c in (*found.replaced, *found.following)} == {DEFINITION}
    assert (found.added, found.deleted, found.stateful) == ([], [], [])


# Scaling


def test_a_colour_with_traffic_has_its_full_bounds_and_an_idle_one_stands_by() -> None:
    graph = ecs(service(green_percent=10))
    idle = colour("green", BOUNDS)
    assert (colour("green", BOUNDS, graph)["minCapacity"], colour("blue", BOUNDS, graph)["minCapacity"]) == (2, 2)
    assert (idle["minCapacity"], idle["maxCapacity"]) == (1, 10)
    assert idle["resourceId"] == f"service/main/{colour('green', SERVICES)['name']}"


def test_copies_are_added_after_five_busy_minutes() -> None:
    for metric, role, limit in (("CPUUtilization", "cpu", 70), ("MemoryUtilization", "memory", 80)):
        alarm = ecs_graph().named(f"backend-api-blue-{role}-out", ALARM)
        assert (alarm["namespace"], alarm["metricName"], alarm["statistic"]) == ("AWS/ECS", metric, "Average")
        assert (alarm["threshold"], alarm["comparisonOperator"]) == (limit, "GreaterThanThreshold")
        assert (alarm["period"], alarm["evaluationPeriods"]) == (60, 5)
        assert alarm["dimensions"] == {"ClusterName": "main", "ServiceName": colour("blue", SERVICES)["name"]}
        policy = ecs_graph().named("backend-api-blue-out", "aws:appautoscaling/policy:Policy")
        assert alarm["alarmActions"] == [policy["arn"]]
        steps = policy["stepScalingPolicyConfiguration"]["stepAdjustments"]
        assert [each["scalingAdjustment"] for each in steps] == [1, 2]


def test_a_copy_is_taken_away_after_a_quiet_quarter_of_an_hour_unless_memory_needs_it() -> None:
    alarm = ecs_graph().named("backend-api-blue-in", ALARM)
    (expression,) = [each["expression"] for each in alarm["metricQueries"] if "expression" in each]
    assert expression == "IF(cpu < 30 AND memory < 80, 1, 0)"
    assert {each["metric"]["period"] for each in alarm["metricQueries"] if "metric" in each} == {60}
    assert (alarm["evaluationPeriods"], alarm["threshold"], alarm["treatMissingData"]) == (15, 1, "notBreaching")
    policy = ecs_graph().named("backend-api-blue-in", "aws:appautoscaling/policy:Policy")
    (step,) = policy["stepScalingPolicyConfiguration"]["stepAdjustments"]
    assert (step["scalingAdjustment"], policy["stepScalingPolicyConfiguration"]["cooldown"]) == (-1, 300)


# Permissions


def test_starting_a_task_takes_its_image_its_secrets_and_its_log_and_no_more() -> None:
    log = ecs_graph().named("backend-api", "aws:cloudwatch/logGroup:LogGroup")["arn"]
    assert statements("execution") == {
        "LogInToRegistry": ({"ecr:GetAuthorizationToken"}, ["*"]),
        "PullImage": (
            {"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
            [REPOSITORY],
        ),
        "WriteLog": ({"logs:CreateLogStream", "logs:PutLogEvents"}, [f"{log}:log-stream:*"]),
        "ReadSecrets": ({"secretsmanager:GetSecretValue"}, [SECRET_KEY, DATABASE_URL]),
        "DecryptSecrets": ({"kms:Decrypt"}, [SECRETS_KEY]),
    }


def test_the_code_does_what_it_was_given_and_can_read_no_secret() -> None:
    assert statements("task") == {"SendOrders": ({"sqs:SendMessage"}, [QUEUE])}
    silent = ecs(identity=replace(IDENTITY, statements=[]))
    names = {each.name for each in silent.of_type("aws:iam/rolePolicy:RolePolicy")}
    assert names == {"backend-api-execution"}, "code that calls nothing of AWS gets a role that can do nothing"


def test_only_tasks_of_this_account_take_the_roles() -> None:
    for role in ("execution", "task"):
        trust = json.loads(ecs_graph().named(f"backend-api-{role}", "aws:iam/role:Role")["assumeRolePolicy"])
        (statement,) = trust["Statement"]
        assert statement["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
        assert statement["Condition"] == {
            "StringEquals": {"aws:SourceAccount": "111122223333"},
            "ArnLike": {"aws:SourceArn": "arn:aws:ecs:us-east-1:111122223333:*"},
        }


def test_the_same_is_built_before_anything_is_known() -> None:
    assert set(ecs(known=False).resources) == set(ecs_graph().resources)
    assert (ecs_graph().warnings, ecs_graph().problems) == ([], [])
