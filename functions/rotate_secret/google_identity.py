"""Who an AWS role is in Google Cloud, with no key: it proves to Google who AWS says it is.

The role signs a request that asks AWS for its own name, and hands it over unsent. Google sends it, reads the name from
AWS itself, and gives a token for what the identity pool makes of that name, which in turn may act as a service account.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
LIFETIME_SECONDS = 300
"""Of the service account's token; a step takes seconds."""
TIMEOUT_SECONDS = 5
STATUS = re.compile(r"[A-Z_]{1,40}|[a-z_]{1,40}")
"""`PERMISSION_DENIED`, `invalid_grant`: words that Google has a list of, like no value, token or signature."""


class GoogleError(Exception):
    """Google refused, or did not answer: `status` is its word for why.

    Keeps nothing else of the answer: Google repeats in its messages what it was sent, which may be a value or a token.
    """

    def __init__(self, what: str, status: str) -> None:
        super().__init__(f"{status} from Google while {what}")
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Where Google answers, without a slash at the end."""

    exchange: str = "https://sts.googleapis.com"
    """Security Token Service."""
    credentials: str = "https://iamcredentials.googleapis.com"
    """IAM Service Account Credentials."""
    versions: str = "https://secretmanager.googleapis.com"
    """Secret Manager, for secrets that are not bound to a regional endpoint."""


@dataclass(frozen=True, kw_only=True, repr=False)
class GoogleIdentity:
    """The service account that the role acts as."""

    credentials: Any
    """The role's credentials, as botocore holds them."""
    region: str
    """The AWS region whose STS Google asks."""
    provider_name: str
    """The pool's provider for the AWS account: `projects/<number>/locations/global/workloadIdentityPools/...`."""
    service_account: str
    """The e-mail address of the service account."""
    endpoints: Endpoints
    """Where Google answers."""

    @cached_property
    def access_token(self) -> str:
        """A token of the service account, good for some minutes. Raises GoogleError."""
        answer = call(
            f"acting as {self.service_account} (the role needs roles/iam.workloadIdentityUser on it)",
            f"{self.endpoints.credentials}/v1/projects/-/serviceAccounts/{self.service_account}:generateAccessToken",
            token=self._federated_token(),
            body=json.dumps({"scope": [SCOPE], "lifetime": f"{LIFETIME_SECONDS}s"}).encode(),
        )
        return answer["accessToken"]

    def _federated_token(self) -> str:
        answer = call(
            f"exchanging the role's identity (the condition of {self.provider_name} must admit the role)",
            f"{self.endpoints.exchange}/v1/token",
            body=urlencode(
                {
                    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
                    "audience": self._audience,
                    "scope": SCOPE,
                    "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
                    "subject_token_type": "urn:ietf:params:aws:token-type:aws4_request",
                    "subject_token": self._signed_question(),
                }
            ).encode(),
            content_type="application/x-www-form-urlencoded",
        )
        return answer["access_token"]

    @property
    def _audience(self) -> str:
        return f"//iam.googleapis.com/{self.provider_name}"

    def _signed_question(self) -> str:
        """GetCallerIdentity, signed for the audience: nobody who sees it can bring it to another pool."""
        host = f"sts.{self.region}.amazonaws.com"
        request = AWSRequest(
            method="POST",
            url=f"https://{host}/?Action=GetCallerIdentity&Version=2011-06-15",
            headers={"host": host, "x-goog-cloud-target-resource": self._audience},
        )
        SigV4Auth(self.credentials, "sts", self.region).add_auth(request)
        headers = [{"key": key, "value": value} for key, value in request.headers.items()]
        return quote(json.dumps({"url": request.url, "method": request.method, "headers": headers}))


def call(
    what: str,
    url: str,
    *,
    token: str | None = None,
    body: bytes | None = None,
    content_type: str = "application/json",
) -> dict[str, Any]:
    """Google's answer to a POST of the body, or to a GET without one; `what` says in an error what was attempted.

    Raises GoogleError.
    """
    headers = {"Content-Type": content_type} if body is not None else {}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    try:
        # Where to is decided by the deployment, and by nothing that is sent to the function.
        with urlopen(Request(url, data=body, headers=headers), timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            return json.load(answer)
    except HTTPError as error:
        raise GoogleError(what, _status(error)) from None
    except (OSError, HTTPException, ValueError) as error:
        raise GoogleError(what, f"no answer ({type(error).__name__})") from None


def _status(error: HTTPError) -> str:
    """Google's word for the refusal, with the HTTP code; the token exchange has another format than the rest."""
    try:
        said = json.load(error).get("error")
    except (OSError, HTTPException, ValueError, AttributeError):
        said = None
    word = said.get("status") if isinstance(said, Mapping) else said
    return word if isinstance(word, str) and STATUS.fullmatch(word) else f"HTTP {error.code}"
