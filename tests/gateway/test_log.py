"""Nothing about a participant gets into the log, whoever tries."""

import io
import json
import logging
import subprocess
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from gateway import log

CANARY = "Ray Alder canary-7f3a"


def _fail(secret: str) -> None:
    raise ValueError(secret)


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = (list(root.handlers), root.level, logging.raiseExceptions)
    hooks = (sys.excepthook, sys.unraisablehook)
    stream = io.StringIO()
    log.configure("debug", stream)
    yield stream
    root.handlers[:], logging.raiseExceptions = before[0], before[2]
    root.setLevel(before[1])
    sys.excepthook, sys.unraisablehook = hooks
    logging.captureWarnings(capture=False)
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()


def _only(stream: io.StringIO) -> dict[str, Any]:
    (line,) = stream.getvalue().splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


class TestNothingGetsOut:
    def test_a_key_that_is_not_listed(self, lines: io.StringIO) -> None:
        log.get_logger("gateway.x").info("told", participant=CANARY, name=CANARY, positional=(CANARY,))
        assert _only(lines).keys() == {"event", "level", "logger", "timestamp"}

    @pytest.mark.parametrize("key", sorted(set(log.ALLOWED) - {"event", "level", "timestamp", "logger"}))
    def test_a_listed_key_with_a_foreign_value(self, lines: io.StringIO, key: str) -> None:
        log.get_logger("gateway.x").info("told", **{key: CANARY})
        assert _only(lines)[key] == log.WITHHELD

    def test_an_event_made_of_data(self, lines: io.StringIO) -> None:
        log.get_logger("gateway.x").info(f"told {CANARY}")
        assert _only(lines)["event"] == log.WITHHELD

    def test_arguments_of_an_event(self, lines: io.StringIO) -> None:
        log.get_logger("gateway.x").info("told %s", CANARY)
        assert CANARY not in lines.getvalue()

    def test_bound_context(self, lines: io.StringIO) -> None:
        structlog.contextvars.bind_contextvars(who=CANARY, request_id=CANARY)
        log.get_logger("gateway.x").bind(name=CANARY).info("told")
        assert CANARY not in lines.getvalue()

    @pytest.mark.parametrize("given", [True, "error"])
    def test_the_message_and_the_locals_of_an_exception(self, lines: io.StringIO, given: object) -> None:
        try:
            _fail(CANARY)
        except ValueError as error:
            log.get_logger("gateway.x").error("failed", exc_info=error if given == "error" else True)
        assert "canary" not in lines.getvalue()
        assert _only(lines)["error_class"] == "ValueError"
        assert "test_log.py:" in _only(lines)["error_at"]

    def test_what_a_library_writes(self, lines: io.StringIO) -> None:
        try:
            _fail(CANARY)
        except ValueError:
            logging.getLogger("library").exception("GET /Patient?name=%s", CANARY, stack_info=True, extra={"x": CANARY})
        assert CANARY not in lines.getvalue()
        assert _only(lines)["event"] == "library message"
        assert _only(lines)["logger"] == "library"

    def test_a_warning(self, lines: io.StringIO) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(capture=True)
            warnings.warn(CANARY, stacklevel=1)
        assert CANARY not in lines.getvalue()

    def test_a_record_that_cannot_be_formatted(self, lines: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
        logging.getLogger("library").info("%d", CANARY)
        assert CANARY not in lines.getvalue() + capsys.readouterr().err

    def test_an_exception_that_nobody_caught(self) -> None:
        script = f"from gateway import log; log.configure(); raise ValueError({CANARY!r})"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "canary" not in done.stderr
        assert json.loads(done.stderr)["error_class"] == "ValueError"

    def test_a_thread_that_died(self) -> None:
        script = (
            "import threading\nfrom gateway import log\nlog.configure()\n"
            f"def f(): raise ValueError({CANARY!r})\nt = threading.Thread(target=f); t.start(); t.join()"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert "canary" not in done.stderr
        assert json.loads(done.stderr)["event"] == "uncaught exception"


class TestWhatIsListedGetsOut:
    def test_facts_of_a_request(self, lines: io.StringIO) -> None:
        facts = {
            "route": "POST /inbound/{feed}",
            "status": 202,
            "duration_ms": 1.5,
            "feed": "county-jail",
            "request_id": "0199f3a2-0000-7000-8000-000000000001",
        }
        log.get_logger("gateway.api").info("request answered", **facts)
        assert _only(lines).items() >= facts.items()

    def test_below_the_level_there_is_silence(self, lines: io.StringIO) -> None:
        logging.getLogger().setLevel(logging.WARNING)
        log.get_logger("gateway.x").info("told")
        assert lines.getvalue() == ""
