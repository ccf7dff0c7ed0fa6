"""Who a service is in Google Cloud, wherever it runs there."""

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp
from pulumi import Output

from components.component import Component
from components.naming import Carrier, physical_name


@dataclass(frozen=True, kw_only=True)
class ServiceIdentityArgs:
    """What a ServiceIdentity needs to know."""

    project_id: str
    """The project of the service account."""
    prefix: str
    """What its physical name begins with, such as `elson-prd`."""
    service: str
    """The service that it speaks for, such as `backend-api`."""


class ServiceIdentity(Component):
    """The service account of one service.

    Guarantees that no two services share one, and that it may do nothing by itself: each grant is written where the
    thing it opens is. It stands apart from what runs as it, since services that call each other must all be known
    before the first of them can name its callers. Leaves out keys: an identity of Google Cloud is assumed, not carried.
    """

    email: Output[str]
    """What a runtime takes to run as it."""
    member: Output[str]
    """What a grant takes: `serviceAccount:` and the e-mail address."""

    def __init__(self, name: str, args: ServiceIdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:compute:ServiceIdentity", name, None, opts)
        self._name, self._args = name, args

        account = self._account()
        self.email, self.member = account.email, account.member
        self.publish()

    def _account(self) -> gcp.serviceaccount.Account:
        service = self._args.service
        return gcp.serviceaccount.Account(
            f"{self._name}-account",
            project=self._args.project_id,
            # In the logs of the other cloud, and in the trust it gives, nothing but this name tells services apart.
            account_id=physical_name(Carrier.SERVICE_ACCOUNT, self._args.prefix, service),
            display_name=service,
            description=f"What {service} runs as",
            opts=self.child(),
        )
