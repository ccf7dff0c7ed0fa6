"""What every edge says and speaks: response headers and TLS policies, for both clouds."""

from collections.abc import Sequence

ORIGIN_HEADER = "X-Origin-Verify"
"""The header in which a CDN in front proves to its origin that a request came through it."""

ALB_TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
"""TLS 1.3 and, with forward secrecy and authenticated ciphers only, 1.2; key exchange is hybrid where clients can."""

CLOUDFRONT_TLS_POLICY = "TLSv1.2_2021"
API_GATEWAY_TLS_POLICY = "TLS_1_2"
GOOGLE_TLS_VERSION = "TLS_1_2"
GOOGLE_TLS_PROFILE = "RESTRICTED"
"""TLS 1.3 where the client can and 1.2 with forward secrecy otherwise; not 1.3 alone, as Route 53's health checkers
speak 1.2 at the most."""

HSTS_SECONDS = 63_072_000
"""Two years, from which on browsers take a domain into the list that they are delivered with."""

API_CONTENT_SECURITY_POLICY = "default-src 'none'; frame-ancestors 'none'"
"""An API's answers are data: shown as a page, they may load and run nothing."""


def frontend_content_security_policy(
    connect: Sequence[str], images: Sequence[str] = (), frames: Sequence[str] = ()
) -> str:
    """What the application's pages may load: their own files, and what is named, such as `wss://ws.example.com`."""
    directives = {
        "default-src": ["'none'"],
        "base-uri": ["'self'"],
        "connect-src": ["'self'", *connect],
        "font-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "frame-src": list(frames) or ["'none'"],
        "img-src": ["'self'", "data:", *images],
        "manifest-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "worker-src": ["'self'"],
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())


def security_headers(content_security_policy: str) -> dict[str, str]:
    """The headers of every response, as HTTP writes them.

    A load balancer of AWS can set the first four; of an API's answers the others protect nothing.
    """
    return {
        "Strict-Transport-Security": f"max-age={HSTS_SECONDS}; includeSubDomains; preload",
        "Content-Security-Policy": content_security_policy,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
