"""The rules of the edge, as Cloud Armor takes them."""

from collections.abc import Mapping, Sequence

import pulumi_gcp as gcp

from components.edge.edge_rules import (
    ADDRESSES_A_RULE,
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

SIGNATURES: Mapping[Threat, Sequence[str]] = {
    "common": (
        "xss-v33-stable",
        "lfi-v33-stable",
        "rfi-v33-stable",
        "rce-v33-stable",
        "protocolattack-v33-stable",
        "scannerdetection-v33-stable",
    ),
    "known_bad_inputs": ("cve-canary",),
    "sql_injection": ("sqli-v33-stable",),
    # Lists of addresses are part of a subscription that this platform does without.
    "ip_reputation": (),
    "anonymous_ip": (),
}
"""Google's signatures, by what they are patterns of; of known holes there is no other set than the canary."""
SENSITIVITY = 1
"""The signatures that hardly ever take a good request for a bad one."""
DEFAULT_PRIORITY = 2_147_483_647
FORBIDDEN, TOO_MANY_REQUESTS = "deny(403)", "deny(429)"


def armor_rules(rule: EdgeRule) -> list[gcp.compute.SecurityPolicyRuleArgs]:
    """The rules of a security policy that mean the same as one of ours; none where Google knows nothing like it."""
    match rule:
        case RateLimit():
            return [_limit(rule)]
        case ManagedGroup():
            names = SIGNATURES[rule.threat]
            return [_refusal(rule, number, _signatures(rule, name)) for number, name in enumerate(names)]
        case AddressList() if rule.plain:
            return [_refusal(rule, number, _addresses(chunk)) for number, chunk in enumerate(_chunks(rule.addresses))]
        case AddressList():
            return [_refusal(rule, 0, _expression(rule, _address_condition(rule)))]
        case GeoList():
            return [_refusal(rule, 0, _expression(rule, _country_condition(rule)))]
        case BodySize():
            header = "request.headers['content-length']"
            return [_refusal(rule, 0, _expression(rule, f"has({header}) && int({header}) > {INSPECTED_BYTES}"))]
        case _:
            raise TypeError(f"{type(rule).__name__} is no rule that Cloud Armor is told")


def default_rule() -> gcp.compute.SecurityPolicyRuleArgs:
    """Everybody else comes in; Cloud Armor wants it said."""
    return gcp.compute.SecurityPolicyRuleArgs(
        action="allow", priority=DEFAULT_PRIORITY, description="default", match=_addresses(["*"])
    )


def _refusal(
    rule: EdgeRule, number: int, match: gcp.compute.SecurityPolicyRuleMatchArgs
) -> gcp.compute.SecurityPolicyRuleArgs:
    return gcp.compute.SecurityPolicyRuleArgs(
        action=FORBIDDEN,
        priority=priority(rule) + number,
        description=rule.key,
        preview=rule.mode == "count",
        match=match,
    )


def _limit(rule: RateLimit) -> gcp.compute.SecurityPolicyRuleArgs:
    scoped = rule.paths or rule.except_paths
    threshold = gcp.compute.SecurityPolicyRuleRateLimitOptionsRateLimitThresholdArgs(
        count=rule.requests, interval_sec=rule.window_seconds
    )
    return gcp.compute.SecurityPolicyRuleArgs(
        action="throttle" if rule.ban_seconds is None else "rate_based_ban",
        priority=priority(rule),
        description=rule.key,
        preview=rule.mode == "count",
        match=_expression(rule) if scoped else _addresses(["*"]),
        rate_limit_options=gcp.compute.SecurityPolicyRuleRateLimitOptionsArgs(
            conform_action="allow",
            exceed_action=TOO_MANY_REQUESTS,
            enforce_on_key="IP",
            rate_limit_threshold=threshold,
            ban_duration_sec=rule.ban_seconds,
        ),
    )


def _signatures(rule: ManagedGroup, name: str) -> gcp.compute.SecurityPolicyRuleMatchArgs:
    """Signatures of another set than the named one would be refused, so each set hears of its own only."""
    attack = name.split("-")[0]
    out = [f"'{signature}'" for signature in rule.gcp_opted_out if signature.endswith(f"-{attack}")]
    opted_out = f", 'opt_out_rule_ids': [{', '.join(out)}]" if out else ""
    return _expression(rule, f"evaluatePreconfiguredWaf('{name}', {{'sensitivity': {SENSITIVITY}{opted_out}}})")


def _address_condition(rule: AddressList) -> str:
    inside = " || ".join(f"inIpRange(origin.ip, '{address}')" for address in rule.addresses)
    return f"({inside})" if rule.refuses == "listed" else f"!({inside})"


def _country_condition(rule: GeoList) -> str:
    inside = f"origin.region_code.matches('^(?:{'|'.join(rule.countries)})$')"
    return inside if rule.refuses == "listed" else f"!{inside}"


def _expression(rule: EdgeRule, *conditions: str) -> gcp.compute.SecurityPolicyRuleMatchArgs:
    scope = [
        *([f"request.path.urlDecode().matches('{below(rule.paths)}')"] if rule.paths else []),
        *([f"!request.path.matches('{plainly_below(rule.except_paths)}')"] if rule.except_paths else []),
    ]
    expression = " && ".join([*conditions, *scope])
    return gcp.compute.SecurityPolicyRuleMatchArgs(
        expr=gcp.compute.SecurityPolicyRuleMatchExprArgs(expression=expression)
    )


def _addresses(ranges: Sequence[str]) -> gcp.compute.SecurityPolicyRuleMatchArgs:
    return gcp.compute.SecurityPolicyRuleMatchArgs(
        versioned_expr="SRC_IPS_V1", config=gcp.compute.SecurityPolicyRuleMatchConfigArgs(src_ip_ranges=list(ranges))
    )


def _chunks(addresses: Sequence[object]) -> list[list[str]]:
    written = [str(address) for address in addresses]
    return [written[start : start + ADDRESSES_A_RULE] for start in range(0, len(written), ADDRESSES_A_RULE)]
