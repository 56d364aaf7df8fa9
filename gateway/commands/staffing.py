"""`approvals`, `delegate`, `delegations`, `contacts`: who decides, beforehand or for whom, and who is told."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import click

from adapters.staff.nudge import NotTold
from gateway import delegating, nudging, standing, use
from gateway.commands.errors import BadInput, Failed
from gateway.commands.running import STAFF, as_json, data_dir, run, say, say_rows
from gateway.program import Program

Rows = list[dict[str, Any]]
by = click.option("--by", default=STAFF, show_default=True, help="who does it, for the ledger")


class _Moment(click.ParamType[datetime]):
    """A moment with its offset (RFC 3339)."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail("is no moment", param, ctx)
        if found.utcoffset() is None:
            self.fail("has no offset", param, ctx)
        return found


moment = _Moment()
until = click.option("--until", type=_Moment(), metavar="TIME", default=None, help="the end, with its offset")
days = click.option("--days", type=click.IntRange(1, 180), default=None, help="the end, so many days from the start")


def identity_of(value: str) -> UUID:
    """Read the id of a row; BadInput for anything else."""
    try:
        return UUID(value)
    except ValueError:
        raise BadInput("`ID`: must be an id as the lists show it") from None


def _end(start: datetime, end: datetime | None, number: int | None) -> datetime:
    if (end is None) == (number is None):
        raise BadInput("`--until`, `--days`: give one of them")
    return end if end is not None else start + timedelta(days=number or 0)


@click.group()
def approvals() -> None:
    """Approve a routine beforehand, see what is approved so, end it."""


@approvals.command("standing")
@click.argument("proposal", metavar="PROPOSAL")
@until
@days
@by
@as_json
@data_dir
def give_standing(
    proposal: str,
    until: datetime | None,
    days: int | None,
    by: str,
    as_json: bool,  # noqa: FBT001  -- click passes flags so
    data_dir: Path | None,
) -> None:
    """Approve, until then, whatever the exchange of PROPOSAL says in the same categories to the same recipient.

    It ends by itself at the first change of the categories, and with any revocation or hold.
    """

    async def work(program: Program) -> dict[str, object]:
        at = program.now()
        given = await standing.give_standing(
            program.store, identity_of(proposal), until=_end(at, until, days), by=by, at=at
        )
        return {"standing": str(given.id), "ends_at": given.ends_at.isoformat()}

    say(run(work, data_dir), json=as_json)


@approvals.command("list")
@as_json
@data_dir
def list_standing(as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Show the standing approvals in force; looking is a Use, and is recorded."""

    async def work(program: Program) -> Rows:
        return await use.read_standing(program.store, staff=STAFF, at=program.now())

    say_rows("approvals", run(work, data_dir), json=as_json)


@approvals.command("end")
@click.argument("identity", metavar="ID")
@by
@as_json
@data_dir
def end_standing(identity: str, by: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """End a standing approval; what it approved and has not left stays here."""

    async def work(program: Program) -> dict[str, object]:
        await standing.end_one(program.store, identity_of(identity), by=by, at=program.now())
        return {"ended": identity}

    say(run(work, data_dir), json=as_json)


@click.command()
@click.argument("from_staff", metavar="FROM")
@click.argument("to_staff", metavar="TO")
@click.option("--organization", required=True, help="the organization of both")
@click.option("--from", "start", type=_Moment(), metavar="TIME", default=None, help="the start, with its offset [now]")
@until
@days
@by
@as_json
@data_dir
def delegate(  # noqa: PLR0913  -- one argument for each option
    from_staff: str,
    to_staff: str,
    *,
    organization: str,
    start: datetime | None,
    until: datetime | None,
    days: int | None,
    by: str,
    as_json: bool,
    data_dir: Path | None,
) -> None:
    """Put the approvals of FROM into the hands of TO for a time; each decision names both."""

    async def work(program: Program) -> dict[str, object]:
        at = program.now()
        begins = start or at
        new = delegating.delegation(organization, from_staff, to_staff, begins, _end(begins, until, days))
        await delegating.delegate(program.store, new, by=by, at=at)
        return {"delegation": str(new.id), "ends_at": new.ends_at.isoformat()}

    say(run(work, data_dir), json=as_json)


@click.group()
def delegations() -> None:
    """Show who decides for whom, or end it."""


@delegations.command("list")
@as_json
@data_dir
def list_delegations(as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Show the delegations that have not ended, those to come among them."""

    async def work(program: Program) -> Rows:
        async with program.store.unit_of_work() as uow:
            known = await uow.approvals.delegations()
        return [
            {
                "id": str(each.id),
                "organization": each.organization,
                "from": each.from_staff,
                "to": each.to_staff,
                "starts_at": each.starts_at.isoformat(),
                "ends_at": each.ends_at.isoformat(),
            }
            for each in known
            if program.now() < each.ends_at
        ]

    say_rows("delegations", run(work, data_dir), json=as_json)


@delegations.command("end")
@click.argument("identity", metavar="ID")
@by
@as_json
@data_dir
def end_delegation(identity: str, by: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """End a delegation at once."""

    async def work(program: Program) -> dict[str, object]:
        await delegating.end_delegation(program.store, identity_of(identity), by=by, at=program.now())
        return {"ended": identity}

    say(run(work, data_dir), json=as_json)


@click.group()
def contacts() -> None:
    """Show, add, test or disable where staff are told that something waits."""


@contacts.command("list")
@as_json
@data_dir
def list_contacts(as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Show every contact, disabled ones included."""

    async def work(program: Program) -> Rows:
        async with program.store.unit_of_work() as uow:
            known = await uow.approvals.contacts(disabled=True)
        return [
            {
                "id": str(each.id),
                "organization": each.organization,
                "role": each.role,
                "staff": each.staff,
                "channel": each.channel,
                "address": each.address,
                "disabled": each.disabled_at is not None,
            }
            for each in known
        ]

    say_rows("contacts", run(work, data_dir), json=as_json)


@contacts.command("add")
@click.argument("organization")
@click.argument("role")
@click.argument("channel", type=click.Choice(["email", "webhook"]))
@click.argument("address")
@click.option("--staff", default=None, help="whose address it is; without it: everybody's in that role")
@as_json
@data_dir
def add_contact(
    organization: str,
    role: str,
    channel: Literal["email", "webhook"],
    address: str,
    staff: str | None,
    as_json: bool,  # noqa: FBT001  -- click passes flags so
    data_dir: Path | None,
) -> None:
    """Tell ADDRESS when something waits for that role: nothing but that, at most once an hour."""

    async def work(program: Program) -> dict[str, object]:
        new = await nudging.add_contact(
            program.store, organization=organization, role=role, channel=channel, address=address, staff=staff
        )
        return {"contact": str(new.id)}

    say(run(work, data_dir), json=as_json)


@contacts.command("test")
@click.argument("identity", metavar="ID")
@as_json
@data_dir
def test_contact(identity: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Send a contact what it would get, now."""

    async def work(program: Program) -> dict[str, object]:
        doors = nudging.doors_of(program.settings)
        went = await nudging.try_contact(program.store, program.settings, doors, identity_of(identity), program.now())
        if isinstance(went, NotTold):
            raise Failed(f"`ID`: could not be told ({went.cause})")
        return {"told": identity}

    say(run(work, data_dir), json=as_json)


@contacts.command("disable")
@click.argument("identity", metavar="ID")
@as_json
@data_dir
def disable_contact(identity: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Tell a contact nothing any more."""

    async def work(program: Program) -> dict[str, object]:
        await nudging.disable_contact(program.store, identity_of(identity), program.now())
        return {"disabled": identity}

    say(run(work, data_dir), json=as_json)
