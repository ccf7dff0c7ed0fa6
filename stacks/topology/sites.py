"""The web applications: files behind the CDN, and their standby on Firebase Hosting."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.edge.cloudfront_log import LogTarget
from components.edge.edge_security import CLOUDFRONT_REGION
from components.edge.firebase_frontend import FirebaseFrontend, FirebaseFrontendArgs
from components.edge.frontend import ApiOrigin, Frontend, FrontendArgs
from components.edge.headers import frontend_content_security_policy, security_headers
from components.naming import stack_prefix
from stacks.settings import Settings
from stacks.settings.services import StaticSite
from stacks.topology.entrances import SITES, Entrances
from stacks.topology.names import Names
from stacks.topology.placement import at_the_edge, place_host, public_host
from stacks.topology.providers import Providers

SIGN_IN_HOSTS = ("https://identitytoolkit.googleapis.com", "https://securetoken.googleapis.com")
"""What the pages ask when a customer signs in."""


@dataclass(frozen=True, kw_only=True)
class Sites:
    """What names and releases need of the sites."""

    frontends: Mapping[str, Frontend]
    """The sites on CloudFront, by name."""
    standbys: Mapping[str, FirebaseFrontend]
    """Those that stand by on Firebase Hosting, by name."""

    def outputs(self) -> dict[str, Any]:
        """What a release takes."""
        return {
            "site_buckets": {name: each.bucket_name for name, each in self.frontends.items()},
            "site_invalidations": {name: each.invalidation_command for name, each in self.frontends.items()},
            "site_standbys": {name: each.site_id for name, each in self.standbys.items()},
            "site_standby_configurations": {name: each.hosting_configuration for name, each in self.standbys.items()},
            "site_standby_dns_updates": {name: each.required_dns_updates for name, each in self.standbys.items()},
        }


def sites(settings: Settings, providers: Providers, names: Names, entrances: Entrances) -> Sites:
    """Every site of the settings."""
    return Sites(
        frontends={
            name: _frontend(name, site, settings, providers, names, entrances) for name, site in settings.sites.items()
        },
        standbys={
            name: _standby(name, site, settings, providers)
            for name, site in settings.sites.items()
            if site.standby == "firebase"
        },
    )


def _frontend(
    name: str, site: StaticSite, settings: Settings, providers: Providers, names: Names, entrances: Entrances
) -> Frontend:
    web_acl_arn = entrances.security.cloudfront_web_acl_arn
    if web_acl_arn is None:
        raise LookupError(f"{name} has no firewall")
    return Frontend(
        name,
        FrontendArgs(
            account_id=settings.aws.account_id,
            region=settings.aws.region,
            hosts=[public_host(settings, site), place_host(settings, site, "aws")],
            certificate_arn=names.certificate.arns[CLOUDFRONT_REGION],
            web_acl_arn=web_acl_arn,
            origins=_origins(site, settings, entrances),
            content_security_policy=_content_security_policy(site, settings),
            price_class=settings.edge.price_class,
            undo_days=settings.edge.undo_days,
            log_target=LogTarget(bucket_arn=entrances.request_logs.bucket_arn, prefix=f"{SITES}/{name}"),
        ),
        providers.options(),
    )


def _origins(site: StaticSite, settings: Settings, entrances: Entrances) -> dict[str, ApiOrigin]:
    behind, secret = at_the_edge(settings), entrances.origin_secret
    if secret is None:
        return {}
    return {
        service: ApiOrigin(
            paths=[path for path, other in site.routes.items() if other == service],
            host=place_host(settings, behind[service], "aws"),
            secret=secret,
        )
        for service in dict.fromkeys(site.routes.values())
    }


def _standby(name: str, site: StaticSite, settings: Settings, providers: Providers) -> FirebaseFrontend:
    return FirebaseFrontend(
        f"{name}-standby",
        FirebaseFrontendArgs(
            project_id=settings.gcp.project_id,
            prefix=stack_prefix(settings.environment.project, settings.environment.name),
            service=name,
            hostnames={"public": public_host(settings, site), "place": place_host(settings, site, "gcp")},
            security_headers=security_headers(_content_security_policy(site, settings)),
            service_paths=list(site.routes),
        ),
        providers.options(),
    )


def _content_security_policy(site: StaticSite, settings: Settings) -> str:
    """The pages talk to the services that the site calls, by their public names, and to what the settings add."""
    hosts = [
        public_host(settings, settings.containers[name])
        for name in site.calls
        if settings.containers[name].exposure == "public"
    ]
    services = [f"{scheme}://{host}" for host in hosts for scheme in ("https", "wss")]
    sign_in = SIGN_IN_HOSTS if settings.identity.enabled else ()
    return frontend_content_security_policy(
        [*services, *sign_in, *site.sources.connect], images=site.sources.images, frames=site.sources.frames
    )
