"""`report draft|confirm|discard|list`, as somebody types them."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from gateway.commands.reports import report

GOOD = {
    "participant": "p-ray",
    "addressee": {"name": "Fern Police", "address": "1 Fern Square", "authority": "police"},
    "fields": {},
}
WHO = ("--by", "Sam Example", "--role", "case-manager")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(report, arguments)


class TestBadInput:
    """Refused in one line before any site is opened; nothing is changed."""

    @pytest.mark.parametrize(
        "arguments",
        [
            ["draft", "gossip", "report.json", *WHO],
            ["draft", "premises", "nowhere.json", *WHO],
            ["draft", "premises", "nowhere.json", "--by", "Sam Example"],
            ["confirm", "id", *WHO],
            ["confirm", "id", "--out", "x", "--by", "Sam Example"],
            ["discard"],
        ],
    )
    def test_is_exit_2(self, arguments: list[str]) -> None:
        done = run(*arguments)
        assert done.exit_code == 2
        assert "Traceback" not in done.output

    @pytest.mark.parametrize(
        "content",
        [
            b"x",
            b"[]",
            b"{}",
            *(
                orjson.dumps(GOOD | change)
                for change in (
                    {"more": 1},
                    {"fields": []},
                    {"addressee": "Fern Police"},
                    {"addressee": {"name": "Fern Police"}},
                    {"addressee": {"name": "Fern Police", "address": "1 Fern Square", "authority": "neighbour"}},
                )
            ),
        ],
    )
    def test_a_report_that_cannot_be_read(self, tmp_path: Path, content: Any) -> None:
        (tmp_path / "report.json").write_bytes(content)
        done = run("draft", "premises", str(tmp_path / "report.json"), *WHO)
        assert done.exit_code == 2
        assert "p-ray" not in done.output
