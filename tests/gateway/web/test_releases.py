"""The guided form. First who may not, and what it refuses; then that what is signed is in force, and nothing wider."""

from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from consent.codes import Category, Purpose
from gateway.web.roles import Role
from tests.gateway.web.conftest import Console, text_of

PROSECUTOR = "org:cedar-prosecutor"
HOUSING = "org:cedar-housing"
HAZEL = "p-hazel"
HOSPITAL = "org:lakeside-hospital"
OTP = "org:fern-hill-otp"


def _filled(**more: Any) -> dict[str, Any]:
    return {
        "draft": str(uuid4()),
        "kind": "roi",
        "language": "en",
        "source": "org:cedar-cm",
        "agency": PROSECUTOR,
        f"answer.{PROSECUTOR}": "yes",
        "cell": [f"{PROSECUTOR}|case-alignment|participation", f"{PROSECUTOR}|case-alignment|progress"],
        f"role.{PROSECUTOR}": "liaison prosecutor",
        f"until.{PROSECUTOR}": "case-closed",
        **more,
    }


def _signed(**more: Any) -> dict[str, Any]:
    table = {"method": "typed", "signer": "Hazel Finch", "capacity": "self", "intent": "yes", "clear": "yes"}
    return _filled(**{**table, "copy": "full", "notice_given": "yes", **more})


async def _place(console: Console, reference: str = HAZEL) -> str:
    return f"/console/participants/{await console.scene.participant(reference)}/releases"


async def _forms(console: Console) -> list[Any]:
    async with console.scene.store.unit_of_work() as uow:
        return [form for form, _ in await uow.consents.signed(await console.scene.participant(HAZEL))]


class TestWhoMayNot:
    @pytest.mark.parametrize("role", [Role.AUDITOR, Role.PROJECT_MANAGER, Role.DEFENDER])
    async def test_another_role(self, console: Console, role: Role) -> None:
        browser, place = await console.as_(role), await _place(console)
        assert (await browser.get(place)).status_code == 404
        assert (await browser.post(f"{place}/record", _signed())).status_code == 404
        assert (await browser.post(f"{place}/preview", _filled())).status_code == 404

    async def test_another_organization(self, console: Console) -> None:
        browser = await console.as_(Role.PRIVACY_OFFICER, organization="org:lakeside-hospital")
        assert (await browser.post(f"{await _place(console)}/record", _signed())).status_code == 404
        assert await _forms(console) == []

    async def test_a_form_from_elsewhere(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        assert (await browser.post(f"{await _place(console)}/record", _signed(form="x"))).status_code == 403
        assert await _forms(console) == []

    async def test_a_form_of_somebody_else(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        done = await browser.post(f"{await _place(console)}/record", _signed())
        consent = done.headers["location"].rpartition("/")[2].partition("?")[0]
        assert (await browser.get(f"{await _place(console, 'p-ray')}/{consent}")).status_code == 404


class TestWhatCannotBeSigned:
    @pytest.mark.parametrize(
        ("more", "word"),
        [
            ({"signer": ""}, "have it signed (42 cfr 2.31(a)(8))"),
            ({"signer": "Somebody Else"}, "42 cfr 2.31(a)(8)"),
            ({"signer": "Mo Cypress"}, "staff never sign"),
            ({"clear": "no"}, "sober"),
            ({f"until.{PROSECUTOR}": ""}, "2.31(a)(7)"),
            ({f"role.{PROSECUTOR}": ""}, "2.31(a)(4)(i)"),
            ({"source": "org:nobody"}, "2.31(a)(2)"),
            ({"cell": []}, "2.31(a)(3)"),
            ({"method": ""}, "How they sign"),
            ({"intent": ""}, "Their will"),
            ({"copy": ""}, "Their copy"),
            ({"draft": "x"}, "begin again"),
            ({"method": "paper"}, "Paper: choose the scan"),
        ],
    )
    async def test_it_says_why_and_records_nothing(self, console: Console, more: dict[str, Any], word: str) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        answer = await browser.post(f"{await _place(console)}/record", _signed(**more))
        assert answer.status_code == 422
        assert word.lower() in text_of(answer).lower()
        assert await _forms(console) == []

    async def test_what_can_never_be_told_is_not_in_it_even_if_it_is_sent(self, console: Console) -> None:
        cells = [f"{PROSECUTOR}|case-alignment|{what}" for what in ("drug-tests", "counseling-notes", "participation")]
        browser = await console.as_(Role.CASE_MANAGER)
        await browser.post(f"{await _place(console)}/record", _signed(cell=[*cells, f"{PROSECUTOR}|charging|goals"]))
        (form,) = await _forms(console)
        (grant,) = form.grants
        assert (grant.categories, grant.purposes) == ({Category.PARTICIPATION}, {Purpose.CASE_ALIGNMENT})

    @pytest.mark.parametrize("content", [b"", b"<html>", b"MZ\x90"])
    async def test_a_paper_that_is_none(self, console: Console, content: bytes) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        files = {"paper": ("scan.pdf", content, "application/pdf")}
        answer = await browser.post(f"{await _place(console)}/record", _signed(method="paper"), files=files)
        assert answer.status_code == 422
        assert await _forms(console) == []

    async def test_a_paper_too_large(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        files = {"paper": ("scan.pdf", b"%PDF-" + bytes(5 * (1 << 20)), "application/pdf")}
        answer = await browser.post(f"{await _place(console)}/record", _signed(method="paper"), files=files)
        assert "5 MB" in text_of(answer)
        assert await _forms(console) == []

    async def test_notes_never_go_to_justice(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        typed = _filled(kind="notes", step="who")
        answer = await browser.post(f"{await _place(console)}/new", typed)
        assert answer.status_code == 422
        assert "2.31(b)" in text_of(answer)

    async def test_a_proceeding_without_cause_or_counsel(self, console: Console) -> None:
        typed = _signed(kind="proceeding", cell=[f"{PROSECUTOR}|proceeding|progress"])
        browser = await console.as_(Role.CASE_MANAGER)
        answer = await browser.post(f"{await _place(console)}/record", typed)
        assert answer.status_code == 422
        assert "2.31(d)" in text_of(answer)

    async def test_steps_keep_what_was_typed(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        typed = _filled(
            step=f"agency:{PROSECUTOR}", **{f"until.{PROSECUTOR}": "day", f"day.{PROSECUTOR}": "2020-01-01"}
        )
        answer = await browser.post(f"{await _place(console)}/new", typed)
        assert answer.status_code == 422
        assert "2.31(a)(7)" in text_of(answer)
        assert 'value="2020-01-01"' in answer.text
        assert f'value="{PROSECUTOR}|case-alignment|progress" checked' in answer.text


class TestTheSteps:
    async def test_nothing_is_ticked_at_first(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        page = await browser.get(f"{await _place(console)}/new?agency={PROSECUTOR}")
        assert page.status_code == 200
        assert " checked" not in page.text
        assert "drug-tests" not in page.text
        assert "never goes to justice" in text_of(page)

    async def test_one_after_the_other(self, console: Console) -> None:
        browser, place = await console.as_(Role.CASE_MANAGER), await _place(console)
        first = await browser.post(f"{place}/new", _filled(step="who"))
        assert "Step 2 of 4" in text_of(first)
        check = await browser.post(f"{place}/new", _filled(step=f"agency:{PROSECUTOR}"))
        assert "May hear: that you take part in this program; how you are doing." in text_of(check)
        sign = await browser.post(f"{place}/new", _filled(step="check"))
        assert "How they sign" in text_of(sign)

    async def test_in_spanish(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        check = await browser.post(f"{await _place(console)}/new", _filled(step=f"agency:{PROSECUTOR}", language="es"))
        assert "Puede saber" in text_of(check)

    async def test_a_no_is_written_down_and_nothing_else(self, console: Console) -> None:
        browser, place = await console.as_(Role.CASE_MANAGER), await _place(console)
        answer = await browser.post(
            f"{place}/refused", _filled(**{f"answer.{PROSECUTOR}": "no", "again": "2027-02-01"})
        )
        assert answer.status_code == 303
        assert "do not ask before 2027-02-01" in text_of(await browser.get(place))
        assert await _forms(console) == []
        assert "release-refused" in await console.scene.kinds(HAZEL)

    async def test_a_no_to_nobody(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        assert (await browser.post(f"{await _place(console)}/refused", _filled())).status_code == 422


class TestThePreview:
    async def test_nothing_leaves_and_nothing_is_signed(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        page = await browser.post(f"{await _place(console)}/preview", _filled(step="check"))
        assert page.status_code == 200
        assert "Cedar County Prosecuting Attorney" in text_of(page)
        assert await _forms(console) == []
        kinds = await console.scene.kinds(HAZEL)
        assert "disclosure" not in kinds
        assert kinds[-1] == "use"

    async def test_it_is_what_the_engine_would_let_out(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        with_it = await browser.post(f"{await _place(console)}/preview", _filled(step="check"))
        assert "resourceType" in with_it.text
        without = await browser.post(f"{await _place(console)}/preview", _filled(step="check", cell=[]))
        assert "resourceType" not in without.text

    async def test_an_unsigned_form_opens_nobody_elses_record(self, console: Console) -> None:
        """Whoever ticked another's records read them on this page, unsigned, with no disclosure on the ledger."""
        cells = [f"{HOSPITAL}|treatment|{each.value}" for each in Category]
        more = {"source": ["org:cedar-cm", OTP], "agency": HOSPITAL, f"answer.{HOSPITAL}": "yes", "cell": cells}
        typed = _filled(**more, **{f"role.{HOSPITAL}": "", f"until.{HOSPITAL}": "case-closed"})
        browser, place = await console.as_(Role.CASE_MANAGER), await _place(console, "p-ray")
        shown = await browser.post(f"{place}/preview", typed)
        assert shown.status_code == 200
        assert "resourceType" in shown.text
        assert "methadone" not in shown.text.lower()
        assert "opioid" not in shown.text.lower()
        assert "lisinopril" not in shown.text.lower()

    async def test_a_step_that_is_none_begins_again(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        page = await browser.post(f"{await _place(console)}/new", _filled(step="x", agency="org:nobody"))
        assert page.status_code == 422

    async def test_beginning_a_form_is_recorded(self, console: Console) -> None:
        await (await console.as_(Role.CASE_MANAGER)).get(f"{await _place(console)}/new")
        assert (await console.scene.entries(HAZEL))[-1].content["read"] == ["release-form"]


class TestSigned:
    async def test_it_is_in_force_with_its_paper_and_on_the_ledger(self, console: Console) -> None:
        browser, place = await console.as_(Role.CASE_MANAGER), await _place(console)
        answer = await browser.post(f"{place}/record", _signed())
        assert answer.status_code == 303
        (form,) = await _forms(console)
        assert (form.signer.name, form.form.language) == ("Hazel Finch", "en")
        entry = next(each for each in await console.scene.entries(HAZEL) if each.kind == "consent")
        told = {name: entry.content[name] for name in ("method", "witness", "copy", "notice_given")}
        assert told == {"method": "typed", "witness": "Mo Cypress", "copy": "full", "notice_given": True}
        async with console.scene.store.unit_of_work() as uow:
            (paper,) = await uow.inbound.originals(await console.scene.participant(HAZEL))
        assert orjson.loads(paper)["content"][0]["attachment"]["contentType"] == "application/pdf"
        assert "Cedar County Prosecuting Attorney" in text_of(await browser.get(place))
        assert "What I signed" in text_of(await browser.get(answer.headers["location"]))

    async def test_twice_is_once(self, console: Console) -> None:
        browser, typed, place = await console.as_(Role.CASE_MANAGER), _signed(), await _place(console)
        first = await browser.post(f"{place}/record", typed)
        again = await browser.post(f"{place}/record", typed)
        assert first.headers["location"] == again.headers["location"]
        assert len(await _forms(console)) == 1

    async def test_on_paper(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        files = {"paper": ("scan.png", b"\x89PNG\r\n\x1a\n0000", "text/html")}
        answer = await browser.post(f"{await _place(console)}/record", _signed(method="paper"), files=files)
        assert answer.status_code == 303
        async with console.scene.store.unit_of_work() as uow:
            (paper,) = await uow.inbound.originals(await console.scene.participant(HAZEL))
        assert orjson.loads(paper)["content"][0]["attachment"]["contentType"] == "image/png"

    async def test_the_card_tells_nothing(self, console: Console) -> None:
        browser, place = await console.as_(Role.CASE_MANAGER), await _place(console)
        answer = await browser.post(f"{place}/record", _signed(copy="card"))
        card = (await browser.get(answer.headers["location"])).text
        inside = card[card.index('class="pocket"') : card.index("</div>", card.index('class="pocket"'))]
        for word in ("Cedar", "drug", "program", "Prosecut", "Hazel"):
            assert word not in inside

    async def test_which_copy_was_taken_later(self, console: Console) -> None:
        browser, place = await console.as_(Role.CASE_MANAGER), await _place(console)
        signed = await browser.post(f"{place}/record", _signed(copy="office"))
        consent = UUID(signed.headers["location"].rpartition("/")[2].partition("?")[0])
        assert (await browser.post(f"{place}/{consent}/copy", {"copy": "card"})).status_code == 303
        assert (await browser.post(f"{place}/{consent}/copy", {"copy": "x"})).status_code == 404
        entry = next(each for each in await console.scene.entries(HAZEL) if each.kind == "release-copy")
        assert entry.content["copy"] == "card"

    async def test_a_proceeding_does_not_count_before_a_defender_looked(self, console: Console) -> None:
        typed = _signed(
            kind="proceeding",
            proceeding_cause="Cedar District Court 26-1-0001",
            counsel_present="yes",
            cell=[f"{PROSECUTOR}|proceeding|progress"],
        )
        browser = await console.as_(Role.CASE_MANAGER)
        answer = await browser.post(f"{await _place(console)}/record", typed)
        if answer.status_code == 422:
            pytest.fail(text_of(answer)[:600])
        (form,) = await _forms(console)
        assert form.counsel_present is None
        assert "does not count yet" in text_of(await browser.get(answer.headers["location"]))
