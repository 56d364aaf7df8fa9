r"""The notice in an HL7 v2 message: NTE segments for people, one ZNT segment for machines (42 CFR 2.32).

They stand after the patient group (PID, PD1, ARV and the notes that are there already), once per message, since a
disclosure is about one participant:

    NTE|1|O|<part of the statement>|PART2^42 CFR 2.32(a)^99LEAD
    NTE|9|O|<part of the scope>|SCOPE^42 CFR 2.32(b)^99LEAD
    ZNT|1|<version>|<cites>|<parts of the statement>|<its SHA-256>|<parts of the scope>|<its SHA-256>

A part is at most `WIDTH` characters as escaped (escaping.py). Parts join without anything between them: a part begins
with the space that came before its first word, and never ends in one, because trailing spaces of a TX are dropped
(HL7 v2.5.1, 2.A.78) and leading ones are not. INVARIANT: joined and unescaped they are the statement, whole: the
SHA-256 (hex) of its UTF-8 says so.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from consent.disclosure import Notice
from consent.notices import NOTICES
from mappings.hl7v2.escaping import EscapeError, escape, hexadecimal, tokens, unescape

WIDTH: Final = 120

_STATEMENT: Final = "PART2^42 CFR 2.32(a)^99LEAD"
_SCOPE: Final = "SCOPE^42 CFR 2.32(b)^99LEAD"
_PATIENT: Final = ("PID", "PD1", "ARV", "NTE")
_SPOKEN: Final = "MSH|^~\\&|"
_NTE_FIELDS: Final = 5
_ZNT_FIELDS: Final = 8


class NoticeMessageError(ValueError):
    """A message cannot carry a notice, or does not carry it whole. Names the segment and the rule, never content."""


@dataclass(frozen=True, slots=True)
class CarriedNotice:
    """What a message says: the version of the statement, its text, and the scope where there is one."""

    version: str
    statement: str
    scope: str | None


def with_notice(message: str, notice: Notice, scope: str | None) -> str:
    """Return the message with statement and scope after its patient group; every other segment is as it was.

    Segments end in CR. Raises NoticeMessageError for other delimiters or line ends, for none or more than one PID, and
    for a message that carries a notice already.
    """
    segments = _segments(message)
    if any(_is_ours(segment) for segment in segments):
        raise NoticeMessageError("`ZNT`: must not be there already")
    place = _after_patient(segments)
    standing = sum(segment.startswith("NTE|") for segment in segments[_patient(segments) : place])
    return "".join(
        f"{segment}\r"
        for segment in (*segments[:place], *notice_segments(notice, scope, after=standing), *segments[place:])
    )


def notice_segments(notice: Notice, scope: str | None, *, after: int = 0) -> list[str]:
    """Return the NTE segments and the ZNT segment. `after`: how many notes stand before them in the same group."""
    statement, permitted = _parts(notice.text), _parts(scope or "")
    told = [*((part, _STATEMENT) for part in statement), *((part, _SCOPE) for part in permitted)]
    notes = [f"NTE|{number}|O|{part}|{kind}" for number, (part, kind) in enumerate(told, after + 1)]
    scoped = (len(permitted), _digest(scope)) if scope else ("", "")
    facts = (escape(notice.version), "~".join(map(escape, notice.cites)), len(statement), _digest(notice.text), *scoped)
    return [*notes, "|".join(map(str, ("ZNT", 1, *facts)))]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _parts(text: str) -> list[str]:
    """Cut an escaped text into parts of at most WIDTH, before a space where there is one, else in the word."""
    left, parts = tokens(text), []
    while left:
        part = _first(left)
        left = left[len(part) :]
        if part[-1] == " ":
            part = [*part[:-1], hexadecimal(" ")]
        parts.append("".join(part))
    return parts


def _first(left: list[str]) -> list[str]:
    """Take the longest part that fits, with room for a last space that must be written as an escape sequence."""
    size, taken = 0, 0
    while taken < len(left) and size + len(left[taken]) <= WIDTH - len(hexadecimal(" ")):
        size += len(left[taken])
        taken += 1
    if taken == len(left):
        return left
    breaks = [i for i in range(1, taken + 1) if left[i] == " " and left[i - 1] != " "]
    return left[: breaks[-1]] if breaks else left[:taken]


def _segments(message: str) -> list[str]:
    if not message.startswith(_SPOKEN):
        raise NoticeMessageError("`MSH`: must be first, with the delimiters |^~\\&")
    if "\n" in message:
        raise NoticeMessageError("`message`: segments must end in CR alone")
    return [segment for segment in message.split("\r") if segment]


def _patient(segments: list[str]) -> int:
    found = [place for place, segment in enumerate(segments) if segment.startswith("PID|")]
    if len(found) != 1:
        raise NoticeMessageError("`PID`: must be there once")
    return found[0]


def _after_patient(segments: list[str]) -> int:
    start = _patient(segments)
    return start + sum(1 for _ in takewhile(lambda segment: segment[:3] in _PATIENT, segments[start:]))


def _is_ours(segment: str) -> bool:
    return segment.startswith("ZNT|") or segment.endswith((f"|{_STATEMENT}", f"|{_SCOPE}"))


def read_notice(message: str) -> CarriedNotice:
    """Read the notice of a message. Raises NoticeMessageError where it is not there once, whole, word for word."""
    segments = _segments(message)
    facts = [segment.split("|") for segment in segments if segment.startswith("ZNT|")]
    if len(facts) != 1 or len(facts[0]) != _ZNT_FIELDS:
        raise NoticeMessageError("`ZNT`: must be there once, with its fields")
    version, count, digest, scope_count, scope_digest = (facts[0][n] for n in (2, 4, 5, 6, 7))
    known = NOTICES.get(version)
    statement = _joined(segments, _STATEMENT, count, digest)
    if known is None or statement != known.text:
        raise NoticeMessageError("`NTE`: must be a statement that is known here, word for word")
    scope = _joined(segments, _SCOPE, scope_count, scope_digest) if scope_count else None
    return CarriedNotice(version, statement, scope)


def _joined(segments: Iterable[str], kind: str, count: str, digest: str) -> str:
    parts = list(_notes(segments, kind))
    try:
        text = unescape("".join(parts))
    except EscapeError:
        raise NoticeMessageError("`NTE`: holds an escape sequence that is not known here") from None
    if str(len(parts)) != count or _digest(text) != digest:
        raise NoticeMessageError("`NTE`: must be what ZNT says, in number and digest")
    return text


def _notes(segments: Iterable[str], kind: str) -> Iterator[str]:
    for segment in segments:
        fields = segment.split("|")
        if fields[0] == "NTE" and len(fields) == _NTE_FIELDS and fields[4] == kind:
            yield fields[3]
