"""`bench`: measure this machine against the goals of the house. No clock but the stopwatch."""

import asyncio
import json
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, Final

import click

from consent.codes import (
    NOTES,
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
from consent.engine import decide
from consent.facts import Facts
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
from gateway.commands import bench_labels as labels_and_clearing
from gateway.commands.draining import drain
from gateway.commands.errors import Failed
from mappings.tables import load_policy

CONSENTS, GRANTS, ITEMS = 10, 8, 50
GOAL_MS: Final = 1.0
ROUNDS: Final = 300
DELIVERIES: Final = 1_000
GOAL_JOBS: Final = 2.0  # at least half as many deliveries as jobs that do nothing, in the same time
_NOW: Final = datetime(2026, 11, 24, 20, tzinfo=UTC)
_ROLE: Final = "liaison-prosecutor"
_CATEGORIES: Final = tuple(category for category in Category if category not in NOTES)


@dataclass(frozen=True)
class Measured:
    """One measurement against its goal; `value` and `goal` in `unit`, less is better. `against`: what was measured."""

    value: float
    unit: str
    goal: float
    against: str

    def to_json(self) -> dict[str, Any]:
        """Return the measurement as plain JSON."""
        return {
            "value": self.value,
            "unit": self.unit,
            "goal": self.goal,
            "ok": self.value <= self.goal,
            "against": self.against,
        }


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def bench(*, as_json: bool) -> None:
    """Measure this machine against the goals. Exit 1 where one is missed."""
    results = {name: measure() for name, measure in MEASUREMENTS.items()}
    if as_json:
        told = {"machine": machine(), "results": {name: result.to_json() for name, result in results.items()}}
        click.echo(json.dumps(told, indent=2))
    else:
        for name, result in results.items():
            click.echo(f"{name}: {result.value} {result.unit} (goal {result.goal}); {result.against}")
    missed = [name for name, result in results.items() if result.value > result.goal]
    if missed:
        raise Failed(f"bench: goal missed: {', '.join(missed)}")


def machine() -> str:
    """Return what this machine is: its processor's make, and the Python that runs."""
    return f"{platform.machine()} {platform.system()}, {platform.python_implementation()} {platform.python_version()}"


def measure_decide(rounds: int = ROUNDS) -> Measured:
    """Measure deciding, findings included, where every grant is in force for the one who asks."""
    request, facts = worst_case()
    value = round(1000 * median_seconds(lambda: decide(request, facts), rounds), 3)
    scene = f"{CONSENTS} consents x {GRANTS} grants x {ITEMS} items, every grant in force for the requester"
    return Measured(value, "ms", GOAL_MS, f"median of {rounds}: {scene}")


def measure_label_and_clear(rounds: int = labels_and_clearing.ROUNDS) -> Measured:
    """Measure labelling a record and clearing it against reading and writing its bytes."""
    of = labels_and_clearing.record()
    (value,) = labels_and_clearing.times(of, (labels_and_clearing.label_and_clear,), rounds)
    scene = f"a Bundle of {len(of.items)} entries, {len(of.raw)} bytes: labels found and written on, redaction, digest"
    against = f"median of {rounds}, in medians of orjson loads and dumps of the same bytes: {scene}"
    return Measured(round(value, 2), "times", labels_and_clearing.GOAL_TIMES, against)


def measure_drain(number: int = DELIVERIES) -> Measured:
    """Measure queued deliveries drained by two workers against jobs that do nothing, on the same database."""
    with tempfile.TemporaryDirectory(prefix="lead-") as folder:
        found = asyncio.run(drain(Path(folder), number))
    per_second = f"{found.deliveries:.0f} deliveries and {found.nothings:.0f} jobs that do nothing per second"
    scene = f"{number} of each drained by two workers, {per_second}, {len(found.arrived)} arrived"
    return Measured(round(1 / found.share, 2), "jobs that do nothing", GOAL_JOBS, f"time of one delivery: {scene}")


MEASUREMENTS: Final[dict[str, Callable[[], Measured]]] = {
    "decide": measure_decide,
    "label-and-clear": measure_label_and_clear,
    "drain": measure_drain,
}


def median_seconds(work: Callable[[], object], rounds: int) -> float:
    """Return the median of so many runs, in seconds of this thread's processor time: neighbours do not count."""
    taken = []
    for _ in range(max(rounds, 1)):
        start = time.thread_time_ns()
        work()
        taken.append(time.thread_time_ns() - start)
    return median(taken) / 1e9


def worst_case(kinds: int = GRANTS) -> tuple[DisclosureRequest, Facts]:
    """Return a request and facts in which every grant names the requester and no two items are alike.

    One form of eight grants, signed again and again, as sites do. `kinds`: how many grants are unlike each other.
    """
    request = DisclosureRequest(
        "bench", _NOW, "pa", "p1", Purpose.CASE_ALIGNMENT, Person("Sam Example", _ROLE), attested=True
    )
    organizations = {each.id: each for each in (_organization("pa", OrganizationKind.PROSECUTOR), *_sources())}
    facts = Facts(
        site=Site("Fern County LEAD", "America/Los_Angeles", "WA", LegalRole.BUSINESS_ASSOCIATE),
        organizations=organizations,
        participants={"p1": Participant("p1", screened=True, enrolled=True, birth_date=date(1988, 7, 19))},
        consents=tuple(_consent(number, kinds) for number in range(CONSENTS)),
        holds=(),
        restrictions=(),
        court_orders=(),
        record=tuple(_item(number) for number in range(ITEMS)),
        policy=load_policy(),
    )
    return request, facts


def _sources() -> list[Organization]:
    return [_organization(f"s{number}", OrganizationKind.TREATMENT_PROVIDER) for number in range(ITEMS)]


def _organization(identifier: str, kind: OrganizationKind) -> Organization:
    return Organization(
        identifier,
        identifier.title(),
        kind,
        Part2Status.PROGRAM,
        HipaaStatus.NONE,
        agreement_expires=date(2027, 12, 31),
    )


def _item(number: int) -> Item:
    made = _NOW - timedelta(days=number + 1)
    return Item(f"i{number}", "p1", _CATEGORIES[number % len(_CATEGORIES)], f"s{number}", made)


def _consent(number: int, kinds: int) -> Consent:
    return Consent(
        id=f"c{number}",
        kind=ConsentKind.ROI,
        participant="p1",
        form=ReleaseOfInformation(f"f{number}", "1", "en"),
        signed_at=_NOW - timedelta(days=30 + number),
        signer=Signer("Ray Alder", Capacity.SELF),
        patient_name="Ray Alder",
        how_to_revoke="in writing or by word of mouth",
        refusal_consequences="none",
        redisclosure_warning="it may be passed on",
        grants=tuple(_grant(number * GRANTS + each, kinds) for each in range(GRANTS)),
        revocations=(),
        integrity=Integrity.OK,
        events=(),
    )


def _grant(number: int, kinds: int) -> ConsentGrant:
    """Return a grant; each kind leaves out two sources, two categories and some days of its own."""
    kind = number % kinds
    return ConsentGrant(
        id=f"g{number}",
        discloser=frozenset(f"s{each}" for each in range(ITEMS) if each not in (kind % ITEMS, kind // 9)),
        recipient=frozenset({"pa", f"s{number % ITEMS}"}),
        purposes=frozenset({Purpose.CASE_ALIGNMENT, Purpose.WARM_HANDOFF}),
        categories=frozenset(_CATEGORIES) - {_CATEGORIES[kind % 30], _CATEGORIES[kind // 30 - 1]},
        expires=_NOW + timedelta(days=number + 1),
        role=_ROLE,
        record_from=(_NOW - timedelta(days=400 - kind)).date(),
        record_to=(_NOW - timedelta(days=1 + kind % 25)).date(),
    )
