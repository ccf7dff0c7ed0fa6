"""The load balancer: current TLS, no way past the rules. What a client then sees is not proven here."""

from functools import cache
from typing import Any

import pytest

from components.edge.headers import API_CONTENT_SECURITY_POLICY, security_headers
from components.edge.load_balancer import LoadBalancer, LoadBalancerArgs
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components

CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/edge"
HEADERS = security_headers(API_CONTENT_SECURITY_POLICY)
LISTENER = "aws:lb/listener:Listener"


def args(**changes: Any) -> LoadBalancerArgs:
    given: dict[str, Any] = {
        "exposure": "public",
        "subnet_ids": {"us-east-1a": "subnet-1a", "us-east-1b": "subnet-1b"},
        "security_group_ids": ["sg-edge"],
        "certificate_arn": CERTIFICATE,
        "access_logs_bucket": "access-logs",
        "idle_timeout_seconds": 900,
        "headers": HEADERS,
        "deletion_protection": True,
    }
    return LoadBalancerArgs(**{**given, **changes})


@cache
def graph(exposure: str = "public") -> Graph:
    given = args(exposure=exposure)
    return record_components(lambda: LoadBalancer("edge", given))


def balancer(exposure: str = "public") -> Resource:
    (found,) = graph(exposure).of_type("aws:lb/loadBalancer:LoadBalancer")
    return found


def listener(port: int) -> Resource:
    (found,) = [each for each in graph().of_type(LISTENER) if each["port"] == port]
    return found


def test_https_is_current_and_its_certificate_the_one_that_was_given() -> None:
    found = listener(443)
    assert (found["protocol"], found["sslPolicy"]) == ("HTTPS", "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09")
    assert found["certificateArn"] == CERTIFICATE


def test_a_request_that_no_service_asked_for_is_not_found() -> None:
    (action,) = listener(443)["defaultActions"]
    assert (action["type"], action["fixedResponse"]["statusCode"]) == ("fixed-response", "404")


def test_plain_http_is_redirected_and_nothing_else() -> None:
    (action,) = listener(80)["defaultActions"]
    assert (action["type"], action["redirect"]) == (
        "redirect",
        {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"},
    )


def test_every_response_carries_the_security_headers_and_names_no_server() -> None:
    found = listener(443)
    prefix = "routingHttpResponse"
    assert {key: found[key] for key in found.inputs if key.startswith(prefix)} == {
        f"{prefix}ServerEnabled": False,
        f"{prefix}StrictTransportSecurityHeaderValue": "max-age=63072000; includeSubDomains; preload",
        f"{prefix}ContentSecurityPolicyHeaderValue": "default-src 'none'; frame-ancestors 'none'",
        f"{prefix}XContentTypeOptionsHeaderValue": "nosniff",
        f"{prefix}XFrameOptionsHeaderValue": "DENY",
    }


def test_a_request_that_two_parsers_could_read_differently_is_refused() -> None:
    assert (balancer()["desyncMitigationMode"], balancer()["dropInvalidHeaderFields"]) == ("strictest", True)
    assert balancer()["enableWafFailOpen"] is False


def test_it_is_kept_logged_and_closed_but_for_its_own_group() -> None:
    assert balancer()["enableDeletionProtection"] is True
    assert balancer()["accessLogs"] == {"bucket": "access-logs", "prefix": "edge", "enabled": True}
    assert (balancer()["securityGroups"], balancer()["idleTimeout"]) == (["sg-edge"], 900)


def test_an_internal_one_is_reached_from_inside_by_https_alone() -> None:
    assert (balancer()["internal"], balancer("internal")["internal"]) == (False, True)
    assert [each["port"] for each in graph("internal").of_type(LISTENER)] == [443]


@pytest.mark.parametrize("seconds", [0, 4001])
def test_an_idle_time_that_aws_refuses_is_refused_here(seconds: int) -> None:
    with pytest.raises(ValueError, match="waits for 1 to 4000 seconds"):
        args(idle_timeout_seconds=seconds)


def test_a_single_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="two zones"):
        args(subnet_ids={"us-east-1a": "subnet-1a"})


def test_nothing_warns() -> None:
    assert (graph().warnings, graph().problems) == ([], [])
