"""Node types `hello.*`."""

from __future__ import annotations

from studio.api import Context, node
from studio_hello.greeting import Greeting


@node("hello.greet")
def greet(ctx: Context, name: str, *, words: str = "Hello") -> Greeting:
    """Greet somebody.

    Args:
        name: Who is greeted.
        words: How.
    """
    ctx.step(1, 1)
    return Greeting(words, name)


@node("hello.write")
def write_greeting(ctx: Context, greeting: Greeting) -> str:
    """Write a greeting as text.

    Args:
        greeting: The greeting.
    """
    return f"{greeting.words}, {greeting.name}!"
