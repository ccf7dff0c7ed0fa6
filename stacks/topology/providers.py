"""The providers, each pinned to one account or project and to one region.

A component that lives in the recovery region as a whole gets the recovery provider, so that no resource of it can be
left behind by a forgotten argument. A single resource that belongs to a component of the primary region but must live
elsewhere (the copy of a key, a replicated backup) takes the `region` argument, beside the resource it copies.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_gcp as gcp
import pulumi_random as random
from pulumi import Output

from components.governance.google_apis import GoogleApis, GoogleApisArgs
from stacks.settings import Settings

GOOGLE_APIS = (
    "artifactregistry.googleapis.com",
    "certificatemanager.googleapis.com",
    "cloudkms.googleapis.com",
    "compute.googleapis.com",
    "containerscanning.googleapis.com",
    "datamigration.googleapis.com",
    "dns.googleapis.com",
    "firebase.googleapis.com",
    "firebasehosting.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "iap.googleapis.com",
    "identitytoolkit.googleapis.com",
    "logging.googleapis.com",
    "oslogin.googleapis.com",
    "pubsub.googleapis.com",
    "redis.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "servicenetworking.googleapis.com",
    "sqladmin.googleapis.com",
    "storage.googleapis.com",
    "sts.googleapis.com",
)
"""What the standby cloud is built with."""

GOOGLE_AGENTS = (
    "artifactregistry.googleapis.com",
    "pubsub.googleapis.com",
    "redis.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "sqladmin.googleapis.com",
)
"""Services that encrypt with our keys by themselves."""

BIGQUERY, DATASTREAM, DATA_FUSION = "bigquery.googleapis.com", "datastream.googleapis.com", "datafusion.googleapis.com"
CLOUD_STORAGE = "storage.googleapis.com"
WAREHOUSE_APIS = (BIGQUERY, "bigquerydatapolicy.googleapis.com", "datacatalog.googleapis.com")
"""What a warehouse is built with beside."""
PIPELINE_APIS = {"change_stream": DATASTREAM, "data_fusion": DATA_FUSION}
"""What fills the warehouse, by the kind of pipeline; each encrypts with our key by itself."""


@dataclass(frozen=True, kw_only=True)
class Providers:
    """The providers of one environment."""

    primary: aws.Provider
    """The primary region."""
    recovery: aws.Provider | None
    """The recovery region; None where the environment has none."""
    google: gcp.Provider | None
    """The standby cloud, once its APIs are enabled; None where it is switched off."""
    generator: random.Provider
    """Passwords, keys and suffixes; it talks to no cloud."""
    google_agents: Mapping[str, Output[str]]
    """IAM members of Google's service agents, by service; empty where the standby cloud is switched off."""

    def options(self) -> pulumi.ResourceOptions:
        """Options of a component that spans both clouds."""
        return pulumi.ResourceOptions(
            providers=[p for p in (self.primary, self.google, self.generator) if p is not None]
        )

    def recovery_options(self) -> pulumi.ResourceOptions:
        """Options of a component that lives in the recovery region. Raises LookupError where there is none."""
        if self.recovery is None:
            raise LookupError("this environment has no recovery region")
        return pulumi.ResourceOptions(providers=[self.recovery, self.generator])


def providers(settings: Settings) -> Providers:
    """The providers that the settings name; a login to another account is refused by the provider itself."""
    apis = _google_apis(settings) if settings.gcp.enabled else None
    return Providers(
        primary=_aws("aws", settings.aws.region, settings),
        recovery=_aws("aws-recovery", settings.aws.recovery.region, settings) if settings.aws.recovery else None,
        # Every resource waits for its provider, so this one dependency makes all of Google Cloud wait for its APIs.
        google=_gcp("gcp", settings, pulumi.ResourceOptions(depends_on=[apis])) if apis else None,
        generator=random.Provider("random"),
        google_agents={**apis.agents, **_warehouse_agent(settings), **_storage_agent(settings)} if apis else {},
    )


def labels(settings: Settings) -> dict[str, str]:
    """What every resource is tagged with on AWS and labelled with on Google Cloud, in the alphabet both accept."""
    return {
        "project": settings.environment.project,
        "environment": settings.environment.name,
        "owner": settings.environment.owner,
        "cost-center": settings.environment.cost_center,
        "data-class": settings.environment.data_class,
        "service": "platform",
        "managed-by": "pulumi",
    }


def _aws(name: str, region: str, settings: Settings) -> aws.Provider:
    return aws.Provider(
        name,
        region=region,
        allowed_account_ids=[settings.aws.account_id],
        default_tags=aws.ProviderDefaultTagsArgs(tags=labels(settings)),
    )


def _google_apis(settings: Settings) -> GoogleApis:
    return GoogleApis(
        "google-apis",
        GoogleApisArgs(
            project_id=settings.gcp.project_id,
            services=[*GOOGLE_APIS, *(WAREHOUSE_APIS if settings.analytics.datasets else ()), *_pipeline(settings)],
            agents=[*GOOGLE_AGENTS, *_pipeline(settings)],
        ),
        pulumi.ResourceOptions(providers=[_gcp("gcp-apis", settings)]),
    )


def _pipeline(settings: Settings) -> list[str]:
    pipeline = settings.analytics.pipeline
    return [PIPELINE_APIS[pipeline.kind]] if pipeline else []


def _warehouse_agent(settings: Settings) -> dict[str, Output[str]]:
    """BigQuery encrypts as an account of its own kind, which no resource makes.

    It is there once somebody has asked for it: `bq show --encryption_service_account`, once a project. Until then it
    cannot be granted a key.
    """
    if not settings.analytics.datasets:
        return {}
    member = f"serviceAccount:bq-{settings.gcp.project_number}@bigquery-encryption.iam.gserviceaccount.com"
    return {BIGQUERY: Output.from_input(member)}


def _storage_agent(settings: Settings) -> dict[str, Output[str]]:
    """Cloud Storage's agent, which no resource makes either.

    Asked for once a project by `gcloud storage service-agent`, and before that it cannot be granted a key.
    """
    if not any(bucket.standby for bucket in settings.storage.buckets.values()):
        return {}
    member = f"serviceAccount:service-{settings.gcp.project_number}@gs-project-accounts.iam.gserviceaccount.com"
    return {CLOUD_STORAGE: Output.from_input(member)}


def _gcp(name: str, settings: Settings, opts: pulumi.ResourceOptions | None = None) -> gcp.Provider:
    return gcp.Provider(
        name,
        project=settings.gcp.project_id,
        region=settings.gcp.region,
        default_labels=labels(settings),
        # Identity Platform, budgets and Firebase answer user credentials only with a quota project.
        user_project_override=True,
        billing_project=settings.gcp.project_id,
        opts=opts,
    )
