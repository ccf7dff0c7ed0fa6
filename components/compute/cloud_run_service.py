"""A service on Cloud Run: one Cloud Run service a colour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_gcp as gcp
from pulumi import Output

from components.component import Component
from components.compute import cloud_run_limits as limits
from components.naming import Carrier, physical_name
from components.ordering import after
from components.workloads.service import COLOURS, Colour, Place, ServiceSpec, capacity

READER = "roles/secretmanager.secretAccessor"
INVOKER = "roles/run.invoker"


@dataclass(frozen=True, kw_only=True)
class CloudRunPlace:
    """The project that runs the instances, and what for."""

    project_id: str
    """The project."""
    region: str
    """The region."""
    prefix: str
    """What physical names begin with, such as `elson-prd`."""
    serves_as: Place
    """Whether customers are served here, or wait for the other cloud to fail first."""
    key_id: pulumi.Input[str]
    """The key that encrypts the images and what the instances write."""


@dataclass(frozen=True, kw_only=True)
class CloudRunNetwork:
    """Where the instances stand in the VPC."""

    network_id: pulumi.Input[str]
    """The VPC."""
    subnetwork_id: pulumi.Input[str]
    """The subnet that they take their addresses from, /26 or larger: a deployment needs twice as many."""
    tags: Sequence[pulumi.Input[str]]
    """The network tags by which the firewall knows them; without one nothing is open to them."""
    egress: Literal["PRIVATE_RANGES_ONLY", "ALL_TRAFFIC"]
    """What leaves by way of the VPC and its firewall; the rest of PRIVATE_RANGES_ONLY goes out unfiltered."""


@dataclass(frozen=True, kw_only=True)
class CloudRunIdentity:
    """Who the instances are."""

    email: pulumi.Input[str]
    """The service account they run as."""
    member: pulumi.Input[str]
    """The same as an IAM member: `serviceAccount:...`."""


@dataclass(frozen=True, kw_only=True)
class CloudRunCallers:
    """Who may call a service that is closed to the internet."""

    members: Mapping[str, pulumi.Input[str]]
    """IAM members, by a name for each; nobody else, whatever network they stand in."""
    audience: str
    """What callers have their token made out to, for either colour: `https://specialized.internal.elson.example`."""


@dataclass(frozen=True, kw_only=True)
class CloudRunServiceArgs:
    """What a CloudRunService needs to know."""

    spec: ServiceSpec
    """The service; its secrets are ids of Secret Manager."""
    place: CloudRunPlace
    """The project that runs it."""
    network: CloudRunNetwork
    """Where the instances stand."""
    callers: CloudRunCallers | None
    """Who may call it; None for whoever the public load balancer lets through."""
    identity: CloudRunIdentity
    """Who it is."""
    concurrency: int
    """Requests that one instance serves at once, 1 to 1000; a websocket counts as one for as long as it is open."""
    cpu_idle: bool
    """Whether CPU stops between requests: cheaper, and the end of everything that runs in the background."""
    deletion_protection: bool
    """Whether Google Cloud refuses to delete it."""

    def __post_init__(self) -> None:
        """Raise ValueError for what Cloud Run would refuse, or accept and not do."""
        limits.check(self.spec)
        if not 1 <= self.concurrency <= limits.MOST_REQUESTS_AT_ONCE:
            raise ValueError(
                f"{self.spec.name}: concurrency is {self.concurrency}; Cloud Run takes 1 to "
                f"{limits.MOST_REQUESTS_AT_ONCE} requests at once"
            )
        if self.cpu_idle and self.spec.protocol == "websocket":
            raise ValueError(
                f"{self.spec.name}: a websocket pushes when nobody asks, which it cannot while its CPU is stopped; "
                "write cpu_idle=False"
            )


class CloudRunService(Component):
    """A service on Cloud Run, as two Cloud Run services, one a colour.

    Owns both, the right of the service to read its secrets, and the right of others to call it. Guarantees that the
    release's weight changes nothing here but how many instances of each colour always run, and that neither colour has
    an address of its own on the internet. A colour that runs none yet still serves: Cloud Run holds a request until the
    instance that it starts for it is ready.

    A public service takes only what comes through the load balancer, or from within the VPC. It checks no IAM, since
    Google's load balancer shows no identity; `allUsers` in its policy would come to the same, but many organisations
    forbid it, and none of ours should have to be looked at twice. An internal one takes only named callers, from within
    the VPC.

    Leaves out the router: who sends how much to which colour is up to the load balancer. Leaves out the agent of Cloud
    Run, which must be able to use the key and pull the images, and is granted both where these are; and the project's
    policy of Binary Authorization, which decides what images run.

    An instance gets ten seconds to stop, whatever the service asks for. It is only asked once it is idle: scaling in
    and a new revision wait for open requests, at most until their timeout.
    """

    service_names: Mapping[str, Output[str]]
    """The Cloud Run services, by colour; what the load balancer's endpoint groups name."""
    service_ids: Mapping[str, Output[str]]
    """The same by their full ids."""
    uris: Mapping[str, Output[str]]
    """Where internal callers find each colour; of a public service, addresses that answer nobody."""

    def __init__(self, name: str, args: CloudRunServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:compute:CloudRunService", name, None, opts)
        self._name, self._args = name, args

        secrets = self._readable_secrets()
        services = {colour: self._service(colour, secrets) for colour in COLOURS}
        self._invokers(services)
        self.service_names = {colour: service.name for colour, service in services.items()}
        self.service_ids = {colour: service.id for colour, service in services.items()}
        self.uris = {colour: service.uri for colour, service in services.items()}
        self.publish()

    def _readable_secrets(self) -> dict[str, Output[str]]:
        """The secrets, by variable, once the service may read them: a revision that may not never starts."""
        readable: dict[str, Output[str]] = {}
        for variable, secret in self._args.spec.secrets.items():
            grant = gcp.secretmanager.SecretIamMember(
                f"{self._name}-reads-{_dashed(variable)}",
                project=self._args.place.project_id,
                secret_id=secret,
                role=READER,
                member=self._args.identity.member,
                opts=self.child(),
            )
            readable[variable] = after(Output.from_input(secret), [grant])
        return readable

    def _service(self, colour: Colour, secrets: Mapping[str, Output[str]]) -> gcp.cloudrunv2.Service:
        args, place = self._args, self._args.place
        internal = args.callers is not None
        return gcp.cloudrunv2.Service(
            f"{self._name}-{colour}",
            project=place.project_id,
            location=place.region,
            name=physical_name(Carrier.CLOUD_RUN_SERVICE, place.prefix, args.spec.name, colour),
            description=f"{args.spec.name}, {colour}",
            ingress="INGRESS_TRAFFIC_INTERNAL_ONLY" if internal else "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
            default_uri_disabled=not internal,
            invoker_iam_disabled=not internal,
            custom_audiences=[args.callers.audience] if args.callers else None,
            # Of the service, not of its revisions: a weight that moves must not deploy anything.
            scaling=gcp.cloudrunv2.ServiceScalingArgs(
                scaling_mode="AUTOMATIC", min_instance_count=capacity(args.spec, colour, place.serves_as).min
            ),
            template=self._revision(colour, secrets),
            # A new image waits for its traffic at the load balancer; in here there is nothing to share.
            traffics=[
                gcp.cloudrunv2.ServiceTrafficArgs(type="TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent=100),
            ],
            binary_authorization=gcp.cloudrunv2.ServiceBinaryAuthorizationArgs(use_default=True),
            deletion_protection=args.deletion_protection,
            opts=self.child(),
        )

    def _revision(self, colour: Colour, secrets: Mapping[str, Output[str]]) -> gcp.cloudrunv2.ServiceTemplateArgs:
        args, spec = self._args, self._args.spec
        return gcp.cloudrunv2.ServiceTemplateArgs(
            service_account=args.identity.email,
            encryption_key=args.place.key_id,
            execution_environment="EXECUTION_ENVIRONMENT_GEN2",
            containers=[self._container(colour, secrets)],
            vpc_access=_vpc_access(args.network),
            # At every weight the same: the colour that loses its traffic is told so before the load balancer is, and a
            # lower bound would take its instances away while requests are still sent to it.
            scaling=gcp.cloudrunv2.ServiceTemplateScalingArgs(
                max_instance_count=spec.replicas.max, cpu_utilization=spec.scaling.cpu_out_percent / 100
            ),
            max_instance_request_concurrency=args.concurrency,
            timeout=f"{limits.TIMEOUT_SECONDS[spec.protocol]}s",
            # A client that reconnects finds what the last instance knew of it, if that one is still there.
            session_affinity=spec.protocol == "websocket",
        )

    def _container(
        self, colour: Colour, secrets: Mapping[str, Output[str]]
    ) -> gcp.cloudrunv2.ServiceTemplateContainerArgs:
        spec = self._args.spec
        return gcp.cloudrunv2.ServiceTemplateContainerArgs(
            name=spec.name,
            image=spec.release.images[colour],
            ports=gcp.cloudrunv2.ServiceTemplateContainerPortsArgs(container_port=spec.port),
            envs=[*_plain(spec.environment), *_referenced(secrets)],
            resources=gcp.cloudrunv2.ServiceTemplateContainerResourcesArgs(
                limits={"cpu": limits.cpu_limit(spec), "memory": limits.memory_limit(spec)},
                cpu_idle=self._args.cpu_idle,
                startup_cpu_boost=True,
            ),
            startup_probe=_startup_probe(spec),
            readiness_probe=_readiness_probe(spec),
            liveness_probe=_liveness_probe(spec),
        )

    def _invokers(self, services: Mapping[str, gcp.cloudrunv2.Service]) -> None:
        members = self._args.callers.members if self._args.callers else {}
        for colour, service in services.items():
            for caller, member in members.items():
                gcp.cloudrunv2.ServiceIamMember(
                    f"{self._name}-{colour}-called-by-{caller}",
                    project=self._args.place.project_id,
                    location=self._args.place.region,
                    name=service.name,
                    role=INVOKER,
                    member=member,
                    opts=self.child(),
                )


def _vpc_access(network: CloudRunNetwork) -> gcp.cloudrunv2.ServiceTemplateVpcAccessArgs:
    interface = gcp.cloudrunv2.ServiceTemplateVpcAccessNetworkInterfaceArgs(
        network=network.network_id, subnetwork=network.subnetwork_id, tags=list(network.tags)
    )
    return gcp.cloudrunv2.ServiceTemplateVpcAccessArgs(egress=network.egress, network_interfaces=[interface])


def _plain(environment: Mapping[str, pulumi.Input[str]]) -> list[gcp.cloudrunv2.ServiceTemplateContainerEnvArgs]:
    """Ordered by name: another order would be another revision."""
    return [
        gcp.cloudrunv2.ServiceTemplateContainerEnvArgs(name=variable, value=environment[variable])
        for variable in sorted(environment)
    ]


def _referenced(secrets: Mapping[str, Output[str]]) -> list[gcp.cloudrunv2.ServiceTemplateContainerEnvArgs]:
    """The latest version: a rotated secret reaches every instance that starts after it, with no deployment."""
    return [
        gcp.cloudrunv2.ServiceTemplateContainerEnvArgs(
            name=variable,
            value_source=gcp.cloudrunv2.ServiceTemplateContainerEnvValueSourceArgs(
                secret_key_ref=gcp.cloudrunv2.ServiceTemplateContainerEnvValueSourceSecretKeyRefArgs(
                    secret=secrets[variable], version="latest"
                )
            ),
        )
        for variable in sorted(secrets)
    ]


def _startup_probe(spec: ServiceSpec) -> gcp.cloudrunv2.ServiceTemplateContainerStartupProbeArgs:
    """Often, since customers may wait for it, and for as long as Cloud Run allows."""
    period = 2
    return gcp.cloudrunv2.ServiceTemplateContainerStartupProbeArgs(
        http_get=gcp.cloudrunv2.ServiceTemplateContainerStartupProbeHttpGetArgs(
            path=spec.health.startup, port=spec.port
        ),
        period_seconds=period,
        timeout_seconds=period,
        failure_threshold=limits.STARTUP_SECONDS // period,
    )


def _readiness_probe(spec: ServiceSpec) -> gcp.cloudrunv2.ServiceTemplateContainerReadinessProbeArgs:
    return gcp.cloudrunv2.ServiceTemplateContainerReadinessProbeArgs(
        http_get=gcp.cloudrunv2.ServiceTemplateContainerReadinessProbeHttpGetArgs(
            path=spec.health.ready, port=spec.port
        ),
        period_seconds=10,
        timeout_seconds=5,
        failure_threshold=3,
        success_threshold=1,
    )


def _liveness_probe(spec: ServiceSpec) -> gcp.cloudrunv2.ServiceTemplateContainerLivenessProbeArgs:
    """Slower than readiness: an instance that is only busy shall lose its traffic, not its life."""
    return gcp.cloudrunv2.ServiceTemplateContainerLivenessProbeArgs(
        http_get=gcp.cloudrunv2.ServiceTemplateContainerLivenessProbeHttpGetArgs(path=spec.health.live, port=spec.port),
        period_seconds=20,
        timeout_seconds=5,
        failure_threshold=3,
    )


def _dashed(variable: str) -> str:
    return variable.lower().replace("_", "-")
