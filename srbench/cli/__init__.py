"""The command line: arguments in, exit code out. Heavy imports happen inside the commands."""

import os
import sys
from typing import Annotated

import typer
from typer.exceptions import TyperException

from srbench.cli import foresight, measuring, plotting, quality, reporting, showing, tabling
from srbench.errors import InputError, WrongInputsError
from srbench.files import cause
from srbench.text import plain

#: What typer returns for a Ctrl-C that it sees itself.
_TYPER_INTERRUPTED = 130


app = typer.Typer(
    name="srbench",
    help="Which super-resolution network is the better trade, on this machine?",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"srbench {version('srbench')}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Which super-resolution network is the better trade, on this machine?"""


# In the order of --help.
for command in (
    measuring.profile,
    measuring.compare,
    quality.evaluate,
    quality.visual,
    foresight.fit,
    foresight.doctor,
    showing.leaderboard,
    tabling.table,
    plotting.plot,
    reporting.report,
    showing.models,
):
    app.command()(command)
app.add_typer(quality.weights, name="weights")


def main() -> None:
    """Run the command line. Exit codes: 0 good, 1 a row failed, 2 the command or its input is wrong."""
    try:
        code = app(prog_name="srbench", args=sys.argv[1:] or ["--help"], standalone_mode=False)
    except WrongInputsError as error:
        _fail(*error.lines)
    except InputError as error:
        _fail(str(error))
    except TyperException as error:
        context = getattr(error, "ctx", None)
        options = {option for each in context.command.params for option in each.opts} if context else set()
        # Both words were one once: who types the old one is told the new.
        moved = getattr(error, "option_name", "") == "--protocol" and "--challenge" in options
        said = error.format_message().rstrip(".") + ("; challenges are --challenge now" if moved else "")
        _fail(f"{said}; see '{context.command_path if context else 'srbench'} --help'")
    except (KeyboardInterrupt, typer.Abort):
        print("srbench: interrupted", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            _leave_quietly()
        # What the system does not name is what is printed.
        where = "" if error.filename else "cannot write the output: "
        print(f"srbench: {where}{plain(cause(error))}", file=sys.stderr)
        sys.exit(1)
    if code == _TYPER_INTERRUPTED:
        print("srbench: interrupted", file=sys.stderr)
        code = 1
    sys.exit(code)


def _leave_quietly() -> None:
    """The reader of our output has left (`| head`); Python would complain again when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(1)


def _fail(*messages: str) -> None:
    for message in messages:
        print(f"srbench: {plain(' '.join(message.replace('Value error, ', '').split()))}", file=sys.stderr)
    sys.exit(2)
