"""Turns what click finds wrong with a command line into the one form that errors have."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Sequence

import click

from studio.errors import UsageError
from studio.suggestion import find_nearest

_UNKNOWN_COMMAND = re.compile(r"No such command '(.*)'\.", re.DOTALL)
_EXTRA = re.compile(r"extra argument \((\w+=.*)\)", re.DOTALL)
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

_MEANT_BELOW = {"download": "pull", "get": "pull", "delete": "remove", "rm": "remove", "ls": "list", "empty": "clear"}
"""The same for commands of groups."""

_OPTIONS = {"--force": "--yes", "--out": "--output", "--output-dir": "--output", "--input": "--set", "--param": "--set"}
"""The options that those of other programs stand for, where a command has them."""


def describe_usage_error(error: click.ClickException, args: Sequence[str] = ()) -> UsageError:
    """Return a wrong command line as an error: what is wrong with it, and what to type instead.

    Args:
        error: What click says.
        args: The command line, for errors of which click does not say in which command they are.
    """
    ctx = getattr(error, "ctx", None)
    words = itertools.takewhile(str.isalpha, args)
    path = ctx.command_path if ctx is not None else " ".join(["studio", *itertools.islice(words, 1)])
    message = " ".join(_HINT.sub("", error.format_message()).split()).rstrip(".")
    unknown = _UNKNOWN_COMMAND.match(error.format_message())
    if unknown is not None and ctx is not None:
        return describe_unknown_command(unknown[1], ctx)
    if isinstance(error, click.NoSuchOption):
        return _describe_option(error, path)
    extra = _EXTRA.search(message)
    if extra is not None and "--set" in _list_options(ctx):
        return UsageError("E027", _begin_small(message), where=path, hint=f"write --set {extra[1]}")
    if isinstance(error, click.MissingParameter) or "extra argument" in message:
        usage = " ".join(ctx.get_usage().split()).partition(": ")[2] if ctx is not None else path
        return UsageError("E027", _begin_small(message), where=path, hint=f"usage: {usage}")
    return UsageError("E027", _begin_small(message), where=path, hint=f"see {path} --help")


def describe_unknown_command(name: str, ctx: click.Context) -> UsageError:
    """Return an error about a word that is no command of those in a context."""
    group = ctx.command
    near = find_nearest(name, group.list_commands(ctx) if isinstance(group, click.Group) else [])
    if near is None:
        near = _find_meant(name, ctx)
    hint = f"did you mean {f'{ctx.command_path} {near}'!r}?" if near else f"{ctx.command_path} --help lists all"
    return UsageError("E027", f"unknown command {name!r}", where=ctx.command_path, hint=hint)


def _find_meant(name: str, ctx: click.Context) -> str | None:
    """Return the command that a word of another program, or a file, is probably meant for."""
    if ctx.parent is None:
        return f"run {name}" if name.endswith(".json") else _MEANT.get(name.lower())
    known = ctx.command.list_commands(ctx) if isinstance(ctx.command, click.Group) else []
    if "graph" in known and name.endswith(".json"):
        return f"graph {name}"
    meant = _MEANT_BELOW.get(name.lower())
    return meant if meant in known else None


def _list_options(ctx: click.Context | None) -> list[str]:
    params = ctx.command.get_params(ctx) if ctx is not None else []
    return [name for param in params if not getattr(param, "hidden", False) for name in param.opts]


def _describe_option(error: click.NoSuchOption, path: str) -> UsageError:
    ctx = error.ctx
    known, name = [one for one in _list_options(ctx) if one.startswith("--")], error.option_name
    near = find_nearest(name, [one for one in known if one != "--set"])
    near = near or (_OPTIONS[name] if _OPTIONS.get(name) in known else None)
    hint = f"did you mean {near!r}?" if near else f"{path} --help lists the options"
    if near is None and "--set" in known and name.startswith("--"):
        hint = f"an input of the graph is --set {name.lstrip('-')}=VALUE; {hint}"
    return UsageError("E027", f"unknown option {error.option_name!r}", where=path, hint=hint)


def _begin_small(text: str) -> str:
    return text[:1].lower() + text[1:]


def describe_lost_folder(error: Exception) -> UsageError | None:
    """Return the error of a command in a folder that was removed, or None for any other failure."""
    if not isinstance(error, FileNotFoundError) or error.filename is not None:
        return None
    try:
        os.getcwd()
    except FileNotFoundError:
        hint = "go to a folder that exists, with cd, and try again"
        return UsageError("E030", "the current folder does not exist any more", hint=hint)
    return None
