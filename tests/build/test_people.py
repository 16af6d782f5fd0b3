"""The settings of people become simulated people."""

import pytest

from docendo.build.people import build_person, check_people
from docendo.config.load import parse_config
from docendo.errors import UserError

TABLE = {"people": {"eva": {"tastes": {"polite": 2.0}, "noise": 0.5, "ties": 0.1}}}


def test_a_person_has_the_settings_of_its_table() -> None:
    person = build_person(parse_config(TABLE, "run.toml"), "eva", "person")
    assert (person.name, person.tastes) == ("eva", {"polite": 2.0})
    assert (person.noise, person.ties) == (0.5, 0.1)


def test_an_unknown_person_is_refused_with_the_setting_that_names_it() -> None:
    with pytest.raises(UserError, match="person: no person 'ewa'; did you mean 'eva'"):
        build_person(parse_config(TABLE, "run.toml"), "ewa", "person")


def test_a_person_whose_settings_contradict_each_other_is_refused() -> None:
    table = {"people": {"eva": {"cyclic_features": ["short", "polite"]}}}
    with pytest.raises(UserError, match=r"\[people\.eva\]: "):
        check_people(parse_config(table, "run.toml"))
