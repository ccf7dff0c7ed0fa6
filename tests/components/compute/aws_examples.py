"""Arguments that the tests of the AWS runtimes share: one service, behind two load balancers."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from pulumi import Output

from components.compute.aws_runtime import AwsIdentity, AwsLogs, AwsPlace, AwsRouter, AwsTarget
from components.compute.ec2_service import Ec2Place, Ec2Service, Ec2ServiceArgs
from components.compute.ecs_service import EcsPlace, EcsService, EcsServiceArgs
from components.compute.service_targets import ServiceTargets, ServiceTargetsArgs, TargetType
from components.compute.traffic_split import TrafficSplit, TrafficSplitArgs
from components.policy import allow
from components.workloads.service import HealthPaths, Release, Replicas, Scaling, ServiceSpec
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components

ACCOUNT = "111122223333"
REGION = "us-east-1"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
BLUE_IMAGE = f"{REGISTRY}/backend-api@sha256:{'b' * 64}"
GREEN_IMAGE = f"{REGISTRY}/backend-api@sha256:{'a' * 64}"
REPOSITORY = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/backend-api"
SECRET_KEY = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:secret-key-a1b2c3"
DATABASE_URL = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:postgres-main-d4e5f6"
SECRETS_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/secrets"
LOGS_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/logs"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders"
ORIGIN_SECRET = "only-the-cdn-knows"
VALUE_OF_NO_SECRET = "info"

SERVICE = ServiceSpec(
    name="backend-api",
    protocol="http",
    port=8080,
    cpu=1,
    memory_gib=2,
    replicas=Replicas(min=2, max=10, standby=1),
    health=HealthPaths(startup="/health", ready="/health/ready", live="/health/live"),
    scaling=Scaling(
        cpu_out_percent=70,
        cpu_in_percent=30,
        memory_percent=80,
        out_after_minutes=5,
        in_after_minutes=15,
        cooldown_minutes=5,
    ),
    release=Release(images={"blue": BLUE_IMAGE, "green": GREEN_IMAGE}, green_percent=0),
    environment={"LOG_LEVEL": VALUE_OF_NO_SECRET},
    secrets={"SECRET_KEY": SECRET_KEY, "DATABASE_URL": f"{DATABASE_URL}:url::"},
    graceful_stop_seconds=45,
)

PLACE = AwsPlace(
    vpc_id="vpc-1",
    subnet_ids={"us-east-1a": "subnet-1a", "us-east-1b": "subnet-1b", "us-east-1c": "subnet-1c"},
    security_group_ids=["sg-backend-api"],
)
PUBLIC = AwsRouter(
    listener_arn="arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/app/edge/1/2",
    load_balancer_arn_suffix="app/edge/1",
    hosts=["api.example.com"],
    priority=10,
    origin_secret=ORIGIN_SECRET,
)
INTERNAL = replace(
    PUBLIC,
    listener_arn="arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/app/inside/3/4",
    load_balancer_arn_suffix="app/inside/3",
    hosts=["backend-api.internal.example.com"],
    origin_secret=None,
)
IDENTITY = AwsIdentity(
    account_id=ACCOUNT,
    region=REGION,
    repository_arns=[REPOSITORY],
    secret_key_arns=[SECRETS_KEY],
    statements=[allow("SendOrders", ["sqs:SendMessage"], [QUEUE])],
)
LOGS = AwsLogs(retention_days=90, key_arn=LOGS_KEY)
ROUTERS = {"public": PUBLIC, "internal": INTERNAL}
TARGET = AwsTarget(
    target_group_arn="arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/backend-api-blue-public/5",
    alarm_name="backend-api-errors-blue-public",
)


def service(**changes: Any) -> ServiceSpec:
    """The service with other words; `green_percent` and `standby` are taken as if they were its own."""
    release = {k: changes.pop(k) for k in ("green_percent", "images") if k in changes}
    replicas = {k: changes.pop(k) for k in ("min", "max", "standby") if k in changes}
    return replace(
        SERVICE,
        release=replace(SERVICE.release, **release),
        replicas=replace(SERVICE.replicas, **replicas),
        **changes,
    )


def ecs_arguments(spec: ServiceSpec = SERVICE, **changes: Any) -> EcsServiceArgs:
    given = EcsServiceArgs(
        spec=spec,
        place=EcsPlace(
            cluster_arn="arn:aws:ecs:us-east-1:111122223333:cluster/main",
            cluster_name="main",
            capacity_provider="FARGATE",
            architecture="ARM64",
        ),
        network=PLACE,
        targets={"blue-public": TARGET},
        identity=IDENTITY,
        logs=LOGS,
    )
    return replace(given, **changes)


def ec2_arguments(spec: ServiceSpec = SERVICE, **changes: Any) -> Ec2ServiceArgs:
    given = Ec2ServiceArgs(
        spec=spec,
        place=Ec2Place(instance_type="c7g.large", image_id="ami-0123456789abcdef0", disk_gib=20),
        network=PLACE,
        targets={"blue-public": TARGET},
        identity=IDENTITY,
        logs=LOGS,
    )
    return replace(given, **changes)


def ecs(
    spec: ServiceSpec = SERVICE, *, routers: Mapping[str, AwsRouter] = ROUTERS, known: bool = True, **changes: Any
) -> Graph:
    """A service on Fargate with the ways to it."""

    def build(targets: Mapping[str, AwsTarget]) -> EcsService:
        return EcsService("backend-api", ecs_arguments(spec, targets=targets, **changes))

    return record_components(lambda: _routed(spec, routers, "ip", build), known=known)


def ec2(
    spec: ServiceSpec = SERVICE, *, routers: Mapping[str, AwsRouter] = ROUTERS, known: bool = True, **changes: Any
) -> Graph:
    """A service on machines with the ways to it."""

    def build(targets: Mapping[str, AwsTarget]) -> Ec2Service:
        return Ec2Service("backend-api", ec2_arguments(spec, targets=targets, **changes))

    return record_components(lambda: _routed(spec, routers, "instance", build), known=known)


def pods(spec: ServiceSpec = SERVICE, *, routers: Mapping[str, AwsRouter] = ROUTERS) -> Graph:
    """A service that something else runs, with the ways to it."""

    def build() -> None:
        targets = _targets(spec, routers, "ip")
        _split(spec, routers, targets.target_group_arns)

    return record_components(build)


def _routed(
    spec: ServiceSpec,
    routers: Mapping[str, AwsRouter],
    target_type: TargetType,
    build: Callable[[Mapping[str, AwsTarget]], EcsService | Ec2Service],
) -> None:
    ways = _targets(spec, routers, target_type)
    arns = ways.target_group_arns.items()
    made = build({key: AwsTarget(target_group_arn=arn, alarm_name=ways.alarm_names[key]) for key, arn in arns})
    _split(spec, routers, made.target_group_arns)


def _targets(spec: ServiceSpec, routers: Mapping[str, AwsRouter], target_type: TargetType) -> ServiceTargets:
    return ServiceTargets(
        "backend-api", ServiceTargetsArgs(spec=spec, vpc_id="vpc-1", target_type=target_type, routers=routers)
    )


def _split(spec: ServiceSpec, routers: Mapping[str, AwsRouter], arns: Mapping[str, Output[str]]) -> None:
    TrafficSplit("backend-api", TrafficSplitArgs(release=spec.release, routers=routers, target_group_arns=arns))


@cache
def ecs_graph() -> Graph:
    return ecs()


@cache
def ec2_graph() -> Graph:
    return ec2()


RULE = "aws:lb/listenerRule:ListenerRule"


def split(graph: Graph, exposure: str) -> Resource:
    """The customers' rule, the one with weights."""
    return graph.named(f"backend-api-{exposure}", RULE)


def weights(graph: Graph, exposure: str = "public") -> dict[str, int]:
    """The weight of each colour in the customers' rule."""
    (action,) = split(graph, exposure)["actions"]
    found: dict[str, int] = {}
    for group in action["forward"]["targetGroups"]:
        target = graph.referred(group["arn"])
        assert target is not None
        found[target.name.removeprefix("backend-api-").removesuffix(f"-{exposure}")] = group["weight"]
    return found


def ancestors(graph: Graph, resource: Resource) -> set[str]:
    """Names with types of everything that has to be there first, near or far."""
    found: dict[str, Resource] = {}
    waiting = [resource]
    while waiting:
        for each in graph.dependencies(waiting.pop()):
            if each.urn not in found:
                found[each.urn] = each
                waiting.append(each)
    return {f"{each.type.rpartition(':')[2]} {each.name}" for each in found.values()}
