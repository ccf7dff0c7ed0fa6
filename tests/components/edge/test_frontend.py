"""What a Frontend promises; that CloudFront delivers is not proven here."""

import json
import shutil
import subprocess
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.edge.cloudfront_log import LogTarget
from components.edge.frontend import ROUTES, ApiOrigin, Frontend, FrontendArgs
from components.edge.frontend_policy import files_policy, release_policy
from components.edge.headers import frontend_content_security_policy
from sandbox.difference import difference
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components

ACCOUNT = "111122223333"
CERTIFICATE = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/1"
WEB_ACL = f"arn:aws:wafv2:us-east-1:{ACCOUNT}:global/webacl/edge/1"
SECRET = "proof-of-cloudfront"
POLICY = frontend_content_security_policy(["wss://ws.example.com"])


def arguments() -> FrontendArgs:
    """Built inside the run: a secret belongs to the run that made it."""
    return FrontendArgs(
        account_id=ACCOUNT,
        region="us-east-1",
        hosts=["example.com", "app.aws.example.com"],
        certificate_arn=CERTIFICATE,
        web_acl_arn=WEB_ACL,
        origins={
            "backend-api": ApiOrigin(paths=["/api"], host="api.aws.example.com", secret=pulumi.Output.secret(SECRET)),
            "websocket": ApiOrigin(paths=["/ws"], host="ws.aws.example.com", secret=pulumi.Output.secret(SECRET)),
        },
        content_security_policy=POLICY,
        price_class="PriceClass_100",
        undo_days=30,
        log_target=LogTarget(bucket_arn="arn:aws:s3:::logs", prefix="frontend"),
    )


def build(known: bool = True, **changes: Any) -> Graph:
    return record_components(lambda: Frontend("frontend", replace(arguments(), **changes)), known)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return build()


def distribution(graph: Graph) -> Resource:
    (found,) = graph.of_type("aws:cloudfront/distribution:Distribution")
    return found


def outputs(graph: Graph) -> dict[str, Any]:
    return dict(graph.named("frontend", "platform:edge:Frontend").registered or {})


def test_the_distribution_answers_to_its_names_with_the_certificate_behind_the_firewall(graph: Graph) -> None:
    found = distribution(graph)
    assert (found["aliases"], found["webAclId"]) == (["example.com", "app.aws.example.com"], WEB_ACL)
    assert found["viewerCertificate"] == {
        "acmCertificateArn": CERTIFICATE,
        "minimumProtocolVersion": "TLSv1.2_2021",
        "sslSupportMethod": "sni-only",
    }
    assert (found["httpVersion"], found["isIpv6Enabled"], found["enabled"]) == ("http2and3", True, True)


def test_pages_come_from_the_bucket_and_the_api_from_the_load_balancer(graph: Graph) -> None:
    found = distribution(graph)
    behaviours = [found["defaultCacheBehavior"], *found["orderedCacheBehaviors"]]
    assert {
        each.get("pathPattern"): (each["targetOriginId"], each["viewerProtocolPolicy"], each["cachePolicyId"])
        for each in behaviours
    } == {
        None: ("files", "redirect-to-https", "658327ea-f89d-4fab-a63d-7e88639e58f6"),
        "/api": ("backend-api", "https-only", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"),
        "/api/*": ("backend-api", "https-only", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"),
        "/ws": ("websocket", "https-only", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"),
        "/ws/*": ("websocket", "https-only", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"),
    }, "`/wsomething` is a page"
    for each in found["orderedCacheBehaviors"]:
        assert each["originRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac", "the origin has its own name"
        assert set(each["allowedMethods"]) == {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"}


def test_an_error_of_the_api_reaches_its_caller_as_it_is(graph: Graph) -> None:
    found = distribution(graph)
    assert not found.inputs.get("customErrorResponses"), "they would turn a 404 of the API into a page"
    routed = [each.get("pathPattern") for each in found["orderedCacheBehaviors"] if each.get("functionAssociations")]
    assert routed == [], "the function stands before pages only"


@pytest.mark.skipif(shutil.which("node") is None, reason="CloudFront functions are JavaScript, and there is no node")
@pytest.mark.parametrize(
    ("path", "served"),
    [
        ("/", "/index.html"),
        ("/orders/42", "/index.html"),
        ("/v1.2/orders", "/index.html"),
        ("/orders/", "/index.html"),
        ("/assets/app.3f2a.js", "/assets/app.3f2a.js"),
        ("/index.html", "/index.html"),
        ("/.well-known/apple-app-site-association", "/.well-known/apple-app-site-association"),
    ],
)
def test_a_page_of_the_application_is_found_by_the_application(path: str, served: str) -> None:
    call = f"{ROUTES}\nconsole.log(handler({{request: {{uri: {json.dumps(path)}}}}}).uri)"
    ran = subprocess.run(["node", "-e", call], capture_output=True, text=True, check=True)  # noqa: S603, S607
    assert ran.stdout.strip() == served


def test_the_function_is_the_one_that_is_published(graph: Graph) -> None:
    (function,) = graph.of_type("aws:cloudfront/function:Function")
    assert (function["code"], function["runtime"], function["publish"]) == (ROUTES, "cloudfront-js-2.0", True)
    assert distribution(graph)["defaultCacheBehavior"]["functionAssociations"] == [
        {"eventType": "viewer-request", "functionArn": function["arn"]}
    ]


def test_the_load_balancer_can_tell_what_came_through_here(graph: Graph) -> None:
    files, api, socket = distribution(graph)["origins"]
    assert [api["domainName"], socket["domainName"]] == ["api.aws.example.com", "ws.aws.example.com"]
    assert socket["customHeaders"] == api["customHeaders"]
    assert api["customHeaders"] == [{"name": "X-Origin-Verify", "value": SECRET}]
    assert api["customOriginConfig"] == {
        "httpPort": 80,
        "httpsPort": 443,
        "originProtocolPolicy": "https-only",
        "originSslProtocols": ["TLSv1.2"],
    }
    assert "origins[1].customHeaders[0].value" in distribution(graph).secret_inputs
    assert "customHeaders" not in files, "S3 has no use for the secret"


def test_nobody_gets_at_the_files_past_cloudfront(graph: Graph) -> None:
    (access,) = graph.of_type("aws:cloudfront/originAccessControl:OriginAccessControl")
    (files, *_) = distribution(graph)["origins"]
    (bucket,) = graph.of_type("aws:s3/bucket:Bucket")
    assert (files["originAccessControlId"], files["domainName"]) == (access.id, bucket["bucketRegionalDomainName"])
    assert (access["originAccessControlOriginType"], access["signingBehavior"], access["signingProtocol"]) == (
        "s3",
        "always",
        "sigv4",
    )
    (closed,) = graph.of_type("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
    assert {key: closed[key] for key in closed.inputs if key != "bucket"} == {
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }


def test_the_bucket_is_read_for_this_distribution_and_over_tls_only(graph: Graph) -> None:
    (found,) = graph.of_type("aws:s3/bucketPolicy:BucketPolicy")
    (bucket,) = graph.of_type("aws:s3/bucket:Bucket")
    document = files_policy("arn:aws:s3:::x", "arn:d", ACCOUNT, "us-east-1")
    assert [each["Sid"] for each in document["Statement"]] == ["PlainText", "CloudFrontReads"]
    plain, reads = json.loads(found["policy"])["Statement"]
    assert (plain["Effect"], plain["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert (reads["Effect"], reads["Action"], reads["Resource"], reads["Principal"]) == (
        "Allow",
        ["s3:GetObject"],
        [f"{bucket['arn']}/*"],
        {"Service": "cloudfront.amazonaws.com"},
    )
    assert reads["Condition"] == {
        "StringEquals": {"aws:SourceArn": distribution(graph)["arn"], "aws:SourceAccount": ACCOUNT}
    }


def test_a_release_can_replace_the_files_and_nothing_else() -> None:
    found: list[dict[str, Any]] = []

    def build_it() -> None:
        pulumi.Output.json_dumps(release_policy("arn:aws:s3:::files", "arn:d")).apply(
            lambda text: found.append(json.loads(text))
        )

    record_components(build_it)
    assert {(tuple(each["Action"]), tuple(each["Resource"])) for each in found[0]["Statement"]} == {
        (("s3:ListBucket",), ("arn:aws:s3:::files",)),
        (("s3:DeleteObject", "s3:PutObject"), ("arn:aws:s3:::files/*",)),
        (("cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"), ("arn:d",)),
    }


def test_an_earlier_release_can_be_brought_back(graph: Graph) -> None:
    (bucket,) = graph.of_type("aws:s3/bucket:Bucket")
    (versions,) = graph.of_type("aws:s3/bucketVersioning:BucketVersioning")
    (lifecycle,) = graph.of_type("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
    assert (bucket.options.protect, bucket["forceDestroy"]) == (True, False)
    assert versions["versioningConfiguration"] == {"status": "Enabled"}
    assert lifecycle["rules"][0]["noncurrentVersionExpiration"] == {"noncurrentDays": 30}
    assert versions in graph.dependencies(lifecycle)


def test_pages_carry_the_security_headers(graph: Graph) -> None:
    (headers,) = graph.of_type("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy")
    assert distribution(graph)["defaultCacheBehavior"]["responseHeadersPolicyId"] == headers.id
    assert headers["securityHeadersConfig"] == {
        "strictTransportSecurity": {
            "accessControlMaxAgeSec": 63072000,
            "includeSubdomains": True,
            "preload": True,
            "override": True,
        },
        "contentSecurityPolicy": {"contentSecurityPolicy": POLICY, "override": True},
        "contentTypeOptions": {"override": True},
        "frameOptions": {"frameOption": "DENY", "override": True},
        "referrerPolicy": {"referrerPolicy": "strict-origin-when-cross-origin", "override": True},
    }
    assert {each["header"] for each in headers["customHeadersConfig"]["items"]} == {
        "Cross-Origin-Opener-Policy",
        "Permissions-Policy",
    }


def test_every_request_is_logged_without_what_signs_somebody_in(graph: Graph) -> None:
    (source,) = graph.of_type("aws:cloudwatch/logDeliverySource:LogDeliverySource")
    (target,) = graph.of_type("aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination")
    (delivery,) = graph.of_type("aws:cloudwatch/logDelivery:LogDelivery")
    assert (source["resourceArn"], source["logType"]) == (distribution(graph)["arn"], "ACCESS_LOGS")
    assert target["deliveryDestinationConfiguration"] == {"destinationResourceArn": "arn:aws:s3:::logs/frontend"}
    assert (delivery["deliverySourceName"], delivery["deliveryDestinationArn"]) == (source["name"], target["arn"])
    assert {each["region"] for each in (source, target, delivery)} == {"us-east-1"}
    assert not {"cs(Cookie)", "cs(Referer)", "cs-uri-query"} & set(delivery["recordFields"])


def test_it_publishes_what_names_and_releases_need(graph: Graph) -> None:
    found, (bucket,) = distribution(graph), graph.of_type("aws:s3/bucket:Bucket")
    assert outputs(graph) == {
        "domain_name": found["domainName"],
        "zone_id": found["hostedZoneId"],
        "distribution_id": found.id,
        "distribution_arn": found["arn"],
        "bucket_name": bucket["bucket"],
        "bucket_arn": bucket["arn"],
        "invalidation_command": f"aws cloudfront create-invalidation --distribution-id {found.id} --paths '/*'",
    }


def test_without_an_api_everything_is_a_page() -> None:
    alone = distribution(build(origins={}))
    assert [each["originId"] for each in alone["origins"]] == ["files"]
    assert not alone.inputs.get("orderedCacheBehaviors")


def test_another_policy_or_price_leaves_the_files_where_they_are(graph: Graph) -> None:
    change = difference(graph, build(price_class="PriceClass_All", content_security_policy="default-src 'self'"))
    assert (change.stateful, change.replaced, change.deleted, change.added) == ([], [], [], [])


def test_a_first_preview_builds_the_same(graph: Graph) -> None:
    assert {each.urn for each in build(known=False)} == {each.urn for each in graph}
    assert graph.problems == []
