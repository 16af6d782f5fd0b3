"""The settings of an agent in one line."""

from pathlib import Path

from tests.report.render.test_text_tables import tables_of
from tests.report.toys import run_of_one_round


def test_data_sources_are_shown_as_shares_and_files_without_folders(tmp_path: Path) -> None:
    config = f"""
    [agents.ann]
    tools = ["calculator", "dictionary:/home/me/words.tsv"]
    system_prompt = "{"Be brief. " * 40}"
    [agents.ann.data]
    domains = {{ sums = 1 }}
    files = {{ "/home/me/safety.jsonl" = 1 }}
    leaked = {{ sums = 2 }}
    """
    with run_of_one_round(tmp_path / "run", config, {}) as run:
        tables = tables_of(run)
    assert tables["tools"].rows == [["ann", "0", "0"]]
    ((_, _, settings),) = tables["members"].rows
    assert settings.startswith(
        "tools: calculator, dictionary:words.tsv; "
        "data: 25% sums, 25% safety.jsonl, 50% the test of"
    )
    assert settings.endswith("Be brief. Be b…")
