"""The notice in an HL7 v2 message: whole, in short 7-bit lines, once, after the patient."""

import hashlib
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from consent.disclosure import Notice
from consent.notices import STATEMENT_1, STATEMENT_2
from mappings.hl7v2.escaping import unescape
from mappings.hl7v2.notice import WIDTH, NoticeMessageError, notice_segments, read_notice, with_notice
from tests.mappings.fhir.schema import ROOT, needs_node

MESSAGE = (
    "MSH|^~\\&|LEAD|CEDAR|ROWAN|ROWAN|20261124220100+0000||ADT^A01^ADT_A01|M1|P|2.5.1\r"
    "EVN|A01|20261124220100+0000\r"
    "PID|1||0042^^^CEDAR^PCN||Alder^Ray||19860302|U\r"
    "PD1||||\r"
    "NK1|1\r"
    "PV1|1|I|CEDAR\r"
)
SCOPE = "Wren may tell Rowan & others: custody | identity.\nUntil 2027-10-01. Señora Fir agrees."
SCOPES = st.text(st.characters(codec="utf-8"), max_size=400)
LONGEST = 240  # what an old receiver keeps of a line


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _joined(segments: list[str], kind: str) -> str:
    fields = [segment.split("|") for segment in segments if segment.startswith("NTE|")]
    return unescape("".join(one[3] for one in fields if one[4].startswith(kind)))


class TestRefusals:
    @pytest.mark.parametrize(
        "message",
        [
            "",
            "PID|1\r",
            MESSAGE.replace("^~\\&", "~^\\&", 1),
            MESSAGE.replace("\r", "\n"),
            MESSAGE.replace("\r", "\r\n"),
            MESSAGE.replace("PID|", "ZZZ|"),
            MESSAGE + "PID|2||CANARY\r",
            with_notice(MESSAGE, STATEMENT_2, None),
        ],
    )
    def test_a_message_that_cannot_carry_it(self, message: str) -> None:
        with pytest.raises(NoticeMessageError) as refused:
            with_notice(message, STATEMENT_1, SCOPE)
        assert "CANARY" not in str(refused.value)
        assert "\r" not in str(refused.value)

    CHANGES: dict[str, Callable[[str], str]] = {  # noqa: RUF012  -- a table of cases, never changed
        "nothing of it": lambda m: "\r".join(s for s in m.split("\r") if not s.startswith(("NTE", "ZNT"))),
        "no ZNT": lambda m: "\r".join(s for s in m.split("\r") if not s.startswith("ZNT")),
        "two ZNT": lambda m: m + next(s for s in m.split("\r") if s.startswith("ZNT")) + "\r",
        "a line less": lambda m: "\r".join(s for s in m.split("\r") if not s.startswith("NTE|2|")),
        "a line of the scope less": lambda m: "\r".join(s for s in m.split("\r") if "|SCOPE" not in s),
        "two lines changed over": lambda m: m.replace("NTE|1|O|", "NTE|x|O|").replace("NTE|x|O|", "NTE|1|O|CANARY"),
        "another number of lines": lambda m: m.replace("(a)(1)|12|", "(a)(1)|13|"),
        "a word of the scope changed": lambda m: m.replace("Wren may", "Wolf may"),
        "a word changed": lambda m: m.replace("prohibit", "permit"),
        "an escape of others": lambda m: m.replace("NTE|1|O|", "NTE|1|O|\\Q\\"),
        "half an escape": lambda m: m.replace("NTE|1|O|", "NTE|1|O|\\"),
        "an unknown version": lambda m: m.replace("statement-1", "CANARY"),
        "a short ZNT": lambda m: m.replace("ZNT|1|", "ZNT|"),
    }

    @pytest.mark.parametrize("name", CHANGES)
    def test_a_message_that_does_not_carry_it_whole(self, name: str) -> None:
        message = self.CHANGES[name](with_notice(MESSAGE, STATEMENT_1, SCOPE))
        with pytest.raises(NoticeMessageError) as refused:
            read_notice(message)
        assert "CANARY" not in str(refused.value)

    def test_a_forged_statement_with_a_true_digest(self) -> None:
        forged = Notice(STATEMENT_1.version, "Do as you like.", STATEMENT_1.cites)
        with pytest.raises(NoticeMessageError):
            read_notice(with_notice(MESSAGE, forged, None))


class TestPlace:
    def test_it_stands_after_the_patient_and_changes_nothing_else(self) -> None:
        segments = with_notice(MESSAGE, STATEMENT_1, SCOPE).split("\r")
        kinds = [segment[:3] for segment in segments]
        assert kinds[:4] == ["MSH", "EVN", "PID", "PD1"]
        assert set(kinds[4:-4]) == {"NTE"}
        assert kinds[-4:] == ["ZNT", "NK1", "PV1", ""]
        ours = [segment for segment in segments if segment[:3] not in {"NTE", "ZNT"}]
        assert "\r".join(ours) == MESSAGE

    def test_notes_that_are_there_keep_their_place_and_the_numbers_go_on(self) -> None:
        noted = MESSAGE.replace("NK1", "NTE|1|L|Bring a coat\rNK1") + "NTE|1|L|of the visit\r"
        segments = with_notice(noted, STATEMENT_2, None).split("\r")
        assert [s for s in segments if s.startswith(("NTE", "ZNT"))][0:2] == [
            "NTE|1|L|Bring a coat",
            f"NTE|2|O|{STATEMENT_2.text}|PART2^42 CFR 2.32(a)^99LEAD",
        ]
        assert read_notice("\r".join(segments)).statement == STATEMENT_2.text


@pytest.mark.parametrize("notice", [STATEMENT_1, STATEMENT_2], ids=lambda n: n.version)
class TestWhole:
    @given(scope=st.none() | SCOPES)
    @example(scope=None)
    @example(scope="")
    @example(scope="|^~\\&" * 200)
    @example(scope="x" * 1000)
    @example(scope=" " * 1000)
    @example(scope="é" * 300 + " ")
    @example(scope="word " * 200)
    def test_it_comes_back_word_for_word(self, notice: Notice, scope: str | None) -> None:
        message = with_notice(MESSAGE, notice, scope)
        carried = read_notice(message)
        assert (carried.version, _digest(carried.statement)) == (notice.version, _digest(notice.text))
        assert carried.scope == (scope or None)
        segments = message.split("\r")
        assert _digest(_joined(segments, "PART2")) == _digest(notice.text)
        assert _joined(segments, "SCOPE") == (scope or "")

    @given(scope=SCOPES)
    @example(scope="|^~\\&é " * 100)
    @example(scope=" " * 1000)
    @example(scope=("x" * 119 + " ") * 9)
    def test_every_line_is_short_and_7_bit_and_ends_in_no_space(self, notice: Notice, scope: str) -> None:
        segments = notice_segments(notice, scope)
        assert "".join(segments).isascii()
        assert "".join(segments).isprintable()
        assert max(map(len, segments)) <= LONGEST
        parts = [segment.split("|")[3] for segment in segments if segment.startswith("NTE|")]
        assert max(map(len, parts)) <= WIDTH
        assert [part for part in parts if not part or part.endswith(" ")] == []

    def test_a_space_is_spelled_out_only_at_the_end_of_all(self, notice: Notice) -> None:
        segments = notice_segments(notice, "two  spaces  between  words  " * 20)
        spelled = [segment.split("|")[1] for segment in segments if "\\X20\\" in segment]
        assert spelled == [segments[-2].split("|")[1]]

    def test_words_stay_whole_where_a_line_can_hold_them(self, notice: Notice) -> None:
        parts = [segment.split("|")[3] for segment in notice_segments(notice, None) if segment.startswith("NTE|")]
        assert [left for left, right in pairwise(parts) if not right.startswith(" ")] == []


@needs_node
def test_an_independent_parser_finds_it_whole(tmp_path: Path) -> None:
    file = tmp_path / "message.hl7"
    file.write_text(with_notice(MESSAGE, STATEMENT_1, SCOPE), encoding="ascii", newline="")
    command = ["node", str(ROOT / "tests/node/notice.cjs"), str(file)]
    found = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=60)
    assert found.stdout.split() == [_digest(STATEMENT_1.text), _digest(SCOPE)], found.stderr
