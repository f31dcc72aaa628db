"""Questions to a server on this machine, and what is refused."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from studio.api import Cancelled, Secret, StudioError
from studio.testing import TestContext
from studio_text.chat_server import MOST_BYTES, parse_address
from studio_text.nodes.servers import ask_server
from studio_text.settings import TextSettings
from tests.plugins.studio_text.chat import ChatServer, answer, serve_chat


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with serve_chat() as running:
        yield running


def test_a_question_is_sent_in_the_form_of_openai(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    settings = TextSettings(server.url + "/", Secret("sesame-open-7"))

    answered = ask_server(TestContext(), settings, "Why?", "tiny", system="Be brief.", temperature=0.0, seed=3)

    ((path, headers, body),) = server.requests
    assert (path, headers["Authorization"]) == ("/v1/chat/completions", "Bearer sesame-open-7")
    assert body == {
        "model": "tiny",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}],
        "max_tokens": 512,
        "temperature": 0.0,
        "stream": False,
        "seed": 3,
    }
    assert answered == answer(body)


def test_only_an_answer_with_a_seed_is_kept(server: ChatServer) -> None:
    ctx, settings = TestContext(), TextSettings(server.url)

    first, again, other = (ask_server(ctx, settings, "Why?", "tiny", seed=seed) for seed in (1, 1, 2))
    seeded = len(server.requests)
    for _ in range(2):
        ask_server(ctx, settings, "Why?", "tiny")

    assert (first == again, first == other, seeded, len(server.requests)) == (True, False, 2, 4)
    assert "Authorization" not in server.requests[0][1]


def test_an_answer_that_was_cut_off_warns_also_when_it_was_kept(server: ChatServer) -> None:
    ctx, server.reason = TestContext(), "length"

    for _ in range(2):
        ask_server(ctx, TextSettings(server.url), "Why?", "tiny", seed=1, max_tokens=5)

    assert len(server.requests) == 1
    assert ctx.messages == ["the answer was cut off after 5 tokens: raise max_tokens for all of it"] * 2


@pytest.mark.parametrize(
    ("status", "content", "code", "message", "hint"),
    [
        (404, b'{"error": {"message": "no such model"}}', "E674", "status 404: no such model", "'tiny'"),
        (401, b"", "E674", "status 401", "STUDIO_PLUGINS_TEXT_SERVER_KEY"),
        (302, b"", "E674", "redirects are not followed", "redirects to"),
        (500, b"\xff<html>", "E674", "status 500", "log of the server"),
        (500, b"[" * 100_000, "E674", "status 500", "log of the server"),
        (200, b"hello", "E675", "not a chat completion: 'hello'", "compatible"),
        (200, b'{"choices": []}', "E675", "not a chat completion", "compatible"),
        (200, b'{"choices": [{"message": {"content": null}}]}', "E675", "not a chat completion", "compatible"),
        (200, b"[" * 100_000, "E675", "not a chat completion", "compatible"),
        (200, b" " * (MOST_BYTES + 1), "E675", "sent over 16777216 bytes", "log"),
    ],
)
def test_an_answer_that_is_none_is_an_error(
    server: ChatServer, status: int, content: bytes, code: str, message: str, hint: str
) -> None:
    server.status, server.content = status, content
    server.headers = {"Location": "http://192.0.2.1/"} if status == 302 else {}

    with pytest.raises(StudioError) as raised:
        ask_server(TestContext(), TextSettings(server.url), "Why?", "tiny")

    assert raised.value.code == code
    assert message in raised.value.message
    assert hint in raised.value.hint
    assert len(server.requests) == 1


def test_half_a_pair_of_surrogates_is_replaced(server: ChatServer) -> None:
    server.content = b'{"choices": [{"message": {"content": "a \\ud800 b \\ud83e\\udd8a"}}]}'

    assert ask_server(TestContext(), TextSettings(server.url), "Why?", "tiny") == "a \ufffd b \U0001f98a"


def test_a_server_that_is_not_there_is_an_error_that_says_how_to_start_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused for as long as it is held
        settings = TextSettings(f"http://127.0.0.1:{taken.getsockname()[1]}/v1")

        with pytest.raises(StudioError, match="cannot be reached") as raised:
            ask_server(TestContext(), settings, "Why?", "tiny")

    assert raised.value.code == "E674"
    assert "ollama serve" in raised.value.hint


def test_a_server_that_thinks_for_too_long_is_left(server: ChatServer) -> None:
    server.go_on.clear()

    with pytest.raises(StudioError, match=r"within 0\.01 s") as raised:
        ask_server(TestContext(), TextSettings(server.url, timeout_seconds=0.01), "Why?", "tiny")

    assert raised.value.code == "E674"


def test_a_run_that_is_cancelled_does_not_wait_for_the_server(server: ChatServer) -> None:
    server.go_on.clear()

    with pytest.raises(Cancelled):
        ask_server(TestContext(cancel_at_step=1), TextSettings(server.url), "Why?", "tiny")


@pytest.mark.parametrize(
    "address",
    [
        *("ftp://127.0.0.1", "127.0.0.1:8080", "http://", "http://u:p@127.0.0.1/v1", "http://127.0.0.1:99999"),
        *("http://[::1", "http://127.0.0.1/v1?x=1", "http://127.0.0.1/v 1", "http://127.0.0.1/v1\r\nX: y"),
    ],
)
def test_an_invalid_address_is_refused(address: str) -> None:
    with pytest.raises(StudioError, match="invalid address") as raised:
        parse_address(TextSettings(address))

    assert raised.value.code == "E673"


@pytest.mark.parametrize("host", ["192.168.1.7", "example.org", "localhost.example.org", "0.0.0.0", "127.0.0.1.nip.io"])
def test_another_machine_must_be_allowed(host: str) -> None:
    with pytest.raises(StudioError, match="another machine") as raised:
        parse_address(TextSettings(f"http://{host}/v1"))

    assert raised.value.code == "E673"
    assert parse_address(TextSettings(f"https://{host}/v1", Secret("sesame"), allow_remote=True)).port == 443
    with pytest.raises(StudioError, match="unencrypted"):
        parse_address(TextSettings(f"http://{host}/v1", Secret("sesame"), allow_remote=True))


@pytest.mark.parametrize("address", ["http://[::1]:80/v1", "http://localhost/v1", "http://127.0.0.2:8080"])
def test_this_machine_is_allowed(address: str) -> None:
    assert parse_address(TextSettings(address)).path.endswith("/chat/completions")


@pytest.mark.parametrize(("prompt", "model", "code"), [(" \n", "tiny", "E676"), ("Why?", " ", "E673")])
def test_nothing_to_ask_is_an_error(server: ChatServer, prompt: str, model: str, code: str) -> None:
    with pytest.raises(StudioError) as raised:
        ask_server(TestContext(), TextSettings(server.url), prompt, model)

    assert raised.value.code == code
    assert server.requests == []
