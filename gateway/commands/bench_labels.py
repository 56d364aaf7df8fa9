"""What it costs to label a record and to clear it, against reading and writing the same bytes with orjson.

Everything of `clear` is in it but the seal, which only gateway.disclosure may ask for: it takes no time. No database.
"""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any, Final, NamedTuple

import orjson

from consent.cleared import cleared_items, digest_of
from consent.codes import (
    Capacity,
    Category,
    ConsentKind,
    HipaaStatus,
    Integrity,
    LegalRole,
    OrganizationKind,
    Part2Status,
    Purpose,
)
from consent.decision import Decision
from consent.engine import decide
from consent.facts import Facts
from consent.labels import label_bundle
from consent.model import (
    Consent,
    ConsentGrant,
    Item,
    Organization,
    Participant,
    Person,
    ReleaseOfInformation,
    Signer,
    Site,
)
from consent.request import DisclosureRequest
from gateway.commands.bench_record import CATEGORIES, ENTRIES, PARTICIPANT, bundle
from mappings.fhir.labelling import labelled_bundle
from mappings.tables import load_policy
from mappings.tables.sensitivity import load_sensitivity

GOAL_TIMES: Final = 3.0
ROUNDS: Final = 25
_NOW: Final = datetime(2026, 11, 24, 20, tzinfo=UTC)
_HOSPITAL: Final = Organization(
    "hospital",
    "Fern County Hospital",
    OrganizationKind.HOSPITAL,
    Part2Status.NOT_PROGRAM,
    HipaaStatus.COVERED_ENTITY,
)
_CASE_MANAGEMENT: Final = Organization(
    "cm", "Fern Case Management", OrganizationKind.CASE_MANAGEMENT, Part2Status.UNKNOWN, HipaaStatus.NONE
)


class Record(NamedTuple):
    """A Bundle, its bytes, its entries as items of the record, and the decision that lets all of them go."""

    raw: bytes
    bundle: dict[str, Any]
    items: tuple[Item, ...]
    decision: Decision


def record(entries: int = ENTRIES) -> Record:
    """Return a participant's record of so many entries, asked for by the hospital that treats her."""
    raw = orjson.dumps(bundle(entries))
    parsed = orjson.loads(raw)
    items = tuple(_item(number, entry["resource"]) for number, entry in enumerate(parsed["entry"]))
    return Record(raw, parsed, items, decide(_request(items), _facts(items)))


def label(of: Record) -> dict[str, Any]:
    """Label every entry by source and content, and write the labels on."""
    labels = label_bundle(of.bundle, _HOSPITAL, load_sensitivity())
    return labelled_bundle(of.bundle, labels, "Consent/c1")


def clear(of: Record) -> str:
    """Redact every item and bind them by their digest."""
    items = cleared_items(of.decision, of.items, orjson.dumps)
    words = {"recipient": "hospital", "purpose": of.decision.purpose, "summary": None, "notice": None, "scope": None}
    return digest_of(items, words)


def label_and_clear(of: Record) -> str:
    """Do both: what comes in labelled, and what goes out cleared."""
    label(of)
    return clear(of)


def read_and_write(of: Record) -> bytes:
    """Do with the same bytes what nobody can do without."""
    return orjson.dumps(orjson.loads(of.raw))


def times(of: Record, works: tuple[Callable[[Record], object], ...], rounds: int = ROUNDS) -> list[float]:
    """Return how many times as long as `read_and_write` each of `works` takes: medians, turn and turn about.

    Processor time of this thread, so that neighbours do not count.
    """
    every = (read_and_write, *works)
    taken: list[list[int]] = [[] for _ in every]
    for _ in range(max(rounds, 1)):
        for at, work in enumerate(every):
            start = time.thread_time_ns()
            work(of)
            taken[at].append(time.thread_time_ns() - start)
    base, *found = (median(each) for each in taken)
    return [each / base for each in found]


def _item(number: int, resource: dict[str, Any]) -> Item:
    made = _NOW - timedelta(days=number % 300 + 1)
    return Item(f"i{number}", PARTICIPANT, CATEGORIES[resource["resourceType"]], "cm", made, resource)


def _request(items: tuple[Item, ...]) -> DisclosureRequest:
    return DisclosureRequest(
        "bench",
        _NOW,
        "hospital",
        PARTICIPANT,
        Purpose.TREATMENT,
        Person("Sam Example", "nurse"),
        items=tuple(item.id for item in items),
    )


def _facts(items: tuple[Item, ...]) -> Facts:
    notes = frozenset({Category.COUNSELING_NOTES})
    return Facts(
        site=Site("Fern County LEAD", "America/Los_Angeles", "WA", LegalRole.BUSINESS_ASSOCIATE),
        organizations={each.id: each for each in (_HOSPITAL, _CASE_MANAGEMENT)},
        participants={
            PARTICIPANT: Participant(PARTICIPANT, screened=True, enrolled=True, birth_date=date(1988, 7, 19))
        },
        consents=(
            _consent("c1", ConsentKind.ROI, frozenset(CATEGORIES.values()) - notes),
            _consent("c2", ConsentKind.NOTES, notes),
        ),
        holds=(),
        restrictions=(),
        court_orders=(),
        record=items,
        policy=load_policy(),
    )


def _consent(identifier: str, kind: ConsentKind, categories: frozenset[Category]) -> Consent:
    return Consent(
        id=identifier,
        kind=kind,
        participant=PARTICIPANT,
        form=ReleaseOfInformation(f"form-{identifier}", "1", "en"),
        signed_at=_NOW - timedelta(days=30),
        signer=Signer("Testina Fir", Capacity.SELF),
        patient_name="Testina Fir",
        how_to_revoke="in writing or by word of mouth",
        refusal_consequences="none",
        redisclosure_warning="it may be passed on",
        grants=(
            ConsentGrant(
                id=f"g-{identifier}",
                discloser=frozenset({"cm"}),
                recipient=frozenset({"hospital"}),
                purposes=frozenset({Purpose.TREATMENT}),
                categories=categories,
                expires=_NOW + timedelta(days=100),
            ),
        ),
        revocations=(),
        integrity=Integrity.OK,
        events=(),
    )
