"""The `studio` command: finds the subcommand, and turns errors into messages and exit codes."""

from __future__ import annotations

import gc
import importlib
import itertools
import os
import signal
import sys
from collections.abc import Callable
from functools import cached_property
from typing import Any

import click
from click.shell_completion import CompletionItem

from studio.cli.answer import Answer, find_answer, note_json, open_answer
from studio.cli.command_help import format_end
from studio.cli.output import drop_output, give_output_back, keep_output_apart
from studio.cli.streams import ReaderGone, guard_streams
from studio.cli.warning_display import show_warnings
from studio.cores import share_cores
from studio.errors import StudioError
from studio.version import VERSION

DONE, FAILED, INVALID, PARTLY, BUG, CANCELLED = 0, 1, 2, 3, 70, 130
TERMINATED, UNREAD = 143, 141
"""As for other programs: 128 and the number of SIGTERM, or of SIGPIPE for a reader that ends before them."""

ended_by: list[int] = []
"""The signals that told this command to end."""

_LONGEST_SUMMARY = 200  # characters: a whole sentence, where click cuts it to what fits into a line

COMMANDS = {
    "run": "Run a graph and write its outputs.",
    "batch": "Run a graph over many items; resume where it stopped.",
    "gallery": "Write the gallery of a batch.",
    "serve": "Run graphs as jobs over HTTP.",
    "mcp": "Offer graphs as tools of the Model Context Protocol.",
    "validate": "Check a graph without running it.",
    "import": "Turn a document of ComfyUI or another program into a graph.",
    "migrate": "Rewrite graphs for the installed versions of node types.",
    "explain": "Show which nodes are cached, and why the others are not.",
    "rerun": "Make one file again from the graph in it.",
    "verify": "Say where files come from, and whether they were changed.",
    "credentials": "Make, import and list what signs files.",
    "diff": "Compare two graphs, files, manifests or folders.",
    "find": "Find files by the inputs, node types and models that made them.",
    "draw": "Draw a graph as SVG, PNG or Mermaid text.",
    "new": "Write a first graph or a first plugin.",
    "nodes": "List node types, or describe one.",
    "plugins": "List plugins and why some failed to load; enable or disable them.",
    "models": "List, show, plan, search, get, add, pull, verify or remove models.",
    "skills": "List or install instructions for agents.",
    "schema": "Print the JSON Schemas of the graph format.",
    "cache": "Show, prune, verify or clear the cache.",
    "config": "Show the settings and where each comes from.",
    "doctor": "Check this machine, its settings and its plugins.",
    "completion": "Print the script for completion in a shell.",
    "help": "Print the help of a command.",
    "man": "Print or write manual pages.",
    "version": "Show the versions of Studio, Python, plugins and torch.",
}


class Commands(click.Group):
    """The subcommands; a module is imported only when its command is used."""

    @cached_property
    def plugin_commands(self) -> dict[str, click.Command]:
        """The commands that plugins bring."""
        from studio.cli.plugin_commands import find_commands

        return find_commands(set(COMMANDS))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, plugins' last."""
        return [*COMMANDS, *sorted(self.plugin_commands)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by name."""
        if cmd_name in COMMANDS:
            module = importlib.import_module(f"studio.cli.{cmd_name}_command")
            return _complete_command(module.command, cmd_name)
        found = self.plugin_commands.get(cmd_name)
        if found is not None:
            give_output_back()
        return found

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the name of a command without importing the commands' modules."""
        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        helps = {
            name: command.get_short_help_str() for name, command in sorted(self.plugin_commands.items())
        } | COMMANDS
        return [CompletionItem(name, help=text) for name, text in helps.items() if name.startswith(incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing their modules."""
        rows = list(COMMANDS.items())
        rows += [(name, command.get_short_help_str()) for name, command in sorted(self.plugin_commands.items())]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line; all commands below share one answer."""
        open_answer(ctx)
        return super().parse_args(ctx, args)


def _complete_command(command: click.Command, words: str) -> click.Command:
    """Give a command and its subcommands what all have: `--debug` anywhere in a line, and the end of the help."""
    if all(param.name != "debug" for param in command.params):
        command.params.append(_create_debug_option())
        command.callback = _warn_first(command.callback)
    command.epilog = command.epilog or format_end(words)
    command.short_help = command.short_help or command.get_short_help_str(_LONGEST_SUMMARY)
    for name, own in getattr(command, "commands", {}).items():
        _complete_command(own, f"{words} {name}")
    return command


def _warn_first(callback: Callable[..., Any] | None) -> Callable[..., Any]:
    """Return the callback of a command that warns of misspelt variables first, when all options are read."""

    def call(*args: Any, **options: Any) -> Any:
        ctx = click.get_current_context()
        if ctx.invoked_subcommand is None and ctx.info_name != "doctor":  # which has a line for each
            from studio.cli.variable_check import warn_of_variables

            warn_of_variables()
        return callback(*args, **options) if callback is not None else None

    return call


def _create_debug_option(**more: Any) -> click.Option:
    text = "Print the traceback of an error."
    return click.Option(["--debug"], is_flag=True, expose_value=False, callback=_note_debug, help=text, **more)


def _note_debug(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    find_answer().debug |= value


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=True,
    invoke_without_command=True,
    epilog=format_end(""),
    subcommand_metavar="COMMAND [ARGS]...",
    params=[_create_debug_option(envvar="STUDIO_DEBUG")],
)
@click.option("--json", is_flag=True, expose_value=False, callback=note_json, help="Answer as one JSON object.")
@click.option("--version", "-V", is_flag=True, help="Show the version and exit.")
@click.pass_context
def studio(ctx: click.Context, version: bool) -> None:
    """A headless studio for generative media.

    A graph of nodes is a JSON file. `studio run graph.json` runs it. The cache keeps the result of each node, so the
    next run repeats only what changed.
    """
    if version:
        _show_version(ctx)
    elif ctx.invoked_subcommand is None:
        ctx.fail("Missing command.")


def _show_version(ctx: click.Context) -> None:
    if find_answer().as_json:
        from studio.cli.version_command import answer_versions

        answer_versions()
    else:
        click.echo(f"studio, version {VERSION}")
    ctx.exit()


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    share_cores()
    guard_streams()
    answer = Answer()
    with keep_output_apart(whole_process=args is None), show_warnings(answer):
        code = _run_command(args, answer)
    if args is None:
        gc.freeze()  # the process ends: Python then does not look through all that is loaded for garbage
    sys.exit(code)


def _run_command(args: list[str] | None, answer: Answer) -> int:
    """Run a command; show what it answers and what ended it, and return its exit code."""
    try:
        code = _call_command(args, answer)
        answer.finish(code)
        if sys.stdout is not None:
            sys.stdout.flush()
    except ReaderGone:
        drop_output()
        return UNREAD
    except StudioError as error:  # the answer cannot be written
        drop_output()
        click.echo(f"error: {error}", err=True)
        return error.exit_code
    if code == CANCELLED:
        code = find_cancelled_code()
        if args is None:
            sys.stderr.flush()
            os._exit(code)  # what matters is written, and a call that was given up may still load a library
    return code


def _call_command(args: list[str] | None, answer: Answer) -> int:
    """Run a command; show what ended it, and return its exit code.

    Raises:
        ReaderGone: Nothing reads the output any more.
    """
    try:
        code = studio.main(args, prog_name="studio", standalone_mode=False, color=_choose_color(), obj=answer)
        return code if isinstance(code, int) else DONE
    except ReaderGone:
        raise
    except (Exception, KeyboardInterrupt) as error:
        return _show_failure(error, sys.argv[1:] if args is None else args, answer)


def _choose_color() -> bool | None:
    """Return False where colors are not wanted (https://no-color.org) or not understood; None lets the terminal say."""
    return False if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None


def find_cancelled_code() -> int:
    """Return the exit code of a command that was cancelled: 143 by SIGTERM, else 130."""
    return TERMINATED if ended_by[:1] == [signal.SIGTERM] else CANCELLED


def _drop_unwritable_output() -> None:
    try:
        sys.stdout.flush()
    except (OSError, ReaderGone, StudioError):
        drop_output()


def _show_failure(error: BaseException, args: list[str], answer: Answer) -> int:
    """Show what ended a command, and return the exit code."""
    from studio.cli.messages import show_failure

    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.ctx.get_help() if error.ctx else "")
        return INVALID
    if isinstance(error, click.Abort | KeyboardInterrupt):
        show_cancelled(answer)
        return CANCELLED
    if isinstance(error, click.ClickException):
        from studio.cli.usage_errors import describe_usage_error

        answer.as_json |= "--json" in list(itertools.takewhile(lambda arg: arg != "--", args))  # perhaps not read yet
        error = describe_usage_error(error, args)
        answer.command = error.where.partition(" ")[2]
    _drop_unwritable_output()
    if isinstance(error, StudioError):
        show_failure(error, answer)
        return error.exit_code
    from studio.cli.bug_report import report_bug
    from studio.cli.usage_errors import describe_lost_folder

    assert isinstance(error, Exception)
    lost = describe_lost_folder(error)
    show_failure(lost or report_bug(error, args), answer)
    return lost.exit_code if lost is not None else BUG


def show_cancelled(answer: Answer) -> None:
    """Show that a command was cancelled before it had anything to answer."""
    if answer.as_json:
        answer.error = {"code": "cancelled", "where": "", "message": "cancelled", "hint": ""}
    else:
        click.echo("cancelled", err=True)
