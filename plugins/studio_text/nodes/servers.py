"""Questions to language models that other programs run."""

from __future__ import annotations

from typing import Annotated, Any

from studio.api import Context, Field, StudioError, check_inputs, node
from studio_text.settings import TextSettings

Prompt = Annotated[str, Field(max_length=1_000_000)]


def check_prompt(prompt: str) -> None:
    """Raise StudioError E676 for a prompt without text."""
    if not prompt.strip():
        raise StudioError("E676", "the prompt is empty", hint="write what the model is to do")


def check_model_name(model: str) -> None:
    """Raise StudioError E673 for the name of a model without letters."""
    if not model.strip():
        raise StudioError("E673", "the name of the model is empty", hint="name one that the server has, see its list")


@node("text.ask_server", cache="recompute", lane="io", check=check_inputs(check_prompt, check_model_name))
def ask_server(
    ctx: Context,
    settings: TextSettings,
    prompt: Prompt,
    model: Annotated[str, Field(max_length=300)],
    *,
    system: Prompt = "",
    max_tokens: Annotated[int, Field(ge=1, le=100_000)] = 512,
    temperature: Annotated[float, Field(ge=0, le=2, unit="factor")] = 0.7,
    seed: Annotated[int | None, Field(ge=0, le=2**31 - 1)] = None,
) -> str:
    """Ask a language model on a local server with OpenAI's API: Ollama, llama.cpp, LM Studio, vLLM.

    The address of the server is a setting, "server" below [plugins.text], which a graph cannot change: Ollama's by
    default. Another machine must be allowed with allow_remote. A key comes from the environment variable
    STUDIO_PLUGINS_TEXT_SERVER_KEY.

    Args:
        prompt: What to ask.
        model: Name of a model that the server has, such as "llama3.2".
        system: How the model is to behave; empty for nothing.
        max_tokens: Longest answer, in tokens; a longer one is cut off, with a warning.
        temperature: How much chance there is in the answer; 0 takes the likeliest words.
        seed: Seed of the server's choices. With a seed an answer is kept and not asked for again; null asks each time.

    Raises:
        StudioError: E673 for an address that is not allowed, E674 for a server that cannot be reached or refuses, E675
            for an answer in another form, E676 for an empty prompt.
    """
    from studio_text.chat_server import ask, parse_address

    check_prompt(prompt)
    check_model_name(model)
    messages = [{"role": "system", "content": system}] if system.strip() else []
    body: dict[str, Any] = {
        "model": model.strip(),
        "messages": [*messages, {"role": "user", "content": prompt}],
        "max_tokens": max_tokens,
        "temperature": temperature,
        "stream": False,
    }

    def make() -> list[Any]:
        answer = ask(settings, body, lambda: ctx.step(0, 1))
        return [answer.text, answer.cut]

    if seed is None:
        text, cut = make()
    else:
        body["seed"] = seed
        text, cut = ctx.memo({"server": str(parse_address(settings)), "body": body}, make)
    if cut:
        ctx.log(f"the answer was cut off after {max_tokens} tokens: raise max_tokens for all of it")
    return str(text)
