from docendo.report.render.components import (
    Section,
    change_text,
    page_header,
    page_main,
    swatch_key,
)
from docendo.report.render.markup import Markup
from docendo.statistics import Estimate


def test_a_section_is_linked_by_its_short_name_and_headed_by_its_title() -> None:
    sections = [
        Section("a", "All of it", Markup("x"), "all"),
        Section("b", "B", Markup("y")),
    ]
    page = str(page_main(Markup(""), sections))
    assert '<a href="#a">all</a><a href="#b">B</a>' in page
    assert '<section id="a"><h2>All of it</h2>x</section>' in page


def test_the_head_of_a_page_escapes_names_and_leaves_out_empty_facts() -> None:
    page = str(page_header("run", "<b>", ["one", "", "two"], [("gain", "+1", ["note"])]))
    assert "<h1>&lt;b&gt;</h1>" in page
    assert "one · two" in page
    assert '<dt>gain</dt><dd>+1</dd><dd class="note">note</dd>' in page


def test_a_key_has_a_swatch_for_each_meaning() -> None:
    assert str(swatch_key({"warm": "more", "cold": "less"})).count("swatch") == 2


def test_a_change_is_two_shares_or_the_one_that_there_is() -> None:
    low, high = Estimate(0.31, None, None, 4), Estimate(0.81, None, None, 4)
    texts = [change_text(low, high), change_text(low, None), change_text(None, high)]
    assert texts == ["31 → 81%", "31%", "81%"]
    assert change_text(None, None) not in texts
