"""The log: one JSON object a line, and only what is on the list below. Nothing else can get into it.

INVARIANT: no text that somebody else wrote is logged. Exceptions appear by class and place in the code, never with
their message or their variables; what libraries log appears by logger, level and class only.
"""

import logging
import re
import sys
import threading
import traceback
from collections.abc import Mapping, MutableMapping
from pathlib import PurePath
from types import TracebackType
from typing import Any, Final, TextIO

import structlog

WITHHELD: Final = "withheld"
"""Stands for a value that does not look like what its key may hold."""

_NUMBER: Final = None
_EVENT: Final = re.compile(r"[a-z][a-z ,_-]{0,79}")
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,79}")
_SLUG: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]{8,15}(Z|\+00:00)")
_PLACE: Final = re.compile(r"[A-Za-z0-9_./<>-]{1,120}:\d+( [A-Za-z0-9_./<>-]{1,120}:\d+)*")
_ROUTE: Final = re.compile(r"[A-Z]{3,7} /[A-Za-z0-9_./{}:$-]{0,79}|/[A-Za-z0-9_./{}:$-]{0,79}")

ALLOWED: Final[Mapping[str, re.Pattern[str] | None]] = {
    "event": _EVENT,  # a constant of ours
    "level": _WORD,
    "timestamp": _MOMENT,
    "logger": _WORD,
    "route": _ROUTE,  # the template, never the path
    "method": _WORD,
    "status": _NUMBER,
    "duration_ms": _NUMBER,
    "count": _NUMBER,
    "attempt": _NUMBER,
    "seconds": _NUMBER,
    "port": _NUMBER,
    "pid": _NUMBER,
    "feed": _SLUG,
    "organization": _SLUG,
    "job": _WORD,
    "rule": _WORD,
    "state": _SLUG,
    "delivery": _UUID,
    "question": _UUID,
    "decision": _UUID,
    "proposal": _UUID,
    "entry": _UUID,
    "envelope": _UUID,
    "request_id": _UUID,  # made by us, never taken from a header
    "error_class": _WORD,
    "error_at": _PLACE,
}
"""What a log line may hold: the key, and the form of a text under it (None: numbers and truth values only)."""

_FRAMES: Final = 6
Event = MutableMapping[str, Any]


def configure(level: str = "info", stream: TextIO | None = None) -> None:
    """Send all logging of this process, ours and that of libraries, through the list; to stderr unless told."""
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    output = logging.StreamHandler(stream or sys.stderr)
    output.setFormatter(_formatter())
    output.setLevel(level.upper())  # some libraries set levels of their own, which would pass by the root's
    root = logging.getLogger()
    root.handlers[:] = [output]
    root.setLevel(level.upper())
    logging.raiseExceptions = False  # otherwise a failure to log prints the arguments
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda failed: _uncaught(failed.exc_type, failed.exc_value, failed.exc_traceback)
    sys.unraisablehook = lambda failed: _uncaught(failed.exc_type, failed.exc_value, failed.exc_traceback)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Give a logger; `name` is the module's. Events are lower-case constants, facts go under the keys of ALLOWED."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def _formatter() -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[_silence_library],
        processors=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            describe_exception,
            keep_allowed,
            structlog.processors.JSONRenderer(),
        ],
        use_get_message=False,
    )


def _silence_library(_: Any, __: str, event: Event) -> Event:
    """Put a constant in place of what a library wrote: it may quote a URL, a statement, a message."""
    return {name: value for name, value in event.items() if name in {"_record", "_from_structlog", "exc_info"}} | {
        "event": "library message"
    }


def describe_exception(_: Any, __: str, event: Event) -> Event:
    """Replace an exception by its class and where in the code it arose."""
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["error_class"] = type(error).__name__
        event["error_at"] = " ".join(_places(error)) or None
    return event


def _places(error: BaseException) -> list[str]:
    """Name the innermost frames, outermost first: the last parts of the file's path, and the line."""
    frames = traceback.extract_tb(error.__traceback__, limit=-_FRAMES)
    return [f"{'/'.join(PurePath(frame.filename).parts[-3:])}:{frame.lineno}" for frame in frames]


def keep_allowed(_: Any, __: str, event: Event) -> Event:
    """Drop every key that is not on the list; withhold every value that has not its key's form."""
    return {name: _seen(ALLOWED[name], value) for name, value in event.items() if name in ALLOWED and value is not None}


def _seen(form: re.Pattern[str] | None, value: Any) -> str | float | bool:
    if form is None:
        return value if isinstance(value, int | float) else WITHHELD
    text = str(value)
    return text if form.fullmatch(text) else WITHHELD


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if error is not None and issubclass(kind, KeyboardInterrupt):
        return
    get_logger("uncaught").critical("uncaught exception", exc_info=(kind, error, trace))
