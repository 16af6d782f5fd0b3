import json
from pathlib import Path

from docendo.cli.problems import load_sources
from docendo.problems.registry import built_in_domains
from tests.cli.toys import docendo, tiny_config

OWN = """
[domains.echo]
file = "echo.csv"

[agents.emmy]
domain = "echo"

[agents.ada]
"""


def own_domain(here: Path, question: str) -> Path:
    rows = [f"{question.format(n)},{n}" for n in range(60)]
    (here / "echo.csv").write_text("\n".join(["question,answer", *rows]) + "\n")
    return tiny_config(here, OWN)


def test_the_listed_domains_are_those_that_a_config_can_name() -> None:
    found = load_sources(None)
    assert {d: s.levels for d, s in found.items()} == {
        d: s.levels for d, s in built_in_domains().items()
    }


def test_the_domains_command_shows_a_problem_and_its_solution_for_every_family(
    here: Path,
) -> None:
    out = docendo("domains", "mathematics", "--level", 2).out
    families = built_in_domains()["mathematics"].levels
    assert all(f"\n  {family}\n" in out for family in families)
    assert out.count("Answer: ") == len(families)
    assert out.count("level 2:") == len(families)
    assert "biology" not in out


def test_problems_of_a_config_are_shown_with_control_characters_made_visible(
    here: Path,
) -> None:
    out = docendo(
        "domains",
        "echo",
        "--config",
        own_domain(here, "\x1b[31m[red]{}[/red]"),
        "--level",
        5,
    ).out
    assert "␛[31m[red]" in out
    assert "\x1b[31m[" not in out
    assert "level 1:" in out


def test_the_domains_command_shows_sizes_tests_and_rows_that_are_left_out(
    here: Path,
) -> None:
    rows = [
        {
            "question": f"{n} more?",
            "answer": f"x + {n}",
            "tests": f"f(1) == {max(n, 1) + 1}",
        }
        for n in range(3)
    ]
    (here / "code.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (here / "test.jsonl").write_text(json.dumps(rows[2] | {"question": "Two more?"}))
    domain = """
[domains.code]
file = "code.jsonl"
held_out = "test.jsonl"
columns = { tests = "tests" }

[agents.ann]
domain = "code"

[agents.bob]
"""
    done = docendo("domains", "code", "--config", tiny_config(here, domain))
    assert "level 1: 2 train, 1 held out" in done.out
    assert "test: f(1) == " in done.out
    reason = "left out: its own answer is not right: f(1) gave 1, not 2"
    assert f"code.jsonl:1: {reason}" in done.err


def test_an_audit_of_sound_problems_passes(here: Path) -> None:
    done = docendo("audit", "mathematics", "--n", 1, "--json")
    assert done.code == 0
    assert done.json["passed"] is True
    assert {c["want"] for c in done.json["checks"]} == {0, 1}
    assert docendo("audit", "mathematics", "--n", 1).out.endswith("passed\n")


def test_an_audit_fails_where_the_question_is_the_answer(here: Path) -> None:
    config = own_domain(here, "{}")
    done = docendo("audit", "echo", "--config", config, "--n", 2)
    assert (done.code, done.err) == (1, "")
    assert "failed: the question as the answer: echo level 1:" in done.out
    found = docendo("audit", "echo", "--config", config, "--n", 2, "--json")
    assert found.code == 1
    assert found.json["passed"] is False


def test_an_audit_is_of_the_evaluator_that_the_domain_names(here: Path) -> None:
    config = own_domain(here, "What is {}?")
    lax = '[evaluators.lax]\ntype = "numeric"\ntolerance = 2.5\n'
    named = config.read_text().replace('"echo.csv"', '"echo.csv"\nevaluator = "lax"')
    config.write_text(named + lax)
    done = docendo("audit", "echo", "--config", config, "--n", 9, "--json")
    failed = {check["name"] for check in done.json["checks"] if check["failures"]}
    assert {"the other sign", "a neighbour"} <= failed
    assert done.code == 1


def test_an_audit_takes_all_rows_of_a_file_that_has_fewer_than_it_asks_for(
    here: Path,
) -> None:
    config = own_domain(here, "What is {}?")
    done = docendo("audit", "echo", "--config", config, "--n", 1000, "--json")
    assert (done.code, done.json["problems"]) == (0, 60)
    train, held_out = done.err.splitlines()
    assert train.startswith("echo level 1: ")
    assert train.endswith("train problems, not 1000")
    assert held_out.endswith("held-out problems, not 1000")
