"""The statement of what was shared, in plain words: for the participant, in English or Spanish (P2-71(9), LEAD GR-07).

It says to whom what kind of thing was told, when and what for, and what was on its way when the participant said stop;
never the content itself. Who asked in vain is named by kind only.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from consent.accounting import Attempt
from consent.codes import Category, Purpose
from consent.reports import ReportKind
from consent.wording_en import ENGLISH
from consent.wording_es import SPANISH
from consent.wording_table import PlainWords
from mappings.lead import letters


class Arrival(StrEnum):
    """What is known of a sending."""

    ARRIVED = "arrived"
    LEAVING = "already-leaving"
    PERHAPS = "may-have-arrived"


@dataclass(frozen=True, slots=True)
class Shared:
    """One thing that was told, or is on its way. `categories` never empty; `recipient` is a name."""

    day: date
    recipient: str
    categories: tuple[Category, ...]
    purpose: Purpose
    arrival: Arrival


@dataclass(frozen=True, slots=True)
class Reported:
    """A report that the law lets go without consent. `recipient` is a name. What it says is not told again."""

    day: date
    recipient: str
    kind: ReportKind


@dataclass(frozen=True, slots=True)
class _Sentences:
    """One language; `{}` stand for a day, a name, what, what for."""

    head: str
    nothing: str
    told: str
    arrivals: Mapping[Arrival, str]
    ended: str
    asked: str
    keeps: str
    reported: str
    reports: Mapping[ReportKind, str]


_SENTENCES: Final = {
    letters.ENGLISH: _Sentences(
        head="This is what we have told others about you.",
        nothing="We have told no one about you.",
        told="{day}: {recipient} was told {what}, {purpose}.",
        arrivals={
            Arrival.ARRIVED: "",
            Arrival.LEAVING: " It was on its way when you said stop, so we could not hold it back.",
            Arrival.PERHAPS: " We tried to send it. It may have come to them, or not.",
        },
        ended="{day}: We let {recipient} know that no more will come. We gave no reason.",
        asked="{day}: {kind} asked about you, {purpose}. They were told nothing.",
        keeps="What was told can not be taken back. You can ask us to ask them to give it back or destroy it.",
        reported="{day}: We told {recipient} {what}. The law lets us do that without your yes. No record went with it.",
        reports={
            ReportKind.PREMISES: "of a crime, or the threat of one, at our place or against our people",
            ReportKind.CHILD_ABUSE: "that a child may have come to harm",
            ReportKind.THREAT: "of a threat to someone's life or safety",
        },
    ),
    letters.SPANISH: _Sentences(
        head="Esto es lo que hemos dicho de usted a otros.",
        nothing="No hemos dicho nada de usted a nadie.",
        told="{day}: {recipient} supo {what}, {purpose}.",
        arrivals={
            Arrival.ARRIVED: "",
            Arrival.LEAVING: " Ya iba en camino cuando usted dijo que no, y no lo pudimos parar.",
            Arrival.PERHAPS: " Lo quisimos mandar. Puede que haya llegado, o no.",
        },
        ended="{day}: Le dijimos a {recipient} que ya no va a llegar nada más. No dimos razones.",
        asked="{day}: {kind} preguntó por usted, {purpose}. No supo nada.",
        keeps="Lo que se dijo ya no se puede borrar. Usted puede pedir que les pidamos devolverlo o destruirlo.",
        reported="{day}: Le dimos parte a {recipient} {what}. La ley lo permite sin que usted diga que sí. No fue con "
        "ningún expediente.",
        reports={
            ReportKind.PREMISES: "de un delito, o de la amenaza de uno, en esta casa o contra su gente",
            ReportKind.CHILD_ABUSE: "de que un niño pudo haber sufrido un daño",
            ReportKind.THREAT: "de una amenaza contra la vida de alguien",
        },
    ),
}
_WORDS: Final[Mapping[str, PlainWords]] = {letters.ENGLISH: ENGLISH, letters.SPANISH: SPANISH}


def statement(
    language: str,
    shared: Sequence[Shared],
    *,
    ended: Iterable[tuple[date, str]],
    attempts: Iterable[Attempt],
    reported: Sequence[Reported] = (),
) -> tuple[str, ...]:
    """Return the lines of the statement. `ended`: on which day whom we told that no more will come."""
    known = letters.known(language)
    said = _SENTENCES[known]
    if not shared and not reported:
        return (said.nothing, *_attempts(known, attempts))
    return (
        said.head,
        *(_reported(known, each) for each in reported),
        *(_told(known, each) for each in shared),
        *(said.ended.format(day=letters.day(known, day), recipient=name) for day, name in ended),
        said.keeps,
        *_attempts(known, attempts),
    )


def _told(language: str, each: Shared) -> str:
    said, words = _SENTENCES[language], _WORDS[language]
    what = letters.listed(language, [words.categories[category] for category in each.categories])
    line = said.told.format(
        day=letters.day(language, each.day), recipient=each.recipient, what=what, purpose=words.purposes[each.purpose]
    )
    return line + said.arrivals[each.arrival]


def _reported(language: str, each: Reported) -> str:
    said = _SENTENCES[language]
    day = letters.day(language, each.day)
    return said.reported.format(day=day, recipient=each.recipient, what=said.reports[each.kind])


def _attempts(language: str, attempts: Iterable[Attempt]) -> Iterator[str]:
    said, words = _SENTENCES[language], _WORDS[language]
    for each in attempts:
        kind = words.somebody if each.asked_by is None else words.kinds[each.asked_by]
        yield said.asked.format(day=letters.day(language, each.day), kind=kind, purpose=words.purposes[each.purpose])
