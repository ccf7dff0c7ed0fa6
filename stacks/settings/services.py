"""The services: what each is, where it runs, how it scales."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Discriminator, Field, Tag

from stacks.settings.section import Section, Unique


def _says_which(image: str) -> str:
    if image == "latest":
        raise ValueError("nobody can say which image `latest` was, nor go back to it")
    return image


def _no_event_of_the_gateway(action: str) -> str:
    if action in ("connect", "disconnect", "default"):
        raise ValueError("API Gateway calls the service by this name itself, for every connection or unknown message")
    return action


ServiceName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=32, examples=["backend-api"])]
DataName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=32, examples=["main"])]
HostName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", examples=["api"])]
HealthPath = Annotated[str, Field(pattern=r"^/[A-Za-z0-9/_.-]*$", examples=["/health/ready"])]
Image = Annotated[
    str,
    Field(
        pattern=r"^(sha256:[0-9a-f]{64}|[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})$",
        examples=["1.42.0", "sha256:" + "0123456789abcdef" * 4],
    ),
    AfterValidator(_says_which),
]
RoutePath = Annotated[str, Field(pattern=r"^(/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)+$", max_length=128, examples=["/api"])]
Source = Annotated[
    str,
    Field(
        pattern=r"^(https|wss)://(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}(:[0-9]{1,5})?$",
        max_length=255,
        examples=["https://identitytoolkit.googleapis.com"],
    ),
]
Sources = Annotated[tuple[Source, ...], *Unique]
Action = Annotated[
    str,
    Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=64, examples=["subscribe"]),
    AfterValidator(_no_event_of_the_gateway),
]
VariableName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$", examples=["LOG_LEVEL"])]
SecretName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", examples=["SECRET_KEY"])]
Percent = Annotated[int, Field(ge=1, le=100)]
Minutes = Annotated[int, Field(ge=1, le=60)]


class Images(Section):
    """The two releases that run beside each other."""

    blue: Image
    """Tag or digest of the blue image."""
    green: Image
    """Tag or digest of the green image."""


class Replicas(Section):
    """How many copies run."""

    min: Annotated[int, Field(ge=1, le=100)]
    """Copies that always run of a colour with traffic."""
    max: Annotated[int, Field(ge=1, le=1000)]
    """Copies that scaling stops at; each costs money."""
    standby: Annotated[int, Field(ge=0, le=100)]
    """Copies of the colour without traffic, and of the standby place until it is needed."""


class Health(Section):
    """Where the probes ask."""

    startup: HealthPath = "/health"
    """Path that answers once the process has started."""
    ready: HealthPath = "/health/ready"
    """Path that answers while the process can take requests."""
    live: HealthPath = "/health/live"
    """Path that answers unless the process needs a restart."""


class Scaling(Section):
    """When copies are added and taken away."""

    cpu_out_percent: Percent = 70
    """CPU above which copies are added."""
    cpu_in_percent: Percent = 30
    """CPU below which copies are taken away."""
    memory_percent: Percent = 80
    """Memory above which copies are added."""
    out_after_minutes: Minutes = 5
    """Minutes above the limit before copies are added."""
    in_after_minutes: Minutes = 15
    """Minutes below the limit before copies are taken away."""
    cooldown_minutes: Minutes = 5
    """Minutes of rest after each step."""


class CloudRun(Section):
    """How a service runs on Cloud Run, where it does."""

    requests_at_once: Annotated[int, Field(ge=1, le=1000)] = 80
    """Requests that one copy serves at once, 1 to 1000; a websocket is one for as long as it is open."""
    cpu_idle: bool = False
    """Whether CPU stops between requests: cheaper, and the end of everything that runs in the background."""


class Callbacks(Section):
    """An API Gateway that holds the clients' WebSockets and calls the service back for each message."""

    hostname: HostName
    """Its name under the environment's domain, another one than that of the service."""
    actions: Annotated[tuple[Action, ...], Field(max_length=100), *Unique]
    """Values of `action` in a message that have a path of their own; all others go to `default`."""
    path: RoutePath = "/callbacks"
    """What stands before the action in the path of a call."""
    timeout_seconds: Annotated[int, Field(ge=1, le=29)]
    """Seconds that the service may take to answer a call; API Gateway waits for 29 at the most."""
    messages_per_second: Annotated[int, Field(ge=1, le=10_000)]
    """Messages a second of all clients in the long run; an account's API Gateway takes 10000 for all of its APIs."""
    burst: Annotated[int, Field(ge=1, le=5_000)]
    """Messages at once; an account's API Gateway takes 5000 for all of its APIs."""


class PageSources(Section):
    """What pages may load from beside their own host, the services that they call, and the sign-in."""

    connect: Sources = ()
    """Where scripts may send requests beside the sign-in: `https://` or `wss://` and a host."""
    images: Sources = ()
    """Where images may come from."""
    frames: Sources = ()
    """What may be shown in a frame."""


class StaticSite(Section):
    """A service of files alone: no process, so no port, size or replicas."""

    primary: Literal["static"]
    """Where it is served from: `static` is a bucket behind CloudFront."""
    standby: Literal["firebase", "none"]
    """Where it stands by: Firebase Hosting, or nowhere."""
    images: Images
    """The two builds that stand beside each other."""
    exposure: Literal["public"]
    """Who may reach it; a site is public."""
    hostname: HostName
    """Its name under the environment's domain."""
    calls: Annotated[tuple[ServiceName, ...], *Unique] = ()
    """Services that its pages call from the browser."""
    routes: Mapping[RoutePath, ServiceName] = {}
    """Paths of the site that a service answers by way of the CDN, with all below them: `/api`."""
    sources: PageSources = PageSources()
    """What its pages may load from elsewhere; browsers refuse the rest."""


class ContainerService(Section):
    """A service that runs as containers."""

    primary: Literal["ecs", "ec2", "eks", "cloud_run"]
    """Where it runs: ECS on Fargate, EC2 machines, Kubernetes in AWS, or Cloud Run."""
    standby: Literal["cloud_run", "gke", "none"]
    """Where it stands by in Google Cloud: Cloud Run, Kubernetes, or nowhere."""
    protocol: Literal["http", "websocket"]
    """How it is spoken to; a websocket gets long timeouts, and on Cloud Run at most 60 minutes a connection."""
    images: Images
    """The two releases that run beside each other."""
    port: Annotated[int, Field(ge=1024, le=65535)]
    """Port that it listens on, from 1024: a process that is not root opens no lower one."""
    cpu: Annotated[float, Field(gt=0, le=64)]
    """vCPUs of one copy."""
    memory_gib: Annotated[float, Field(gt=0, le=512)]
    """GiB of memory of one copy."""
    replicas: Replicas
    """How many copies run."""
    health: Health = Health()
    """Paths of the probes."""
    environment: Mapping[VariableName, str] = {}
    """Plain variables, as text; never a credential."""
    secrets: Annotated[tuple[SecretName, ...], *Unique] = ()
    """Names of the secrets it may read: external ones, or SECRET_KEY, ENCRYPTION_KEY, JWT_SECRET."""
    exposure: Literal["public", "cdn", "internal", "none"]
    """Who may reach it: the internet, a site's CDN alone, only other services, or nobody (a worker)."""
    hostname: HostName | None = None
    """Its name under the environment's domain; a public service needs one, and one behind a CDN, which asks for it."""
    scaling: Scaling = Scaling()
    """When copies are added and taken away."""
    calls: Annotated[tuple[ServiceName, ...], *Unique] = ()
    """Services that it calls; everything else is closed to it."""
    databases: Annotated[tuple[DataName, ...], *Unique] = ()
    """Databases that it uses; every other one is closed to it."""
    caches: Annotated[tuple[DataName, ...], *Unique] = ()
    """Caches that it uses; every other one is closed to it."""
    buckets: Annotated[tuple[DataName, ...], *Unique] = ()
    """Buckets that it lists, reads and adds to; in Google Cloud those alone that have a standby."""
    migration: tuple[Annotated[str, Field(min_length=1, max_length=256, examples=["alembic"])], ...] = ()
    """The program, and its arguments, that change its database before a release; none where nothing has to change."""
    events: Annotated[tuple[Literal["publish", "subscribe"], ...], *Unique] = ()
    """What it does with events: publish them on the bus, or subscribe to them in Google Cloud."""
    cloud_run: CloudRun = CloudRun()
    """How it runs on Cloud Run, where it does."""
    callbacks: Callbacks | None = None
    """An API Gateway that holds the clients' WebSockets for it, or null: a websocket service holds its own."""
    graceful_stop_seconds: Annotated[int, Field(ge=1, le=3600)]
    """Seconds between the request to stop and the end, in which open requests are finished."""


def _kind(value: Any) -> str:
    primary = value.get("primary") if isinstance(value, Mapping) else getattr(value, "primary", None)
    return "StaticSite" if primary == "static" else "ContainerService"


Service: TypeAlias = Annotated[
    Annotated[ContainerService, Tag("ContainerService")] | Annotated[StaticSite, Tag("StaticSite")],
    Discriminator(_kind),
]
"""A service of either kind; `primary: static` makes it a site."""

KINDS = ("ContainerService", "StaticSite")
"""Tags by which the validator tells the two kinds apart; they stand in error locations, not in the file."""
