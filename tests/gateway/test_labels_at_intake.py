"""What comes in is labelled by who it came from and by all that it says, and the labels hold what leaves (issue 4)."""

import base64
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
import pytest_asyncio

from consent.codes import Category, Part2Status, Purpose
from consent.disclosure import Disclosure, NeutralAnswer
from consent.model import Item
from consent.request import DisclosureRequest
from consent.sensitivity import Confidentiality, Sensitivity
from gateway import ingesting
from gateway.commands.ingesting import jail_source
from gateway.demo.site import build_site
from gateway.demo.site_record import CASE_MANAGEMENT, HOSPITAL, OTP
from gateway.disclosure import disclose
from gateway.intake import Envelope, receive
from gateway.store import codec
from mappings.tables.sensitivity import tables_of
from tests.architecture.source import modules
from tests.fixtures.niem.build import report
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import NOON, RAY, Scene, opened_scene

Json = dict[str, Any]
OPIOIDS: Final = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F11.20"}
PRESSURE: Final = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "I10"}]}
PLAIN: Final[Json] = {"resourceType": "Condition", "code": PRESSURE, "subject": {"reference": f"Patient/{RAY}"}}
UNKNOWN: Final[Json] = {"code": {"coding": [{"system": "https://local.invalid", "code": "ZZ-9"}]}}
_DIAGNOSIS: Final = {"resourceType": "Condition", "id": "c", "code": {"coding": [OPIOIDS]}, "subject": {"display": "x"}}


def _file(content_type: str, content: bytes) -> Json:
    data = base64.b64encode(content).decode()
    return {
        "resourceType": "DocumentReference",
        "content": [{"attachment": {"contentType": content_type, "data": data}}],
    }


HIDDEN: Final[dict[str, Json]] = {
    "in a contained resource": {"contained": [_DIAGNOSIS]},
    "in a Bundle in it": {"contained": [{"resourceType": "Bundle", "entry": [{"resource": _DIAGNOSIS}]}]},
    "in a display": {"evidence": [{"detail": [{"display": "Methadone maintenance"}]}]},
    "in a text": {"stage": [{"summary": {"text": "opioid use disorder, on agonist treatment"}}]},
    "in a narrative": {"text": {"status": "generated", "div": "<div>heroin <b>withdrawal</b></div>"}},
    "in a note": {"note": [{"text": "Started buprenorphine"}]},
    "in an extension": {"extension": [{"url": "https://x.invalid/e", "valueCoding": OPIOIDS}]},
    "in a label of the sender": {
        "meta": {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "42CFRPart2"}]}
    },
    "without its dot": {"code": {"coding": [{**OPIOIDS, "code": "F1120"}]}},
    "in a text file": {"contained": [_file("text/plain", b"alcohol dependence")]},
    "in a rich text": {"contained": [_file("application/rtf", rb"{\rtf1 her\b oin\b0 use disorder: heroin}")]},
    "in what nobody can read": {"contained": [_file("application/pdf", b"%PDF-1.7 scanned")]},
}


@pytest_asyncio.fixture
async def scene(tmp_path: Path, database_urls: DatabaseUrls) -> AsyncIterator[Scene]:
    async with opened_scene(tmp_path / "site", database_urls) as opened:
        yield opened


async def put(scene: Scene, resource: Json, *, source: str | None = HOSPITAL, name: str = "r-new") -> None:
    """Hand in a LEAD file with one record of Ray's."""
    about = {"id": name, "participant": RAY, "category": "physical-health", "source": source}
    record = {**about, "created": scene.clock().isoformat(), "resource": {**PLAIN, **resource}}
    await ingesting.ingest(scene.store, orjson.dumps({"records": [record]}), scene.clock())


async def take_in(scene: Scene, resource: Json, *, source: str | None = HOSPITAL, name: str = "r-new") -> Item:
    """Hand in one record of Ray's, and find it as it is stored."""
    before = {(item.id, item.version) for item in await items(scene)}
    await put(scene, resource, source=source, name=name)
    (found,) = [item for item in await items(scene) if (item.id, item.version) not in before]
    return found


async def items(scene: Scene) -> tuple[Item, ...]:
    async with scene.store.unit_of_work() as uow:
        found: tuple[Item, ...] = await uow.record.items(await scene.participant())
    return found


async def ask(scene: Scene, item: Item, to: str = OTP) -> Disclosure | NeutralAnswer:
    """Ask for one item for treatment: 45 CFR 164.506 opens it, if part 2 does not apply."""
    request = DisclosureRequest(
        "r", scene.clock(), to, str(await scene.participant()), Purpose.TREATMENT, items=(item.id,), attested=True
    )
    return await disclose(scene.store, request, reference="q")


async def sign(scene: Scene, *categories: str) -> None:
    """Ray lets the program read what the hospital wrote, of these categories. Earlier forms stand beside it."""
    roi = next(each for each in build_site(scene.clock().date())["rois"] if each["participant"] == RAY)
    grant = {**roi["grants"][0], "discloser": [HOSPITAL], "recipient": [OTP], "purposes": ["treatment"]}
    del grant["role"]
    roi.update(id=f"roi-{len(categories)}", grants=[{**grant, "id": "g-new", "categories": list(categories)}])
    await ingesting.ingest(scene.store, orjson.dumps({"rois": [roi]}), scene.clock())


class TestByContent:
    async def test_what_a_hospital_hides_in_its_record_does_not_leave(self, scene: Scene) -> None:
        found = {
            where: await take_in(scene, resource, name=f"r-{at}") for at, (where, resource) in enumerate(HIDDEN.items())
        }
        assert [where for where, item in found.items() if isinstance(await ask(scene, item), Disclosure)] == []
        await sign(scene, "physical-health")  # that describes no substance use, 42 CFR 2.31(a)(3)
        assert [where for where, item in found.items() if isinstance(await ask(scene, item), Disclosure)] == []

    async def test_with_a_consent_that_describes_it_it_leaves_under_part_2(self, scene: Scene) -> None:
        item = await take_in(scene, HIDDEN["in a contained resource"])
        await sign(scene, "physical-health", "sud-diagnosis")
        answer = await ask(scene, item)
        assert isinstance(answer, Disclosure)
        assert [each.part2 for each in answer.clearance.items] == [True]
        assert answer.clearance.notice is not None
        assert "F11" not in str(answer.clearance.items[0].resource)

    async def test_what_nobody_can_read_needs_every_kind_described(self, scene: Scene) -> None:
        item = await take_in(scene, HIDDEN["in what nobody can read"])
        await sign(scene, "physical-health", "sud-diagnosis")
        assert isinstance(await ask(scene, item), NeutralAnswer)
        await sign(scene, "physical-health", "sud-diagnosis", "mental-health", "hiv-sti", "dv-safety")
        assert isinstance(await ask(scene, item), Disclosure)

    async def test_blood_pressure_leaves_for_treatment_as_hipaa_says(self, scene: Scene) -> None:
        answer = await ask(scene, await take_in(scene, {}))
        assert isinstance(answer, Disclosure)
        assert [each.part2 for each in answer.clearance.items] == [False]


class TestBySource:
    async def test_a_code_that_nobody_knows_is_part_2_from_a_program_or_an_unknown(self, scene: Scene) -> None:
        for at, source in enumerate((OTP, CASE_MANAGEMENT, None)):
            item = await take_in(scene, UNKNOWN, source=source, name=f"r-{at}")
            assert item.labels is not None
            assert item.labels.part2
            assert isinstance(await ask(scene, item, HOSPITAL), NeutralAnswer)

    async def test_the_same_code_from_a_hospital_is_not(self, scene: Scene) -> None:
        item = await take_in(scene, UNKNOWN)
        assert item.labels is not None
        assert not item.labels.part2

    async def test_tobacco_is_substance_use_only_where_a_program_says_it(self, scene: Scene) -> None:
        tobacco = {"code": {"coding": [{**OPIOIDS, "code": "F17.210"}]}}
        of_hospital = await take_in(scene, tobacco)
        of_program = await take_in(scene, tobacco, source=OTP, name="r-other")
        assert of_hospital.labels is not None
        assert of_program.labels is not None
        assert Sensitivity.SUD not in of_hospital.labels.sensitivities
        assert Sensitivity.SUD in of_program.labels.sensitivities


class TestEveryFeed:
    def test_nothing_is_stored_beside_the_one_place_that_labels(self) -> None:
        writing = [m.path for m in modules("gateway") if re.search(r"insert\(\s*(tables|t)\.item\b", m.text)]
        assert writing == ["gateway/store/repositories/record.py"]

    def test_what_was_stored_before_there_were_labels_can_be_read(self) -> None:
        old = orjson.loads(codec.dump(Item("i", "p", Category.PROGRESS, None, NOON)))
        del old["labels"]
        assert codec.load(Item, orjson.dumps(old)).labels is None

    async def test_everything_of_a_lead_file_has_labels(self, scene: Scene) -> None:
        found = await items(scene)
        assert {item.category for item in found} >= {Category.CARE_PLAN, Category.INTAKE, Category.PROGRESS}
        assert [item.category for item in found if item.labels is None] == []

    async def test_a_booking_is_labelled_by_what_it_carries(self, scene: Scene) -> None:
        before = {item.id for item in await items(scene)}
        content = report(given="Ray", family="Alder", born="1986-03-02", sid="WA90000001")
        receipt = await receive(
            scene.store, Envelope(content, scene.clock()), await jail_source(scene.program), scene.program.weights
        )
        assert receipt.matched == 1
        new = {item.category: item.labels for item in await items(scene) if item.id not in before}
        custody, diagnosis = new[Category.CUSTODY], new[Category.SUD_DIAGNOSIS]
        assert custody is not None
        assert not custody.part2
        assert diagnosis is not None
        assert diagnosis.sensitivities >= {Sensitivity.SUD, Sensitivity.OPIOIDUD}
        assert diagnosis.confidentiality is Confidentiality.R


class TestHighWater:
    POOR: Final = staticmethod(lambda: tables_of([], [], {"names": {}, "unnamed": {"tables": []}}))
    TABLES: Final = "gateway.store.repositories.record.load_sensitivity"

    async def test_a_status_that_sinks_lowers_nothing(self, scene: Scene) -> None:
        """What a program made stays a program's record, also after the register calls it none (42 CFR 2.11)."""
        item = await take_in(scene, {}, source=OTP)
        async with scene.store.unit_of_work() as uow:
            program = await uow.registry.organization(OTP)
            sunk = replace(program, part2_status=Part2Status.NOT_PROGRAM)
            await uow.registry.put_organization(sunk, None, scene.clock())
            await uow.commit()
        assert isinstance(await ask(scene, item, HOSPITAL), NeutralAnswer)

    async def test_the_same_again_under_poorer_tables_lowers_nothing(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await take_in(scene, HIDDEN["in a note"])
        monkeypatch.setattr(self.TABLES, self.POOR)
        scene.clock.move(days=1)
        item = await take_in(scene, HIDDEN["in a note"])
        assert item.version == 2
        assert item.labels is not None
        assert Sensitivity.OPIOIDUD in item.labels.sensitivities

    async def test_richer_tables_raise_what_is_told_again(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as before:
            before.setattr(self.TABLES, self.POOR)
            item = await take_in(scene, HIDDEN["in a note"])
        assert item.labels is not None
        assert not item.labels.part2
        item = await take_in(scene, HIDDEN["in a note"])
        assert item.labels is not None
        assert (item.version, item.labels.part2) == (2, True)

    async def test_a_diagnosis_that_was_a_mistake_does_not_stay(self, scene: Scene) -> None:
        await put(scene, HIDDEN["in a note"])
        item = await take_in(scene, {})
        assert item.labels is not None
        assert item.labels.sensitivities == frozenset()
        assert item.labels.confidentiality is Confidentiality.N
