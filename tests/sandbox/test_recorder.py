"""A program runs without an engine, and everything it registers is in the graph.

What the recorder cannot prove: that a cloud accepts any of it.
"""

import asyncio
import os
import sys
from pathlib import Path
from types import ModuleType

import pulumi
import pulumi_random as random
import pytest

from sandbox.graph import UNKNOWN, Graph
from sandbox.program import Program
from sandbox.recorder import ProgramError, ProgramExitError, record, record_components

VAULTED = Path(__file__).parent / "programs" / "vaulted"
BUCKET = "aws:s3/bucket:Bucket"


@pytest.fixture(scope="module")
def vaulted() -> Graph:
    return record(Program(VAULTED, "one"))


@pytest.fixture(scope="module")
def first() -> Graph:
    return record(Program(VAULTED, "one"), known=False)


def written(directory: Path, main: str, **modules: str) -> Program:
    """A program of these texts."""
    (directory / "Pulumi.yaml").write_text("name: small\nruntime: python\n")
    (directory / "Pulumi.test.yaml").write_text("config: {}\n")
    (directory / "__main__.py").write_text(main)
    for name, text in modules.items():
        (directory / f"{name}.py").write_text(text)
    return Program(directory, "test")


class TestTheGraph:
    """What a recording of a whole program holds."""

    def test_it_holds_every_resource_once_in_the_order_of_registration(self, vaulted: Graph) -> None:
        assert {r.name for r in vaulted} == {
            *("cloud", "chance", "token", "archive", "inbox"),
            *(f"{s}-{part}" for s in ("archive", "inbox") for part in ("objects", "password", "parameter")),
        }
        order = list(vaulted.resources)
        for resource in vaulted:
            assert all(order.index(urn) < order.index(resource.urn) for urn in resource.dependencies)

    def test_a_second_recording_is_the_same(self, vaulted: Graph) -> None:
        assert record(Program(VAULTED, "one")).to_json() == vaulted.to_json()

    def test_urns_carry_the_types_of_the_parents_as_on_the_engine(self, vaulted: Graph) -> None:
        assert vaulted.named("archive-objects").urn == (
            f"urn:pulumi:one::vaulted::vaulted:store:Store${BUCKET}::archive-objects"
        )

    def test_parents_and_paths_are_those_of_the_program(self, vaulted: Graph) -> None:
        bucket = vaulted.named("inbox-objects", BUCKET)
        assert vaulted.parent(bucket) is vaulted.named("inbox")
        assert vaulted.component_path(bucket) == "inbox/inbox-objects"
        assert vaulted.parent(vaulted.named("inbox")) is None

    def test_options_arrive_by_inheritance(self, vaulted: Graph) -> None:
        parameter = vaulted.named("archive-parameter")
        assert parameter.options.protect
        assert vaulted.provider(parameter) is vaulted.named("cloud")
        assert vaulted.provider(vaulted.named("archive-password")) is vaulted.named("chance")

    def test_options_of_a_resource_are_its_own(self, vaulted: Graph) -> None:
        options = vaulted.named("token").options
        assert not options.protect
        assert options.ignore_changes == ("tags",)
        assert options.aliases == ("urn:pulumi:one::vaulted::aws:ssm/parameter:Parameter::former-token",)

    def test_dependencies_are_known_by_property(self, vaulted: Graph) -> None:
        parameter, password = vaulted.named("archive-parameter"), vaulted.named("archive-password")
        assert parameter.property_dependencies["value"] == {password.urn}
        assert vaulted.references(parameter) == [password]
        assert parameter in vaulted.dependents(password)

    def test_waiting_for_a_component_is_waiting_for_what_it_holds(self, vaulted: Graph) -> None:
        awaited = {r.name for r in vaulted.dependencies(vaulted.named("inbox"))}
        assert awaited == {"archive-objects", "archive-password", "archive-parameter"}

    def test_secrets_are_unwrapped_and_their_places_kept(self, vaulted: Graph) -> None:
        token = vaulted.named("token")
        assert token.inputs["value"] == vaulted.sentinels["vaulted:token"]
        assert token.secret_inputs == {"value"}
        assert vaulted.exports["password"] == vaulted.named("archive-password")["result"]
        assert vaulted.secret_exports == {"password"}, "the engine makes the outputs of a password secret"

    def test_a_component_gives_out_what_it_registered(self, vaulted: Graph) -> None:
        archive = vaulted.named("archive")
        assert archive.registered == {
            "bucket_arn": vaulted.named("archive-objects")["arn"],
            "password": vaulted.named("archive-password")["result"],
        }
        assert archive.secret_registered == {"password"}

    def test_the_settings_of_a_provider_are_values_and_reach_its_resources(self, vaulted: Graph) -> None:
        assert vaulted.named("cloud").inputs["defaultTags"] == {"tags": {"retention": "7"}}
        assert vaulted.named("token")["arn"].startswith("arn:aws:ssm:eu-west-1:111122223333:parameter/")

    def test_each_resource_says_where_it_was_written(self, vaulted: Graph) -> None:
        assert vaulted.named("token").source == "__main__.py:19"
        assert vaulted.named("archive-objects").source == "house/store.py:14"

    def test_a_value_leads_back_to_its_resource(self, vaulted: Graph) -> None:
        bucket = vaulted.named("archive-objects")
        assert vaulted.referred(bucket["arn"]) is bucket
        assert vaulted.referred(bucket.id or "") is bucket
        assert vaulted.referred("eu-west-1") is None

    def test_nothing_of_it_is_wrong(self, vaulted: Graph) -> None:
        assert (vaulted.problems, vaulted.warnings) == ([], [])


class TestTheFirstPreview:
    """The pass in which no computed output is known."""

    def test_what_the_cloud_decides_is_unknown(self, first: Graph) -> None:
        bucket = first.named("archive-objects")
        assert (bucket.id, bucket["arn"], bucket["tags"]) == (UNKNOWN, UNKNOWN, {"use": "objects"})
        assert first.exports["bucket"] is UNKNOWN

    def test_an_id_is_as_unknown_as_what_is_computed_from_it(self) -> None:
        def build() -> None:
            pulumi.export("called", random.RandomPet("pet").id.apply(str.upper))

        assert record_components(build, known=False).exports == {"called": UNKNOWN}

    def test_a_secret_is_secret_before_it_is_known(self, first: Graph) -> None:
        assert first.named("archive-parameter").inputs["value"] is UNKNOWN
        assert first.named("archive-parameter").secret_inputs == {"value"}
        assert first.secret_exports == {"password"}

    def test_it_registers_the_same_resources(self, first: Graph, vaulted: Graph) -> None:
        assert list(first.resources) == list(vaulted.resources)

    def test_a_branch_on_an_output_breaks_only_here(self, tmp_path: Path) -> None:
        program = written(
            tmp_path,
            "import pulumi, pulumi_aws as aws\n"
            "bucket = aws.s3.Bucket('b')\n"
            "async def export():\n"
            "    arn = await bucket.arn.future()\n"
            "    return {'account': arn.split(':')[4]}\n"
            "pulumi.run(export)\n",
        )
        assert record(program).exports == {"account": ""}
        with pytest.raises(ProgramError, match=r"__main__\.py:5: AttributeError"):
            record(program, known=False)


class TestErrors:
    """What stops a recording, and what is only noted."""

    def test_a_failure_names_file_line_and_resource(self, tmp_path: Path) -> None:
        program = written(
            tmp_path,
            "from house import Box\nBox('red')\n",
            house="import pulumi\n\nclass Box(pulumi.ComponentResource):\n    def __init__(self, name):\n"
            "        super().__init__('small:house:Box', name)\n        raise ValueError('no lid')\n",
        )
        with pytest.raises(ProgramError) as caught:
            record(program)
        assert (caught.value.file, caught.value.line, caught.value.resource) == ("house.py", 6, "red")
        assert str(caught.value) == "house.py:6: red: ValueError: no lid"

    def test_a_failure_inside_an_apply_that_nobody_returns_is_a_failure(self, tmp_path: Path) -> None:
        program = written(
            tmp_path,
            "import pulumi_random as random\nrandom.RandomPet('p').id.apply(lambda i: 1 / 0)\n",
        )
        with pytest.raises(ProgramError, match=r"__main__\.py:2: .*ZeroDivisionError"):
            record(program)

    def test_a_syntax_error_is_shown_where_it_is(self, tmp_path: Path) -> None:
        with pytest.raises(ProgramError) as caught:
            record(written(tmp_path, "import house\n", house="x = 1\ny = (\n"))
        assert (caught.value.file, caught.value.line) == ("house.py", 2)

    def test_a_registration_of_the_same_urn_twice_names_both_places(self, tmp_path: Path) -> None:
        program = written(
            tmp_path,
            "import pulumi_random as random\nrandom.RandomPet('twin')\nrandom.RandomPet('twin')\n",
        )
        with pytest.raises(ProgramError, match=r"__main__\.py:3: twin: Duplicate .*first registered at __main__\.py:2"):
            record(program)

    @pytest.mark.parametrize("call", ["aws.get_caller_identity()", "aws.get_region_output()"])
    def test_a_lookup_is_refused(self, tmp_path: Path, call: str) -> None:
        program = written(tmp_path, f"import pulumi, pulumi_aws as aws\npulumi.export('x', {call})\n")
        with pytest.raises(ProgramError, match=r"lookup of aws:index/get\w+:get\w+ refused") as caught:
            record(program)
        assert (caught.value.file, caught.value.line) == ("__main__.py", 2)

    def test_a_read_of_an_existing_resource_is_refused_unless_allowed(self, tmp_path: Path) -> None:
        program = written(
            tmp_path,
            "import pulumi, pulumi_aws as aws\npulumi.export('arn', aws.s3.Bucket.get('old', 'old-bucket').arn)\n",
        )
        with pytest.raises(ProgramError, match="read of aws:s3/bucket:Bucket 'old-bucket' refused"):
            record(program)
        assert "arn" in record(program, reads=True).exports

    def test_an_output_in_an_f_string_is_an_error(self, tmp_path: Path) -> None:
        program = written(
            tmp_path,
            "import pulumi, pulumi_random as random\npulumi.export('x', f\"{random.RandomPet('p').id}\")\n",
        )
        with pytest.raises(ProgramError, match=r"__main__\.py:2: .*Calling __str__ on an Output"):
            record(program)
        assert "PULUMI_ERROR_OUTPUT_STRING" not in os.environ

    def test_a_program_that_ends_itself_is_heard(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        program = written(tmp_path, "import sys\nprint('two settings are wrong')\nsys.exit(3)\n")
        with pytest.raises(ProgramExitError) as caught:
            record(program)
        assert caught.value.code == 3
        assert capsys.readouterr().out == "two settings are wrong\n"

    def test_a_resource_on_a_disabled_default_provider_is_a_problem(self, tmp_path: Path) -> None:
        program = written(tmp_path, "import pulumi_aws as aws\naws.s3.Bucket('b')\n")
        assert record(program).problems == []
        for disabled in ('["*"]', '["aws"]'):
            (tmp_path / "Pulumi.test.yaml").write_text(f"config: {{'pulumi:disable-default-providers': {disabled}}}\n")
            assert record(Program(tmp_path, "test")).problems == [
                f"__main__.py:2: urn:pulumi:test::small::{BUCKET}::b: default provider for 'aws' disabled; "
                "name a provider, or a parent with one"
            ]

    def test_a_misspelt_nested_key_is_a_problem(self, tmp_path: Path) -> None:
        text = "aws.ecs.Service('s', deployment_configuration={'bakeTimeMinutes': '5'})"
        problems = record(written(tmp_path, f"import pulumi_aws as aws\n{text}\n")).problems
        assert [p.partition("::s: ")[2] for p in problems] == [
            "deploymentConfiguration.bakeTimeMinutes: no such property; did you mean bakeTimeInMinutes?"
        ]


class TestTheProcessStaysAsItWas:
    """Recordings follow each other in one process."""

    def test_directory_path_loop_and_settings_are_restored(self, tmp_path: Path) -> None:
        before = (Path.cwd(), list(sys.path), set(os.environ))
        record(written(tmp_path, "import house\n", house="import pulumi\npulumi.export('x', 1)\n"))
        assert (Path.cwd(), list(sys.path), set(os.environ)) == before
        assert "house" not in sys.modules
        assert pulumi.runtime.get_root_resource() is None
        assert asyncio.run(asyncio.sleep(0, "free")) == "free"

    def test_two_programs_with_modules_of_the_same_name_do_not_mix(self, tmp_path: Path) -> None:
        programs = []
        for number in (1, 2):
            place = tmp_path / str(number)
            place.mkdir()
            main = "import pulumi, house\npulumi.export('number', house.NUMBER)\n"
            programs.append(written(place, main, house=f"NUMBER = {number}\n"))
        assert [record(programs[n]).exports["number"] for n in (0, 1, 0)] == [1, 2, 1]

    def test_a_module_of_ours_is_back_when_a_program_had_one_of_that_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ours = ModuleType("house")
        monkeypatch.setitem(sys.modules, "house", ours)
        program = written(tmp_path, "import pulumi, house\npulumi.export('n', house.N)\n", house="N = 1\n")
        assert record(program).exports["n"] == 1
        assert sys.modules["house"] is ours

    def test_an_edited_module_is_read_again(self, tmp_path: Path) -> None:
        program = written(tmp_path, "import pulumi, house\npulumi.export('n', house.N)\n", house="N = 1\n")
        assert record(program).exports["n"] == 1
        (tmp_path / "house.py").write_text("N = 22\n")
        os.utime(tmp_path / "house.py", (1, 1))
        assert record(program).exports["n"] == 22

    def test_exports_of_one_run_are_not_those_of_the_next(self, tmp_path: Path) -> None:
        assert record(written(tmp_path, "import pulumi\npulumi.export('x', 1)\n")).exports == {"x": 1}
        assert record(written(tmp_path, "import pulumi\npulumi.export('y', 1)\n")).exports == {"y": 1}

    def test_a_failed_run_does_not_spoil_the_next(self, tmp_path: Path) -> None:
        with pytest.raises(ProgramError):
            record(written(tmp_path, "import pulumi_aws as aws\naws.s3.Bucket('b')\naws.get_region()\n"))
        assert len(record(written(tmp_path, "import pulumi_aws as aws\naws.s3.Bucket('b')\n"))) == 1


class TestComponents:
    """Recordings of single components, for their tests."""

    def test_a_function_runs_like_a_program(self) -> None:
        seen: list[str] = []

        def build() -> object:
            pet = random.RandomPet("pet")
            pet.id.apply(seen.append)
            pulumi.export("pet", pet.id)
            return pet

        graph = record_components(build)
        assert seen == [graph.named("pet").id] == [graph.exports["pet"]]

    def test_its_exceptions_come_out_as_they_are(self) -> None:
        def build() -> None:
            raise LookupError("no such zone")

        with pytest.raises(LookupError, match="no such zone"):
            record_components(build)

    def test_settings_and_warnings_pass(self) -> None:
        def build() -> None:
            pulumi.log.warn(f"size {pulumi.Config().require('size')}", random.RandomPet("pet"))

        assert record_components(build, config={"project:size": "4"}).warnings == ["pet: size 4"]

    def test_a_child_of_a_renamed_component_inherits_the_alias(self) -> None:
        def build() -> None:
            options = pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")])
            parent = pulumi.ComponentResource("t:t:T", "new", None, options)
            random.RandomPet("new-pet", opts=pulumi.ResourceOptions(parent=parent))

        pet = record_components(build).named("new-pet")
        assert pet.options.aliases == ("urn:pulumi:test::project::t:t:T$random:index/randomPet:RandomPet::old-pet",)

    def test_progress_is_told_after_every_resource(self, tmp_path: Path) -> None:
        program = written(tmp_path, "import pulumi_random as r\nfor n in 'abc':\n    r.RandomPet(n)\n")
        told: list[int] = []
        record(program, progress=told.append)
        assert told == [1, 2, 3]
