"""The Google APIs that a project uses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp
from pulumi import Output

from components.component import Component


@dataclass(frozen=True, kw_only=True)
class GoogleApisArgs:
    """What GoogleApis need to know."""

    project_id: str
    """The project whose APIs are enabled."""
    services: Sequence[str]
    """The APIs by name, such as `run.googleapis.com`."""
    agents: Sequence[str] = ()
    """Those of the services whose agent must exist before it can be granted a key or a role."""

    def __post_init__(self) -> None:
        if strangers := sorted(set(self.agents) - set(self.services)):
            raise ValueError(
                f"agents of services that are not enabled: {', '.join(strangers)}; "
                "Google creates an agent only where its service is on, so add them to services"
            )


class GoogleApis(Component):
    """The APIs of a project, and the service agents that come with them.

    Owns the switches, not the project. Guarantees that an API stays on when the program stops asking for it: switching
    one off deletes or stops what others built with it. Everything else of Google Cloud waits for these: give the
    provider of the rest `depends_on=[apis]`, since every resource waits for its provider. Leaves out Service Usage and
    Resource Manager, by which the switches themselves are worked; they are on before the first deployment.
    """

    agents: Mapping[str, Output[str]]
    """IAM members of the service agents, by service."""

    def __init__(self, name: str, args: GoogleApisArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:governance:GoogleApis", name, None, opts)
        self._name, self._args = name, args

        enabled = {service: self._enable(service) for service in args.services}
        self.agents = {service: self._agent(service, enabled[service]) for service in args.agents}
        self.publish()

    def _enable(self, service: str) -> Output[str]:
        return gcp.projects.Service(
            f"{self._name}-{service}",
            project=self._args.project_id,
            service=service,
            disable_on_destroy=False,
            disable_dependent_services=False,
            opts=self.child(),
        ).service

    def _agent(self, service: str, enabled: Output[str]) -> Output[str]:
        """Most agents appear at first use, which is too late to let them use the key that the first use asks for."""
        return gcp.projects.ServiceIdentity(
            f"{self._name}-{service}", project=self._args.project_id, service=enabled, opts=self.child()
        ).member
