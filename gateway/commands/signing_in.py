"""`sign-in ROLE`: a one-time link into the console of a demo."""

from pathlib import Path

import click

from gateway.commands.errors import BadInput
from gateway.commands.running import as_json, data_dir, run, say
from gateway.demo.keys import address_in
from gateway.program import Program
from gateway.web.demo_door import NoDemoError, make_link
from gateway.web.roles import Role


@click.command("sign-in")
@click.argument("role", type=click.Choice([role.value for role in Role]))
@as_json
@data_dir
def sign_in(role: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Make a new one-time sign-in link (demo only)."""

    async def work(program: Program) -> str:
        try:
            path = await make_link(program.store, Role(role), program.now())
        except NoDemoError as error:
            raise BadInput(str(error)) from None
        return f"{address_in(program.settings.data_dir)}{path}"

    say({"link": run(work, data_dir)}, json=as_json)
