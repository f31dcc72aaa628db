"""The `studio` command: finds the subcommand, and turns errors into messages and exit codes."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from functools import cached_property
from typing import Any

import click
from click.shell_completion import CompletionItem

from studio.cli.examples import format_examples
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

COMMANDS = {
    "run": "Run a graph and write its outputs.",
    "batch": "Run a graph over many items; resume where it stopped.",
    "gallery": "Write the gallery of a batch.",
    "validate": "Check a graph without running it.",
    "migrate": "Rewrite graphs for the installed versions of node types.",
    "explain": "Show which nodes are cached, and why the others are not.",
    "rerun": "Make one file again from the graph in it.",
    "verify": "Check the files that Studio wrote.",
    "diff": "Compare two graphs, files, manifests or folders.",
    "find": "Find files by the inputs, node types and models that made them.",
    "draw": "Draw a graph as SVG, PNG or Mermaid text.",
    "new": "Write a first graph or a first plugin.",
    "nodes": "List node types, or describe one.",
    "plugins": "List plugins and why some failed to load; enable or disable them.",
    "models": "List, show, add, pull, verify or remove models.",
    "schema": "Print the JSON Schemas of the graph format.",
    "cache": "Show, prune, verify or clear the cache.",
    "config": "Show the settings and where each comes from.",
    "doctor": "Check this machine, its settings and its plugins.",
    "completion": "Print the script for completion in a shell.",
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

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; show what is wrong with a graph as text or as JSON, as the command was asked to."""
        try:
            return super().invoke(ctx)
        except StudioError as error:
            from studio.cli.messages import show_failure

            _drop_unwritable_output()
            show_failure(error, ctx.meta)
            return error.exit_code

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Find a command; suggest the nearest name where there is none."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            import difflib

            near = difflib.get_close_matches(args[0], self.list_commands(ctx), 1, 0.5)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"There is no command {args[0]!r}.{hint}", ctx) from None


def _complete_command(command: click.Command, words: str) -> click.Command:
    """Give a command and its subcommands what all have: `--debug` anywhere in a line, and examples in the help."""
    if all(param.name != "debug" for param in command.params):
        command.params.append(_create_debug_option())
    command.epilog = command.epilog or format_examples(words)
    for name, own in getattr(command, "commands", {}).items():
        _complete_command(own, f"{words} {name}")
    return command


def _create_debug_option(**more: Any) -> click.Option:
    text = "Print the traceback of an error."
    return click.Option(["--debug"], is_flag=True, expose_value=False, callback=_note_debug, help=text, **more)


def _note_debug(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    from studio.cli.messages import DEBUG_OPTION

    ctx.meta[DEBUG_OPTION] = ctx.meta.get(DEBUG_OPTION) or value


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=True,
    params=[_create_debug_option(envvar="STUDIO_DEBUG")],
)
@click.version_option(VERSION, "--version", "-V", prog_name="studio")
def studio() -> None:
    """A headless studio for generative media.

    A graph of nodes is a JSON file. `studio run graph.json` runs it. The cache keeps the result of each node, so the
    next run repeats only what changed.
    """


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    share_cores()
    guard_streams()
    with keep_output_apart(whole_process=args is None), show_warnings():
        code = _run_command(args)
    sys.exit(code if isinstance(code, int) else DONE)


def _run_command(args: list[str] | None) -> Any:
    """Run a command; show what ended it, and return its exit code."""
    try:
        code = studio.main(args, prog_name="studio", standalone_mode=False, color=_choose_color())
        sys.stdout.flush()
        if code == CANCELLED:
            code = find_cancelled_code()
            if args is None:
                sys.stderr.flush()
                os._exit(code)  # what matters is written, and a call that was given up may still load a library
    except ReaderGone:
        drop_output()
        code = UNREAD
    except (Exception, KeyboardInterrupt) as error:
        code = _show_failure(error, sys.argv[1:] if args is None else args)
    return code


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


def _show_failure(error: BaseException, args: list[str]) -> int:
    """Print what ended a command, and return the exit code."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.ctx.get_help() if error.ctx else "")
        return INVALID
    if isinstance(error, click.ClickException):
        error.show()
        return INVALID
    if isinstance(error, click.Abort | KeyboardInterrupt):
        click.echo("cancelled", err=True)
        return CANCELLED
    _drop_unwritable_output()
    from studio.cli.bug_report import report_bug

    assert isinstance(error, Exception)
    click.echo(report_bug(error, args), err=True)
    return BUG
