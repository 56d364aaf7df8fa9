"""`consult` on the command line: a card is exit 0 whatever it says, a broken body exit 2 and one line."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import cli
from gateway.commands.consult import consult
from tests.mappings.fhir.consult.build import body, bundle, consent, observation, rule

AT = ("--at", "2026-03-02T12:00:00Z")
PERMIT, DENY, NONE = body(consent(rule("permit"))), body(consent(rule("deny"))), body()


def run(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(consult, [str(each) for each in arguments], input=stdin)


def written(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value), "utf-8")
    return path


def test_it_is_a_command() -> None:
    assert "consult" in CliRunner().invoke(cli, ["--help"]).stdout


class TestOne:
    @pytest.mark.parametrize(
        ("request_body", "summary"), [(PERMIT, "CONSENT_PERMIT"), (DENY, "CONSENT_DENY"), (NONE, "NO_CONSENT")]
    )
    def test_a_card_is_exit_0(self, tmp_path: Path, request_body: object, summary: str) -> None:
        result = run(written(tmp_path / "r.json", request_body), *AT)
        assert (result.exit_code, result.stderr) == (0, "")
        assert json.loads(result.stdout)["summary"] == summary

    def test_the_moment_is_asked_for_or_now(self, tmp_path: Path) -> None:
        path = written(tmp_path / "r.json", body(consent(rule("permit", period={"end": "2020-01-01"}), dateTime=None)))
        assert json.loads(run(path).stdout)["summary"] == "NO_CONSENT"
        assert json.loads(run(path, "--at", "2019-12-31T23:00:00-08:00").stdout)["summary"] == "CONSENT_PERMIT"

    @pytest.mark.parametrize("moment", ["2026-03-02T12:00:00", "2026-03-02", "noon", ""])
    def test_a_moment_without_an_offset(self, tmp_path: Path, moment: str) -> None:
        result = run(written(tmp_path / "r.json", PERMIT), "--at", moment)
        assert (result.exit_code, result.stdout) == (2, "")

    def test_any_purpose(self, tmp_path: Path) -> None:
        asked = body(consent(rule("permit", purpose="TREAT")), purposeOfUse=["TREAT", "HMARKT"])
        path = written(tmp_path / "r.json", asked)
        assert json.loads(run(path, *AT).stdout)["summary"] == "NO_CONSENT"
        assert json.loads(run(path, *AT, "--any-purpose").stdout)["summary"] == "CONSENT_PERMIT"

    def test_from_standard_input(self) -> None:
        assert json.loads(run("-", *AT, stdin=json.dumps(PERMIT).encode()).stdout)["summary"] == "CONSENT_PERMIT"

    @pytest.mark.parametrize(
        "content", [b"", b"{", b"\xff", b"{}", b"[]", b"[" * 100_000, b'{"hook":"x","hook":"patient-consent-consult"}']
    )
    def test_bad_input(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "r.json"
        path.write_bytes(content)
        result = run(path)
        assert (result.exit_code, result.stdout) == (2, "")
        assert len(result.stderr.splitlines()) == 1

    def test_no_file(self, tmp_path: Path) -> None:
        for path in (tmp_path / "none.json", tmp_path):
            assert (run(path).exit_code, run(path).stdout) == (2, "")

    def test_neither_or_both(self, tmp_path: Path) -> None:
        path = written(tmp_path / "r.json", PERMIT)
        for arguments in ((), (path, "--batch", path)):
            assert (run(*arguments).exit_code, run(*arguments).stdout) == (2, "")

    def test_numbers_that_flow_are_as_they_were_written(self, tmp_path: Path) -> None:
        """FHIR: the zeros of a decimal mean something; Python would print 1.10 as 1.1 and round what is long."""
        numbers = "[1.10, 140.0, 1e-7, 12345678901234567890.1234, 123456789012345678901, -7, 999999999999999999]"
        asked = body(consent(rule("permit")), content=bundle(observation("n", component="HERE")))
        path = tmp_path / "r.json"
        path.write_text(json.dumps(asked).replace('"HERE"', numbers), "utf-8")
        for arguments in ((path,), ("--batch", path)):
            printed = "".join(run(*arguments, *AT).stdout.split())
            assert f'"component":{"".join(numbers.split())}' in printed


class TestBatch:
    def test_one_line_for_one_line(self, tmp_path: Path) -> None:
        path = tmp_path / "r.jsonl"
        path.write_text("\n".join([json.dumps(DENY), "nonsense", json.dumps(PERMIT)]) + "\n", "utf-8")
        result = run("--batch", path, *AT)
        answers = [json.loads(line) for line in result.stdout.splitlines()]
        assert [each.get("summary") for each in answers] == ["CONSENT_DENY", None, "CONSENT_PERMIT"]
        assert answers[1]["error"] == "bad_request"
        assert result.exit_code == 2
        assert len(result.stderr.splitlines()) == 1

    @pytest.mark.parametrize("end", ["", "\n", "\r\n"])
    def test_all_good(self, tmp_path: Path, end: str) -> None:
        path = tmp_path / "r.jsonl"
        path.write_bytes((json.dumps(PERMIT) + end).encode())
        result = run("--batch", path, *AT)
        assert (result.exit_code, result.stderr) == (0, "")
        assert json.loads(result.stdout)["summary"] == "CONSENT_PERMIT"

    def test_nothing_at_all(self, tmp_path: Path) -> None:
        path = tmp_path / "r.jsonl"
        path.write_bytes(b"")
        assert (run("--batch", path).exit_code, run("--batch", path).stdout) == (0, "")
