"""The rules of the edge, as AWS WAF takes them."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pulumi
import pulumi_aws as aws

from components.edge.edge_rules import (
    INSPECTED_BYTES,
    AddressList,
    BodySize,
    EdgeRule,
    GeoList,
    ManagedGroup,
    RateLimit,
    Threat,
    below,
    plainly_below,
    priority,
)
from components.edge.headers import ORIGIN_HEADER

GROUPS: Mapping[Threat, str] = {
    "common": "AWSManagedRulesCommonRuleSet",
    "known_bad_inputs": "AWSManagedRulesKnownBadInputsRuleSet",
    "sql_injection": "AWSManagedRulesSQLiRuleSet",
    "ip_reputation": "AWSManagedRulesAmazonIpReputationList",
    "anonymous_ip": "AWSManagedRulesAnonymousIpList",
}
BODY_RULE = "SizeRestrictions_BODY"
"""The rule of the common group that refuses every upload; BodySize does its work, with exceptions."""
BY_ADDRESS = ("ip_reputation", "anonymous_ip")
TOO_MANY_REQUESTS = 429

IpVersion = Literal["IPV4", "IPV6"]


class _Statements:
    """The SDK's classes for statements in one place; it has a set of its own for each place that they can stand in."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def __call__(self, kind: str, **fields: Any) -> Any:
        return getattr(aws.wafv2, f"{self._prefix}{kind}Args")(**fields)

    def wrapped(self, kind: str, **fields: Any) -> Any:
        """A statement that holds one of this kind: `geo_match_statement` for `GeoMatch`."""
        snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind).lstrip("_")
        return self("", **{f"{snake}_statement": self(f"{kind}Statement", **fields)})

    def field(self, kind: str, **fields: Any) -> Any:
        return self(f"{kind}StatementFieldToMatch", **fields)

    def path_matches(self, pattern: str) -> Any:
        transformations = [
            self("RegexMatchStatementTextTransformation", priority=number, type=kind)
            for number, kind in enumerate(("URL_DECODE", "NORMALIZE_PATH"))
        ]
        path = self.field("RegexMatch", uri_path=self("RegexMatchStatementFieldToMatchUriPath"))
        return self.wrapped(
            "RegexMatch", regex_string=pattern, field_to_match=path, text_transformations=transformations
        )

    def came_through_cdn(self, secret: pulumi.Input[str]) -> Any:
        header = self("ByteMatchStatementFieldToMatchSingleHeader", name=ORIGIN_HEADER.lower())
        return self.wrapped(
            "ByteMatch",
            positional_constraint="EXACTLY",
            search_string=secret,
            field_to_match=self.field("ByteMatch", single_header=header),
            text_transformations=[self("ByteMatchStatementTextTransformation", priority=0, type="NONE")],
        )

    def negated(self, statement: Any) -> Any:
        return self.wrapped("Not", statement=statement)

    def all_of(self, statements: Sequence[Any]) -> Any:
        """All of one or more."""
        return statements[0] if len(statements) == 1 else self.wrapped("And", statements=list(statements))

    def any_of(self, statements: Sequence[Any]) -> Any:
        """Any of one or more."""
        return statements[0] if len(statements) == 1 else self.wrapped("Or", statements=list(statements))


_RULE = _Statements("WebAclRuleStatement")
_WITHIN_LIMIT = _Statements("WebAclRuleStatementRateBasedStatementScopeDownStatement")
_WITHIN_GROUP = _Statements("WebAclRuleStatementManagedRuleGroupStatementScopeDownStatement")


def waf_rule(
    rule: EdgeRule, ip_sets: Mapping[IpVersion, pulumi.Input[str]], origin_secret: pulumi.Input[str] | None
) -> aws.wafv2.WebAclRuleArgs:
    """One rule of a web ACL.

    `ip_sets` are the ARNs of an AddressList. `origin_secret` is what a CDN in front says in ORIGIN_HEADER: such a
    request has the CDN's address, not its sender's, and was judged by address there.
    """
    managed = isinstance(rule, ManagedGroup)
    return aws.wafv2.WebAclRuleArgs(
        name=rule.key,
        priority=priority(rule),
        statement=_statement(rule, ip_sets, origin_secret),
        # A group of rules has actions of its own, which are overridden; a statement of ours has none until it is given.
        override_action=_override(rule) if managed else None,
        action=None if managed else _action(rule),
        visibility_config=aws.wafv2.WebAclRuleVisibilityConfigArgs(
            cloudwatch_metrics_enabled=True, metric_name=rule.key, sampled_requests_enabled=True
        ),
    )


def _statement(
    rule: EdgeRule, ip_sets: Mapping[IpVersion, pulumi.Input[str]], origin_secret: pulumi.Input[str] | None
) -> aws.wafv2.WebAclRuleStatementArgs:
    match rule:
        case ManagedGroup():
            return _managed(rule, origin_secret)
        case RateLimit():
            return _limited(rule, origin_secret)
        case AddressList():
            found = _RULE.any_of([_RULE.wrapped("IpSetReference", arn=arn) for _, arn in sorted(ip_sets.items())])
            return _RULE.all_of([_side(rule.refuses, found), *_scope(_RULE, rule, origin_secret)])
        case GeoList():
            found = _RULE.wrapped("GeoMatch", country_codes=list(rule.countries))
            return _RULE.all_of([_side(rule.refuses, found), *_scope(_RULE, rule, origin_secret)])
        case BodySize():
            return _RULE.all_of([_long_body(), *_scope(_RULE, rule, None)])
        case _:
            raise TypeError(f"{type(rule).__name__} is no rule that AWS WAF is told")


def _side(refuses: str, statement: Any) -> Any:
    return statement if refuses == "listed" else _RULE.negated(statement)


def _scope(words: _Statements, rule: EdgeRule, origin_secret: pulumi.Input[str] | None) -> list[Any]:
    """Which requests the rule looks at; nothing if all."""
    conditions: list[Any] = []
    if rule.paths:
        conditions.append(words.path_matches(below(rule.paths)))
    if rule.except_paths:
        conditions.append(words.negated(words.path_matches(plainly_below(rule.except_paths))))
    if origin_secret is not None:
        conditions.append(words.negated(words.came_through_cdn(origin_secret)))
    return conditions


def _managed(rule: ManagedGroup, origin_secret: pulumi.Input[str] | None) -> aws.wafv2.WebAclRuleStatementArgs:
    scope = _scope(_WITHIN_GROUP, rule, origin_secret if rule.threat in BY_ADDRESS else None)
    own = [BODY_RULE] if rule.threat == "common" else []
    counted: set[str] = {*rule.aws_counted, *own}
    to_count = aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseArgs(
        count=aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseCountArgs()
    )
    return aws.wafv2.WebAclRuleStatementArgs(
        managed_rule_group_statement=aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementArgs(
            vendor_name="AWS",
            name=GROUPS[rule.threat],
            scope_down_statement=_WITHIN_GROUP.all_of(scope) if scope else None,
            rule_action_overrides=[
                aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideArgs(
                    name=name, action_to_use=to_count
                )
                for name in sorted(counted)
            ],
        )
    )


def _limited(rule: RateLimit, origin_secret: pulumi.Input[str] | None) -> aws.wafv2.WebAclRuleStatementArgs:
    scope = _scope(_WITHIN_LIMIT, rule, origin_secret)
    return aws.wafv2.WebAclRuleStatementArgs(
        rate_based_statement=aws.wafv2.WebAclRuleStatementRateBasedStatementArgs(
            aggregate_key_type="IP",
            limit=rule.requests,
            evaluation_window_sec=rule.window_seconds,
            scope_down_statement=_WITHIN_LIMIT.all_of(scope) if scope else None,
        )
    )


def _long_body() -> Any:
    """A body longer than WAF reads counts as one that is too long, not as one without fault."""
    body = _RULE("SizeConstraintStatementFieldToMatchBody", oversize_handling="MATCH")
    return _RULE.wrapped(
        "SizeConstraint",
        comparison_operator="GT",
        size=INSPECTED_BYTES,
        field_to_match=_RULE.field("SizeConstraint", body=body),
        text_transformations=[_RULE("SizeConstraintStatementTextTransformation", priority=0, type="NONE")],
    )


def _override(rule: EdgeRule) -> aws.wafv2.WebAclRuleOverrideActionArgs:
    if rule.mode == "count":
        return aws.wafv2.WebAclRuleOverrideActionArgs(count=aws.wafv2.WebAclRuleOverrideActionCountArgs())
    return aws.wafv2.WebAclRuleOverrideActionArgs(none=aws.wafv2.WebAclRuleOverrideActionNoneArgs())


def _action(rule: EdgeRule) -> aws.wafv2.WebAclRuleActionArgs:
    if rule.mode == "count":
        return aws.wafv2.WebAclRuleActionArgs(count=aws.wafv2.WebAclRuleActionCountArgs())
    response = (
        aws.wafv2.WebAclRuleActionBlockCustomResponseArgs(response_code=TOO_MANY_REQUESTS)
        if isinstance(rule, RateLimit)
        else None
    )
    return aws.wafv2.WebAclRuleActionArgs(block=aws.wafv2.WebAclRuleActionBlockArgs(custom_response=response))
