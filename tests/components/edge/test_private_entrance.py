"""The way in for API Gateway: what may come through and where it ends. That a request passes is not proven here."""

from typing import Any

import pulumi_random as random
import pytest

from components.edge.load_balancer import HTTPS as LISTENER_PORT
from components.edge.private_entrance import EntranceTarget, PrivateEntrance, PrivateEntranceArgs
from sandbox.difference import difference
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components

ELB = "arn:aws:elasticloadbalancing:us-east-1:111122223333"
ALB, LISTENER = f"{ELB}:loadbalancer/app/internal/1", f"{ELB}:listener/app/internal/1/2"
BALANCER, GROUP = "aws:lb/loadBalancer:LoadBalancer", "aws:lb/targetGroup:TargetGroup"
ATTACHMENT, LINK = "aws:lb/targetGroupAttachment:TargetGroupAttachment", "aws:apigateway/vpcLink:VpcLink"


def args(**changes: Any) -> PrivateEntranceArgs:
    given: dict[str, Any] = {
        "vpc_id": "vpc-1",
        "subnet_ids": {"us-east-1a": "subnet-1a", "us-east-1b": "subnet-1b"},
        "security_group_id": "sg-entrance",
        "target": EntranceTarget(load_balancer_arn=ALB, listener_arn=LISTENER),
        "deletion_protection": True,
    }
    return PrivateEntranceArgs(**{**given, **changes})


def build(known: bool = True, **changes: Any) -> Graph:
    given = args(**changes)
    return record_components(lambda: PrivateEntrance("entrance", given), known)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return build()


def only(graph: Graph, token: str) -> Resource:
    (found,) = graph.of_type(token)
    return found


def test_it_stands_inside_the_network_in_two_zones(graph: Graph) -> None:
    balancer = only(graph, BALANCER)
    assert (balancer["loadBalancerType"], balancer["internal"]) == ("network", True)
    assert balancer["subnets"] == ["subnet-1a", "subnet-1b"]
    assert balancer["enableCrossZoneLoadBalancing"] is True


def test_one_zone_is_not_enough() -> None:
    with pytest.raises(ValueError, match="two zones"):
        args(subnet_ids={"us-east-1a": "subnet-1a"})


def test_only_the_private_link_comes_in(graph: Graph) -> None:
    balancer = only(graph, BALANCER)
    assert balancer["securityGroups"] == ["sg-entrance"], "without a group, everybody in the network comes in"
    assert balancer["enforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "off", "the link would be shut out too"
    assert only(graph, LINK)["targetArn"] == balancer["arn"]


def test_what_comes_in_is_handed_on_undecrypted_to_the_load_balancer(graph: Graph) -> None:
    listener, group, target = only(graph, "aws:lb/listener:Listener"), only(graph, GROUP), only(graph, ATTACHMENT)
    assert (listener["protocol"], listener["port"]) == ("TCP", LISTENER_PORT)
    assert listener["loadBalancerArn"] == only(graph, BALANCER)["arn"]
    assert listener["defaultActions"] == [{"type": "forward", "targetGroupArn": group["arn"]}]
    assert (group["targetType"], group["protocol"], group["port"]) == ("alb", "TCP", LISTENER_PORT)
    assert group["vpcId"] == "vpc-1"
    assert (target["targetGroupArn"], target["targetId"], target["port"]) == (group["arn"], ALB, LISTENER_PORT)


def test_a_load_balancer_that_answers_at_all_is_well(graph: Graph) -> None:
    check = only(graph, GROUP)["healthCheck"]
    assert (check["protocol"], check["port"], check["path"]) == ("HTTPS", "traffic-port", "/")
    assert check["matcher"] == "200-499", "without the name of a service it answers 404"


def test_the_load_balancer_listens_before_it_becomes_a_target() -> None:
    def made() -> None:
        listener = random.RandomId("listener", byte_length=1).hex
        target = EntranceTarget(load_balancer_arn=ALB, listener_arn=listener)
        PrivateEntrance("entrance", args(target=target))

    graph = record_components(made)
    assert graph.named("listener") in graph.dependencies(only(graph, ATTACHMENT))


@pytest.mark.parametrize("protected", [True, False])
def test_it_is_protected_where_the_environment_says_so(protected: bool) -> None:
    assert only(build(deletion_protection=protected), BALANCER)["enableDeletionProtection"] is protected


def test_another_setting_replaces_no_link(graph: Graph) -> None:
    change = difference(graph, build(deletion_protection=False))
    assert ({each.resource.type for each in change.changed}, change.replaced, change.deleted) == ({BALANCER}, [], [])


def test_its_outputs_are_what_gateways_and_alarms_need(graph: Graph) -> None:
    balancer = only(graph, BALANCER)
    assert graph.named("entrance", "platform:edge:PrivateEntrance").registered == {
        "nlb_arn": balancer["arn"],
        "nlb_arn_suffix": balancer["arnSuffix"],
        "vpc_link_id": only(graph, LINK).id,
    }


def test_a_first_preview_builds_the_same(graph: Graph) -> None:
    assert {each.urn for each in build(known=False)} == {each.urn for each in graph}
    assert graph.problems == []
