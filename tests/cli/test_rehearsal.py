from docendo.cli.rehearsal import shrink_config
from docendo.config.load import Config, parse_config


def test_a_dry_run_is_small_and_skips_the_stages_that_the_run_skips() -> None:
    small = shrink_config(Config())
    assert (small.experts.steps, small.teaching.rounds, small.teaching.matches) == (1, 1, 2)
    assert small.evaluation.problems == 1
    assert (small.experts.batch_size, small.learning.self_practice) == (1, 1)
    # copies take any name, so that a renamed setting would be changed nowhere
    for name in ("experts", "teaching", "learning", "duels", "evaluation"):
        table = getattr(small, name)
        assert set(vars(table)) == set(type(table).model_fields), name
    none = Config()
    none = none.model_copy(update={"experts": none.experts.model_copy(update={"steps": 0})})
    assert shrink_config(none).experts.steps == 0


def test_a_dry_run_labels_one_text_of_each_agent() -> None:
    labels = {"type": "expert_distillation", "share": 0.5}
    small = shrink_config(parse_config({"learning": {"labels": labels}}, "test"))
    assert (small.learning.labels.texts, small.learning.labels.share) == (1, 0.5)
