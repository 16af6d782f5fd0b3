"""What is wrong with a config is one line that says where, what was got and what is near."""

from typing import Annotated, Any

import pytest
from pydantic import Field, ValidationError

from docendo.config.explain import explain
from docendo.parts import ConfigModel


class Room(ConfigModel):
    seats: Annotated[int, Field(ge=1)] = 1
    name: str


class House(ConfigModel):
    rooms: dict[str, Room] = Field(default_factory=dict)
    door: bool = True


def explained(table: dict[str, Any]) -> str:
    def known(place: list[str]) -> list[str]:
        return list(Room.model_fields if place else House.model_fields)

    with pytest.raises(ValidationError) as error:
        House.model_validate(table)
    return explain(error.value, "house.toml", known)


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ({"dor": False}, "house.toml: no setting 'dor'; did you mean 'door'?"),
        (
            {"rooms": {"hall": {"name": "x", "seat": 2}}},
            "house.toml [rooms.hall]: no setting 'seat'; did you mean 'seats'?",
        ),
        ({"rooms": {"hall": {}}}, "house.toml [rooms.hall] name: is missing"),
        (
            {"rooms": {"hall": {"name": "x", "seats": 0}}},
            "house.toml [rooms.hall] seats: input should be greater than or equal to 1, got 0",
        ),
        ({"rooms": []}, "house.toml rooms: input should be a valid dictionary, got a list"),
        ({"door": "yes"}, "house.toml door: input should be a valid boolean, got 'yes'"),
    ],
)
def test_the_first_problem_is_explained_in_one_line(
    table: dict[str, Any], line: str
) -> None:
    assert explained(table) == line


def test_a_misspelt_setting_is_named_rather_than_the_one_that_is_missing() -> None:
    line = explained({"rooms": {"hall": {"nam": "x"}}})
    assert line == "house.toml [rooms.hall]: no setting 'nam'; did you mean 'name'?"
