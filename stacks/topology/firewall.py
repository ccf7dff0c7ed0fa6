"""The rules of the firewalls at the edge, from the words of the settings to those of the component."""

from collections.abc import Mapping
from typing import Any

from components.edge import edge_rules as rules
from stacks.settings import Settings
from stacks.settings.edge import AddressList, AnyRule, BodySize, GeoList, ManagedGroup, RateLimit, Rule

COMPONENTS: Mapping[type[Rule], type[rules.EdgeRule]] = {
    AddressList: rules.AddressList,
    GeoList: rules.GeoList,
    BodySize: rules.BodySize,
    ManagedGroup: rules.ManagedGroup,
    RateLimit: rules.RateLimit,
}


def edge_rules(settings: Settings) -> list[rules.EdgeRule]:
    """Every rule of the settings."""
    return [_rule(key, rule) for key, rule in settings.edge.rules.items()]


def _rule(key: str, rule: AnyRule) -> rules.EdgeRule:
    # The fields of a rule have the same names on both sides, which the tests of the settings hold to.
    fields: dict[str, Any] = {"key": key, **{name: getattr(rule, name) for name in type(rule).model_fields}}
    del fields["kind"]
    return COMPONENTS[type(rule)](**fields)
