"""`decide`: read a case, decide it, print the decision. No database, no clock; nothing is sent."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from consent.engine import decide as decide_on
from gateway.commands.errors import BadInput
from mappings.lead.case import CaseError, parse_case, render


@click.command()
@click.argument("case", required=False, type=click.Path(path_type=Path), metavar="CASE.json")
@click.option(
    "--batch", type=click.Path(path_type=Path), metavar="FILE.jsonl", help="One case a line, one answer a line."
)
def decide(case: Path | None, batch: Path | None) -> None:
    """Decide CASE.json and print the decision; `-` reads standard input.

    A denial is a decision: exit 0. Bad input: exit 2, one line on stderr.
    """
    if (case is None) == (batch is None):
        raise BadInput("`CASE.json`: give one case, or `--batch` and a file of cases")
    if batch is not None:
        _decide_batch(batch)
    elif case is not None:
        _decide_one(case)


def _decide_one(path: Path) -> None:
    content = b"\n".join(_lines(path, "CASE.json"))
    try:
        decided = _decided(content)
    except CaseError as error:
        raise BadInput(str(error)) from None
    _print(json.dumps(decided, ensure_ascii=False, indent=2))


def _decide_batch(path: Path) -> None:
    """Print one line of plain ASCII for each line, so that no reader splits an answer at U+2028."""
    bad = total = 0
    for total, line in enumerate(_lines(path, "--batch"), start=1):  # noqa: B007  -- counts the lines as they stream by
        try:
            decided = _decided(line)
        except CaseError as error:
            bad += 1
            decided = {"id": None, "error": str(error)}
        _print(json.dumps(decided, separators=(",", ":")))
    if bad:
        raise BadInput(f"`--batch`: {bad} of {total} lines are bad input")


def _decided(content: bytes) -> dict[str, Any]:
    case = parse_case(content)
    return render(decide_on(case.request, case.facts), case.facts, case.at)


def _lines(path: Path, argument: str) -> Iterator[bytes]:
    """Yield the lines of a file without their ends, split at line feeds alone (JSON may hold other separators)."""
    try:
        if str(path) == "-":
            yield from (line.removesuffix(b"\n") for line in sys.stdin.buffer)
        else:
            with path.open("rb") as file:
                yield from (line.removesuffix(b"\n") for line in file)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise BadInput(f"`{argument}`: cannot be read: {reason.lower()}") from None


def _print(line: str) -> None:
    """Print bytes, so that no terminal setting can turn a decision into an error."""
    click.echo(line.encode())
