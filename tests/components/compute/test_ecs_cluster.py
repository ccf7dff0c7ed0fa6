"""The cluster: measured, and sessions in its containers on record."""

from functools import cache

import pulumi_random as random

from components.compute.ecs_cluster import EcsCluster, EcsClusterArgs
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components

KEY = "arn:aws:kms:us-east-1:111122223333:key/logs"
CAPACITY = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"


@cache
def graph() -> Graph:
    def build() -> None:
        cluster = EcsCluster("main", EcsClusterArgs(key_arn=KEY, log_retention_days=365))
        random.RandomId("service", byte_length=1, keepers={"cluster": cluster.arn})

    return record_components(build)


def only(token: str) -> Resource:
    (found,) = graph().of_type(token)
    return found


def test_the_usage_of_every_task_is_measured() -> None:
    assert only("aws:ecs/cluster:Cluster")["settings"] == [{"name": "containerInsights", "value": "enabled"}]


def test_a_session_in_a_container_is_encrypted_and_logged() -> None:
    log = only("aws:cloudwatch/logGroup:LogGroup")
    assert only("aws:ecs/cluster:Cluster")["configuration"]["executeCommandConfiguration"] == {
        "kmsKeyId": KEY,
        "logging": "OVERRIDE",
        "logConfiguration": {"cloudWatchLogGroupName": log["name"], "cloudWatchEncryptionEnabled": True},
    }
    assert (log["kmsKeyId"], log["retentionInDays"]) == (KEY, 365)


def test_tasks_run_on_fargate_alone() -> None:
    assert set(only(CAPACITY)["capacityProviders"]) == {"FARGATE", "FARGATE_SPOT"}


def test_whoever_is_given_the_cluster_finds_its_capacity_there() -> None:
    needed = {each.type for each in graph().dependencies(graph().named("service"))}
    assert CAPACITY in needed, "ECS refuses a service that names a provider which the cluster does not have"
