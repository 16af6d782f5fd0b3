"""People as whom a model may ask."""

from pathlib import Path

import pytest

from docendo.asking.personas import read_personas
from docendo.errors import UserError


def test_the_shipped_personas_are_many_and_distinct() -> None:
    found = read_personas()
    assert len(found) >= 24
    for place in range(5):
        assert len({persona[place] for persona in found}) == len(found)


def test_personas_are_chosen_by_name() -> None:
    assert [p.name for p in read_personas(["nurse", "chef"])] == ["nurse", "chef"]
    with pytest.raises(UserError, match="no persona 'nurs'; did you mean 'nurse'"):
        read_personas(["nurs"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[a]\nwho = "x"\n',
            r"\[a\]: a persona has who, expertise, interest, manner; got who",
        ),
        ('a = "x"\n', r"\[a\]: a persona has .* got 'x'"),
        (
            '[a]\nwho = ""\nexpertise = "x"\ninterest = "x"\nmanner = "x"\n',
            r"\[a\] who: expected a line",
        ),
        ("[a\n", "is not TOML"),
    ],
)
def test_a_bad_persona_file_is_refused_with_the_reason(
    text: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "people.toml").write_text(text)
    with pytest.raises(UserError, match=said):
        read_personas(path=tmp_path / "people.toml")
    with pytest.raises(UserError, match="cannot be read"):
        read_personas(path=tmp_path / "none.toml")
