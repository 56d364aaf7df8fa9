"""What a failure of the database means, in one line, without anything that a statement or a row contained."""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

import procrastinate
import psycopg
import sqlalchemy.exc

# SQLSTATE (PostgreSQL, appendix A) -> what the operator can do something about.
REASONS: Final = MappingProxyType(
    {
        "25006": "is read-only",
        "28000": "refuses the role",
        "28P01": "refuses the password",
        "3D000": "is not there",
        "42501": "does not allow the serving role to do that",
        "42P01": "lacks a table, run `lead-gateway migrate`",
        "53100": "is out of disk space",
        "53200": "is out of memory",
        "53300": "has no connection left",
        "57P01": "is shutting down",
        "57P02": "has crashed",
        "57P03": "is starting or stopping",
        "58030": "cannot read or write its files",
    }
)
_FAILURES: Final = (sqlalchemy.exc.SQLAlchemyError, psycopg.Error, procrastinate.exceptions.ProcrastinateException)


def database_line(error: BaseException) -> str | None:
    """Give the line for an error that the database, or the way to it, has raised; None for any other error."""
    if not isinstance(error, _FAILURES):
        return None
    return f"database: {_reason(error)}, nothing half-done was kept"


def is_unreachable(error: BaseException) -> bool:
    """Whether the server did not say why: it cannot be reached, or the connection broke."""
    return isinstance(error, _FAILURES) and not any(_state(e) for e in _behind(error))


def _reason(error: BaseException) -> str:
    states = [state for e in _behind(error) if (state := _state(e)) is not None]
    if states:
        return REASONS.get(states[0], f"answers with error {states[0]}")
    broken = (psycopg.OperationalError, psycopg.InterfaceError, sqlalchemy.exc.TimeoutError)
    return "cannot be reached" if any(isinstance(e, broken) for e in _behind(error)) else "cannot be used"


def _state(error: BaseException) -> str | None:
    return error.sqlstate if isinstance(error, psycopg.Error) else None


def _behind(error: BaseException | None) -> Iterator[BaseException]:
    """Give an error and those behind it, outermost first."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = getattr(error, "orig", None) or error.__cause__ or error.__context__
