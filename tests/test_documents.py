"""What the documents promise: commands that exist, files that are there, settings by their real names."""

import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.fixture(params=DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def text(request: pytest.FixtureRequest) -> str:
    return request.param.read_text(encoding="utf-8")


def test_every_make_command_is_a_target_with_the_arguments_that_it_reads(text: str) -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", MAKEFILE, re.MULTILINE))
    arguments = set(re.findall(r"^([A-Z]+) \?=", MAKEFILE, re.MULTILINE))
    for target, rest in re.findall(r"(?:^|`)make ([a-z]+)((?: [A-Z]+=[^\s`]+)*)", text, re.MULTILINE):
        assert target in targets, f"make {target} is no target"
        assert set(re.findall(r"([A-Z]+)=", rest)) <= arguments, f"make {target}{rest}: the Makefile reads {arguments}"


def test_every_file_and_folder_named_is_there(text: str) -> None:
    named = re.findall(r"`((?:[\w.]+/)+[\w.]*)`", text) + re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    missing = [name for name in named if not (ROOT / name).exists()]
    assert missing == []


def test_every_setting_named_is_a_key_of_the_stack_file(text: str) -> None:
    schema = json.loads((ROOT / "stacks/settings/stack.schema.json").read_text(encoding="utf-8"))
    sections = set(schema["properties"]["config"]["properties"])
    used = set(re.findall(r"platform:[a-z_]+", text)) - {"platform:network:AwsNetwork"}
    assert used <= sections, f"the stack file has {sorted(sections)}"


def test_every_external_secret_named_is_declared(text: str) -> None:
    declared = yaml.safe_load((ROOT / "Pulumi.staging.yaml").read_text(encoding="utf-8"))["config"]
    for name in re.findall(r'external\["([^"]+)"\]', text):
        assert name in declared["platform:secrets"]["external"], f"{name} is set by nobody"


def test_the_readme_names_every_folder_of_the_tree() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith((".", "_"))}
    assert {name for name in folders if f"`{name}/" not in readme} == set(), "a reader would not know what it is for"
