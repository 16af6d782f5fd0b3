from docendo.cli.rehearsal import shrink_config
from docendo.config.load import Config


def test_a_dry_run_is_small_and_skips_the_stages_that_the_run_skips() -> None:
    small = shrink_config(Config())
    assert (small.experts.steps, small.teaching.rounds, small.teaching.matches) == (1, 1, 2)
    assert small.evaluation.problems == 1
    none = Config()
    none = none.model_copy(update={"experts": none.experts.model_copy(update={"steps": 0})})
    assert shrink_config(none).experts.steps == 0
