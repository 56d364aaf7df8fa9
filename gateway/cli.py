"""The command line, `lead-gateway`: exit 0 done, 1 failed, 2 bad input (one line to stderr, nothing changed)."""

import sys

import click

from gateway.commands.accounting import explain, ledger
from gateway.commands.approving import approve, decline, proposals
from gateway.commands.decide import decide
from gateway.commands.demo import demo
from gateway.commands.ingesting import ingest
from gateway.commands.serving import check, migrate, serve, worker
from gateway.commands.stopping import hold, revoke

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
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(1)
    except click.ClickException as error:
        click.echo(f"lead-gateway: {error.format_message()}", err=True)
        sys.exit(error.exit_code)
    sys.exit(code if isinstance(code, int) else 0)
