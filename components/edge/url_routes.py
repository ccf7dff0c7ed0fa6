"""The routes of a URL map, as pure functions: what decides which colour answers."""

from collections.abc import Mapping

import pulumi_gcp as gcp
from pulumi import Output

from components.workloads.service import COLOURS, TESTERS_HEADER, Colour, Release

Backends = Mapping[Colour, Output[str]]
"""The backend services of a service."""


def path_matcher(service: str, backends: Backends, release: Release) -> gcp.compute.URLMapPathMatcherArgs:
    """The routes of one service: whoever names a colour gets it, the rest is shared by weight."""
    return gcp.compute.URLMapPathMatcherArgs(
        name=service,
        route_rules=[_named_colour(priority, colour, backends[colour]) for priority, colour in enumerate(COLOURS)],
        default_route_action=gcp.compute.URLMapPathMatcherDefaultRouteActionArgs(
            weighted_backend_services=[
                gcp.compute.URLMapPathMatcherDefaultRouteActionWeightedBackendServiceArgs(
                    backend_service=backends[colour], weight=release.percent(colour)
                )
                for colour in COLOURS
            ]
        ),
    )


def regional_path_matcher(
    service: str, backends: Backends, release: Release
) -> gcp.compute.RegionUrlMapPathMatcherArgs:
    """The same routes for the map of one region, whose arguments are other classes with the same fields."""
    return gcp.compute.RegionUrlMapPathMatcherArgs(
        name=service,
        route_rules=[
            _regional_named_colour(priority, colour, backends[colour]) for priority, colour in enumerate(COLOURS)
        ],
        default_route_action=gcp.compute.RegionUrlMapPathMatcherDefaultRouteActionArgs(
            weighted_backend_services=[
                gcp.compute.RegionUrlMapPathMatcherDefaultRouteActionWeightedBackendServiceArgs(
                    backend_service=backends[colour], weight=release.percent(colour)
                )
                for colour in COLOURS
            ]
        ),
    )


def not_found() -> gcp.compute.URLMapDefaultRouteActionArgs:
    """Every request is answered with 404; a URL map has no other word for it than a fault that always happens."""
    abort = gcp.compute.URLMapDefaultRouteActionFaultInjectionPolicyAbortArgs(http_status=404, percentage=100)
    return gcp.compute.URLMapDefaultRouteActionArgs(
        fault_injection_policy=gcp.compute.URLMapDefaultRouteActionFaultInjectionPolicyArgs(abort=abort)
    )


def regional_not_found() -> gcp.compute.RegionUrlMapDefaultRouteActionArgs:
    """The same answer of the map of one region."""
    abort = gcp.compute.RegionUrlMapDefaultRouteActionFaultInjectionPolicyAbortArgs(http_status=404, percentage=100)
    return gcp.compute.RegionUrlMapDefaultRouteActionArgs(
        fault_injection_policy=gcp.compute.RegionUrlMapDefaultRouteActionFaultInjectionPolicyArgs(abort=abort)
    )


def response_headers(headers: Mapping[str, str]) -> gcp.compute.URLMapHeaderActionArgs:
    """The headers of every response, in the place of what a service may have set itself."""
    return gcp.compute.URLMapHeaderActionArgs(
        response_headers_to_adds=[
            gcp.compute.URLMapHeaderActionResponseHeadersToAddArgs(header_name=name, header_value=value, replace=True)
            for name, value in headers.items()
        ]
    )


def _named_colour(priority: int, colour: Colour, backend: Output[str]) -> gcp.compute.URLMapPathMatcherRouteRuleArgs:
    header = gcp.compute.URLMapPathMatcherRouteRuleMatchRuleHeaderMatchArgs(
        header_name=TESTERS_HEADER, exact_match=colour
    )
    return gcp.compute.URLMapPathMatcherRouteRuleArgs(
        priority=priority,
        match_rules=[
            gcp.compute.URLMapPathMatcherRouteRuleMatchRuleArgs(prefix_match="/", header_matches=[header]),
        ],
        service=backend,
    )


def _regional_named_colour(
    priority: int, colour: Colour, backend: Output[str]
) -> gcp.compute.RegionUrlMapPathMatcherRouteRuleArgs:
    header = gcp.compute.RegionUrlMapPathMatcherRouteRuleMatchRuleHeaderMatchArgs(
        header_name=TESTERS_HEADER, exact_match=colour
    )
    return gcp.compute.RegionUrlMapPathMatcherRouteRuleArgs(
        priority=priority,
        match_rules=[
            gcp.compute.RegionUrlMapPathMatcherRouteRuleMatchRuleArgs(prefix_match="/", header_matches=[header]),
        ],
        service=backend,
    )
