"""`python -m sandbox preview` on a small program, with and without each of the mistakes that it has to report."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest

from sandbox import engine
from sandbox.__main__ import main
from sandbox.standins.secrecy import Leak

SHOP = Path(__file__).parent / "programs" / "plan"

Preview = Callable[..., "Shown"]


class Shown:
    """What one run of the command left behind."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.out)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A copy of the shop, free to be changed."""
    return shutil.copytree(SHOP, tmp_path / "shop")


@pytest.fixture
def preview(program: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Preview:
    """Runs the command on the copy, as if there were no engine on this machine."""
    monkeypatch.setattr(engine, "available", lambda: "no engine here")
    monkeypatch.delenv("COLUMNS", raising=False)

    def run(*arguments: str, stack: str = "small", mistake: str = "none") -> Shown:
        settings = program / f"Pulumi.{stack}.yaml"
        if settings.exists():
            settings.write_text(settings.read_text().replace("mistake: none", f"mistake: {mistake}"))
        code = main(["preview", "--stack", stack, "--directory", str(program), *arguments])
        captured = capsys.readouterr()
        return Shown(code, captured.out, captured.err)

    return run


def git(directory: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]
    subprocess.run(  # noqa: S603 - a fixed program in a directory of the test's own
        ["git", "-C", str(directory), *identity, *arguments],  # noqa: S607
        check=True,
        capture_output=True,
    )


def test_the_offline_plan_says_that_it_is_one_and_shows_all_of_a_first_deploy(preview: Preview) -> None:
    shown = preview(stack="large")
    assert shown.code == 0
    lines = [line.rstrip() for line in shown.out.splitlines()]
    assert lines[:9] == [
        "Preview of shop, stack large: the offline plan (no engine here)",
        "",
        "     Type                         Name",
        " +   pulumi:pulumi:Stack          shop-large",
        " +   └─ shop:front:Shop           shop",
        " +      ├─ aws:ec2:Vpc            shop-vpc",
        " +      ├─ aws:ec2:Subnet x 5     shop-subnet-{a, b, c, d, e}",
        " +      ├─ aws:ec2:SecurityGroup  shop-database",
        " +      └─ aws:rds:Instance       shop-orders  protected",
    ]
    assert "    cardKey   [secret]" in lines
    assert "       0.2   15.0  aws:rds:Instance       shop-orders" in lines, "the database is what the deploy waits for"
    assert lines[-3:] == ["Resources", "    + 8 to create, in 1 component", "    no secret in the open, no error"]


def test_a_log_gets_neither_escape_codes_nor_progress(preview: Preview) -> None:
    shown = preview()
    assert "\x1b" not in shown.out
    assert shown.err == ""
    assert 80 < max(map(len, shown.out.splitlines())) <= 100, "a log is wider than the terminal that it lacks"


def test_what_the_program_prints_is_seen_once_and_not_in_the_plan(preview: Preview) -> None:
    shown = preview(mistake="print")
    assert shown.err == "the shop opens\n", "two passes, one program"
    assert "the shop opens" not in shown.out


def test_warnings_are_shown_and_stop_nobody(preview: Preview) -> None:
    shown = preview(mistake="warning")
    assert shown.code == 0
    assert shown.out.count("warning: ") == 1, "both passes warn of the same thing"
    assert "the shop has no roof" in shown.out


class TestMistakes:
    """Exit code 1, with the reason and without a traceback."""

    def test_a_crash_is_shown_with_its_line(self, preview: Preview) -> None:
        shown = preview(mistake="crash")
        assert shown.code == 1
        line = next(n for n, text in enumerate((SHOP / "__main__.py").read_text().splitlines(), 1) if "nowhere" in text)
        assert f"error: __main__.py:{line}: AttributeError: 'Shop' object has no attribute 'nowhere'" in shown.err
        assert "Traceback" not in shown.err

    def test_bad_settings_are_told_by_the_program_alone(self, preview: Preview) -> None:
        shown = preview(mistake="settings")
        assert shown.code == 1
        assert shown.out == ""
        assert shown.err == "shop:engine  sqlite  no such engine  write postgres or mysql\n", "its own table, once"

    def test_what_fails_in_a_first_preview_alone_says_so(self, preview: Preview) -> None:
        shown = preview(mistake="first preview")
        assert shown.code == 1
        assert "RuntimeError: the endpoint is not known yet" in shown.err
        assert "only while outputs are unknown" in shown.err

    def test_a_secret_in_the_open_names_resource_and_property(self, preview: Preview) -> None:
        shown = preview(mistake="leak")
        assert shown.code == 1
        assert "error: card-key: description shows shop:card-key in plain text" in shown.out

    @pytest.mark.parametrize("arguments", [(), ("--json",)])
    def test_a_stack_that_does_not_exist_is_named_with_those_that_do(
        self, preview: Preview, arguments: tuple[str, ...]
    ) -> None:
        shown = preview(*arguments, stack="huge")
        assert shown.code == 1
        said = shown.document["error"] if arguments else shown.err
        assert "Pulumi.huge.yaml" in said
        assert "large, small" in said


class TestTheDocument:
    """`--json`: one document on standard output, whatever happens."""

    def test_it_holds_the_whole_plan_and_no_secret(self, preview: Preview) -> None:
        shown = preview("--json", "--against", "large", mistake="print")
        assert shown.code == 2
        assert set(shown.document) == {
            *("project", "stack", "known", "resources", "exports", "warnings", "problems"),
            *("leaks", "counts", "longestChain", "against", "exitCode"),
        }
        assert shown.document["exitCode"] == 2
        assert shown.document["exports"]["cardKey"] == "[secret]"
        assert "sentinel-" not in shown.out, "what stands in for a secret is held back like one"

    @pytest.mark.parametrize("mistake", ["crash", "settings", "first preview"])
    def test_a_program_that_fails_leaves_a_document_too(self, preview: Preview, mistake: str) -> None:
        shown = preview("--json", mistake=mistake)
        assert shown.code == 1
        assert set(shown.document) == {"error", "exitCode"}


class TestAgainst:
    """The comparison with another stack, or with another commit in a repository of its own."""

    def test_another_stack_shows_what_this_one_has_and_lacks(self, preview: Preview) -> None:
        shown = preview("--against", "large")
        assert shown.code == 2, "the database of another engine would be a new one"
        assert "Against stack large" in shown.out
        assert 'engine: "mysql" -> "postgres"  forces replacement' in shown.out
        assert "0 to add, 0 to change, 1 to replace, 3 to delete" in shown.out
        assert "pulumi:pulumi:Stack" not in shown.out, "the tree would bury the difference"

    def test_a_commit_is_recorded_with_the_code_and_the_settings_that_it_held(
        self, preview: Preview, program: Path
    ) -> None:
        git(program.parent, "init", "--initial-branch=trunk")
        git(program.parent, "add", ".")
        git(program.parent, "commit", "--message=one")
        source = program / "__main__.py"
        source.write_text(source.read_text().replace('"db.t4g.medium"', '"db.t4g.large"'))
        settings = program / "Pulumi.small.yaml"
        settings.write_text(settings.read_text().replace("zones: [a, b]", "zones: [a, b, c]"))
        shown = preview("--against", "trunk")
        assert shown.code == 0, "a larger database is the same one"
        assert "Against trunk (" in shown.out
        assert 'instanceClass: "db.t4g.medium" -> "db.t4g.large"' in shown.out
        assert "1 to add, 1 to change, 0 to replace, 0 to delete" in shown.out

    def test_a_commit_at_which_the_program_fails_is_named_with_the_reason(
        self, preview: Preview, program: Path
    ) -> None:
        settings = program / "Pulumi.small.yaml"
        working = settings.read_text()
        settings.write_text(working.replace("mistake: none", "mistake: crash"))
        git(program, "init", "--initial-branch=trunk")
        git(program, "add", ".")
        git(program, "commit", "--message=one")
        settings.write_text(working)
        shown = preview("--against", "HEAD")
        assert shown.code == 1
        assert "cannot be recorded: __main__.py:" in shown.err
        assert "no attribute 'nowhere'" in shown.err

    def test_neither_a_stack_nor_a_commit_is_an_error(self, preview: Preview) -> None:
        shown = preview("--against", "--upload-pack=evil".removeprefix("--"))
        assert shown.code == 1
        assert "none of the stacks (large, small) and no commit that git knows" in shown.err


class TestTheEngine:
    """Where there is a CLI, the engine's own words come first, then what only the offline plan knows."""

    @pytest.fixture
    def leaked(
        self,
        monkeypatch: pytest.MonkeyPatch,
        preview: Preview,  # noqa: ARG002 - which says that there is no engine; what comes later is heard
    ) -> list[Leak]:
        """Puts an engine in place of the real one; a leak added to the list is found by it."""
        leaks: list[Leak] = []

        class Engine:
            def __init__(self, program: object, *, expected: object) -> None:
                assert program
                assert expected, "the stand-ins need the recording to know what does not exist yet"

            def __enter__(self) -> Self:
                return self

            def __exit__(self, *_: object) -> None:
                pass

            def preview(self) -> engine.Run:
                return engine.Run("preview", [engine.Step("create", "urn::vpc")], printed=["Previewing update (small)"])

            def leaks(self) -> list[Leak]:
                return leaks

        monkeypatch.setattr(engine, "available", lambda: "")
        monkeypatch.setattr(engine, "Engine", Engine)
        return leaks

    @pytest.mark.usefixtures("leaked")
    def test_its_output_is_followed_by_the_summary_of_the_offline_plan(self, preview: Preview) -> None:
        shown = preview()
        assert shown.code == 0
        assert shown.out.startswith("Previewing update (small)\n")
        assert "offline" not in shown.out
        assert "└─" not in shown.out, "the engine has drawn the tree already"
        assert "Longest chain" in shown.out

    @pytest.mark.usefixtures("leaked")
    def test_it_is_left_out_on_request(self, preview: Preview) -> None:
        assert "the offline plan (--offline)" in preview("--offline").out

    @pytest.mark.usefixtures("leaked")
    def test_its_steps_are_in_the_document(self, preview: Preview) -> None:
        assert preview("--json").document["engine"]["steps"] == {"create": 1}

    def test_a_secret_that_it_prints_breaks_the_plan(self, preview: Preview, leaked: list[Leak]) -> None:
        leaked.append(Leak("preview", "output", "shop:card-key"))
        shown = preview()
        assert shown.code == 1
        assert "error: preview: output shows shop:card-key in plain text" in shown.out

    @pytest.mark.usefixtures("leaked")
    def test_what_it_refuses_is_shown_without_a_traceback(
        self, preview: Preview, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(_: object) -> engine.Run:
            raise engine.EngineError(engine.Run("preview", errors=[engine.Diagnostic("no such property", "urn::vpc")]))

        monkeypatch.setattr(engine.Engine, "preview", refuse)
        shown = preview()
        assert shown.code == 1
        assert "vpc: no such property" in shown.err


def test_the_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["preview", "--help"])
    assert "Exit code 1: the program or its plan is wrong." in " ".join(capsys.readouterr().out.split())
