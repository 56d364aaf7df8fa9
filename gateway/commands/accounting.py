"""`explain`, `ledger verify` and `ledger export`: what was decided, why, and that nobody has changed it since."""

from pathlib import Path
from typing import Any
from uuid import UUID

import click

from gateway import ledger as accounting
from gateway import use
from gateway.commands.errors import BadInput, Failed
from gateway.commands.running import STAFF, as_json, data_dir, run, say
from gateway.commands.stopping import participant_named
from gateway.explaining import ExplainError, Explanation
from gateway.ledger import Verification
from gateway.program import Program
from gateway.store.values import LedgerEntry


@click.command()
@click.argument("identity", metavar="DECISION_ID")
@as_json
@data_dir
def explain(identity: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Print every finding with its citation, and run the rules again on the facts as they were.

    DECISION_ID: the id of a disclosure, denial or proposal on the ledger, or of a delivery or proposal. Looking is a
    Use, and is recorded.
    """

    async def work(program: Program) -> Explanation:
        try:
            return await use.read_explanation(program.store, UUID(identity), staff=STAFF, at=program.now())
        except (ExplainError, ValueError):
            raise BadInput("`DECISION_ID`: names no disclosure, denial or proposal on the ledger") from None

    found = run(work, data_dir)
    _print(found, json=as_json)
    if not found.agrees:
        raise Failed("the rules do not agree with what was decided then: this is a bug, tell the privacy officer")


def _print(found: Explanation, *, json: bool) -> None:
    told = found.as_json()
    if json:
        say(told, json=True)
        return
    say({k: told[k] for k in ("id", "kind", "at", "recipient", "outcome", "refused", "rulebook")}, json=False)
    for finding in told["findings"]:
        click.echo(f"  {finding['state']:<15} {finding['rule']} ({'; '.join(finding['cites'])}): {finding['because']}")
    again = "the same answer" if found.agrees else "ANOTHER ANSWER"
    unknown = "nobody was found, so no rule was asked"
    click.echo(unknown if found.decision is None else f"run again on the facts as they were: {again}")


@click.group()
def ledger() -> None:
    """Give the accounting of disclosures."""


@ledger.command()
@as_json
@data_dir
def verify(as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Work the whole chain out anew; name the first row that is not as it was written."""

    async def work(program: Program) -> Verification:
        await accounting.seal_once(program.store, program.now())
        return await accounting.verify(program.store, program.settings.checkpoint_dir)

    found = run(work, data_dir)
    say({"sound": found.sound, "entries": found.entries, "bad": found.bad, "reason": found.reason}, json=as_json)
    if not found.sound:
        raise Failed(f"ledger: `{found.bad}`: {found.reason}")


@ledger.command()
@click.argument("participant")
@click.option("--format", "form", type=click.Choice(["json"]), default="json", show_default=True)
@click.option("--json", "form", flag_value="json", help="the same as --format json")
@data_dir
def export(participant: str, form: str, data_dir: Path | None) -> None:
    """Print everything that the ledger says about a participant. Looking is a Use, and is recorded."""

    async def work(program: Program) -> dict[str, Any]:
        identity = await participant_named(program, participant)
        entries = await use.read_ledger(program.store, identity, staff=STAFF, at=program.now())
        return {"participant": str(identity), "format": form, "entries": [_row(entry) for entry in entries]}

    say(run(work, data_dir), json=True)


def _row(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "id": str(entry.id),
        "at": entry.at.isoformat(),
        "kind": entry.kind,
        "organization": entry.organization,
        "content": entry.content,
    }
