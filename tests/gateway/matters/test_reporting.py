"""Reports of fixed form: two persons, typed fields, on the ledger before they are handed over (P2-12, P2-13, GR-01)."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from consent.accounting import View
from consent.codes import Purpose
from consent.model import Person
from consent.reports import Addressee, Authority, ReportKind
from gateway import legal, reporting, statements
from gateway.accounts import account_for
from gateway.reporting import Draft, ReportingError
from gateway.store.repositories.affairs import Affairs
from gateway.store.repositories.restoring import Restoring
from gateway.store.unit_of_work import Store
from tests.gateway.site import NOON, Scene

TODAY = date(2026, 11, 24)
SAM, VAL = Person("Sam Example", "case-manager"), Person("Val Hemlock", "supervisor")
POLICE = Addressee("Fern Police", "1 Fern Square", Authority.POLICE)
CHILDREN = Addressee("Fern Child Protection", "2 Fern Square", Authority.CHILD_PROTECTION)
BEFORE = (NOON - timedelta(hours=1)).isoformat()
FIELDS: dict[ReportKind, dict[str, str]] = {
    ReportKind.PREMISES: {
        "occurred_at": BEFORE,
        "circumstances": "Broke the window of the front office.",
        "patient_status": "patient of this program",
        "name": "Ray Alder",
        "address": "",
        "last_known_whereabouts": "walking north",
    },
    ReportKind.CHILD_ABUSE: {
        "learned_at": BEFORE,
        "state_law": "RCW 26.44.030",
        "child_name": "Testina Fir",
        "child_whereabouts": "at home",
        "suspected_person": "Ray Alder",
        "suspicion": "Bruises on both arms.",
    },
    ReportKind.THREAT: {
        "learned_at": BEFORE,
        "threat": "Said that he will shoot a neighbour tonight.",
        "threatened": "the neighbour at 3 Fern Street",
        "person_named": "Ray Alder",
        "last_known_whereabouts": "",
    },
}
TO = {ReportKind.PREMISES: POLICE, ReportKind.CHILD_ABUSE: CHILDREN, ReportKind.THREAT: POLICE}
CITES = {
    ReportKind.PREMISES: "42 CFR 2.12(c)(5)",
    ReportKind.CHILD_ABUSE: "42 CFR 2.12(c)(6)",
    ReportKind.THREAT: "LEAD GR-01",
}


async def written(scene: Scene, kind: ReportKind = ReportKind.PREMISES, **fields: Any) -> Draft:
    return Draft(kind, await scene.participant(), TO[kind], FIELDS[kind] | fields)


async def drafted(scene: Scene, kind: ReportKind = ReportKind.PREMISES) -> UUID:
    return await reporting.draft(scene.store, await written(scene, kind), by=SAM, at=NOON)


async def listed(scene: Scene, view: View) -> list[tuple[str, str, Purpose | None]]:
    async with scene.store.unit_of_work() as uow:
        found = await account_for(uow, await scene.participant(), view, TODAY)
    return [(told.recipient, told.basis, told.purpose) for told in found.told]


class TestWhatIsNoReport:
    @pytest.mark.parametrize(
        ("fields", "names"),
        [
            ({"circumstances": " "}, "circumstances"),
            ({"name": "\u200b"}, "name"),
            ({"circumstances": "Took methadone from the desk."}, "treatment"),
            ({"circumstances": "x" * 1001}, "circumstances"),
            ({"occurred_at": "yesterday"}, "occurred_at"),
            ({"occurred_at": "2026-11-24T10:00:00"}, "occurred_at"),
            ({"occurred_at": (NOON + timedelta(seconds=1)).isoformat()}, "occurred_at"),
            ({"name": 7}, "name"),
            ({"attachment": "urn:uuid:1"}, "fields"),
            ({"items": "i1"}, "fields"),
        ],
    )
    async def test_a_field_that_breaks_a_rule(self, scene: Scene, fields: dict[str, Any], names: str) -> None:
        with pytest.raises(ReportingError, match=names) as refused:
            await reporting.draft(scene.store, await written(scene, **fields), by=SAM, at=NOON)
        assert "methadone" not in str(refused.value).lower()
        assert await reporting.waiting(scene.store) == []

    async def test_a_threat_that_tells_of_a_treatment(self, scene: Scene) -> None:
        hint = await written(scene, ReportKind.THREAT, threat="He left treatment and will shoot.")
        with pytest.raises(ReportingError, match="threat"):
            await reporting.draft(scene.store, hint, by=SAM, at=NOON)

    async def test_a_field_that_is_missing(self, scene: Scene) -> None:
        whole = await written(scene)
        short = replace(whole, fields={name: text for name, text in whole.fields.items() if name != "address"})
        with pytest.raises(ReportingError, match="exactly"):
            await reporting.draft(scene.store, short, by=SAM, at=NOON)

    async def test_to_somebody_who_may_not_have_it_or_has_no_name(self, scene: Scene) -> None:
        for to in (CHILDREN, replace(POLICE, name=""), replace(POLICE, address=" ")):
            with pytest.raises(ReportingError, match="addressee"):
                await reporting.draft(scene.store, replace(await written(scene), addressee=to), by=SAM, at=NOON)

    async def test_about_nobody_here(self, scene: Scene) -> None:
        with pytest.raises(ReportingError, match="participant"):
            await reporting.draft(scene.store, replace(await written(scene), participant=uuid4()), by=SAM, at=NOON)

    async def test_by_nobody(self, scene: Scene) -> None:
        with pytest.raises(ReportingError, match="author"):
            await reporting.draft(scene.store, await written(scene), by=Person(" ", "case-manager"), at=NOON)


class TestTwoPersons:
    @pytest.mark.parametrize("name", ["Sam Example", " sam  EXAMPLE"])
    async def test_one_person_twice(self, scene: Scene, name: str) -> None:
        identity = await drafted(scene)
        with pytest.raises(ReportingError, match="another person"):
            await reporting.confirm(scene.store, identity, by=Person(name, "supervisor"), at=NOON)
        assert reporting.KIND not in await scene.kinds()
        assert [each.id for each in await reporting.waiting(scene.store)] == [identity]

    async def test_not_everybody_confirms(self, scene: Scene) -> None:
        identity = await drafted(scene)
        with pytest.raises(ReportingError, match="approver"):
            await reporting.confirm(scene.store, identity, by=Person("Val Hemlock", "case-manager"), at=NOON)

    async def test_a_draft_alone_is_on_no_accounting(self, scene: Scene) -> None:
        await drafted(scene)
        assert [await listed(scene, view) for view in View] == [[]] * len(View)

    async def test_once(self, scene: Scene) -> None:
        identity = await drafted(scene)
        await reporting.confirm(scene.store, identity, by=VAL, at=NOON)
        for again in (reporting.confirm, reporting.discard):
            with pytest.raises(ReportingError, match="waits"):
                await again(scene.store, identity, by=VAL, at=NOON)
        assert (await scene.kinds()).count(reporting.KIND) == 1

    async def test_what_is_discarded_is_not_confirmed(self, scene: Scene) -> None:
        identity = await drafted(scene)
        await reporting.discard(scene.store, identity, by=VAL, at=NOON)
        with pytest.raises(ReportingError, match="waits"):
            await reporting.confirm(scene.store, identity, by=VAL, at=NOON)
        assert await reporting.waiting(scene.store) == []

    async def test_a_report_is_no_legal_paper_and_the_other_way_round(self, scene: Scene) -> None:
        identity = await drafted(scene)
        with pytest.raises(legal.LegalError, match="no legal paper"):
            await legal.refuse(scene.store, identity, why="x", by="Pat Pine", at=NOON)
        async with scene.store.unit_of_work() as uow:
            assert await Affairs(uow.connection, uow.vault).legal_open() == []
        paper = await legal.receive(scene.store, "order", sender="Court", reference="26-1", by="Pat Pine", at=NOON)
        with pytest.raises(ReportingError, match="waits"):
            await reporting.confirm(scene.store, paper, by=VAL, at=NOON)
        assert [each.id for each in await reporting.waiting(scene.store)] == [identity]

    async def test_nothing_leaves_a_site_that_is_held(self, scene: Scene) -> None:
        identity = await drafted(scene)
        async with scene.store.unit_of_work() as uow:
            await Restoring(uow).hold_site(held=True)
            await uow.commit()
        with pytest.raises(ReportingError, match="site"):
            await reporting.confirm(scene.store, identity, by=VAL, at=NOON)

    async def test_without_an_entry_there_is_no_text(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        async def breaks(*_: object, **__: object) -> None:
            raise RuntimeError

        identity = await drafted(scene)
        monkeypatch.setattr("gateway.ledger.append", breaks)
        with pytest.raises(RuntimeError):
            await reporting.confirm(scene.store, identity, by=VAL, at=NOON)
        assert [each.id for each in await reporting.waiting(scene.store)] == [identity]


@pytest.mark.parametrize("kind", ReportKind)
class TestConfirmed:
    async def test_it_is_handed_over_and_accounted_for(self, scene: Scene, kind: ReportKind) -> None:
        identity = await drafted(scene, kind)
        handed = await reporting.confirm(scene.store, identity, by=VAL, at=NOON)
        assert handed.addressee == TO[kind]
        assert handed.pdf.startswith(b"%PDF-")
        assert "Ray Alder" in handed.text
        assert ("Sam Example" in handed.text) is (kind is not ReportKind.THREAT)
        (entry,) = [each for each in await scene.entries() if each.kind == reporting.KIND]
        assert (entry.id, entry.content["author"]["name"]) == (handed.entry, "Sam Example")
        assert entry.content["approver"] == {"name": "Val Hemlock", "role": "supervisor"}
        assert "Fern Street" not in str(entry.content)
        line = (TO[kind].name, CITES[kind], None)
        assert await listed(scene, View.HIPAA) == [line]
        assert await listed(scene, View.PARTICIPANT) == [line]
        assert await listed(scene, View.CONSENT) == []
        assert await listed(scene, View.INTERMEDIARY) == []

    async def test_it_is_on_the_participant_s_statement(self, scene: Scene, kind: ReportKind) -> None:
        await reporting.confirm(scene.store, await drafted(scene, kind), by=VAL, at=NOON)
        store: Store = scene.store
        found = await statements.state(store, await scene.participant(), staff="mo", at=NOON)
        assert [(each.day, each.recipient, each.kind) for each in found.reported] == [(TODAY, TO[kind].name, kind)]
        said = " ".join(found.lines("en"))
        assert TO[kind].name in said
        assert "We have told no one" not in said
        assert "Broke the window" not in said
