"""CloudFormation's linter knows rules of AWS that no type tells: CPU with memory, classes, runtimes, priorities.

It reads templates; `cloudformation.py` says what is translated into one, and what is not. It does not read the patterns
of EventBridge, whose form is checked here, and whose meaning is with the event bus.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from cfnlint import api
from cfnlint.config import ManualArgs

from sandbox.graph import Graph
from tests.cloudformation import TYPES, template

REASONS: dict[tuple[str, str], str] = {
    ("W3691", r"AWS::RDS::DBInstance postgres-.*"): "of a major version alone RDS creates the newest minor one; the"
    " linter lists full versions",
}
"""Findings that stay, by rule and by where (a pattern), and why each is none."""

REGIONS = ["us-east-1"]
"""What exists in one region and not in another is for the settings to say."""


def findings(graph: Graph) -> dict[tuple[str, str], str]:
    """What the linter says, by rule and by resource."""
    content, names = template(graph)
    matches = api.lint(json.dumps(content), config=ManualArgs(regions=REGIONS))
    found: dict[tuple[str, str], str] = {}
    for match in matches:
        path = [str(step) for step in getattr(match, "path", None) or []]
        where = names.get(path[1], path[1]) if len(path) > 1 else "template"
        found[match.rule.id, where] = f"{'.'.join(path[3:])}: {match.message}"
    return found


def test_every_finding_of_the_linter_has_a_written_reason(graph: Graph) -> None:
    unexplained = {
        key: message
        for key, message in findings(graph).items()
        if not any(key[0] == rule and re.fullmatch(where, key[1]) for rule, where in REASONS)
    }
    assert unexplained == {}


def test_the_linter_sees_every_resource_of_the_types_that_are_translated(production: Graph) -> None:
    content, names = template(production)
    missing = [token for token in TYPES if not production.of_type(token)]
    assert missing == [], "a type that production does not have any more is translated for nobody"
    assert len(content["Resources"]) == len(names) == len(production.of_type(*TYPES))


def leaves(pattern: Any) -> Iterator[Any]:
    """What an event pattern says of each field."""
    if isinstance(pattern, Mapping):
        for value in cast("Mapping[str, Any]", pattern).values():
            yield from leaves(value)
    else:
        yield pattern


def test_an_event_pattern_says_of_each_field_which_values_match(graph: Graph) -> None:
    for rule in graph.of_type("aws:cloudwatch/eventRule:EventRule"):
        wrong = [
            leaf for leaf in leaves(json.loads(rule.inputs["eventPattern"])) if not isinstance(leaf, list) or not leaf
        ]
        assert wrong == [], f"{rule.name}: EventBridge takes lists of values alone"
