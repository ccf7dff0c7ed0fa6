"""Names against the shortest limit of what carries them."""

from collections.abc import Iterator

from components import naming
from stacks.settings.checks.draft import mistake
from stacks.settings.mistakes import Mistake
from stacks.settings.services import ContainerService, Service
from stacks.settings.settings import Settings

LONGEST_COLOUR = "green"
LONGEST_TARGET = "green-internal"
"""Tasks and pods behind the internal load balancer; groups of machines have shorter names."""
LONGEST_PURPOSE = "execution"
OTHERS = ("bastion", "cloudfront", "edge", "entrance", "internal", "internet", "kubernetes", "services")
PREFIXES_OF_OTHERS = ("gcp-", "google-", "postgres-", "redis-")
"""What the table of who may talk to whom calls what is no service."""


def names_fit_what_carries_them(settings: Settings) -> Iterator[Mistake]:
    """A service has a name that fits every place, since moving it is meant to take one word."""
    project, environment = settings.environment.project, settings.environment.name
    for name, service in settings.services.items():
        try:
            _form_names(project, environment, name, service)
        except naming.IllegalNameError as refusal:
            yield mistake(
                "services",
                name,
                value=name,
                reason=f"What it is built of could not be named: {refusal}.",
                cure="rename the service, shorter, or shorten `platform:environment.project`",
            )


def _form_names(project: str, environment: str, name: str, service: Service) -> None:
    if not isinstance(service, ContainerService):
        naming.firebase_site(project, environment, name)
        return
    naming.physical_name(naming.Carrier.TARGET_GROUP, name, LONGEST_TARGET)
    naming.service_account(project, environment, name)
    naming.cloud_run_service(project, environment, name, LONGEST_COLOUR)
    naming.task_role(project, environment, name, LONGEST_PURPOSE)
    naming.kubernetes_workload(name, LONGEST_COLOUR)


def services_leave_the_names_of_others(settings: Settings) -> Iterator[Mistake]:
    """Load balancers, databases, migrations and what stands by are told from services by their names alone."""
    migrations = {f"{name}-migration" for name, service in settings.containers.items() if service.migration}
    standing_by = {f"{name}-recovery" for name in settings.compute.recovery}
    for name in settings.services:
        if name not in {*OTHERS, *migrations, *standing_by} and not name.startswith(PREFIXES_OF_OTHERS):
            continue
        yield mistake(
            "services",
            name,
            value=name,
            reason="The platform calls something else by this name, and tells who may talk to whom by it.",
            cure="rename the service",
        )


CHECKS = (names_fit_what_carries_them, services_leave_the_names_of_others)
