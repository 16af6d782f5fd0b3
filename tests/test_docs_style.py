"""The hand-written pages have short sentences: a limit for each, and a mean that may only fall."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GENERATED = {"cli", "layout", "settings", "study"}
LONGEST = 30
"""The most words that a sentence may have."""
MEAN = 17
"""The most words that the sentences of a page may have on average."""
MEANS = {
    "CONTRIBUTING": 10.3,
    "README": 12.3,
    "SECURITY": 10.2,
    "docs/analysis": 12.7,
    "docs/api": 6.5,
    "docs/askers": 11.8,
    "docs/compare": 12.6,
    "docs/data": 12.4,
    "docs/duels": 11.9,
    "docs/endpoints": 11.8,
    "docs/evaluators": 11.6,
    "docs/extending": 10.5,
    "docs/findings": 12.2,
    "docs/findings-details": 14.3,
    "docs/flow": 11.1,
    "docs/games": 13.3,
    "docs/glossary": 15.0,
    "docs/grammar": 12.5,
    "docs/index": 9.7,
    "docs/labels": 12.0,
    "docs/league": 12.8,
    "docs/lessons": 12.6,
    "docs/measures": 13.3,
    "docs/metrics": 10.4,
    "docs/models": 11.8,
    "docs/monitors": 13.1,
    "docs/nano": 11.2,
    "docs/nano-rules": 11.1,
    "docs/own-domain": 11.3,
    "docs/people": 12.5,
    "docs/performance": 14.3,
    "docs/pools": 11.9,
    "docs/real-data": 13.3,
    "docs/reliability": 13.6,
    "docs/sandbox": 12.2,
    "docs/serving": 11.7,
    "docs/thinking": 14.6,
    "docs/tools": 11.8,
    "docs/tutorial": 10.2,
}
"""Page -> the mean of today, rounded up. Lower it where a page improves; never raise it."""


def read_pages() -> dict[str, str]:
    """The hand-written pages: path without its ending -> Markdown."""
    files = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]
    files += (ROOT / "docs").glob("*.md")
    return {
        path.relative_to(ROOT).with_suffix("").as_posix(): path.read_text()
        for path in files
        if path.stem not in GENERATED
    }


PAGES = read_pages()


def split_sentences(page: str) -> list[str]:
    """The sentences of a page, without code, tables, headings, pictures and comments.

    What has fewer than three words, such as a link in a list, is no sentence.
    """
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
    """Words per sentence."""
    return sum(len(sentence.split()) for sentence in sentences) / len(sentences)


def test_a_page_is_split_into_its_sentences():
    page = """# A title that is no sentence

One sentence is here. And [another one](there.md) is here.

* An item of a list.
* [a link](there.md)

| a | table |
|---|---|

    code that is indented

```bash
code that is fenced
```
"""
    assert split_sentences(page) == [
        "One sentence is here.",
        "And another one is here.",
        "An item of a list.",
    ]


@pytest.mark.parametrize("name", sorted(PAGES))
def test_no_sentence_of_a_page_exceeds_the_limit(name):
    sentences = split_sentences(PAGES[name])
    assert [text for text in sentences if len(text.split()) > LONGEST] == []


@pytest.mark.parametrize("name", sorted(PAGES))
def test_the_mean_sentence_length_of_a_page_does_not_rise(name):
    assert mean_length(split_sentences(PAGES[name])) <= min(MEANS[name], MEAN)
