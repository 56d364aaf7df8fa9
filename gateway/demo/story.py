"""The gateway's main job, step by step, in front of you: real HTTP, a real receiver, a real worker."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from adapters.smart_client import Answer, SmartClient, open_http
from consent.codes import Purpose
from consent.model import Person
from consent.request import EmergencyDeclaration
from gateway import approval, intake, ledger, stopping, use
from gateway.commands.ingesting import jail_source
from gateway.demo.bookings import build_bookings
from gateway.demo.keys import DemoClient
from gateway.demo.site import LIAISON_PROSECUTOR, PROSECUTOR
from gateway.demo.site_record import HOSPITAL
from gateway.intake import Envelope, Receipt
from gateway.program import Program
from mappings.fhir.question import About, Question
from mappings.fhir.task import question_task

Say = Callable[[str], None]
RAY: Final = "p-ray"
SCOPE: Final = "system/Task.c"
_PATIENCE: Final = 60.0


class StoryError(Exception):
    """A step did not come to its end: the demo is broken."""


@dataclass(slots=True)
class Stage:
    """Where the story plays: the program, its addresses, the partners' clients, and a voice."""

    program: Program
    base_url: str
    receiver_url: str
    clients: dict[str, DemoClient]
    say: Say
    trust: ssl.SSLContext | None = None
    steps: int = 0

    def tell(self, line: str) -> None:
        """Say the next step."""
        self.steps += 1
        self.say(f"{self.steps:>2}. {line}")


async def tell(stage: Stage, run: int) -> None:
    """Tell the whole story. Raises StoryError where a step fails."""
    async with open_http(stage.trust) as http:
        partners = {name: _system(http, stage, client) for name, client in stage.clients.items()}
        ray = await _participant(stage)
        await _bookings(stage, run)
        await _case_manager_sees(stage, ray)
        await _same_for_a_stranger(stage, partners[PROSECUTOR])
        first = await _ask(stage, partners[PROSECUTOR], ray_question())
        await _approve(stage, first)
        await _answer_arrives(stage, http, first, "the participation, engagement and progress that was approved")
        second = await _ask(stage, partners[PROSECUTOR], ray_question())
        await _approve(stage, second)
        await _revoke(stage, ray)
        await _answer_arrives(stage, http, second, "nothing helpful to share at this time")
        third = await _ask(stage, partners[PROSECUTOR], ray_question())
        await _answer_arrives(stage, http, third, "nothing helpful to share at this time")
        await _emergency(stage, partners[HOSPITAL])
        await _ledger(stage, ray)


def _system(http: Any, stage: Stage, client: DemoClient) -> SmartClient:
    return SmartClient(http, token_url=f"{stage.base_url}/oauth/token", client_id=client.client_id, jwk=client.jwk)


def ray_question() -> Question:
    """Give what the liaison prosecutor asks about Ray Alder."""
    about = About(("Ray",), "Alder", date(1986, 3, 2), (("sid", "WA90000001"),))
    return Question(Purpose.CASE_ALIGNMENT, Person("J. Lee", LIAISON_PROSECUTOR), about, attested=True)


def stranger_question() -> Question:
    """Give the same about somebody whom nobody here knows."""
    about = About(("Nobody",), "Knownhere", date(1970, 1, 1), (("sid", "WA00000000"),))
    return Question(Purpose.CASE_ALIGNMENT, Person("J. Lee", LIAISON_PROSECUTOR), about, attested=True)


def overdose_question() -> Question:
    """Give what the emergency department asks about Ray Alder."""
    declared = EmergencyDeclaration("opioid overdose, unresponsive", "Dr. Sol Okafor", "Lakeside ED", "on-call desk")
    about = About(("Ray",), "Alder", date(1986, 3, 2), (("sid", "WA90000001"),))
    return Question(Purpose.EMERGENCY, Person("Dr. Sol Okafor", "physician"), about, emergency=declared)


async def _participant(stage: Stage) -> UUID:
    async with stage.program.store.unit_of_work() as uow:
        found = await uow.participants.find(RAY)
    if found is None:
        raise StoryError("the demo participant is missing")
    return found


async def _bookings(stage: Stage, run: int) -> None:
    source = await jail_source(stage.program)
    total = Receipt()
    async with stage.program.store.unit_of_work() as uow:
        people = await intake.everybody(uow)
    people.sort(key=lambda someone: someone.birth_date != ray_question().about.birth_date)  # the certain one first
    for _, content in build_bookings(run, people, day=stage.program.now().date() - timedelta(days=1)):
        envelope = Envelope(content, stage.program.now())
        total += await intake.receive(stage.program.store, envelope, source, stage.program.weights)
    stage.tell(
        f"The county jail hands in 40 booking reports: {total.matched} is about a participant, "
        f"{total.unmatched} about strangers (nothing of them is kept but this count), "
        f"{total.quarantined} is doubtful and waits for a person."
    )


async def _case_manager_sees(stage: Stage, ray: UUID) -> None:
    items = await use.read_custody(stage.program.store, ray, staff="demo case manager", at=stage.program.now())
    if not items:
        raise StoryError("the booking did not reach the case manager")
    stage.tell("Ray Alder's case manager sees the booking. That look is a Use, and is on the ledger.")


async def _ask(stage: Stage, system: SmartClient, question: Question) -> str:
    answer = await _post(stage, system, question)
    task = answer.json()
    if answer.status != 202:  # noqa: PLR2004  -- RFC 9110, Accepted
        raise StoryError(f"the question was answered {answer.status}")
    stage.tell(
        f"The liaison prosecutor's system asks about case alignment. It is told, like everybody: "
        f"received, answer by {task['restriction']['period']['end']}."
    )
    return str(task["id"])


async def _post(stage: Stage, system: SmartClient, question: Question) -> Answer:
    task = question_task(question)
    return await system.post(f"{stage.base_url}/fhir/Task", task, scope=SCOPE, at=stage.program.now())


async def _same_for_a_stranger(stage: Stage, system: SmartClient) -> None:
    known = (await _post(stage, system, ray_question())).json()
    stranger = (await _post(stage, system, stranger_question())).json()
    for task in (known, stranger):
        for echo in ("id", "authoredOn", "restriction"):
            task.pop(echo, None)
    if orjson.dumps(known) != orjson.dumps(stranger):
        raise StoryError("a stranger's acknowledgement looks different")
    stage.tell(
        "Before anything else: asked about Ray and about a stranger, the gateway gives the same "
        "acknowledgement, byte for byte but for reference and times."
    )


async def _approve(stage: Stage, question: str) -> None:
    store, at = stage.program.store, stage.program.now

    async def look() -> list[dict[str, Any]]:
        waiting = await use.read_waiting(store, staff="demo case manager", at=at())
        return [proposal for proposal in waiting if proposal["question"] == question]

    (proposal,) = await _until(look)
    kinds = ", ".join(sorted({item["category"] for item in proposal["clearance"]["items"]}))
    delivery = await approval.approve(store, stage.program.settings, UUID(proposal["id"]), at=at())
    stage.tell(
        f"The case manager sees exactly what would leave ({kinds}) and approves it, "
        f"digest {proposal['digest'][:12]}…; it waits for its window at {delivery.due_at.isoformat()}."
    )


async def _answer_arrives(stage: Stage, http: Any, reference: str, what: str) -> None:
    async def look() -> list[dict[str, Any]]:
        got = await http.get(f"{stage.receiver_url}/received")
        rows: list[dict[str, Any]] = got.json()
        return [row for row in rows if reference in orjson.dumps(row["bundle"]).decode()]

    rows = await _until(look)
    text = orjson.dumps(rows[-1]["bundle"]).decode()
    neutral = "Nothing helpful to share" in text
    if neutral != what.startswith("nothing"):
        raise StoryError("the answer that arrived is not the one that was due")
    proof = "" if neutral else " The 42 CFR 2.32 statement and the scope of the consent are inside."
    stage.tell(f"At its window the answer arrives at the prosecutor's receiver, another process: {what}.{proof}")


async def _revoke(stage: Stage, ray: UUID) -> None:
    began = time.perf_counter()
    stopped = await stopping.revoke(stage.program.store, ray, at=stage.program.now(), oral=True)
    took = (time.perf_counter() - began) * 1000
    stage.tell(
        f"Ray says stop, by phone, while that answer is queued: stopped in {took:.0f} ms, "
        f"{stopped.suppressed} queued delivery suppressed."
    )
    if stopped.suppressed != 1:
        raise StoryError("the queued delivery was not suppressed")


async def _emergency(stage: Stage, hospital: SmartClient) -> None:
    answer = await _post(stage, hospital, overdose_question())
    if answer.status != 200:  # noqa: PLR2004  -- RFC 9110, OK
        raise StoryError(f"the emergency question was answered {answer.status}")
    kinds = sorted({entry["resource"]["resourceType"] for entry in answer.json()["entry"]})
    stage.tell(
        f"Lakeside Hospital has Ray, unresponsive. Under 42 CFR 2.51 it is told at once what the emergency needs "
        f"({', '.join(kinds)}), and the emergency is documented in the record."
    )


async def _ledger(stage: Stage, ray: UUID) -> None:
    async with stage.program.store.unit_of_work() as uow:
        entries = await uow.accounting.of(ray)
    kinds: dict[str, int] = {}
    for entry in entries:
        kinds[entry.kind] = kinds.get(entry.kind, 0) + 1
    await ledger.seal_once(stage.program.store, stage.program.now())
    verdict = await ledger.verify(stage.program.store, stage.program.settings.checkpoint_dir)
    if not verdict.sound:
        raise StoryError(f"the ledger does not verify: {verdict.reason}")
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    stage.tell(f"The ledger about Ray: {told}. Its chain of {verdict.entries} entries verifies.")


async def _until(look: Callable[[], Awaitable[list[dict[str, Any]]]]) -> list[dict[str, Any]]:
    deadline = time.monotonic() + _PATIENCE
    while not (found := await look()):
        if time.monotonic() > deadline:
            raise StoryError("waited too long")
        await asyncio.sleep(0.1)
    return found


def started(at: datetime) -> int:
    """Give a number for this telling, so that its bookings are new."""
    return int(at.timestamp())
