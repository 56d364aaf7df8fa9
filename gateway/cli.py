"""The command line, `lead-gateway`: exit 0 done, 1 failed, 2 bad input (one line to stderr, nothing changed)."""

import gc
import os
import sys
from collections.abc import MutableMapping
from typing import Any

import click

from gateway.commands.decide import decide
from gateway.commands.usage import usage_line


class _Commands(click.Group):
    """Loads database, API and FHIR only for a command that wants them: `decide` needs a twentieth of the time."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return decide if cmd_name == decide.name else super().get_command(ctx, cmd_name)

    @property
    def commands(self) -> MutableMapping[str, click.Command]:
        from gateway.commands.table import COMMANDS  # noqa: PLC0415  -- the promise of this class

        return {str(command.name): command for command in COMMANDS}

    @commands.setter
    def commands(self, _: Any) -> None:
        """Take nothing: all commands are in the table."""


@click.group(cls=_Commands)
@click.version_option(package_name="lead-gateway")
def cli() -> None:
    """Give what leaves, leaves by consent and on the record."""


def main() -> None:
    """Run the command line."""
    _settle()
    sys.exit(run())


def _settle() -> None:
    """Let the garbage collector look less often: long records are large, short-lived and free of cycles."""
    gc.set_threshold(50_000, 20, 20)


def run() -> int:
    """Run the command line of this process. Returns the exit code; whatever fails says so in one line on stderr."""
    try:
        code = cli.main(prog_name="lead-gateway", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Abort:
        return _fail("interrupted", 1)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return _fail(usage_line(error), error.exit_code)
    except click.UsageError as error:
        return _fail(usage_line(error), error.exit_code)
    except click.ClickException as error:
        return _fail(error.format_message(), error.exit_code)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left in the buffer has nowhere to go
        return _fail(f"output: {(error.strerror or 'cannot be written').lower()}", 1)
    return code if isinstance(code, int) else 0


def _fail(line: str, code: int) -> int:
    click.echo(f"lead-gateway: {' '.join(line.split())}", err=True)
    return code
