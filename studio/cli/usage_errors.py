"""Turns what click finds wrong with a command line into the one form that errors have."""

from __future__ import annotations

import re

import click

from studio.errors import UsageError
from studio.suggestion import find_nearest

_UNKNOWN_COMMAND = re.compile(r"No such command '(.*)'\.", re.DOTALL)
_HINT = re.compile(r" \(?Did you mean .*$", re.DOTALL)

_MEANT = {
    "check": "validate",
    "convert": "migrate",
    "create": "new",
    "download": "models pull",
    "exec": "run",
    "execute": "run",
    "export": "batch export",
    "generate": "run",
    "graph": "draw",
    "info": "doctor",
    "init": "new",
    "install": "plugins",
    "lint": "validate",
    "list": "nodes",
    "ls": "nodes",
    "pull": "models pull",
    "render": "run",
    "search": "find",
    "settings": "config",
    "show": "nodes",
    "start": "run",
    "status": "batch status",
    "test": "validate",
    "upgrade": "migrate",
}
"""The commands that words of other programs stand for."""


def describe_usage_error(error: click.ClickException) -> UsageError:
    """Return a wrong command line as an error: what is wrong with it, and what to type instead."""
    ctx = getattr(error, "ctx", None)
    path = ctx.command_path if ctx is not None else "studio"
    message = _HINT.sub("", error.format_message()).rstrip(".")
    unknown = _UNKNOWN_COMMAND.match(error.format_message())
    if unknown is not None and ctx is not None:
        return describe_unknown_command(unknown[1], ctx)
    if isinstance(error, click.NoSuchOption):
        return _describe_option(error, path)
    if isinstance(error, click.MissingParameter) or "extra argument" in message:
        usage = " ".join(ctx.get_usage().split()).partition(": ")[2] if ctx is not None else path
        return UsageError("E027", _begin_small(message), where=path, hint=f"usage: {usage}")
    return UsageError("E027", _begin_small(message), where=path, hint=f"see {path} --help")


def describe_unknown_command(name: str, ctx: click.Context) -> UsageError:
    """Return an error about a word that is no command of those in a context."""
    group = ctx.command
    near = find_nearest(name, group.list_commands(ctx) if isinstance(group, click.Group) else [])
    if near is None and ctx.parent is None:
        near = _MEANT.get(name.lower())
    hint = f"did you mean {f'{ctx.command_path} {near}'!r}?" if near else f"{ctx.command_path} --help lists all"
    return UsageError("E027", f"unknown command {name!r}", where=ctx.command_path, hint=hint)


def _describe_option(error: click.NoSuchOption, path: str) -> UsageError:
    ctx = error.ctx
    known = [name for param in ctx.command.get_params(ctx) for name in param.opts] if ctx is not None else []
    near = find_nearest(error.option_name, [name for name in known if name.startswith("--")])
    hint = f"did you mean {near!r}?" if near else f"{path} --help lists the options"
    return UsageError("E027", f"unknown option {error.option_name!r}", where=path, hint=hint)


def _begin_small(text: str) -> str:
    return text[:1].lower() + text[1:]
