"""Every command, in the order in which `--help` would tell them if click did not sort."""

from typing import Final

import click

from gateway.commands.accounting import explain, ledger
from gateway.commands.accountings import account
from gateway.commands.approving import approve, decline, nothing_helpful, proposals
from gateway.commands.backup import backup, confirm_restore, restore
from gateway.commands.bench import bench
from gateway.commands.clients import clients
from gateway.commands.conference import conference
from gateway.commands.consult import consult
from gateway.commands.decide import decide
from gateway.commands.defending import defender
from gateway.commands.deliveries import deliveries
from gateway.commands.demo import demo
from gateway.commands.emergencies import emergencies
from gateway.commands.exchanges import exchanges
from gateway.commands.feeds import feeds
from gateway.commands.filings import consents
from gateway.commands.happening import death, end_agreement, event, leave, slip, statement, written_form
from gateway.commands.ingesting import ingest
from gateway.commands.legal import legal
from gateway.commands.partners import organizations
from gateway.commands.reports import report
from gateway.commands.serving import check, migrate, serve, worker
from gateway.commands.signing_in import sign_in
from gateway.commands.staffing import approvals, contacts, delegate, delegations
from gateway.commands.stopping import hold, lift, restrict, revoke
from gateway.commands.subscriptions import subscriptions
from gateway.commands.undoing import incidents, match, unlink
from gateway.commands.waiting import duties

ledger.add_command(account)
organizations.add_command(leave)
organizations.add_command(end_agreement)

COMMANDS: Final[tuple[click.Command, ...]] = (
    demo,
    serve,
    worker,
    sign_in,
    check,
    decide,
    consents,
    consult,
    explain,
    ingest,
    proposals,
    approve,
    decline,
    nothing_helpful,
    approvals,
    delegate,
    delegations,
    contacts,
    duties,
    revoke,
    hold,
    lift,
    restrict,
    event,
    death,
    statement,
    slip,
    written_form,
    organizations,
    clients,
    feeds,
    exchanges,
    deliveries,
    subscriptions,
    conference,
    emergencies,
    legal,
    report,
    defender,
    unlink,
    match,
    incidents,
    ledger,
    migrate,
    backup,
    restore,
    confirm_restore,
    bench,
)
