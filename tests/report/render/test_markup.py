"""HTML that no text can break out of."""

import json

from docendo.report.render.markup import Markup, document, embed, join, tag


def test_text_and_attributes_are_escaped_and_markup_is_not() -> None:
    assert tag("p", "<b>", Markup("<i>x</i>"), title='"') == (
        '<p title="&quot;">&lt;b&gt;<i>x</i></p>'
    )
    assert join(["a & b", Markup("<br>")]) == "a &amp; b<br>"


def test_an_attribute_of_none_is_left_out_and_underscores_become_hyphens() -> None:
    assert tag("rect", class_="bar", fill_opacity=0.5, title=None) == (
        '<rect class="bar" fill-opacity="0.5"></rect>'
    )


def test_coordinates_have_two_digits_and_no_zeros_behind_them() -> None:
    assert tag("circle", cx=1.0, cy=2.346) == '<circle cx="1" cy="2.35"></circle>'


def test_embedded_json_ends_no_script_element() -> None:
    script = embed({"text": "</script><!--"}, "data")
    assert script.count("<") == 2
    content = script.partition(">")[2].rpartition("<")[0]
    assert json.loads(content) == {"text": "</script><!--"}


def test_a_document_allows_its_own_style_and_script_and_nothing_else() -> None:
    page = document("title", "p {}", "let x = 1;", Markup("<main></main>"))
    assert page.count("sha256-") == 2
    assert "default-src 'none'" in page
