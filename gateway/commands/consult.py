"""`consult`: what R4 Consents that others wrote say to one question. No database; nothing is sent by it."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson

from gateway.commands.errors import BadInput
from mappings.fhir.consult.consult import consult as answer
from mappings.fhir.consult.errors import ConsultError
from mappings.fhir.consult.question import read_question
from mappings.lead.strict_json import StrictJsonError, load_strict
from mappings.tables.sensitivity import load_sensitivity

_LONG = 19  # digits, of which 64 bits hold all


class _Moment(click.ParamType[datetime]):
    """A moment with its offset (RFC 3339); dates without one in a Consent are read as local there."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail("is no moment", param, ctx)
        if found.utcoffset() is None:
            self.fail("has no offset", param, ctx)
        return found


class _Written(float):
    """A number that is printed as it was written: what flows is unchanged, and the zeros of a decimal mean something.

    Source: https://hl7.org/fhir/R4/json.html#decimal.
    """

    def __init__(self, text: str) -> None:
        """Take the number as it is written in JSON."""
        self.text = text


@click.command()
@click.argument("request", required=False, type=click.Path(path_type=Path), metavar="REQUEST.json")
@click.option(
    "--batch", type=click.Path(path_type=Path), metavar="FILE.jsonl", help="One request a line, one card a line."
)
@click.option("--at", type=_Moment(), metavar="TIME", help="As of this moment, with its offset (default: now).")
@click.option("--any-purpose", is_flag=True, help="Of several purposes one that is permitted is enough.")
def consult(request: Path | None, batch: Path | None, at: datetime | None, *, any_purpose: bool) -> None:
    """Evaluate the Consents in REQUEST.json (a patient-consent-consult hook) and print the card; `-` reads stdin.

    A refusal is an answer: exit 0. A body that breaks the hook's schema: exit 2, one line on stderr.
    """
    if (request is None) == (batch is None):
        raise BadInput("`REQUEST.json`: give one request, or `--batch` and a file of requests")
    moment = at or datetime.now(UTC)

    def card(content: bytes) -> dict[str, Any]:
        question = read_question(_loaded(content))
        tables = None if question.content is None else load_sensitivity()
        return answer(question, at=moment, any_purpose=any_purpose, tables=tables)

    if batch is not None:
        _consult_batch(batch, card)
    elif request is not None:
        _consult_one(request, card)


def _consult_one(path: Path, card: Callable[[bytes], dict[str, Any]]) -> None:
    try:
        found = card(_read(path, "REQUEST.json"))
    except (ConsultError, StrictJsonError) as error:
        raise BadInput(str(error)) from None
    _print(found, orjson.OPT_INDENT_2)


def _consult_batch(path: Path, card: Callable[[bytes], dict[str, Any]]) -> None:
    bad = 0
    lines = _read(path, "FILE").removesuffix(b"\n").split(b"\n")
    lines = lines if lines != [b""] else []
    for line in lines:
        try:
            found = card(line)
        except (ConsultError, StrictJsonError) as error:
            bad += 1
            found = {"error": "bad_request", "errorMessage": str(error)}
        _print(found)
    if bad:
        raise BadInput(f"`--batch`: {bad} of {len(lines)} lines are bad input")


def _read(path: Path, name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise BadInput(f"`{name}`: cannot be read: {reason.lower()}") from None


def _loaded(content: bytes) -> Any:
    """Load strict JSON, with numbers as they are written; whole numbers too where Python could not print them."""
    load_strict(content)
    return json.loads(content, parse_float=_Written, parse_int=_whole)


def _whole(text: str) -> float:
    return int(text) if len(text) < _LONG else _Written(text)


def _print(found: dict[str, Any], form: int = 0) -> None:
    """Print bytes, so that no terminal setting can turn an answer into an error."""
    click.echo(orjson.dumps(found, _number, form))


def _number(value: Any) -> orjson.Fragment:
    return orjson.Fragment(value.text)
