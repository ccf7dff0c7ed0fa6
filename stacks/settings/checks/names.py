"""Names against the shortest limit of what carries them."""

from collections.abc import Iterator

from components import naming
from stacks.settings.checks.draft import mistake
from stacks.settings.mistakes import Mistake
from stacks.settings.services import ContainerService, Service
from stacks.settings.settings import Settings

LONGEST_COLOUR = "green"
LONGEST_PURPOSE = "execution"


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
    naming.target_group(project, environment, name, LONGEST_COLOUR)
    naming.service_account(project, environment, name)
    naming.cloud_run_service(project, environment, name, LONGEST_COLOUR)
    naming.task_role(project, environment, name, LONGEST_PURPOSE)
    naming.kubernetes_workload(name, LONGEST_COLOUR)


CHECKS = (names_fit_what_carries_them,)
