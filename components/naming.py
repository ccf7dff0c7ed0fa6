"""Physical names: how they are formed, and how long what carries them lets them be.

Most resources are named by the engine. A physical name is set only where something outside the program has to know it,
and then it comes from here, so that a name which a cloud would refuse halfway through a deployment is refused before.
"""

import re
from collections.abc import Mapping
from enum import Enum

ENVIRONMENT_CODES: Mapping[str, str] = {"development": "dev", "staging": "stg", "production": "prd"}
"""Three letters for each environment: written out, it would take a third of the shortest names."""


class Carrier(Enum):
    """What carries a name: what it is called, the shortest and longest name, and the pattern of its characters."""

    # One resource a line reads as the table it is.
    # fmt: off
    LOAD_BALANCER = ("an application load balancer", 1, 32, r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?")
    TARGET_GROUP = ("a target group", 1, 32, r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?")
    IAM_ROLE = ("an IAM role", 1, 64, r"[A-Za-z0-9+=,.@_-]+")
    S3_BUCKET = ("an S3 bucket", 3, 63, r"[a-z0-9][a-z0-9.-]*[a-z0-9]")
    ECR_REPOSITORY = ("an ECR repository", 2, 256, r"[a-z0-9]+([._/-][a-z0-9]+)*")
    ECS_SERVICE = ("an ECS service", 1, 255, r"[A-Za-z0-9_-]+")
    RDS_INSTANCE = ("an RDS instance", 1, 63, r"[a-z](-?[a-z0-9])*")
    REPLICATION_GROUP = ("an ElastiCache replication group", 1, 40, r"[a-z](-?[a-z0-9])*")
    EVENT_ARCHIVE = ("an event archive", 1, 48, r"[A-Za-z0-9._-]+")
    CANARY = ("a canary", 1, 21, r"[a-z0-9_-]+")
    SERVICE_ACCOUNT = ("a Google service account", 6, 30, r"[a-z][a-z0-9-]*[a-z0-9]")
    CLOUD_RUN_SERVICE = ("a Cloud Run service", 1, 49, r"[a-z]([a-z0-9-]*[a-z0-9])?")
    FIREBASE_SITE = ("a Firebase site", 6, 30, r"[a-z0-9][a-z0-9-]*[a-z0-9]")
    WORKLOAD_IDENTITY_POOL = ("a workload identity pool", 4, 32, r"[a-z0-9-]+")
    GKE_CLUSTER = ("a GKE cluster", 1, 40, r"[a-z]([a-z0-9-]*[a-z0-9])?")
    COMPUTE = ("a Compute Engine resource", 1, 63, r"[a-z]([a-z0-9-]*[a-z0-9])?")
    KUBERNETES_OBJECT = ("a Kubernetes object", 1, 63, r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
    # fmt: on

    def __init__(self, title: str, shortest: int, longest: int, characters: str) -> None:
        self.title = title
        self.shortest = shortest
        self.longest = longest
        self.characters = characters


class IllegalNameError(ValueError):
    """A name that its carrier would refuse; the message says which rule it breaks."""


def physical_name(carrier: Carrier, *parts: str) -> str:
    """The parts joined by hyphens, if the carrier takes the result; otherwise IllegalNameError."""
    name = "-".join(parts)
    if len(name) > carrier.longest:
        raise IllegalNameError(f"{name} has {len(name)} characters, {carrier.title} holds {carrier.longest}")
    if len(name) < carrier.shortest:
        raise IllegalNameError(f"{name} has {len(name)} characters, {carrier.title} needs {carrier.shortest}")
    if re.fullmatch(carrier.characters, name) is None:
        raise IllegalNameError(f"{name} has characters that {carrier.title} does not take")
    return name


def stack_prefix(project: str, environment: str) -> str:
    """What the names of an environment begin with: `elson-prd`."""
    return f"{project}-{ENVIRONMENT_CODES[environment]}"


def load_balancer(project: str, environment: str, exposure: str) -> str:
    """`elson-prd-internal`."""
    return physical_name(Carrier.LOAD_BALANCER, stack_prefix(project, environment), exposure)


def target_group(project: str, environment: str, service: str, colour: str) -> str:
    """`elson-prd-backend-api-green`."""
    return physical_name(Carrier.TARGET_GROUP, stack_prefix(project, environment), service, colour)


def task_role(project: str, environment: str, service: str, purpose: str) -> str:
    """`elson-prd-backend-api-execution`."""
    return physical_name(Carrier.IAM_ROLE, stack_prefix(project, environment), service, purpose)


def service_account(project: str, environment: str, service: str) -> str:
    """`elson-prd-backend-api`: the account id, which the e-mail address begins with."""
    return physical_name(Carrier.SERVICE_ACCOUNT, stack_prefix(project, environment), service)


def cloud_run_service(project: str, environment: str, service: str, colour: str) -> str:
    """`elson-prd-backend-api-green`."""
    return physical_name(Carrier.CLOUD_RUN_SERVICE, stack_prefix(project, environment), service, colour)


def firebase_site(project: str, environment: str, service: str) -> str:
    """`elson-prd-frontend`."""
    return physical_name(Carrier.FIREBASE_SITE, stack_prefix(project, environment), service)


def kubernetes_workload(service: str, colour: str) -> str:
    """`trading-engine-green`: the cluster's name says project and environment already."""
    return physical_name(Carrier.KUBERNETES_OBJECT, service, colour)
