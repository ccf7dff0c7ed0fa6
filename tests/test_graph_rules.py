"""Rules that hold for every resource of every environment.

They are checked on what the program registers, once with outputs known and once unknown. They cannot tell whether a
cloud accepts it: the tables and types behind them are those of the installed SDKs.
"""

import importlib
import inspect
import json
import pkgutil
from collections import Counter
from functools import cache
from typing import Any, get_args

import components
from components.component import Component
from sandbox import hygiene, schema
from sandbox.difference import STATEFUL_TYPES
from sandbox.graph import UNKNOWN, Graph, Resource
from sandbox.standins import unordered
from tests.environments import recorded

DEFAULT_AUTO_NAME_SUFFIX = len("-1234567")
LONGEST_NAME = {
    "aws:iam/role:Role": 64,
    "aws:iam/instanceProfile:InstanceProfile": 128,
    "aws:lb/loadBalancer:LoadBalancer": 32,
    "aws:lb/targetGroup:TargetGroup": 32,
    "aws:ec2/securityGroup:SecurityGroup": 255,
    "aws:cloudwatch/logGroup:LogGroup": 512,
    "aws:secretsmanager/secret:Secret": 512,
    "gcp:serviceaccount/account:Account": 30,
}
"""What the clouds accept as the longest name of a type; Compute Engine's 63 is the rule for the rest of Google's."""

WILDCARD_REASONS = {
    "ecr:GetAuthorizationToken": "the token opens nothing by itself, and IAM knows no resource for it",
    "s3:*": "the endpoint admits our principals; which bucket is for their roles and the bucket's policy to say",
}


@cache
def component_types() -> dict[str, type[Component]]:
    """Every component class of the tree, by its type token."""
    found: dict[str, type[Component]] = {}
    for module in pkgutil.walk_packages(components.__path__, "components."):
        for _, candidate in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(candidate, Component) and candidate is not Component:
                domain = candidate.__module__.split(".")[1]
                found[f"platform:{domain}:{candidate.__name__}"] = candidate
    return found


def custom_resources(graph: Graph) -> list[Resource]:
    return [resource for resource in graph if resource.custom and not resource.type.startswith("pulumi:")]


def test_only_providers_and_components_stand_at_the_root(graph: Graph) -> None:
    loose = [r.urn for r in custom_resources(graph) if graph.parent(r) is None]
    assert loose == [], "a resource without a component belongs to nobody"


def test_every_component_of_the_graph_is_a_class_of_the_tree(graph: Graph) -> None:
    unknown = {r.type for r in graph.components if not r.type.startswith("pulumi:")} - set(component_types())
    assert unknown == set(), "a token without a class cannot be found in the code"


def test_components_register_exactly_the_outputs_they_declare(graph: Graph) -> None:
    for resource in graph.components:
        if resource.type in component_types():
            assert resource.registered is not None, f"{resource.urn} registers nothing: the engine shows it unfinished"
            declared = component_types()[resource.type].declared_outputs()
            # A None does not cross the wire; only an output that is declared as optional may be missing.
            annotations = component_types()[resource.type].__annotations__
            optional = {name for name in declared if type(None) in get_args(annotations[name])}
            expected = {name for name in declared if name in resource.registered or name not in optional}
            assert set(resource.registered) == expected, f"{resource.urn} shows other outputs than it declares"


def test_every_resource_runs_on_a_provider_that_is_pinned_to_an_account(graph: Graph) -> None:
    for resource in custom_resources(graph):
        provider = graph.provider(resource)
        assert provider.package == resource.package, f"{resource.urn} runs on {provider.name}"
    for provider in graph.of_type("pulumi:providers:aws"):
        assert provider.inputs["allowedAccountIds"], f"{provider.name}: a wrong login would deploy"
    for provider in graph.of_type("pulumi:providers:gcp"):
        assert provider.inputs["project"], f"{provider.name}: the project of the login would be used"


def test_the_program_raises_no_warning_and_no_problem(graph: Graph, unknown_graph: Graph) -> None:
    assert (graph.warnings, graph.problems) == ([], []), "a warning nobody removes hides the next one"
    assert (unknown_graph.warnings, unknown_graph.problems) == ([], [])


def test_every_input_is_one_the_sdk_knows(graph: Graph) -> None:
    problems = [
        f"{resource.urn}: {problem.path}: {problem.message}"
        for resource in custom_resources(graph)
        if (known := schema.resource(resource.type)) is not None
        for problem in known.problems(resource.inputs)
    ]
    assert problems == [], "a nested key that nobody knows is dropped in silence, or refused in the middle of an `up`"


def test_what_is_built_does_not_hang_on_computed_outputs(graph: Graph, unknown_graph: Graph) -> None:
    assert set(graph.resources) == set(unknown_graph.resources), (
        "resources that exist only once outputs are known are missing from every first preview"
    )


def test_no_computed_output_is_unknown_in_a_finished_graph(graph: Graph) -> None:
    unfinished = [r.urn for r in graph if UNKNOWN in r.inputs.values()]
    assert unfinished == []


def test_stateful_resources_are_protected(graph: Graph) -> None:
    loose = [r.urn for r in custom_resources(graph) if r.type in STATEFUL_TYPES and not r.options.protect]
    assert loose == [], "`pulumi destroy`, a rename or a refactoring would delete data"


def test_no_secret_is_seen_outside_a_secret_wrapper(graph: Graph, unknown_graph: Graph) -> None:
    assert hygiene.leaks(graph) == [], "it would stand in the state file and on the screen in plain text"
    assert hygiene.leaks(unknown_graph) == []


def test_logical_names_are_unique_within_a_type(graph: Graph) -> None:
    counted = Counter((resource.type, resource.name) for resource in graph)
    assert [key for key, number in counted.items() if number > 1] == [], "one name, one thing: logs and alarms use it"


def test_names_fit_what_carries_them(graph: Graph) -> None:
    too_long = [
        f"{resource.urn} may be {longest}"
        for resource in custom_resources(graph)
        if "name" not in resource.inputs
        and (known := schema.resource(resource.type)) is not None
        and "name" in known.inputs
        and len(resource.name) + DEFAULT_AUTO_NAME_SUFFIX
        > (longest := LONGEST_NAME.get(resource.type, 63 if resource.package == "gcp" else 255))
    ]
    assert too_long == [], "the provider refuses the name in the middle of an `up`"


def test_whatever_names_a_resource_of_the_program_waits_for_it(graph: Graph) -> None:
    missing = [str(each) for each in unordered(graph)]
    assert missing == [], "a name written out instead of taken from the resource tells the engine nothing of the order"


def test_no_security_group_gets_the_same_rule_twice(graph: Graph) -> None:
    """EC2 tells rules apart by these alone and refuses the second one, whatever it is called."""
    said = (
        "securityGroupId",
        "ipProtocol",
        "fromPort",
        "toPort",
        "cidrIpv4",
        "prefixListId",
        "referencedSecurityGroupId",
    )
    for direction in ("Ingress", "Egress"):
        rules = graph.of_type(f"aws:vpc/securityGroup{direction}Rule:SecurityGroup{direction}Rule")
        counted = Counter(tuple(str(rule.get(name)) for name in said) for rule in rules)
        assert [rule for rule, number in counted.items() if number > 1] == []


def policy_statements(value: Any) -> list[dict[str, Any]]:
    """The statements of an IAM policy document in JSON; none for any other value."""
    if not isinstance(value, str) or '"Statement"' not in value:
        return []
    return json.loads(value)["Statement"]


def test_a_wildcard_resource_or_action_has_a_written_reason(graph: Graph) -> None:
    """Key and trust policies speak of the key or role they hang on: `*` there means this one."""
    unexplained = []
    for resource in custom_resources(graph):
        if resource.package != "aws" or resource.type.startswith("aws:kms/"):
            continue
        for name, value in resource.inputs.items():
            for statement in policy_statements(value):
                if "*" not in statement.get("Resource", []):
                    continue
                for action in statement["Action"]:
                    if statement["Effect"] == "Allow" and action not in WILDCARD_REASONS:
                        unexplained.append(f"{resource.urn} {name}: {action}")
    assert unexplained == []


def test_no_environment_names_the_account_of_another() -> None:
    accounts = {
        name: str(recorded(name).named("aws", "pulumi:providers:aws").inputs["allowedAccountIds"])
        for name in ("development", "staging", "production")
    }
    assert len(set(accounts.values())) == len(accounts), "environments in one account share their mistakes"
