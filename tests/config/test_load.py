"""A config comes from a TOML file and from ``--set``; what is wrong with it is one line."""

from pathlib import Path

import pytest

from docendo.config.load import (
    Config,
    changed,
    load_config,
    parse_config,
    parse_toml,
    read_toml,
    to_toml,
)
from docendo.errors import UserError
from docendo.records import AgentId


def write(folder: Path, text: str) -> Path:
    path = folder / "league.toml"
    path.write_text(text)
    return path


def test_without_a_file_the_config_is_the_league_of_three_experts() -> None:
    config = load_config()
    assert config == Config()
    assert {name: agent.domain for name, agent in config.agents.items()} == {
        "emmy": "mathematics",
        "ada": "programming",
        "rosalind": "biology",
    }


def test_a_set_option_overrides_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "seed = 1\n[teaching]\nrounds = 5\nmatches = 6\n")
    config = load_config(path, ("teaching.rounds=7", "model = tiny"))
    assert (config.seed, config.teaching.rounds, config.teaching.matches) == (1, 7, 6)
    assert config.model == "tiny", "a value that is no TOML is text"


def test_a_set_option_reaches_into_a_part_that_is_written_as_its_name(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, '[learning]\nloss = "ppo_clip"\n')
    loss = load_config(path, ("learning.loss.clip_high=0.3",)).learning.loss
    assert loss.model_dump() == {
        "type": "ppo_clip",
        "clip_low": 0.2,
        "clip_high": 0.3,
        "kl_weight": 0.0,
    }


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        ("teaching", "--set wants section.name=value, got 'teaching'"),
        ("teaching..rounds=1", "--set wants section.name=value, got 'teaching..rounds=1'"),
        ("teaching.round=1", r"\[teaching\]: no setting 'round'; did you mean 'rounds'\?"),
    ],
)
def test_a_wrong_set_option_is_refused(override: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        load_config(None, (override,))


def test_a_set_option_cannot_reach_into_a_number() -> None:
    with pytest.raises(UserError, match="'seed' is a value, not a section"):
        load_config(None, ("seed=1", "seed.x=2"))


def test_changed_puts_a_star_setting_into_every_entry() -> None:
    config = changed(Config(), ["domains.*.solutions=8", "teaching.rounds=2"])
    assert [domain.solutions for domain in config.domains.values()] == [8, 8, 8]
    assert config.teaching.rounds == 2
    assert Config().domains["biology"].solutions == 0, "the old config stays as it was"


def test_changed_refuses_a_star_that_stands_for_nothing() -> None:
    with pytest.raises(UserError, match="people"):
        changed(Config(), ["people.*.noise=0.1"])


def test_a_config_round_trips_through_toml() -> None:
    config = load_config(
        None, ("learning.loss=ppo_clip", "learning.epochs=2", "agents.bob={}")
    )
    assert parse_toml(to_toml(config), "again") == config


def test_several_epochs_need_a_clipped_loss() -> None:
    with pytest.raises(UserError, match="epochs = 2 needs a clipped loss"):
        parse_config({"learning": {"epochs": 2}}, "run.toml")


def test_files_are_relative_to_the_config_and_datasets_of_the_hub_stay(
    tmp_path: Path,
) -> None:
    path = write(
        tmp_path,
        '[domains]\nown = { file = "rows.csv" }\nhub = { file = "hub:owner/name" }\n'
        "[agents.ann]\n",
    )
    domains = load_config(path).domains
    assert domains["own"].file == str(tmp_path / "rows.csv")
    assert domains["hub"].file == "hub:owner/name"


def test_a_study_is_not_taken_for_a_league(tmp_path: Path) -> None:
    path = write(tmp_path, 'config = "league.toml"\nbudget = 1e9\n')
    with pytest.raises(UserError, match="is a study, not a league; `docendo compare`"):
        load_config(path)


def test_text_that_is_no_toml_is_refused_with_the_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"league\.toml: is not TOML: .*line 1"):
        read_toml(write(tmp_path, "seed = \n"))


def test_a_missing_file_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    with pytest.raises(UserError, match="cannot be read") as refusal:
        read_toml(tmp_path / "leage.toml")
    assert f"did you mean {str(path)!r}?" in str(refusal.value)

    # other folders may be large, slow or somebody else's
    below = tmp_path / "below"
    below.mkdir()
    path.rename(below / path.name)
    with pytest.raises(UserError, match="cannot be read") as refusal:
        read_toml(tmp_path / "leage.toml")
    assert "did you mean" not in str(refusal.value)


def test_learners_are_the_agents_with_an_adapter_and_guests_are_remote() -> None:
    config = parse_config(
        {
            "endpoints": {"hub": {"url": "https://a.example/v1", "model": "large"}},
            "agents": {
                "ann": {"domain": "mathematics"},
                "key": {"domain": "biology", "policy": "oracle"},
                "far": {"domain": "biology", "policy": "endpoint", "endpoint": "hub"},
            },
        },
        "run.toml",
    )
    assert config.learner_ids == [AgentId("ann")]
    assert list(config.guests) == ["far"]


@pytest.mark.parametrize("name", ["Ann", "1st", "a b", "base", "x" * 41])
def test_an_agent_name_that_is_no_plain_name_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="an agent's name is lower-case letters"):
        parse_config({"agents": {name: {}}}, "run.toml")
