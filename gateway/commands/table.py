"""Every command, in the order in which `--help` would tell them if click did not sort."""

from typing import Final

import click

from gateway.commands.accounting import explain, ledger
from gateway.commands.accountings import account
from gateway.commands.approving import approve, decline, proposals
from gateway.commands.bench import bench
from gateway.commands.consult import consult
from gateway.commands.decide import decide
from gateway.commands.demo import demo
from gateway.commands.ingesting import ingest
from gateway.commands.partners import clients, feeds, organizations
from gateway.commands.serving import check, migrate, serve, worker
from gateway.commands.stopping import hold, revoke

ledger.add_command(account)

COMMANDS: Final[tuple[click.Command, ...]] = (
    demo,
    serve,
    worker,
    check,
    decide,
    consult,
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
    bench,
)
