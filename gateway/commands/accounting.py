"""`explain`, `ledger verify` and `ledger export`: what was decided, why, and that nobody has changed it since."""

from pathlib import Path
from typing import Any
from uuid import UUID

import click

from gateway import ledger as accounting
from gateway.commands.errors import BadInput, Failed
from gateway.commands.running import as_json, data_dir, run, say
from gateway.commands.stopping import participant_named
from gateway.explaining import ExplainError, Explanation
from gateway.explaining import explain as explain_decision
from gateway.ledger import Verification
from gateway.program import Program


@click.command()
@click.argument("identity", metavar="DECISION_ID")
@as_json
@data_dir
def explain(identity: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Print every finding with its citation, and run the rules again on the facts as they were."""

    async def work(program: Program) -> Explanation:
        try:
            return await explain_decision(program.store, UUID(identity))
        except (ExplainError, ValueError):
            raise BadInput("`DECISION_ID`: names no disclosure, denial or proposal on the ledger") from None

    found = run(work, data_dir)
    _print(found.as_json(), json=as_json)
    if not found.agrees:
        raise Failed("the rules do not agree with what was decided then: this is a bug, tell the privacy officer")


def _print(told: dict[str, Any], *, json: bool) -> None:
    if json:
        say(told, json=True)
        return
    say({k: told[k] for k in ("id", "kind", "at", "recipient", "outcome", "refused")}, json=False)
    for finding in told["findings"]:
        click.echo(f"  {finding['state']:<15} {finding['rule']} ({'; '.join(finding['cites'])}): {finding['because']}")
    click.echo("run again on the facts as they were: " + ("the same answer" if told["agrees"] else "ANOTHER ANSWER"))


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
@data_dir
def export(participant: str, form: str, data_dir: Path | None) -> None:
    """Print everything that the ledger says about a participant."""

    async def work(program: Program) -> list[dict[str, Any]]:
        identity = await participant_named(program, participant)
        async with program.store.unit_of_work() as uow:
            entries = await uow.accounting.of(identity)
        return [
            {"id": str(e.id), "at": e.at.isoformat(), "kind": e.kind, "organization": e.organization, **e.content}
            for e in entries
        ]

    say({"participant": participant, "format": form, "entries": run(work, data_dir)}, json=True)
