"""The frontend's standby: Firebase Hosting."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp
from pulumi import Output

from components.component import Component
from components.naming import Carrier, physical_name
from components.ordering import after

HOSTING_ADDRESS = "199.36.158.100"
"""The one address at which Firebase Hosting answers for every custom domain."""

IMMUTABLE = "public, max-age=31536000, immutable"


@dataclass(frozen=True, kw_only=True)
class FirebaseFrontendArgs:
    """What a FirebaseFrontend needs to know."""

    project_id: str
    """The project that becomes a Firebase project, for good."""
    prefix: str
    """What the site's name begins with, such as `elson-prd`."""
    service: str
    """The service that the site is, such as `frontend`."""
    hostnames: Mapping[str, str]
    """The full names that lead to it, by a short name for each: `app.elson.example`."""
    security_headers: Mapping[str, str]
    """The headers that every response carries."""
    service_paths: Sequence[str]
    """Paths that are no pages of the application, such as `/api`: here they are answered with 404."""

    def __post_init__(self) -> None:
        """Raise ValueError for a name that Firebase would refuse after the project has become its own."""
        physical_name(Carrier.FIREBASE_SITE, self.prefix, self.service)


class FirebaseFrontend(Component):
    """A site on Firebase Hosting that the frontend's public name fails over to.

    Owns the site and its domains. Guarantees that no deployment takes the project out of Firebase, which Google does
    not offer, nor waits for a name that rightly points to the other cloud. Firebase proves the name, and gets its
    certificate, by the records in `required_dns_updates`; they are written once, by hand, since what Firebase asks for
    depends on what it finds.

    Leaves out the content: each release ships it to both clouds, here with `hosting_configuration` as its
    `firebase.json`, as Firebase takes headers and rewrites with the content and from nowhere else.
    """

    site_id: Output[str]
    """The site that a release deploys to."""
    default_url: Output[str]
    """Where the site answers whatever DNS says."""
    address: Output[str]
    """What the public name points to when it fails over."""
    required_dns_updates: Mapping[str, Output[Any]]
    """The records that Firebase misses, as it lists them, by the short name of each host."""
    hosting_configuration: Output[str]
    """The `firebase.json` of a release."""

    def __init__(self, name: str, args: FirebaseFrontendArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:edge:FirebaseFrontend", name, None, opts)
        self._name, self._args = name, args

        site = self._site(self._project())
        self.site_id, self.default_url = after(Output.from_input(self._site_name()), [site]), site.default_url
        self.address = Output.from_input(HOSTING_ADDRESS)
        self.required_dns_updates = {
            key: self._domain(key, hostname).required_dns_updates for key, hostname in args.hostnames.items()
        }
        self.hosting_configuration = self.site_id.apply(
            lambda site_id: json.dumps(
                hosting_configuration(site_id, args.security_headers, args.service_paths), indent=2
            )
        )
        self.publish()

    def _project(self) -> Output[str]:
        return gcp.firebase.Project(
            f"{self._name}-project",
            project=self._args.project_id,
            opts=self.child(protect=True, retain_on_delete=True),
        ).project

    def _site(self, project: Output[str]) -> gcp.firebase.HostingSite:
        """Protected: the name of a site that was deleted is gone for everybody."""
        return gcp.firebase.HostingSite(
            f"{self._name}-site",
            project=project,
            site_id=self._site_name(),
            opts=self.child(protect=True),
        )

    def _site_name(self) -> str:
        return physical_name(Carrier.FIREBASE_SITE, self._args.prefix, self._args.service)

    def _domain(self, key: str, hostname: str) -> gcp.firebase.HostingCustomDomain:
        return gcp.firebase.HostingCustomDomain(
            f"{self._name}-{key}",
            project=self._args.project_id,
            site_id=self.site_id,
            custom_domain=hostname,
            # A certificate that strangers' names share would tell them about ours.
            cert_preference="DEDICATED",
            wait_dns_verification=False,
            opts=self.child(),
        )


def hosting_configuration(site_id: str, headers: Mapping[str, str], service_paths: Sequence[str]) -> dict[str, Any]:
    """The `firebase.json` of a single-page application: its own routes are answered by its first page.

    Files whose names change with their content are kept by browsers for a year, the first page not at all.
    """
    everywhere = [{"key": key, "value": value} for key, value in headers.items()]
    return {
        "hosting": {
            "site": site_id,
            "public": "dist",
            "ignore": ["firebase.json", "**/.*"],
            "headers": [
                {"source": "**", "headers": everywhere},
                {"source": "/index.html", "headers": [{"key": "Cache-Control", "value": "no-cache"}]},
                {"source": "/assets/**", "headers": [{"key": "Cache-Control", "value": IMMUTABLE}]},
            ],
            "rewrites": [{"source": _pages(service_paths), "destination": "/index.html"}],
        }
    }


def _pages(service_paths: Sequence[str]) -> str:
    """Every path but those of services, as a glob."""
    return f"!/@({'|'.join(path.strip('/') for path in service_paths)})/**" if service_paths else "**"
