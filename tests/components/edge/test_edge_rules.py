"""The rules of the edge and what each cloud is told; that the firewalls read them alike is not proven here."""

import re
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network
from typing import Any

import pytest

from components.edge.armor_rules import SIGNATURES
from components.edge.edge_rules import (
    AddressList,
    BodySize,
    EdgeRule,
    GeoList,
    ManagedGroup,
    RateLimit,
    below,
    checked,
    plainly_below,
    priority,
)
from components.edge.edge_security import AwsEdgeArgs, EdgeSecurity, EdgeSecurityArgs, GcpEdgeArgs
from components.edge.waf_rules import GROUPS
from sandbox.recorder import record_components

V4 = [IPv4Network(f"198.51.100.{number}/32") for number in range(12)]
V6 = IPv6Network("2001:db8::/32")
LISTED = AddressList(key="blocked", mode="enforce", addresses=[*V4, V6], refuses="listed")
OFFICE = AddressList(key="admin", mode="enforce", addresses=V4[:2], refuses="others", paths=["/admin"])
COUNTRIES = GeoList(
    key="countries", mode="enforce", countries=["US", "CA"], refuses="others", except_paths=["/health/ready"]
)
BODIES = BodySize(key="bodies", mode="enforce", except_paths=["/api/uploads", "/api/v1.2/documents"])
COMMON = ManagedGroup(key="common", mode="enforce", threat="common", aws_counted=["NoUserAgent_HEADER"])
SQL = ManagedGroup(key="sql", mode="count", threat="sql_injection", gcp_opted_out=["owasp-crs-v030301-id942350-sqli"])
REPUTATION = ManagedGroup(key="reputation", mode="enforce", threat="ip_reputation")
ALL = RateLimit(key="everything", mode="enforce", requests=2000, window_seconds=300)
LOGIN = RateLimit(key="login", mode="count", requests=20, window_seconds=60, paths=["/api/login"], ban_seconds=600)
RULES: list[EdgeRule] = [LISTED, OFFICE, COUNTRIES, BODIES, COMMON, SQL, REPUTATION, ALL, LOGIN]


def told(*rules: EdgeRule) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What AWS WAF and Cloud Armor are told of the rules, Google's default left out."""
    aws = AwsEdgeArgs(
        account_id="111122223333",
        region="us-east-1",
        log_retention_days=90,
        logs_key_arn="arn:aws:kms:us-east-1:111122223333:key/logs",
        cloudfront_logs_key_arn=None,
        origin_secret=None,
    )
    args = EdgeSecurityArgs(rules=rules, aws=aws, gcp=GcpEdgeArgs(project_id="example-project"))
    graph = record_components(lambda: EdgeSecurity("edge", args))
    assert graph.problems == []
    acl = graph.named("edge-regional", "aws:wafv2/webAcl:WebAcl").inputs["rules"]
    *google, default = graph.named("edge-gcp").inputs["rules"]
    assert (default["priority"], default["action"]) == (2147483647, "allow")
    return acl, google


def waf(rule: EdgeRule) -> dict[str, Any]:
    (found,) = told(rule)[0]
    return found


def armor(rule: EdgeRule) -> list[dict[str, Any]]:
    return told(rule)[1]


def expressions(rule: EdgeRule) -> list[str]:
    return [each["match"]["expr"]["expression"] for each in armor(rule)]


def path_pattern(statement: dict[str, Any]) -> str:
    match = statement["regexMatchStatement"]
    assert match["fieldToMatch"] == {"uriPath": {}}
    assert [each["type"] for each in match["textTransformations"]] == ["URL_DECODE", "NORMALIZE_PATH"]
    return match["regexString"]


def test_both_clouds_are_told_every_rule_in_the_same_order() -> None:
    acl, google = told(*RULES)
    order = ["admin", "blocked", "countries", "bodies", "reputation", "sql", "common", "login", "everything"]
    assert [each["name"] for each in acl] == order
    assert list(dict.fromkeys(each["description"] for each in google)) == [key for key in order if key != "reputation"]
    assert {each["name"]: each["priority"] for each in acl if each["name"] != "reputation"} == {
        rule.key: min(each["priority"] for each in google if each["description"] == rule.key)
        for rule in RULES
        if rule is not REPUTATION
    }


def test_limits_come_last_because_cloud_armor_lets_through_what_keeps_to_one() -> None:
    others = [priority(rule) for rule in RULES if not isinstance(rule, RateLimit)]
    assert max(others) < priority(LOGIN) < priority(ALL), "and the deeper path before the one that holds it"


def test_a_rule_keeps_its_number_whatever_stands_beside_it() -> None:
    alone, among = waf(SQL)["priority"], {each["name"]: each["priority"] for each in told(*reversed(RULES))[0]}
    assert among["sql"] == alone == priority(replace(SQL, mode="enforce", aws_counted=["x"]))
    assert priority(replace(SQL, key="sql-two")) != alone


def test_no_two_rules_share_a_number_in_google_though_one_of_ours_may_be_several_there() -> None:
    numbers = [each["priority"] for each in told(*RULES)[1]]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("rules", [[SQL, SQL], [SQL, replace(ALL, key="sql")]])
def test_two_rules_of_one_key_are_refused(rules: list[EdgeRule]) -> None:
    with pytest.raises(ValueError, match="rules sql, sql have the same key"):
        checked(rules)


def test_two_keys_that_come_to_the_same_number_are_refused() -> None:
    taken: dict[int, str] = {}
    for number in range(2_000):
        rule = replace(SQL, key=f"rule-{number}")
        if (other := taken.setdefault(priority(rule), rule.key)) != rule.key:
            with pytest.raises(ValueError, match="have the same number; give one of them another key"):
                checked([rule, replace(SQL, key=other)])
            return
    pytest.fail("2000 keys have 5000 slots, so that some meet")


@pytest.mark.parametrize("rule", [LISTED, OFFICE, COUNTRIES, BODIES, ALL, LOGIN])
@pytest.mark.parametrize("mode", ["count", "enforce"])
def test_counting_refuses_nothing_in_either_cloud(rule: EdgeRule, mode: Any) -> None:
    moded = replace(rule, mode=mode)
    assert set(waf(moded)["action"]) == {"count" if mode == "count" else "block"}
    assert "overrideAction" not in waf(moded), "WAF refuses both at once"
    assert {each["preview"] for each in armor(moded)} == {mode == "count"}


@pytest.mark.parametrize(("mode", "override"), [("count", "count"), ("enforce", "none")])
def test_a_managed_group_keeps_its_own_actions_unless_it_counts(mode: Any, override: str) -> None:
    rule = waf(replace(COMMON, mode=mode))
    assert set(rule["overrideAction"]) == {override}
    assert "action" not in rule, "WAF refuses both at once"


def test_every_threat_has_a_group_and_signatures_or_a_reason_to_have_none() -> None:
    assert GROUPS == {
        "common": "AWSManagedRulesCommonRuleSet",
        "known_bad_inputs": "AWSManagedRulesKnownBadInputsRuleSet",
        "sql_injection": "AWSManagedRulesSQLiRuleSet",
        "ip_reputation": "AWSManagedRulesAmazonIpReputationList",
        "anonymous_ip": "AWSManagedRulesAnonymousIpList",
    }
    assert {threat for threat, names in SIGNATURES.items() if not names} == {"ip_reputation", "anonymous_ip"}


def test_common_attacks_are_six_sets_of_signatures_in_google() -> None:
    assert expressions(COMMON) == [
        f"evaluatePreconfiguredWaf('{name}-v33-stable', {{'sensitivity': 1}})"
        for name in ("xss", "lfi", "rfi", "rce", "protocolattack", "scannerdetection")
    ]


def test_rules_that_refuse_what_the_application_needs_are_left_out_by_name() -> None:
    counted = waf(COMMON)["statement"]["managedRuleGroupStatement"]["ruleActionOverrides"]
    assert {each["name"] for each in counted} == {"NoUserAgent_HEADER", "SizeRestrictions_BODY"}
    assert all(each["actionToUse"] == {"count": {}} for each in counted)
    assert expressions(SQL) == [
        "evaluatePreconfiguredWaf('sqli-v33-stable', "
        "{'sensitivity': 1, 'opt_out_rule_ids': ['owasp-crs-v030301-id942350-sqli']})"
    ]


def test_a_signature_is_left_out_of_the_set_that_knows_it() -> None:
    opted = replace(COMMON, gcp_opted_out=["owasp-crs-v030301-id941330-xss"])
    assert [("opt_out_rule_ids" in each) for each in expressions(opted)] == [True, *[False] * 5]


def test_only_the_rule_of_bodies_judges_their_size_and_uploads_are_excepted() -> None:
    statements = waf(BODIES)["statement"]["andStatement"]["statements"]
    size = statements[0]["sizeConstraintStatement"]
    assert (size["comparisonOperator"], size["size"]) == ("GT", 8192)
    assert size["fieldToMatch"] == {"body": {"oversizeHandling": "MATCH"}}, "what WAF cannot read is not short"
    pattern = path_pattern(statements[1]["notStatement"]["statement"])
    assert expressions(BODIES) == [
        "has(request.headers['content-length']) && int(request.headers['content-length']) > 8192"
        f" && !request.path.matches('{pattern}')"
    ]


@pytest.mark.parametrize(
    ("path", "excepted"),
    [
        ("/api/uploads", True),
        ("/api/uploads/", True),
        ("/api/uploads/2026/report.v2.pdf", True),
        ("/api/v1.2/documents", True),
        ("/api/v1x2/documents", False),
        ("/api/uploadsx", False),
        ("/api/uploads/../orders", False),
        ("/api/uploads/%2e%2e/orders", False),
        ("/api/uploads/..%2forders", False),
        ("/x/api/uploads", False),
    ],
)
def test_nothing_but_a_plain_path_is_excepted(path: str, excepted: bool) -> None:
    assert bool(re.search(plainly_below(BODIES.except_paths), path)) is excepted


@pytest.mark.parametrize(
    ("path", "met"),
    [
        ("/api/login", True),
        ("/api/login/mfa", True),
        ("//api//login", True),
        ("/api/login/../x", True),
        ("/api/loginx", False),
        ("/x/api/login", False),
    ],
)
def test_a_limited_path_is_met_with_all_below_it(path: str, met: bool) -> None:
    assert bool(re.search(below(["/api/login"]), path)) is met


def test_a_limit_counts_addresses_over_the_same_window_in_both_clouds() -> None:
    limit = waf(LOGIN)["statement"]["rateBasedStatement"]
    assert (limit["aggregateKeyType"], limit["limit"], limit["evaluationWindowSec"]) == ("IP", 20, 60)
    assert path_pattern(limit["scopeDownStatement"]) == below(["/api/login"])
    (google,) = armor(LOGIN)
    assert google["match"]["expr"]["expression"] == f"request.path.urlDecode().matches('{below(['/api/login'])}')"
    assert google["action"] == "rate_based_ban"
    assert google["rateLimitOptions"] == {
        "conformAction": "allow",
        "exceedAction": "deny(429)",
        "enforceOnKey": "IP",
        "rateLimitThreshold": {"count": 20, "intervalSec": 60},
        "banDurationSec": 600,
    }


def test_a_limit_of_everything_answers_429_and_bans_nobody() -> None:
    (google,) = armor(ALL)
    assert (google["action"], google["match"]["versionedExpr"]) == ("throttle", "SRC_IPS_V1")
    assert google["match"]["config"] == {"srcIpRanges": ["*"]}
    assert "scopeDownStatement" not in waf(ALL)["statement"]["rateBasedStatement"]
    assert waf(ALL)["action"] == {"block": {"customResponse": {"responseCode": 429}}}


def test_a_list_of_addresses_is_a_set_of_each_version_in_aws_and_rules_of_ten_in_google() -> None:
    references = waf(LISTED)["statement"]["orStatement"]["statements"]
    assert [set(each) for each in references] == [{"ipSetReferenceStatement"}, {"ipSetReferenceStatement"}]
    assert [each["match"]["config"]["srcIpRanges"] for each in armor(LISTED)] == [
        [str(each) for each in V4[:10]],
        [*(str(each) for each in V4[10:]), str(V6)],
    ]


def test_a_path_can_be_for_the_office_only() -> None:
    outside, path = waf(OFFICE)["statement"]["andStatement"]["statements"]
    assert set(outside["notStatement"]["statement"]) == {"ipSetReferenceStatement"}
    assert path_pattern(path) == below(["/admin"])
    assert expressions(OFFICE) == [
        "!(inIpRange(origin.ip, '198.51.100.0/32') || inIpRange(origin.ip, '198.51.100.1/32'))"
        f" && request.path.urlDecode().matches('{below(['/admin'])}')"
    ]


def test_other_countries_are_refused_except_for_the_path_of_the_health_checkers() -> None:
    outside, path = waf(COUNTRIES)["statement"]["andStatement"]["statements"]
    assert outside["notStatement"]["statement"] == {"geoMatchStatement": {"countryCodes": ["US", "CA"]}}
    health = plainly_below(["/health/ready"])
    assert path_pattern(path["notStatement"]["statement"]) == health
    assert expressions(COUNTRIES) == [
        f"!origin.region_code.matches('^(?:US|CA)$') && !request.path.matches('{health}')"
    ]
    listed = replace(COUNTRIES, refuses="listed", except_paths=[])
    assert waf(listed)["statement"] == {"geoMatchStatement": {"countryCodes": ["US", "CA"]}}
    assert expressions(listed) == ["origin.region_code.matches('^(?:US|CA)$')"]


def test_no_expression_of_google_is_longer_or_wider_than_it_takes() -> None:
    for rule in told(*RULES)[1]:
        assert len(rule["description"]) <= 64
        expression = rule["match"].get("expr", {}).get("expression", "")
        assert len(expression) <= 2048
        assert len(re.split(r" && | \|\| ", expression)) <= 5
        assert "\\" not in expression, "a backslash means something else to each language on the way"


@pytest.mark.parametrize(
    ("rule", "change", "words"),
    [
        (SQL, {"key": "SQL"}, "small letters, digits"),
        (SQL, {"paths": ["/api/"]}, "without `/` at its end"),
        (SQL, {"except_paths": ["/a|b"]}, "is written like"),
        (SQL, {"except_paths": ["/../x"]}, "is written like"),
        (LISTED, {"addresses": []}, "lists no addresses"),
        (LISTED, {"refuses": "others"}, "holds five"),
        (OFFICE, {"addresses": V4[:5]}, "holds five"),
        (LISTED, {"addresses": [IPv4Network(number << 8) for number in range(201)]}, "more than 200"),
        (COUNTRIES, {"countries": []}, "two capital letters"),
        (COUNTRIES, {"countries": ["USA"]}, "two capital letters"),
        (ALL, {"window_seconds": 30}, "both clouds take"),
        (ALL, {"requests": 9}, "AWS counts from 10 up"),
    ],
)
def test_what_one_of_the_clouds_would_refuse_is_refused(rule: EdgeRule, change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(rule, **change)
