"""What agents are made of, and what they lost."""

from pathlib import Path

from docendo.config.load import parse_toml
from docendo.records import AgentId, MetricKey, Metrics
from docendo.report.facts.agents import NumericFault, agent_settings, numeric_faults
from docendo.store import RoundRecord, RunDirectory

CONFIG = """
[agents.ann]
policy = "model"
domain = "sums"
tools = ["calculator"]
top_p = 1.0
system_prompt = "<b>Be brief.</b>"
[agents.bob]
domain = ["sums"]
"""


def test_agent_settings_are_its_domains_and_what_differs_from_the_defaults() -> None:
    assert agent_settings(parse_toml(CONFIG, "here")) == {
        "ann": {
            "domains": ["sums"],
            "tools": ["calculator"],
            "system_prompt": "<b>Be brief.</b>",
        },
        "bob": {"domains": ["sums"]},
    }


SKIPPED = MetricKey("nonfinite_steps/policy", AgentId("ann"))


def test_skipped_steps_are_listed_with_agent_kind_and_rounds(tmp_path: Path) -> None:
    metrics = {
        "nonfinite_steps": 3.0,
        MetricKey("nonfinite_steps/policy", AgentId("ann")): 1.0,
        MetricKey("nonfinite_steps/imitation", AgentId("bob")): 0.0,
        MetricKey("nonfinite_answers", AgentId("ann")): 2.0,
    }
    with RunDirectory.create(tmp_path / "run", CONFIG) as run:
        run.commit(
            RoundRecord(0, "experts", 1.0, metrics=Metrics(0, {"nonfinite_steps": 0.0}))
        )
        assert numeric_faults(run) == []
        run.commit(RoundRecord(1, "teaching", 1.0, metrics=Metrics(1, metrics)))
        run.commit(RoundRecord(2, "teaching", 1.0, metrics=Metrics(2, {SKIPPED: 2.0})))
        assert numeric_faults(run) == [
            NumericFault("ann", "answers broken off", 2, (1,)),
            NumericFault("ann", "steps skipped (policy)", 3, (1, 2)),
        ]
