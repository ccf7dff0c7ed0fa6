"""The firewalls in front of everything public, told one list of rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Literal

import pulumi
import pulumi_aws as aws
import pulumi_gcp as gcp
from pulumi import Output

from components import policy
from components.component import Component
from components.edge.armor_rules import armor_rules, default_rule
from components.edge.edge_rules import AddressList, EdgeRule, checked
from components.edge.headers import ORIGIN_HEADER
from components.edge.waf_rules import IpVersion, waf_rule

Scope = Literal["REGIONAL", "CLOUDFRONT"]
CLOUDFRONT_REGION = "us-east-1"
"""Where everything that belongs to CloudFront is managed."""
LOG_PREFIX = "aws-waf-logs-"
"""AWS WAF writes to no log group of another name."""
REDACTED = ("authorization", "cookie", ORIGIN_HEADER.lower())
"""Headers that would turn the log into a store of credentials."""
LOGGED_ACTIONS = ("BLOCK", "COUNT", "EXCLUDED_AS_COUNT")


@dataclass(frozen=True, kw_only=True)
class AwsEdgeArgs:
    """The AWS half."""

    account_id: str
    """The account, 12 digits."""
    region: str
    """The region of the provider, and of the load balancers."""
    log_retention_days: int
    """Days that requests which met a rule are kept; one of the periods CloudWatch accepts."""
    logs_key_arn: pulumi.Input[str]
    """The KMS key of the region that encrypts the logs."""
    cloudfront_logs_key_arn: pulumi.Input[str] | None
    """The same in us-east-1, for the firewall of CloudFront; None where nothing stands behind CloudFront."""
    origin_secret: pulumi.Input[str] | None
    """What CloudFront says to a load balancer behind it, held secret; None where none is."""
    load_balancer_arns: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """The application load balancers behind the regional firewall, by what they are for."""


@dataclass(frozen=True, kw_only=True)
class GcpEdgeArgs:
    """The Google Cloud half."""

    project_id: str
    """The project of the load balancers."""


@dataclass(frozen=True, kw_only=True)
class EdgeSecurityArgs:
    """What EdgeSecurity needs to know."""

    rules: Sequence[EdgeRule]
    """What the firewalls look for; their order says nothing, see `edge_rules.priority`."""
    aws: AwsEdgeArgs
    """The AWS half."""
    gcp: GcpEdgeArgs | None
    """The Google Cloud half; None where there is no standby cloud."""

    def __post_init__(self) -> None:
        """Raise ValueError for rules that the clouds could not tell apart."""
        checked(self.rules)


class EdgeSecurity(Component):
    """AWS WAF for the load balancers and for CloudFront, and Cloud Armor for Google's load balancer.

    Guarantees that all are told the same rules, that who matches none comes in, and that no credential is written into
    a log. A rule by address does not judge what came through CloudFront a second time: at the load balancer such a
    request bears an address of CloudFront, and one busy customer would lock out all.

    Leaves out attaching the firewalls of CloudFront and Google: the distribution and the backend service name theirs,
    and the latter writes its log. Google's half knows no addresses of bad repute, which are part of a subscription, and
    the length of a body only as its sender announces it.
    """

    regional_web_acl_arn: Output[str]
    """The firewall of the load balancers."""
    cloudfront_web_acl_arn: Output[str] | None
    """The firewall that a distribution names; None where nothing stands behind CloudFront."""
    gcp_security_policy: Output[str] | None
    """The policy that a backend service names; None without Google Cloud."""
    log_group_names: Mapping[str, Output[str]]
    """The logs of AWS, by scope: `REGIONAL`, `CLOUDFRONT`."""

    def __init__(self, name: str, args: EdgeSecurityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:edge:EdgeSecurity", name, None, opts)
        self._name, self._args = name, args
        self._rules = checked(args.rules)
        half = args.aws

        self.regional_web_acl_arn = self._web_acl("REGIONAL", half.region, half.origin_secret)
        logs = {"REGIONAL": self._log("REGIONAL", half.region, self.regional_web_acl_arn, half.logs_key_arn)}
        self.cloudfront_web_acl_arn = None
        if half.cloudfront_logs_key_arn is not None:
            acl = self._web_acl("CLOUDFRONT", CLOUDFRONT_REGION, None)
            logs["CLOUDFRONT"] = self._log("CLOUDFRONT", CLOUDFRONT_REGION, acl, half.cloudfront_logs_key_arn)
            self.cloudfront_web_acl_arn = acl
        self.log_group_names = logs
        self._associations()
        self.gcp_security_policy = self._security_policy(args.gcp) if args.gcp else None
        self.publish()

    def _web_acl(self, scope: Scope, region: str, origin_secret: pulumi.Input[str] | None) -> Output[str]:
        role = scope.lower()
        return aws.wafv2.WebAcl(
            f"{self._name}-{role}",
            region=region,
            scope=scope,
            description=f"Rules of {self._name} for {role} traffic",
            default_action=aws.wafv2.WebAclDefaultActionArgs(allow=aws.wafv2.WebAclDefaultActionAllowArgs()),
            rules=[waf_rule(rule, self._ip_sets(rule, scope, region), origin_secret) for rule in self._rules],
            visibility_config=aws.wafv2.WebAclVisibilityConfigArgs(
                cloudwatch_metrics_enabled=True, metric_name=f"{self._name}-{role}", sampled_requests_enabled=True
            ),
            opts=self.child(),
        ).arn

    def _ip_sets(self, rule: EdgeRule, scope: Scope, region: str) -> dict[IpVersion, pulumi.Input[str]]:
        if not isinstance(rule, AddressList):
            return {}
        return {
            version: aws.wafv2.IpSet(
                f"{self._name}-{scope.lower()}-{rule.key}-{version.lower()}",
                region=region,
                scope=scope,
                ip_address_version=version,
                addresses=addresses,
                description=f"Addresses of the rule {rule.key}",
                opts=self.child(),
            ).arn
            for version, addresses in _by_version(rule.addresses).items()
        }

    def _log(self, scope: Scope, region: str, web_acl_arn: Output[str], key_arn: pulumi.Input[str]) -> Output[str]:
        half, role = self._args.aws, scope.lower()
        group = aws.cloudwatch.LogGroup(
            f"{self._name}-{role}",
            region=region,
            name=f"{LOG_PREFIX}{self._name}-{role}",
            retention_in_days=half.log_retention_days,
            kms_key_id=key_arn,
            opts=self.child(),
        )
        permission = aws.cloudwatch.LogResourcePolicy(
            f"{self._name}-{role}",
            region=region,
            policy_name=f"{LOG_PREFIX}{self._name}-{role}",
            policy_document=policy.rendered(log_policy(group.arn, half.account_id, region)),
            opts=self.child(),
        )
        aws.wafv2.WebAclLoggingConfiguration(
            f"{self._name}-{role}",
            region=region,
            resource_arn=web_acl_arn,
            log_destination_configs=[group.arn],
            redacted_fields=[_redacted(header) for header in REDACTED],
            logging_filter=_what_met_a_rule(),
            # WAF tries to write while it is being configured.
            opts=self.child(depends_on=[permission]),
        )
        return group.name

    def _associations(self) -> None:
        for key, arn in self._args.aws.load_balancer_arns.items():
            aws.wafv2.WebAclAssociation(
                f"{self._name}-{key}",
                region=self._args.aws.region,
                resource_arn=arn,
                web_acl_arn=self.regional_web_acl_arn,
                opts=self.child(),
            )

    def _security_policy(self, half: GcpEdgeArgs) -> Output[str]:
        return gcp.compute.SecurityPolicy(
            f"{self._name}-gcp",
            project=half.project_id,
            type="CLOUD_ARMOR",
            description=f"Rules of {self._name}",
            rules=[*(translated for rule in self._rules for translated in armor_rules(rule)), default_rule()],
            adaptive_protection_config=gcp.compute.SecurityPolicyAdaptiveProtectionConfigArgs(
                layer7_ddos_defense_config=gcp.compute.SecurityPolicyAdaptiveProtectionConfigLayer7DdosDefenseConfigArgs(
                    enable=True
                )
            ),
            advanced_options_config=gcp.compute.SecurityPolicyAdvancedOptionsConfigArgs(
                json_parsing="STANDARD",
                # The verbose log quotes what matched, which may be a customer's data.
                log_level="NORMAL",
            ),
            opts=self.child(),
        ).self_link


def log_policy(log_group_arn: pulumi.Input[str], account_id: str, region: str) -> dict[str, Any]:
    """Deliver to this one log group, for this account's firewalls."""
    return policy.document(
        policy.allow(
            "DeliverFirewallLogs",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [Output.concat(log_group_arn, ":*")],
            principals={"Service": "delivery.logs.amazonaws.com"},
            conditions={
                "StringEquals": {"aws:SourceAccount": account_id},
                "ArnLike": {"aws:SourceArn": f"arn:aws:logs:{region}:{account_id}:*"},
            },
        )
    )


def _by_version(addresses: Sequence[IPv4Network | IPv6Network]) -> dict[IpVersion, list[str]]:
    """AWS keeps the two kinds of addresses apart."""
    kinds: dict[IpVersion, list[str]] = {
        "IPV4": [str(each) for each in addresses if isinstance(each, IPv4Network)],
        "IPV6": [str(each) for each in addresses if isinstance(each, IPv6Network)],
    }
    return {version: listed for version, listed in kinds.items() if listed}


def _redacted(header: str) -> aws.wafv2.WebAclLoggingConfigurationRedactedFieldArgs:
    return aws.wafv2.WebAclLoggingConfigurationRedactedFieldArgs(
        single_header=aws.wafv2.WebAclLoggingConfigurationRedactedFieldSingleHeaderArgs(name=header)
    )


def _what_met_a_rule() -> aws.wafv2.WebAclLoggingConfigurationLoggingFilterArgs:
    """All other requests are in the load balancers' own logs already."""
    return aws.wafv2.WebAclLoggingConfigurationLoggingFilterArgs(
        default_behavior="DROP",
        filters=[
            aws.wafv2.WebAclLoggingConfigurationLoggingFilterFilterArgs(
                behavior="KEEP",
                requirement="MEETS_ANY",
                conditions=[
                    aws.wafv2.WebAclLoggingConfigurationLoggingFilterFilterConditionArgs(
                        action_condition=aws.wafv2.WebAclLoggingConfigurationLoggingFilterFilterConditionActionConditionArgs(
                            action=action
                        )
                    )
                    for action in LOGGED_ACTIONS
                ],
            )
        ],
    )
