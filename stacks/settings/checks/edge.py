"""The ways in from the internet: the firewalls' rules, routes of sites, services behind a CDN, callbacks."""

from collections.abc import Iterable, Iterator

from stacks.settings.checks.draft import mistake
from stacks.settings.edge import AddressList, GeoList, RateLimit
from stacks.settings.mistakes import Mistake
from stacks.settings.services import ContainerService
from stacks.settings.settings import Settings

BEHIND_A_LOAD_BALANCER = ("ecs", "ec2", "eks")
CALLED_BACK = ("ecs", "ec2")
SITE_HEALTH_PATH = "/index.html"
"""What health checkers ask a site for."""
CONDITIONS_A_RULE = 5
"""What one expression of Cloud Armor holds: each address of a list, and one each for `paths` and `except_paths`."""


def address_lists_fit_an_expression(settings: Settings) -> Iterator[Mistake]:
    """Cloud Armor takes long lists only where nothing but the address matters."""
    for key, rule in settings.edge.rules.items():
        if not isinstance(rule, AddressList):
            continue
        if rule.refuses == "listed" and not rule.paths and not rule.except_paths:
            continue
        room = CONDITIONS_A_RULE - bool(rule.paths) - bool(rule.except_paths)
        if len(rule.addresses) > room:
            yield mistake(
                *("edge", "rules", key, "addresses"),
                value=rule.addresses,
                reason="Cloud Armor compares five things in a rule that looks at more than who is on a list.",
                cure=f"write at most {room}, in larger ranges or in several rules",
            )


def rules_let_health_checkers_in(settings: Settings) -> Iterator[Mistake]:
    """Route 53 asks from its own countries and addresses, and what refuses it looks like an outage."""
    asked = dict.fromkeys(
        service.health.ready for service in settings.containers.values() if service.exposure == "public"
    )
    if settings.sites:
        asked[SITE_HEALTH_PATH] = None
    for key, rule in settings.edge.rules.items():
        if not isinstance(rule, GeoList) and not (isinstance(rule, AddressList) and rule.refuses == "others"):
            continue
        refused = [path for path in asked if _looks_at(rule.paths, path) and not _below(rule.except_paths, path)]
        if refused:
            yield mistake(
                *("edge", "rules", key, "except_paths"),
                value=rule.except_paths,
                reason="Health checkers ask from all over the world: refused, they would report an outage.",
                cure=f"add {', '.join(refused)}",
            )


def _looks_at(paths: Iterable[str], path: str) -> bool:
    return not tuple(paths) or _below(paths, path)


def _below(paths: Iterable[str], path: str) -> bool:
    return any(path == each or path.startswith(f"{each}/") for each in paths)


def deeper_limits_are_smaller(settings: Settings) -> Iterator[Mistake]:
    """AWS counts a request for every limit that it meets, Google for the deepest alone."""
    limits = {key: rule for key, rule in settings.edge.rules.items() if isinstance(rule, RateLimit)}
    for key, inner in limits.items():
        for other, outer in limits.items():
            wider = bool(inner.paths) and all(_looks_at(outer.paths, path) for path in inner.paths)
            deeper = wider and not set(inner.paths) <= set(outer.paths)
            if deeper and inner.requests * outer.window_seconds > outer.requests * inner.window_seconds:
                yield mistake(
                    *("edge", "rules", key, "requests"),
                    value=inner.requests,
                    reason=f"The rule {other} lets fewer pass on more paths: AWS would refuse by that one, and Google"
                    " by this one.",
                    cure=f"write at most {outer.requests * inner.window_seconds // outer.window_seconds}, or more for"
                    f" `platform:edge.rules.{other}.requests`",
                )


def routes_lead_to_load_balancers(settings: Settings) -> Iterator[Mistake]:
    """A site's CDN passes requests on to the public load balancer of AWS, and to nothing else."""
    containers = settings.containers
    fit = [name for name, service in containers.items() if _takes_requests_of_a_cdn(service)]
    for name, site in settings.sites.items():
        for path, target in site.routes.items():
            service = containers.get(target)
            if service is not None and _takes_requests_of_a_cdn(service):
                continue
            reason = "There is no service of containers of this name to lead a path to."
            if service is not None:
                reason = f"{target} is not behind the public load balancer of AWS, where a CDN's requests go."
            yield mistake(
                *("services", name, "routes", path),
                value=target,
                reason=reason,
                cure=f"write one of {', '.join(fit) or '(none)'}, or make {target} public or cdn on ecs, ec2 or eks",
            )


def _takes_requests_of_a_cdn(service: ContainerService) -> bool:
    return service.exposure in ("public", "cdn") and service.primary in BEHIND_A_LOAD_BALANCER


def services_behind_a_cdn_are_reached(settings: Settings) -> Iterator[Mistake]:
    """Whoever is closed to all but a CDN needs one that asks, which there is in AWS alone."""
    routed = {target for site in settings.sites.values() for target in site.routes.values()}
    for name, service in settings.containers.items():
        if service.exposure != "cdn":
            continue
        if name not in routed:
            yield mistake(
                *("services", name, "exposure"),
                value=service.exposure,
                reason="It takes requests from a site's CDN alone, and no site leads a path to it.",
                cure="add a path to the `routes` of a site, or write another exposure",
            )
        if service.primary not in BEHIND_A_LOAD_BALANCER:
            yield mistake(
                *("services", name, "primary"),
                value=service.primary,
                reason="The CDN is in front of the load balancer of AWS, and so is what it closes off.",
                cure=f"write one of {', '.join(BEHIND_A_LOAD_BALANCER)}, or another exposure",
            )
        if service.standby != "none":
            yield mistake(
                *("services", name, "standby"),
                value=service.standby,
                reason="In Google Cloud there is no CDN that could ask it: its standby would answer nobody.",
                cure="write none, or public for the exposure",
            )


def a_cdn_is_known_in_the_recovery_region(settings: Settings) -> Iterator[Mistake]:
    """A load balancer that only the CDN may reach has to know its addresses, in the list of its own region."""
    behind = [
        name
        for name in settings.compute.recovery
        if (service := settings.containers.get(name)) is not None and service.exposure == "cdn"
    ]
    if behind and settings.edge.recovery_origin_prefix_list is None:
        yield mistake(
            *("edge", "recovery_origin_prefix_list"),
            value=None,
            reason=f"{', '.join(behind)} stands by in the recovery region, and the CDN could not reach it.",
            cure="write the list of that region: `aws ec2 describe-managed-prefix-lists`",
        )


def callbacks_reach_their_service(settings: Settings) -> Iterator[Mistake]:
    """API Gateway holds the sockets itself and calls by HTTP, over a private link in AWS."""
    for name, service in settings.containers.items():
        if service.callbacks is None:
            continue
        if service.primary not in CALLED_BACK:
            yield mistake(
                *("services", name, "primary"),
                value=service.primary,
                reason="API Gateway calls back over a private link, which leads to services on ECS and EC2.",
                cure="write ecs or ec2, or null for the callbacks",
            )
        if service.protocol != "http":
            yield mistake(
                *("services", name, "protocol"),
                value=service.protocol,
                reason="With callbacks API Gateway holds the sockets, and calls the service by HTTP.",
                cure="write http, or null for the callbacks",
            )


def callbacks_know_who_connects(settings: Settings) -> Iterator[Mistake]:
    """A socket is opened with a token of the sign-in."""
    if settings.identity.enabled:
        return
    for name, service in settings.containers.items():
        if service.callbacks is not None:
            yield mistake(
                *("services", name, "callbacks"),
                value={"callbacks": "given"},
                reason="Sockets are opened with a token of the sign-in, which is switched off: nobody could connect.",
                cure="write null, or switch on `platform:identity.enabled`",
            )


CHECKS = (
    address_lists_fit_an_expression,
    rules_let_health_checkers_in,
    deeper_limits_are_smaller,
    routes_lead_to_load_balancers,
    services_behind_a_cdn_are_reached,
    a_cdn_is_known_in_the_recovery_region,
    callbacks_reach_their_service,
    callbacks_know_who_connects,
)
