"""Each agent's sampling settings are laid over its requests."""

from dataclasses import replace

import pytest

from docendo.engines.wrappers.sampling_params import SamplingParams, WithSamplingParams
from docendo.records import AgentId, Grammar, Message, Request
from tests.toys import ANN, BOB, Scripted

ASKED = Request(ANN, (Message("user", "why"),), 0, 48, 1.0)
DIGIT = Grammar("regex", "[0-9]")


def passed_on(request: Request, **params: SamplingParams) -> Request:
    engine = Scripted(lambda r: "")
    by_agent = {AgentId(name): own for name, own in params.items()}
    WithSamplingParams(engine, by_agent).sample([request])
    return engine.requests[0]


def test_an_agent_without_settings_is_passed_on_as_it_is() -> None:
    assert passed_on(ASKED, bob=SamplingParams(0.5)) is ASKED
    assert passed_on(ASKED, ann=SamplingParams()) == ASKED


def test_an_agents_settings_replace_those_of_the_request() -> None:
    params = SamplingParams(temperature=0.5, max_tokens=9, top_p=0.8, grammar=DIGIT)
    assert passed_on(ASKED, ann=params) == replace(
        ASKED, temperature=0.5, max_tokens=9, top_p=0.8, grammar=DIGIT
    )


def test_snapshots_have_the_settings_of_their_agent() -> None:
    snapshot = replace(ASKED, agent=AgentId("ann@3"))
    assert passed_on(snapshot, ann=SamplingParams(0.5)).temperature == 0.5


def test_a_greedy_request_stays_greedy() -> None:
    greedy = replace(ASKED, temperature=0.0)
    assert passed_on(greedy, ann=SamplingParams(0.5)).temperature == 0.0


@pytest.mark.parametrize(("own", "top_p"), [(0.8, 0.8), (0.95, 0.9), (1.0, 0.9)])
def test_the_narrower_nucleus_counts(own: float, top_p: float) -> None:
    asked = replace(ASKED, top_p=0.9)
    assert passed_on(asked, ann=SamplingParams(top_p=own)).top_p == top_p


def test_only_the_agents_own_requests_change_in_a_batch() -> None:
    engine = Scripted(lambda r: "")
    wrapped = WithSamplingParams(engine, {ANN: SamplingParams(max_tokens=3)})
    wrapped.sample([ASKED, replace(ASKED, agent=BOB)])
    assert [r.max_tokens for r in engine.requests] == [3, 48]
