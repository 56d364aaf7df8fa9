"""The command line, `lead-gateway`: exit 0 done, 1 failed, 2 bad input (one line to stderr, nothing changed)."""

import os
import sys

import click

from gateway.commands.accounting import explain, ledger
from gateway.commands.approving import approve, decline, proposals
from gateway.commands.decide import decide
from gateway.commands.demo import demo
from gateway.commands.ingesting import ingest
from gateway.commands.partners import clients, feeds, organizations
from gateway.commands.serving import check, migrate, serve, worker
from gateway.commands.stopping import hold, revoke
from gateway.commands.usage import usage_line

COMMANDS: tuple[click.Command, ...] = (
    demo,
    serve,
    worker,
    check,
    decide,
    explain,
    ingest,
    proposals,
    approve,
    decline,
    revoke,
    hold,
    organizations,
    clients,
    feeds,
    ledger,
    migrate,
)


@click.group()
@click.version_option(package_name="lead-gateway")
def cli() -> None:
    """Give what leaves, leaves by consent and on the record."""


for _command in COMMANDS:
    cli.add_command(_command)


def main() -> None:
    """Run the command line."""
    sys.exit(run())


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
