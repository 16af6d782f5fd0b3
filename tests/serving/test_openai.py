"""OpenAI's own client talks to the server."""

import openai
import pytest

from tests.serving.toys import TOKEN, Served

ASKED = [{"role": "user", "content": "two and two?"}]


@pytest.fixture
def client(server: Served) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key=TOKEN, max_retries=0)


def test_the_openai_client_lists_the_agents(client: openai.OpenAI) -> None:
    assert [m.id for m in client.models.list()] == ["base", "ann", "bob", "cat"]
    assert client.models.retrieve("ann").owned_by == "toys"


def test_the_openai_client_gets_whole_and_streamed_answers(client: openai.OpenAI) -> None:
    how = {
        "model": "ann",
        "messages": ASKED,
        "seed": 3,
        "max_tokens": 12,
        "temperature": 0.7,
        "top_p": 1.0,
    }
    whole = client.chat.completions.create(**how)  # type: ignore[call-overload]
    parts = list(
        client.chat.completions.create(
            **how, stream=True, stream_options={"include_usage": True}
        )
    )  # type: ignore[call-overload]
    text = "".join(p.choices[0].delta.content or "" for p in parts if p.choices)
    assert text == whole.choices[0].message.content
    assert parts[-1].usage == whole.usage
    assert (
        whole.usage.total_tokens
        == whole.usage.prompt_tokens + whole.usage.completion_tokens
    )


def test_the_openai_client_raises_its_own_error_types(
    client: openai.OpenAI, server: Served
) -> None:
    with pytest.raises(openai.NotFoundError, match="did you mean 'ann'"):
        client.chat.completions.create(model="anne", messages=ASKED)  # type: ignore[arg-type]
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="ann", messages=ASKED, n=99)  # type: ignore[arg-type]
    assert caught.value.param == "n"
    stranger = openai.OpenAI(
        base_url=f"{server.url}/v1", api_key="a-wrong-token-of-length", max_retries=0
    )
    with pytest.raises(openai.AuthenticationError):
        stranger.models.list()
