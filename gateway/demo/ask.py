"""What a partner's system prepares before it asks the demo, printed so that plain `curl` can send it.

`python -m gateway.demo.ask addresses` as shell variables, from demo.json; `assertion`, a signed private_key_jwt for
one use; `question`, what the prosecutor asks about Ray Alder; `release`, a LEAD file in which Ray has signed anew.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson

from adapters.smart_client import SmartClient, open_http
from gateway.demo.keys import FILE
from gateway.demo.site import PROSECUTOR, RAY, build_site
from gateway.demo.story import ray_question, started
from mappings.fhir.task import question_task

_data_dir = click.option(
    "--data-dir", type=click.Path(path_type=Path), default=Path("data/demo"), envvar="LEAD_DATA_DIR", show_default=True
)


def _read(data_dir: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = orjson.loads((data_dir / FILE).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        raise click.UsageError(f"`{FILE}`: is not in the data directory, `lead-gateway demo` writes it") from None
    return content


@click.group()
def ask() -> None:
    """Print what a partner's system sends."""


@ask.command()
@_data_dir
def addresses(data_dir: Path) -> None:
    """Print TOKEN_URL, FHIR_URL and RECEIVER_URL as assignments for a shell."""
    demo = _read(data_dir)
    for name in ("token_url", "fhir_url", "receiver_url"):
        click.echo(f"{name.upper()}={demo[name]}")


@ask.command()
@_data_dir
@click.option("--organization", default=PROSECUTOR, show_default=True)
def assertion(data_dir: Path, organization: str) -> None:
    """Print a client assertion (RFC 7523), ES384, good for four minutes and one use."""
    demo = _read(data_dir)
    client = demo["clients"].get(organization)
    if client is None:
        raise click.UsageError("`--organization`: is no organization of the demo")
    system = SmartClient(open_http(), token_url=demo["token_url"], client_id=client["client_id"], jwk=client["jwk"])
    click.echo(system.assertion(datetime.now(UTC)))


@ask.command()
def question() -> None:
    """Print the question as a FHIR R4 Task."""
    click.echo(orjson.dumps(question_task(ray_question()), option=orjson.OPT_INDENT_2).decode())


@ask.command()
def release() -> None:
    """Print a LEAD file with one release of information, signed by Ray Alder after the demo's revocation."""
    now = datetime.now(UTC)
    signed = next(roi for roi in build_site(now.date())["rois"] if roi["participant"] == RAY)
    anew = {**signed, "id": f"{signed['id']}-anew-{started(now)}"}
    click.echo(orjson.dumps({"rois": [anew]}, option=orjson.OPT_INDENT_2).decode())


if __name__ == "__main__":
    ask(prog_name="python -m gateway.demo.ask")
