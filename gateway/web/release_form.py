"""The fields of the guided form: what was typed, carried from step to step, and what it says. Keeps nothing.

Steps: `who`, one for each agency (`agency:ID`), `check`, `sign`. A row is a ticked `cell`: `AGENCY|PURPOSE|CATEGORY`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData

from consent.codes import Capacity, Category, ConsentKind, Purpose
from consent.model import CriminalJusticeTerms, Signer
from consent.review import Circumstances
from gateway.releasing import Filled
from gateway.web.said import EVENTS, language_of

WHO: Final = "who"
CHECK: Final = "check"
SIGN: Final = "sign"
AGENCY: Final = "agency:"
YES, NO, LATER = "yes", "no", "later"
_LONGEST: Final = timedelta(days=3 * 366)
_SINGLE: Final = (
    "draft",
    "kind",
    "language",
    "proceeding_cause",
    "counsel_present",
    "condition_document",
    "cause",
    "revocable_from",
    "monitoring_official",
    "not_conditioned",
)
_MANY: Final = ("source", "agency", "cell")
_OF_STEP: Final[Mapping[str, frozenset[str]]] = {
    WHO: frozenset({*_SINGLE, "source", "agency"}) - {"draft"},
    CHECK: frozenset({"again"}),
    SIGN: frozenset(
        {"signer", "capacity", "authority", "method", "copy", "notice_given", "intent", "clear", "not_conditioned"}
    ),
}


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed so far: every value of every field."""

    values: Mapping[str, tuple[str, ...]] = field(hash=False)

    def one(self, name: str, otherwise: str = "") -> str:
        """Give the value of a field that has one."""
        return next(iter(self.values.get(name, ())), otherwise)

    def all(self, name: str) -> tuple[str, ...]:
        """Give the values of a field that may have several, in order, each once."""
        return tuple(dict.fromkeys(self.values.get(name, ())))

    @property
    def kind(self) -> ConsentKind:
        """What form it is; a release where it is not said, or said strangely."""
        wanted = self.one("kind")
        return ConsentKind(wanted) if wanted in {each.value for each in ConsentKind} else ConsentKind.ROI

    @property
    def language(self) -> str:
        """The language in which it is read out and signed."""
        return language_of(self.one("language"))

    @property
    def refused(self) -> tuple[str, ...]:
        """To whom they said no."""
        return tuple(each for each in self.all("agency") if self.one(f"answer.{each}") == NO)

    def steps(self) -> tuple[str, ...]:
        """Give the steps in order."""
        return (WHO, *(f"{AGENCY}{each}" for each in self.all("agency")), CHECK, SIGN)

    def after(self, step: str) -> str:
        """Give the next step; the last stays."""
        steps = self.steps()
        return steps[min(steps.index(step) + 1, len(steps) - 1)] if step in steps else WHO

    def carried(self, step: str) -> Iterator[tuple[str, str]]:
        """Yield what a page has to carry in hidden fields: all but the fields of its own step."""
        for name, values in self.values.items():
            yield from ((name, each) for each in values if not _is_of(step, name, each))


def _is_of(step: str, name: str, value: str) -> bool:
    if step.startswith(AGENCY):
        agency = step.removeprefix(AGENCY)
        return name.endswith(f".{agency}") or (name == "cell" and value.startswith(f"{agency}|"))
    return name in _OF_STEP.get(step, ())


def typed_of(given: FormData) -> Typed:
    """Read a form that was sent, or the query of a link. What is no text, and who sent it, is left out."""
    values: dict[str, list[str]] = {}
    for name, value in given.multi_items():
        if isinstance(value, str) and name not in {"form", "step", "go"}:
            values.setdefault(name, []).append(value)
    return Typed({name: tuple(each) for name, each in values.items()})


def filled_of(typed: Typed, zone: ZoneInfo) -> Filled:
    """Read what a form says; a row of whoever said no, or not now, is no row."""
    rows: dict[tuple[str, Purpose], frozenset[Category]] = {}
    for cell in typed.all("cell"):
        agency, _, rest = cell.partition("|")
        purpose, _, category = rest.partition("|")
        if typed.one(f"answer.{agency}") != YES or agency not in typed.all("agency"):
            continue
        if purpose in set(Purpose) and category in set(Category):
            row = (agency, Purpose(purpose))
            rows[row] = rows.get(row, frozenset()) | {Category(category)}
    agencies = typed.all("agency")
    return Filled(
        kind=typed.kind,
        language=typed.language,
        sources=frozenset(typed.all("source")),
        rows=rows,
        until={each: ends for each in agencies if (ends := _ends(typed, each, zone)) is not None},
        roles={each: typed.one(f"role.{each}").strip() for each in agencies},
        signer=_signer(typed),
        terms=_terms(typed) if typed.kind is ConsentKind.CJ_2_35 else None,
        proceeding_cause=typed.one("proceeding_cause").strip() or None,
        counsel_present=True if typed.one("counsel_present") else None,
    )


def _ends(typed: Typed, agency: str, zone: ZoneInfo) -> datetime | str | None:
    chosen = typed.one(f"until.{agency}")
    if chosen in EVENTS["en"]:
        return f"event:{chosen}"
    day = day_of(typed.one(f"day.{agency}"))
    if chosen != "day" or day is None:
        return None
    return datetime.combine(day, time(), zone)


def day_of(text: str) -> date | None:
    """Read a day; None for what is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _signer(typed: Typed) -> Signer:
    wanted = typed.one("capacity")
    capacity = Capacity(wanted) if wanted in set(Capacity) else Capacity.SELF
    return Signer(typed.one("signer").strip(), capacity, typed.one("authority").strip() or None)


def _terms(typed: Typed) -> CriminalJusticeTerms:
    fields = ("condition_document", "cause", "revocable_from", "monitoring_official")
    return CriminalJusticeTerms(*(typed.one(name).strip() or None for name in fields))


def circumstances_of(typed: Typed, staff: str) -> Circumstances:
    """Read what was so at the table; what nobody said is not known."""
    return Circumstances(
        staff=frozenset({staff}),
        conditioned=False if typed.one("not_conditioned") else None,
        plain_language=True,
        clear_minded={"yes": True, "no": False}.get(typed.one("clear")),
        copy_given=bool(typed.one("copy")) or None,
        notice_given=bool(typed.one("notice_given")) or None,
    )


def missing(typed: Typed, step: str, today: date) -> dict[str, str]:
    """Say what a step lacks, as field and sentence. What the law asks of the whole form is checked later."""
    if step == WHO:
        found = {} if typed.all("agency") else {"agency": "Who: choose at least one agency to ask about."}
        return found if typed.all("source") else {**found, "source": "Whose records: choose at least one."}
    return _of_agency(typed, step.removeprefix(AGENCY), today) if step.startswith(AGENCY) else {}


def _of_agency(typed: Typed, agency: str, today: date) -> dict[str, str]:
    answer = typed.one(f"answer.{agency}")
    if answer not in {YES, NO, LATER}:
        return {"answer": "Their answer: choose yes, no, or not now."}
    if answer != YES:
        return {}
    found = {}
    if not any(each.startswith(f"{agency}|") for each in typed.all("cell")):
        found["cells"] = "What they may hear: tick at least one thing, or choose no or not now."
    until, day = typed.one(f"until.{agency}"), day_of(typed.one(f"day.{agency}"))
    if until not in {*EVENTS["en"], "day"}:
        found["until"] = "Until when: choose a day or an event (42 CFR 2.31(a)(7))."
    elif until == "day" and (day is None or not today < day <= today + _LONGEST):
        found["day"] = "Day: must be after today, within three years (42 CFR 2.31(a)(7))."
    return found
