"""The conventions of the code that a reader relies on, checked on the code itself.

What the program registers is checked in `test_graph_rules.py`.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

COMPONENT_FILES = sorted((ROOT / "components").rglob("*.py"))
SOURCE_FILES = sorted(path for folder in ("components", "stacks", "sandbox") for path in (ROOT / folder).rglob("*.py"))
MOST_LINES_OF_A_FILE = 380
MOST_LINES_OF_A_STEP = 45
MOST_LINES_OF_A_CONSTRUCTOR = 30
MOST_FIELDS = 12
FORBIDDEN_MODULES = {
    "boto3",
    "botocore",
    "google",
    "os",
    "requests",
    "socket",
    "subprocess",
    "time",
    "datetime",
    "random",
}
FORBIDDEN_NAMES = {"Config", "StackReference", "get_stack", "get_project", "runtime", "environ", "getenv"}


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def classes(path: Path) -> list[ast.ClassDef]:
    return [node for node in parsed(path).body if isinstance(node, ast.ClassDef)]


def component_classes() -> Iterator[tuple[Path, ast.ClassDef]]:
    for path in COMPONENT_FILES:
        for node in classes(path):
            if any(isinstance(base, ast.Name) and base.id == "Component" for base in node.bases):
                yield path, node


def arguments_classes() -> Iterator[tuple[Path, ast.ClassDef]]:
    for path in COMPONENT_FILES:
        for node in classes(path):
            if any(isinstance(d, ast.Call) and ast.unparse(d.func) == "dataclass" for d in node.decorator_list):
                yield path, node


def constructor(node: ast.ClassDef) -> ast.FunctionDef:
    return next(item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__")


def lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def named(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)} {getattr(node, 'name', '')}"


COMPONENTS = [pytest.param(path, node, id=node.name) for path, node in component_classes()]
ARGUMENTS = [pytest.param(path, node, id=node.name) for path, node in arguments_classes()]


@pytest.mark.parametrize(("path", "node"), COMPONENTS)
def test_a_component_takes_a_name_its_arguments_and_options(path: Path, node: ast.ClassDef) -> None:
    signature = ast.unparse(constructor(node).args)
    expected = f"self, name: str, args: {node.name}Args, opts: pulumi.ResourceOptions | None=None"
    assert signature == expected, f"{named(path, node)}: every component is made the same way"


@pytest.mark.parametrize(("path", "node"), COMPONENTS)
def test_a_type_token_names_the_domain_folder_and_the_class(path: Path, node: ast.ClassDef) -> None:
    first = constructor(node).body[0]
    token = f"platform:{path.parent.name}:{node.name}"
    assert ast.unparse(first) == f"super().__init__('{token}', name, None, opts)", (
        f"{named(path, node)}: the token stands in the state of every stack and must lead back to this class"
    )


@pytest.mark.parametrize(("path", "node"), COMPONENTS)
def test_the_callers_options_stop_at_the_component(path: Path, node: ast.ClassDef) -> None:
    uses = [n for n in ast.walk(constructor(node)) if isinstance(n, ast.Name) and n.id == "opts"]
    assert len(uses) == 1, f"{named(path, node)}: options handed on would lift children out of the component"


@pytest.mark.parametrize(("path", "node"), COMPONENTS)
def test_a_constructor_is_a_table_of_contents_that_ends_by_publishing(path: Path, node: ast.ClassDef) -> None:
    made = constructor(node)
    assert ast.unparse(made.body[-1]) == "self.publish()", f"{named(path, node)}: outputs are registered last"
    assert not [n for n in ast.walk(made) if isinstance(n, ast.Return)], f"{named(path, node)}: returns early"
    assert lines_of(made) <= MOST_LINES_OF_A_CONSTRUCTOR, f"{named(path, node)}: too long to be a table of contents"


@pytest.mark.parametrize(("path", "node"), COMPONENTS)
def test_a_component_says_what_it_is_and_what_each_output_is(path: Path, node: ast.ClassDef) -> None:
    assert ast.get_docstring(node), f"{named(path, node)}: says nothing of what it owns"
    assert undocumented_fields(node) == [], f"{named(path, node)}: outputs without a line under them"


@pytest.mark.parametrize(("path", "node"), ARGUMENTS)
def test_arguments_are_frozen_keyword_only_few_and_documented(path: Path, node: ast.ClassDef) -> None:
    decorator = next(d for d in node.decorator_list if isinstance(d, ast.Call))
    settings = {keyword.arg: ast.unparse(keyword.value) for keyword in decorator.keywords}
    assert settings == {"frozen": "True", "kw_only": "True"}, f"{named(path, node)}: arguments are values"
    assert undocumented_fields(node) == [], f"{named(path, node)}: fields without a line under them"
    fields = [item for item in node.body if isinstance(item, ast.AnnAssign)]
    assert len(fields) <= MOST_FIELDS, f"{named(path, node)}: {len(fields)} fields; group what belongs together"


def undocumented_fields(node: ast.ClassDef) -> list[str]:
    """Public annotated names that have no string literal under them."""
    missing: list[str] = []
    for item, following in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and item.target.id[0] != "_":
            documented = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
            if not documented:
                missing.append(item.target.id)
    return missing


def test_type_tokens_are_unique() -> None:
    names = [node.name for _path, node in component_classes()]
    assert sorted(names) == sorted(set(names)), "two components of one name share their URNs"


@pytest.mark.parametrize("path", COMPONENT_FILES, ids=lambda p: str(p.relative_to(ROOT / "components")))
def test_components_read_no_configuration_environment_or_cloud(path: Path) -> None:
    tree = parsed(path)
    imported = {alias.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names}
    imported |= {(n.module or "").split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    # A provider may have a resource that is called Config; only the SDK's own reads the stack's configuration.
    of_sdk = [n for n in ast.walk(tree) if isinstance(n, ast.Attribute) and ast.unparse(n.value) in ("pulumi", "os")]
    used = {n.attr for n in of_sdk}
    used |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    called = {ast.unparse(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    lookups = {c for c in called if c.startswith(("aws.", "gcp.", "vault.")) and ".get_" in c}
    assert imported & FORBIDDEN_MODULES == set(), "a component's inputs are its arguments"
    assert used & FORBIDDEN_NAMES == set(), "a component's inputs are its arguments"
    assert lookups == set(), "a lookup needs credentials and gives each operator another plan"


@pytest.mark.parametrize("path", SOURCE_FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_and_its_steps_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES_OF_A_FILE
    long = [
        named(path, node)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and lines_of(node) > MOST_LINES_OF_A_STEP
    ]
    assert long == [], "a step that does not fit a screen hides another one"


@pytest.mark.parametrize("path", SOURCE_FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_importing_does_no_work(path: Path) -> None:
    calls = [
        ast.unparse(node.value)
        for node in parsed(path).body
        if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)
    ]
    assert calls == [], "tests, linters and the plan import modules without wanting anything done"
