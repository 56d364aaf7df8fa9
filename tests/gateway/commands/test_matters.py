"""The commands of what people handle case by case, as somebody types them."""

import stat
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from gateway.commands.conference import conference
from gateway.commands.defending import defender
from gateway.commands.emergencies import emergencies
from gateway.commands.errors import BadInput
from gateway.commands.files import private_folder, write_private
from gateway.commands.legal import legal
from gateway.commands.undoing import incidents, match, unlink


def run(command: Any, *arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


class TestBadInput:
    """Refused in one line before any site is opened; nothing is changed."""

    @pytest.mark.parametrize(
        ("command", "arguments"),
        [
            (conference, ["nowhere.json"]),
            (legal, ["receive", "letter", "--from", "x", "--reference", "y"]),
            (legal, ["structure", "id", "nowhere.json"]),
            (legal, ["print", "id"]),
            (match, ["id"]),
            (match, ["00000000-0000-0000-0000-000000000000", "--reject", "--confirm", "p"]),
            (unlink, ["p", "e"]),
            (incidents, ["close", "id"]),
            (emergencies, ["review", "id"]),
            (defender, ["hold", "p"]),
        ],
    )
    def test_is_exit_2(self, command: Any, arguments: list[str]) -> None:
        done = run(command, *arguments)
        assert done.exit_code == 2
        assert "Traceback" not in done.output

    @pytest.mark.parametrize("content", ["{}", "[]", "x", '{"participants": [], "organizations": []}'])
    def test_an_agenda_that_is_none(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "agenda.json").write_text(content)
        assert run(conference, str(tmp_path / "agenda.json")).exit_code == 2

    @pytest.mark.parametrize(
        "change", [{"type": "2.99"}, {"findings": ["guilty"]}, {"items": ["i-1"]}, {"expires": "soon"}, {"more": 1}]
    )
    def test_an_order_that_cannot_be_read(self, tmp_path: Path, change: dict[str, Any]) -> None:
        order = {
            "participant": "p-ray",
            "type": "2.64",
            "findings": ["notice-given"],
            "items": ["00000000-0000-7000-8000-000000000000"],
            "recipient": "org:court",
            "expires": "2026-12-24T00:00:00Z",
        }
        (tmp_path / "order.json").write_bytes(orjson.dumps({**order, **change}))
        done = run(legal, "structure", "00000000-0000-7000-8000-000000000000", str(tmp_path / "order.json"))
        assert done.exit_code == 2
        assert "p-ray" not in done.output


class TestFiles:
    def test_not_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(BadInput):
            private_folder(tmp_path / "file")

    def test_for_their_owner_only_and_never_over_another(self, tmp_path: Path) -> None:
        folder = private_folder(tmp_path / "new")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert write_private(folder, {"b.pdf": b"2", "a.json": b"1"}) == ["a.json", "b.pdf"]
        assert stat.S_IMODE((folder / "a.json").stat().st_mode) == 0o600
        with pytest.raises(Exception, match="out"):
            write_private(folder, {"a.json": b"3"})
        assert (folder / "a.json").read_bytes() == b"1"
