"""Route x client kind x cause: whoever finds nothing is answered alike, byte for byte, whatever the cause."""

from typing import Any

import pytest

from consent.codes import Purpose
from gateway import stopping
from gateway.demo.site import HOSPITAL, HOUSING, JAIL_HEALTH, POLICE, PROSECUTOR
from gateway.demo.site_record import CASE_MANAGEMENT
from gateway.store.repositories.restoring import Restoring
from mappings.fhir.build import BuildError
from mappings.fhir.search_table import CLINICAL
from tests.gateway.api.pulling.partner import CAUSES, STRANGER, Partner

pytestmark = pytest.mark.asyncio(loop_scope="module")

USUAL = ("CarePlan", "Encounter", "AuditEvent", "Provenance")
REST = ("Task", *(kind for kind in CLINICAL if kind not in USUAL))


async def items(partner: Partner, reference: str) -> dict[str, str]:
    """The ids by which the partner would know what is on record about somebody, by type."""
    async with partner.scene.store.unit_of_work() as uow:
        found = await uow.record.items(await partner.scene.participant(reference))
    return {str(one.resource["resourceType"]): partner.own.given(one.id) for one in found if one.resource}


def said(answer: Any) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    return answer.status_code, answer.headers.raw, answer.content


async def asked(partner: Partner, path: str) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    return said(await partner.get(path))


async def compare(partner: Partner, people: list[str], kinds: tuple[str, ...]) -> None:
    """Ask about each in every way, and about a stranger: one answer."""
    known = {name: (partner.ids[name], await items(partner, name)) for name in people}
    for kind in kinds:
        empty = await asked(partner, f"{kind}?patient={STRANGER}")
        none = await asked(partner, f"{kind}/{STRANGER}")
        assert (empty[0], none[0]) == (200, 404)
        for name, (patient, ids) in known.items():
            identity = ids.get(kind, STRANGER)
            assert await asked(partner, f"{kind}?patient={patient}") == empty, (kind, name)
            assert await asked(partner, f"{kind}?_id={identity}") == empty, (kind, name)
            assert await asked(partner, f"{kind}/{identity}") == none, (kind, name)


class TestAHospital:
    async def test_every_cause_on_the_routes_of_each_sort(self, partner):
        await compare(partner, list(CAUSES.values()), USUAL)

    @pytest.mark.slow
    async def test_every_cause_on_every_other_route(self, partner):
        await compare(partner, list(CAUSES.values()), REST)

    async def test_every_cause_for_who_the_person_is(self, partner):
        none = await asked(partner, f"Patient/{STRANGER}")
        empty = await asked(partner, f"Patient?_id={STRANGER}")
        for stem in (name.removeprefix("p-") for name in CAUSES.values()):
            described = (
                f"Patient?family={stem.title()}&given=Testina&birthdate=1990-04-01&identifier=sid|WA7{stem.upper()}01"
            )
            assert await asked(partner, described) == empty, stem
            assert await asked(partner, f"Patient/{partner.ids['p-' + stem]}") == none, stem
        assert none[0] == 404
        assert empty[0] == 200

    async def test_by_post_too(self, partner):
        form = "application/x-www-form-urlencoded"
        answers = [
            said(await partner.post("CarePlan/_search", f"patient={patient}".encode(), form))
            for patient in (STRANGER, *(partner.ids[name] for name in CAUSES.values()))
        ]
        assert answers[0][0] == 200
        assert all(one == answers[0] for one in answers)

    async def test_what_a_search_would_tell_of_the_hidden(self, partner):
        """A search by what may not leave finds nothing, also where it is there (and a resource without it does)."""
        patient = partner.ids["p-ash"]
        assert len(await partner.found(f"Encounter?patient={patient}")) == 1
        for by in ("type=1-8", "type:missing=false"):
            assert await partner.found(f"Encounter?patient={patient}&{by}") == []

    async def test_whatever_is_no_id(self, partner):
        none = await asked(partner, f"CarePlan/{STRANGER}")
        for text in ("x", "..", "0", "a" * 300, "00000000-0000-0000-0000-000000000000", "%00", "%F0"):
            assert await asked(partner, f"CarePlan/{text}") == none, text

    async def test_what_cannot_be_shown_is_not_there(self, partner, monkeypatch):
        """A fault of ours that only a known person's record could bring about must look like nothing."""
        (plan,) = await partner.found(f"CarePlan?patient={partner.ids['p-ash']}")
        none, empty = await asked(partner, f"CarePlan/{STRANGER}"), await asked(partner, f"CarePlan?_id={STRANGER}")

        def broken(*_args: object, **_more: object) -> None:
            raise BuildError("x")

        monkeypatch.setattr("gateway.api.resources.PulledResponse", broken)
        assert await asked(partner, f"CarePlan/{plan['id']}") == none
        assert await asked(partner, f"CarePlan?_id={plan['id']}") == empty

    async def test_a_site_that_is_held(self, fresh):
        before = await asked(fresh, f"CarePlan?patient={STRANGER}")
        async with fresh.scene.store.unit_of_work() as uow:
            await Restoring(uow).hold_site(held=True)
            await uow.commit()
        assert await asked(fresh, f"CarePlan?patient={fresh.ids['p-ash']}") == before

    async def test_a_refusal_is_on_the_ledger_with_its_reason(self, partner):
        await partner.get(f"CarePlan?patient={partner.ids['p-elm']}")
        entry = [one for one in await partner.entries("p-elm") if one.kind == "denial"][-1]
        assert (entry.organization, entry.content["refused"]) == (HOSPITAL, "decision")

    async def test_a_revocation_counts_at_once(self, fresh):
        patient = fresh.ids["p-ash"]
        (plan,) = await fresh.found(f"CarePlan?patient={patient}")
        await stopping.revoke(fresh.scene.store, fresh.rows["p-ash"], at=fresh.scene.clock(), by="mo")
        await compare(fresh, ["p-ash"], ("CarePlan", "Provenance", "AuditEvent"))
        assert (await fresh.get(f"CarePlan/{plan['id']}")).status_code == 404


class TestWhoDoesNotPull:
    """Justice and the community ask questions (GR-04); so does whoever's answers a person has to approve."""

    async def test_they_find_nothing(self, partner):
        for organization in (PROSECUTOR, POLICE, HOUSING, CASE_MANAGEMENT):
            await partner.signs_in(organization, purpose=Purpose.CARE_COORDINATION)
            await compare(partner, ["p-ash", "p-birch", "p-elm"], ("Goal", "EpisodeOfCare"))

    async def test_the_ledger_says_that_they_asked(self, partner):
        await partner.signs_in(PROSECUTOR, purpose=Purpose.CASE_ALIGNMENT)
        await partner.get(f"EpisodeOfCare?patient={partner.ids['p-ash']}")
        entry = [one for one in await partner.entries() if one.kind == "denial"][-1]
        assert (entry.organization, entry.content["refused"]) == (PROSECUTOR, "asks-questions-instead")

    @pytest.mark.parametrize(
        ("purpose", "reason"),
        [(None, "no-purpose-to-pull-for"), (Purpose.EMERGENCY, "emergency-is-declared-in-a-question")],
    )
    async def test_purposes_that_are_not_pulled_for(self, partner, purpose, reason):
        await partner.signs_in(purpose=purpose)
        await compare(partner, ["p-ash"], ("CarePlan",))
        assert [one.content.get("refused") for one in await partner.entries()][-3:] == [reason] * 3

    async def test_another_organization_of_health(self, partner):
        (plan,) = await partner.found(f"CarePlan?patient={partner.ids['p-ash']}")
        await partner.signs_in(JAIL_HEALTH)
        await compare(partner, ["p-ash"], ("CarePlan", "Goal"))
        assert (await partner.get(f"CarePlan/{plan['id']}")).status_code == 404

    async def test_without_a_token_or_its_scope(self, partner):
        path = f"CarePlan?patient={partner.ids['p-ash']}"
        await partner.signs_in(scopes=frozenset({"system/CarePlan.r", "system/Goal.s"}))
        assert (await partner.get(path)).status_code == 403
        assert (await partner.get(f"Goal/{STRANGER}")).status_code == 403
        assert (await partner.get(f"CarePlan/{STRANGER}")).status_code == 404
        partner.token = "nothing"
        assert (await partner.get(path)).status_code == 401


class TestIds:
    async def test_two_recipients_never_see_a_common_id(self, fresh):
        """What one was given leads the other nowhere, and nothing that both are shown has an id in common."""
        shown = {}
        for organization in (HOSPITAL, "org:firwood-clinic"):
            await fresh.signs_in(organization)
            shown[organization] = {**fresh.ids, **await items(fresh, "p-ash")}
        ours, theirs = shown.values()
        assert not set(ours.values()) & set(theirs.values())
        await fresh.signs_in()
        none, empty = await asked(fresh, f"Goal/{STRANGER}"), await asked(fresh, f"Goal?patient={STRANGER}")
        assert (await fresh.get(f"Goal/{ours['Goal']}")).status_code == 200
        assert await asked(fresh, f"Goal/{theirs['Goal']}") == none
        assert await asked(fresh, f"Goal?patient={theirs['p-ash']}") == empty
        for place in (0, 9, 35):
            changed = ours["Goal"][:place] + ("1" if ours["Goal"][place] != "1" else "2") + ours["Goal"][place + 1 :]
            assert await asked(fresh, f"Goal/{changed}") == none

    async def test_no_id_of_the_house_goes_out(self, partner):
        patient = str(partner.rows["p-ash"])
        path = "_include=CarePlan:patient&_revinclude=Provenance:target"
        async with partner.scene.store.unit_of_work() as uow:
            record = await uow.record.items(partner.rows["p-ash"])
        for asking in (f"CarePlan?patient={partner.ids['p-ash']}&{path}", f"CarePlan?patient={patient}&{path}"):
            told = (await partner.get(asking)).text
            assert partner.ids["p-ash"] in told  # also where the site's own id was asked by, which only the site gives
            assert not [each for each in (patient, *(one.id for one in record)) if each in told]
