"""`consents`, as a privacy officer types it: from what a partner filed to a consent in force."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway import filing
from gateway.commands.filings import consents
from gateway.demo.site_record import HOSPITAL
from gateway.opening import opened
from gateway.parties import Filer
from gateway.settings import load
from gateway.store.values import Client
from gateway.verifying import ALWAYS
from mappings.fhir.filed import read_consent
from tests.gateway.api.consents.stage import consent
from tests.gateway.commands.conftest import Command, DatabaseUrls, lead_file, written

BY = ("--by", "Ash Larkspur")


def _form(**more: Any) -> dict[str, Any]:
    """Rowan's form as a person has read it off the paper, in the format of a LEAD file."""
    own = next(one for one in lead_file()["rois"] if one["participant"] == "p-rowan")
    grant = {**own["grants"][0], "id": "g-hospital", "recipient": [HOSPITAL]}
    return {"rois": [{**own, "id": "paper", "grants": [grant], **more}]}


def _file(urls: DatabaseUrls) -> None:
    async def work() -> None:
        settings = load(data_dir=Path(os.environ["LEAD_DATA_DIR"]), database_url=urls.data, keys_url=urls.keys)
        async with opened(settings) as (program, _):
            async with program.store.unit_of_work() as uow:
                await uow.clients.put(
                    Client("h", HOSPITAL, {"keys": []}, frozenset({"system/Consent.c"}), disabled=False)
                )
                await uow.commit()
            filer = Filer(HOSPITAL, "h", "https://gateway.test/fhir")
            await filing.file_consent(program.store, filer, read_consent(consent()), datetime.now(UTC))

    asyncio.run(work())


class TestBadInput:
    @pytest.mark.parametrize(
        "arguments",
        [
            ["show", "x"],
            ["verify", "x", "nowhere.json", *BY],
            ["refuse", "x", *BY],
            ["refuse", "x", "--why", "y"],
        ],
    )
    def test_is_exit_2(self, arguments: list[str]) -> None:
        done = CliRunner().invoke(consents, arguments)
        assert done.exit_code == 2
        assert "Traceback" not in done.output


def test_from_a_filing_to_a_consent(command: Command, site: DatabaseUrls, tmp_path: Path) -> None:
    _file(site)
    (waits,) = command("consents", "list", "--json").json()["consents"]
    assert waits["organization"] == HOSPITAL
    shown = command("consents", "show", waits["id"], *BY, "--json").json()
    assert shown["consent"]["resourceType"] == "Consent"
    elements = [word for one in sorted(ALWAYS) for word in ("--element", one)]
    paper = written(tmp_path, _form(), "paper.json")
    unseen = command("consents", "verify", waits["id"], paper, *elements[:-2], *BY)
    assert (unseen.code, unseen.line) == (2, "lead-gateway: `--element`: not confirmed: C-13")
    several = written(tmp_path, {"rois": _form()["rois"] * 2}, "two.json")
    assert command("consents", "verify", waits["id"], several, *elements, *BY).code == 2
    staff = written(tmp_path, _form(signer={"name": "Testina Fir", "capacity": "self"}), "other.json")
    lacking = command("consents", "verify", waits["id"], staff, *elements, *BY)
    assert (lacking.code, "2.31(a)(8)" in lacking.line) == (2, True)
    assert "Fir" not in lacking.err
    assert command("consents", "verify", waits["id"], paper, *elements, *BY).code == 0
    assert command("consents", "list", "--json").json()["consents"] == []
    assert command("consents", "refuse", waits["id"], "--why", "late", *BY).code == 2
