"""A pytest plugin for CI: a run in which any test was skipped has failed.

Incident: a suite was green for weeks on machines that lacked the browser, because its tests skipped themselves.
Loaded by the Makefile with `-p tests.no_skips` where LEAD_NO_SKIPS is set.
"""

import pytest

_skipped: list[str] = []


def pytest_configure() -> None:
    _skipped.clear()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append(report.nodeid)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.skipped:
        _skipped.append(report.nodeid)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if _skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for nodeid in _skipped:
        terminalreporter.write_line(f"SKIPPED, and here every test must run: {nodeid}", red=True)
