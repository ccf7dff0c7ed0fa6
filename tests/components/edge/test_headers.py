"""What every edge says and speaks."""

import pytest

from components.edge.headers import (
    ALB_TLS_POLICY,
    API_CONTENT_SECURITY_POLICY,
    API_GATEWAY_TLS_POLICY,
    CLOUDFRONT_TLS_POLICY,
    GOOGLE_TLS_PROFILE,
    GOOGLE_TLS_VERSION,
    frontend_content_security_policy,
    security_headers,
)


def test_no_edge_speaks_less_than_tls_1_2_and_the_health_checkers_can_speak_to_all() -> None:
    assert (ALB_TLS_POLICY, CLOUDFRONT_TLS_POLICY, API_GATEWAY_TLS_POLICY, GOOGLE_TLS_VERSION, GOOGLE_TLS_PROFILE) == (
        "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
        "TLSv1.2_2021",
        "TLS_1_2",
        "TLS_1_2",
        "RESTRICTED",
    )


def test_every_response_carries_the_same_headers_with_a_policy_of_its_own() -> None:
    assert security_headers(API_CONTENT_SECURITY_POLICY) == {
        "Strict-Transport-Security": "max-age=63072000; includeSubDomains; preload",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }


def directives(policy: str) -> dict[str, list[str]]:
    return {name: sources for name, *sources in (each.split(" ") for each in policy.split("; "))}


def test_pages_load_their_own_files_and_what_is_named() -> None:
    policy = directives(
        frontend_content_security_policy(
            ["wss://ws.example.com"], ["https://img.example.com"], ["https://id.example.com"]
        )
    )
    assert policy["default-src"] == ["'none'"]
    assert policy["connect-src"] == ["'self'", "wss://ws.example.com"]
    assert policy["img-src"] == ["'self'", "data:", "https://img.example.com"]
    assert policy["frame-src"] == ["https://id.example.com"]


@pytest.mark.parametrize("directive", ["script-src", "style-src", "worker-src"])
def test_no_page_runs_what_it_did_not_bring(directive: str) -> None:
    assert directives(frontend_content_security_policy([]))[directive] == ["'self'"], (
        "nothing inline, nothing evaluated"
    )


def test_nobody_frames_the_application() -> None:
    assert directives(frontend_content_security_policy([]))["frame-ancestors"] == ["'none'"]
