"""The agenda of a conference, as somebody typed it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from mappings.lead.agenda import Agenda, AgendaError, Seat, read_agenda

AT = datetime(2026, 12, 1, 18, tzinfo=UTC)
GOOD: dict[str, Any] = {
    "at": "2026-12-01T10:00:00-08:00",
    "participants": ["p-ray"],
    "organizations": [{"id": "org:da", "person": "Lia Larch", "role": "liaison", "promised": True}],
}
EXPECTED = Agenda(AT, ("p-ray",), (Seat("org:da", "Lia Larch", "liaison", promised=True),))


class TestAgenda:
    @pytest.mark.parametrize(
        "change",
        [
            {"at": "2026-12-01T10:00:00"},
            {"at": None},
            {"at": 5},
            {"participants": []},
            {"participants": ["p-ray", "p-ray"]},
            {"participants": [7]},
            {"participants": [f"p-{n}" for n in range(201)]},
            {"organizations": []},
            {"organizations": ["org:da"]},
            {"organizations": [{"id": "org:da"}]},
            {"organizations": [{"id": "org:da", "person": "L", "promised": "yes"}]},
            {"organizations": [{"id": "org:da", "person": "L", "charge": "x"}]},
            {"title": "OWG"},
        ],
    )
    def test_json_that_is_wrong(self, change: dict[str, Any]) -> None:
        with pytest.raises(AgendaError) as raised:
            read_agenda(json.dumps({**GOOD, **change}).encode())
        assert "ray" not in str(raised.value)

    @pytest.mark.parametrize(
        "content", [b"", b"\xff", b"{", b"[]", b"kind,id\n", b"kind,id,person,role,promised\nx,y,,,\n"]
    )
    def test_what_is_none(self, content: bytes) -> None:
        with pytest.raises(AgendaError):
            read_agenda(content, at=AT)

    def test_json(self) -> None:
        found = read_agenda(json.dumps(GOOD).encode())
        assert (found.at, found.participants, found.seats) == (EXPECTED.at, EXPECTED.participants, EXPECTED.seats)

    def test_csv(self) -> None:
        lines = "kind,id,person,role,promised", "participant,p-ray,,,", "organization,org:da,Lia Larch,liaison,yes", ""
        assert read_agenda("\r\n".join(lines).encode(), at=AT) == EXPECTED

    def test_no_promise_unless_it_is_said(self) -> None:
        lines = "kind,id,person,role,promised\nparticipant,p-ray,,,\norganization,org:da,Lia Larch,,\n"
        assert read_agenda(lines.encode(), at=AT).seats == (Seat("org:da", "Lia Larch", None, promised=False),)
