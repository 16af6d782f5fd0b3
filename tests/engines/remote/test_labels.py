"""A server's log-probabilities of given tokens are labels; a server without them, or with others, is refused."""

from math import log

import pytest

from docendo.engines.remote.labels import EndpointLabeller
from docendo.errors import RunError, UserError
from docendo.records import AgentId, Target, Usage
from tests.engines.remote.test_openai import at
from tests.engines.servers import Unreliable, serving

SAGE = AgentId("sage")
TEXTS = [Target(SAGE, (1, 2), (3, 4), 1.0), Target(SAGE, (1,), (5,), 1.0)]


def ids(text: str) -> tuple[int, ...]:
    """A tokenizer of the base: a number for each character."""
    return tuple(map(ord, text))


def labeller(server: Unreliable) -> EndpointLabeller:
    return EndpointLabeller(at(server, price_in=1.0, price_out=2.0), ids)


def test_an_endpoint_labels_token_ids_after_one_probe_and_is_charged() -> None:
    with serving("label") as server:
        sage = labeller(server)
        labels = sage.label(TEXTS, "label")
        assert [label and label.logprobs for label in labels] == [
            ({3: log(0.5), 9: log(0.25)}, {4: log(0.5), 9: log(0.25)}),
            ({5: log(0.5), 9: log(0.25)},),
        ]
        sage.label(TEXTS, "label")
        prompts = [asked.body["prompt"] for asked in server.asked]
        assert isinstance(prompts[0], str), "the probe"
        assert sorted(map(str, prompts[1:])) == ["[1, 2, 3, 4]"] * 2 + ["[1, 5]"] * 2
        assert {asked.path for asked in server.asked} == {"/v1/completions"}
        assert sage.endpoint.pop_usage()[1:3] == [Usage(SAGE, "label", 7, 0.0, 9e-6)] * 2


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        ("ok", "returns no log-probabilities of a given text"),
        ("400", "returns no log-probabilities of a given text|refuses every request"),
        ("shifted", "has another tokenizer than the base model"),
    ],
)
def test_a_server_that_cannot_label_this_base_is_refused(mode: str, message: str) -> None:
    with serving(mode) as server, pytest.raises((UserError, RunError), match=message):
        labeller(server).label(TEXTS, "label")


@pytest.mark.parametrize("mode", ["garbage", "shifted", "nan label", "deep", "long number"])
def test_a_bad_reply_costs_its_own_label_alone(mode: str) -> None:
    with serving("label", "label", mode) as server:
        sage = labeller(server)
        one, other = (sage.label([text], "label") for text in TEXTS)
        assert one[0] is not None
        assert other == [None]
