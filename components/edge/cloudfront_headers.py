"""The headers of a response, as CloudFront takes them."""

from collections.abc import Mapping

import pulumi_aws as aws

from components.edge.headers import HSTS_SECONDS


def own_places(headers: Mapping[str, str]) -> aws.cloudfront.ResponseHeadersPolicySecurityHeadersConfigArgs:
    """The headers that CloudFront knows by name."""
    cloudfront = aws.cloudfront
    return cloudfront.ResponseHeadersPolicySecurityHeadersConfigArgs(
        strict_transport_security=cloudfront.ResponseHeadersPolicySecurityHeadersConfigStrictTransportSecurityArgs(
            access_control_max_age_sec=HSTS_SECONDS, include_subdomains=True, preload=True, override=True
        ),
        content_security_policy=cloudfront.ResponseHeadersPolicySecurityHeadersConfigContentSecurityPolicyArgs(
            content_security_policy=headers["Content-Security-Policy"], override=True
        ),
        content_type_options=cloudfront.ResponseHeadersPolicySecurityHeadersConfigContentTypeOptionsArgs(override=True),
        frame_options=cloudfront.ResponseHeadersPolicySecurityHeadersConfigFrameOptionsArgs(
            frame_option=headers["X-Frame-Options"], override=True
        ),
        referrer_policy=cloudfront.ResponseHeadersPolicySecurityHeadersConfigReferrerPolicyArgs(
            referrer_policy=headers["Referrer-Policy"], override=True
        ),
    )


def other_places(headers: Mapping[str, str]) -> aws.cloudfront.ResponseHeadersPolicyCustomHeadersConfigArgs:
    """The headers that CloudFront has no name for."""
    return aws.cloudfront.ResponseHeadersPolicyCustomHeadersConfigArgs(
        items=[
            aws.cloudfront.ResponseHeadersPolicyCustomHeadersConfigItemArgs(
                header=name, value=headers[name], override=True
            )
            for name in ("Cross-Origin-Opener-Policy", "Permissions-Policy")
        ]
    )
