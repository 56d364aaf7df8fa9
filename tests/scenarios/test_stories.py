"""The four stories of README.md, with real parts: HTTP, keys, a worker, a receiver, the site's own PostgreSQL."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx2
import orjson
import pytest

from consent.codes import Category, Purpose
from consent.model import Person
from consent.notices import NOTICES
from gateway import intake, stopping, use
from gateway.demo.bookings import build_bookings
from gateway.demo.site import POLICE, PROSECUTOR, RAY
from gateway.demo.site_record import HOSPITAL
from gateway.demo.story import overdose_question, ray_question, stranger_question
from mappings.fhir.bundle import NOTHING_HELPFUL
from mappings.fhir.question import About, Question
from tests.gateway.conftest import DatabaseUrls
from tests.scenarios.stage import STEP_MS, Receiver, Stage, process, receiver, rows, stage

Json = dict[str, Any]


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    with receiver(tmp_path_factory.mktemp("far") / "receiver") as running:
        yield running


@pytest.fixture
async def site(tmp_path: Path, database_urls: DatabaseUrls, far: Receiver) -> AsyncIterator[Stage]:
    far.control()
    async with stage(tmp_path / "site", database_urls, far) as opened:
        yield opened


def about(question: Question, given: str, family: str, born: date, sid: str) -> Question:
    return replace(question, about=About((given,), family, born, (("sid", sid),)))


def without_echo(answer: httpx2.Response) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """An answer without what may differ: the reference, the times, and the server's clock in the headers."""
    body = orjson.loads(answer.content)
    for echo in ("id", "authoredOn", "restriction", "identifier"):
        body.pop(echo, None)
    headers = [(name, value) for name, value in answer.headers.raw if name.lower() != b"date"]
    return answer.status_code, headers, orjson.dumps(body)


class TestABookingComesIn:
    """Ray Alder is arrested at night. The jail sends what it always sends: reports about everybody."""

    async def test_one_is_kept_thirty_eight_are_counted_one_waits(
        self, site: Stage, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        ray = await site.participant(RAY)
        async with site.program.store.unit_of_work() as uow:
            people = sorted(await intake.everybody(uow), key=lambda someone: someone.participant != str(ray))
        yesterday = datetime.now(UTC).date() - timedelta(days=1)
        reports = build_bookings(11, people, day=yesterday)
        files = []
        for name, content in reports:
            files.append(tmp_path / name)
            files[-1].write_bytes(content)

        first = await self._handed_in(files, site, database_urls)
        again = await self._handed_in(files[:9], site, database_urls)
        assert first == {"matched": 1, "unmatched": 38, "quarantined": 1, "repeated": 0}
        assert again == {"matched": 0, "unmatched": 0, "quarantined": 0, "repeated": 9}

        seen = await use.read_custody(site.program.store, ray, staff="Mo Cypress", at=site.program.now())
        assert len(seen) == 1
        async with site.program.store.unit_of_work() as uow:
            health = [i for i in await uow.record.items(ray) if i.category is Category.MOUD]
            assert len(await uow.inbound.waiting()) == 1
            (original,) = await uow.inbound.originals(ray)
        assert original in [content for _, content in reports]  # as it came, byte for byte
        assert health
        assert "ethadone" not in str(seen)  # apart from the booking itself
        assert [e.kind for e in await site.entries(RAY)][-2:] == ["received", "use"]
        self._nothing_of_strangers(b"\n".join(rows(database_urls)), reports, original)

    @staticmethod
    async def _handed_in(files: list[Path], site: Stage, urls: DatabaseUrls) -> Json:
        settings = site.program.settings
        where = {"LEAD_DATABASE_URL": urls.data, "LEAD_KEYS_URL": urls.keys, "LEAD_DATA_DIR": str(settings.data_dir)}
        arguments = ("ingest", "jail", *map(str, files), "--json")
        with process("gateway", *arguments, errors=settings.data_dir / "stderr", **where) as jail:
            said, _ = await asyncio.to_thread(jail.communicate)
        assert jail.returncode == 0
        counts: Json = orjson.loads(said)
        return {name: counts[name] for name in ("matched", "unmatched", "quarantined", "repeated")}

    @staticmethod
    def _nothing_of_strangers(kept: bytes, reports: list[tuple[str, bytes]], original: bytes) -> None:
        names = set()
        for _, content in reports:
            if content != original:
                names |= set(content.split(b"StateFingerprintIdentification>")[1:2])
        numbers = {name.split(b"IdentificationID>")[1].split(b"<")[0] for name in names}
        assert len(numbers) >= 38
        assert [number for number in numbers if number in kept] == []


class TestTheProsecutorAsks:
    """The liaison prosecutor wants to line up Ray's old case with how he is doing."""

    async def test_what_was_approved_arrives_and_nothing_else(self, site: Stage) -> None:
        told = (await site.ask(PROSECUTOR, ray_question())).json()
        proposal = await site.proposal(told["id"])
        await site.approve(proposal)
        bundle = await site.answer(told["id"])

        assert bundle["type"] == "document"
        assert bundle["identifier"]["value"] == told["id"]
        text = orjson.dumps(bundle).decode()
        composition = bundle["entry"][0]["resource"]
        assert composition["resourceType"] == "Composition"
        notice = NOTICES[proposal.clearance["notice"]].text
        assert notice.split(".")[0] in text.replace("&#x27;", "'")
        assert proposal.clearance["scope"].split(".")[1] in text
        self._three_answers_and_no_hint(bundle, text.lower())

        kinds = [e.kind for e in await site.entries(RAY)]
        assert [kinds.count(kind) for kind in ("question", "proposal", "approved", "disclosure")] == [1, 1, 1, 1]
        disclosed = next(e for e in await site.entries(RAY) if e.kind == "disclosure")
        assert disclosed.content["digest"] == proposal.digest
        assert disclosed.organization == PROSECUTOR
        assert await site.settled(told["id"]) == ["delivered"]

    @staticmethod
    def _three_answers_and_no_hint(bundle: Json, text: str) -> None:
        kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
        assert sorted(kinds) == ["Composition", "EpisodeOfCare", "Observation", "Observation", "Patient", "Provenance"]
        for word in ("drug", "opiate", "methadone", "lisinopril", "f11.20", "noshow", "rowan house", "alder", "1986"):
            assert word not in text
        for hint in ("withheld", "redact", "omitted", "partial", "data-absent"):
            assert hint not in text
        assert "total" not in bundle

    async def test_a_question_needs_a_key_of_ones_own(self, site: Stage) -> None:
        assert (await site.ask(PROSECUTOR, ray_question(), token="zqx" * 10)).status_code == 401
        spent = site.partners[PROSECUTOR].assertion(datetime.now(UTC))
        form = {
            "grant_type": "client_credentials",
            "scope": "system/Task.c",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": spent,
        }
        answers = [await site.http.post(f"{site.url}/oauth/token", data=form) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 401]

    async def test_nobody_answers_in_time(self, site: Stage) -> None:
        told = (await site.ask(PROSECUTOR, ray_question())).json()
        assert NOTHING_HELPFUL in orjson.dumps(await site.answer(told["id"])).decode()


# Whom the prosecutor may ask about, and what stands in the way. She must not be able to tell them apart.
REFUSED: Final[dict[str, Question]] = {
    "known, and willing": ray_question(),
    "nobody knows": stranger_question(),
    "revoked": about(ray_question(), "Wren", "Hemlock", date(1979, 11, 30), "WA90000003"),
    "one grant revoked": about(ray_question(), "Olive", "Heron", date(1968, 6, 27), "WA90000009"),
    "expired": about(ray_question(), "Linden", "Sparrow", date(1973, 12, 24), "WA90000006"),
    "suspect": about(ray_question(), "Willow", "Crane", date(1977, 8, 3), "WA90000012"),
    "signed nothing": about(ray_question(), "Hazel", "Finch", date(1984, 9, 5), "WA90000005"),
    "not for her": about(ray_question(), "Testina", "Fir", date(1991, 7, 19), "WA90000002"),
    "a wrong birth date": about(ray_question(), "Ray", "Alder", date(1986, 3, 3), "WA90000001"),
    "not attested": replace(ray_question(), attested=False),
    "another role": replace(ray_question(), person=Person("J. Lee", "deputy")),
    "a purpose that is never served": replace(ray_question(), purpose=Purpose.CHARGING),
}


class TestRaySaysStop:
    """From that second nothing leaves under his release, and nobody outside can tell."""

    async def test_everybody_gets_the_same_acknowledgement_and_the_same_answer(self, site: Stage) -> None:
        token = await site.partners[PROSECUTOR].token("system/Task.c", datetime.now(UTC))
        told = {why: await site.ask(PROSECUTOR, each, token=token) for why, each in REFUSED.items()}
        assert {answer.status_code for answer in told.values()} == {202}
        assert len({(status, tuple(headers), body) for status, headers, body in map(without_echo, told.values())}) == 1
        references = {why: answer.json()["id"] for why, answer in told.items()}
        assert len({len(reference) for reference in references.values()}) == 1

        bundles = [await site.answer(reference) for reference in references.values()]  # nobody has approved anything
        for bundle in bundles:
            bundle.pop("identifier")
        assert len({orjson.dumps(bundle) for bundle in bundles}) == 1
        assert NOTHING_HELPFUL in orjson.dumps(bundles[0]).decode()
        keys = [site.receiver.received(reference)[0]["key"] for reference in references.values()]
        assert len(set(keys)) == len(keys)

    async def test_what_was_queued_is_dropped(self, site: Stage) -> None:
        site.receiver.control(status=503)  # so that it is surely still queued, or on its way back
        told = (await site.ask(PROSECUTOR, ray_question())).json()
        await site.approve(await site.proposal(told["id"]))
        ray = await site.participant(RAY)
        stopped = await stopping.revoke(site.program.store, ray, at=site.program.now(), oral=True)
        site.receiver.control()
        assert stopped.suppressed == 1

        assert NOTHING_HELPFUL in orjson.dumps(await site.answer(told["id"])).decode()
        assert await site.settled(told["id"]) == ["delivered", "suppressed"]
        assert len(site.receiver.received(told["id"])) == 1

        later = (await site.ask(PROSECUTOR, ray_question())).json()
        assert NOTHING_HELPFUL in orjson.dumps(await site.answer(later["id"])).decode()
        kinds = [e.kind for e in await site.entries(RAY)]
        assert kinds.count("revocation") == 1
        assert kinds.index("revocation") < len(kinds) - 1 - kinds[::-1].index("denial")


class TestAnEmergency:
    """Ray is found unconscious. The law has a door for exactly this (42 CFR 2.51), for medical personnel only."""

    async def test_the_physician_is_told_at_once_what_she_needs(self, site: Stage) -> None:
        ray = await site.participant(RAY)
        await stopping.revoke(site.program.store, ray, at=site.program.now())
        began = time.perf_counter()
        answer = await site.ask(HOSPITAL, overdose_question())
        took = time.perf_counter() - began
        text = answer.content.decode().lower()

        assert answer.status_code == 200
        for told in ("methadone", "80 mg", "lisinopril", "penicillin"):
            assert told in text
        for kept in ("opiates", "19295-5", "diverted", "noshow", "door that locks"):
            assert kept not in text
        assert took < PATIENT
        async with site.program.store.unit_of_work() as uow:
            ((detail, owed),) = await uow.record.emergencies(ray)
        assert detail["personnel_name"] == "Dr. Sol Okafor"
        assert owed == ()
        last = (await site.entries(RAY))[-1]
        assert (last.kind, last.organization, last.content["outcome"]) == ("disclosure", HOSPITAL, "permit")

    async def test_all_others_hear_one_answer_after_one_time(self, site: Stage) -> None:
        officer = replace(overdose_question(), person=Person("Officer Vine", "officer"))
        calls = {
            "the police about Ray": (POLICE, overdose_question()),
            "the police about a stranger": (POLICE, replace(overdose_question(), about=stranger_question().about)),
            "the hospital about a stranger": (HOSPITAL, replace(overdose_question(), about=stranger_question().about)),
            "no physician": (HOSPITAL, officer),
            "the prosecutor about Ray": (PROSECUTOR, overdose_question()),
        }
        tokens = {
            name: await site.partners[name].token("system/Task.c", datetime.now(UTC)) for name, _ in calls.values()
        }
        took: dict[str, list[float]] = {why: [] for why in calls}
        seen = set()
        for _ in range(4):
            for why, (organization, question) in calls.items():
                began = time.perf_counter()
                answer = await site.ask(organization, question, token=tokens[organization])
                took[why].append(time.perf_counter() - began)
                status, headers, body = without_echo(answer)
                seen.add((status, tuple(headers), body))
        assert len(seen) == 1
        step = STEP_MS / 1000
        quickest = {why: min(times) for why, times in took.items()}
        assert all(step <= least < 2 * step for least in quickest.values()), quickest
        assert statistics.pstdev(quickest.values()) < step / 4, quickest


PATIENT: Final = 5.0  # seconds; a loose bound, the machine may be busy
