"""`decide` on the command line: a denial is exit 0, bad input is exit 2 and one line, never a traceback."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.commands.decide import decide

CORPUS = Path(__file__).parents[2] / "corpus"
PERMIT, DENY = CORPUS / "a-plain-answer.json", CORPUS / "never-for-warrant.json"


def run(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(decide, [str(each) for each in arguments], input=stdin)


def one_line(path: Path) -> str:
    return json.dumps(json.loads(path.read_text("utf-8")))


class TestOne:
    @pytest.mark.parametrize(("path", "outcome"), [(PERMIT, "permit"), (DENY, "deny")])
    def test_a_decision_is_exit_0(self, path: Path, outcome: str) -> None:
        result = run(path)
        assert result.exit_code == 0
        assert json.loads(result.stdout)["outcome"] == outcome
        assert result.stderr == ""

    def test_from_standard_input(self) -> None:
        assert json.loads(run("-", stdin=PERMIT.read_bytes()).stdout) == json.loads(run(PERMIT).stdout)

    @pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"title": 1}', b"[" * 100_000])
    def test_bad_input(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "case.json"
        path.write_bytes(content)
        result = run(path)
        assert (result.exit_code, result.stdout) == (2, "")
        assert len(result.stderr.splitlines()) == 1

    def test_no_file(self, tmp_path: Path) -> None:
        for path in (tmp_path / "none.json", tmp_path):
            result = run(path)
            assert (result.exit_code, result.stdout) == (2, "")
            assert len(result.stderr.splitlines()) == 1

    @pytest.mark.parametrize(
        ("name", "option", "told"),
        [
            ("none.jsonl", (), "CASE.json"),
            ("none.json", ("--batch",), "--batch"),
            ("none.jsonl", ("--batch",), "--batch"),
        ],
    )
    def test_which_file(self, tmp_path: Path, name: str, option: tuple[str, ...], told: str) -> None:
        assert f"`{told}`: cannot be read" in run(*option, tmp_path / name).stderr

    def test_neither_or_both(self) -> None:
        for arguments in ((), (PERMIT, "--batch", PERMIT)):
            result = run(*arguments)
            assert (result.exit_code, result.stdout) == (2, "")
            assert len(result.stderr.splitlines()) == 1


class TestBatch:
    def test_one_line_for_one_line(self, tmp_path: Path) -> None:
        path = tmp_path / "cases.jsonl"
        path.write_text("\n".join([one_line(DENY), "nonsense", "", one_line(PERMIT)]) + "\n", "utf-8")
        result = run("--batch", path)
        answers = [json.loads(line) for line in result.stdout.splitlines()]
        assert [each["id"] for each in answers] == ["never-for-warrant", None, None, "a-plain-answer"]
        assert set(answers[1]) == {"id", "error"}
        assert result.exit_code == 2
        assert len(result.stderr.splitlines()) == 1

    @pytest.mark.parametrize("end", ["", "\n", "\r\n"])
    def test_all_good(self, tmp_path: Path, end: str) -> None:
        path = tmp_path / "cases.jsonl"
        path.write_bytes((one_line(PERMIT) + end).encode())
        result = run("--batch", path)
        assert (result.exit_code, result.stderr) == (0, "")
        assert json.loads(result.stdout) == json.loads(run(PERMIT).stdout)

    def test_lines_end_at_line_feeds_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "cases.jsonl"
        case = json.loads(PERMIT.read_text("utf-8"))
        path.write_text(json.dumps({**case, "title": "a\u2028b\u0085c"}, ensure_ascii=False), "utf-8")
        assert run("--batch", path).exit_code == 0

    def test_answers_end_at_line_feeds_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "cases.jsonl"
        case = json.loads(PERMIT.read_text("utf-8"))
        case["request"]["id"] = "a\u2028b\u0085c"
        path.write_text(json.dumps(case, ensure_ascii=False), "utf-8")
        result = run("--batch", path)
        assert result.stdout.isascii()
        assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == ["a\u2028b\u0085c"]

    def test_nothing_at_all(self, tmp_path: Path) -> None:
        path = tmp_path / "cases.jsonl"
        path.write_bytes(b"")
        assert (run("--batch", path).exit_code, run("--batch", path).stdout) == (0, "")
