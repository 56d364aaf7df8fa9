"""What a participant is told of partners' systems, in plain words: who looked at a consent, what they said they told.

Who looked in vain is named by its kind only, as in the statement (mappings/lead/statement.py, LEAD GR-07).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from consent.codes import OrganizationKind
from consent.wording_en import ENGLISH
from consent.wording_es import SPANISH
from consent.wording_table import PlainWords
from mappings.lead import letters


class Look(StrEnum):
    """What a partner's system did. The values are the kinds of the ledger's entries, but for IN_VAIN: a denial."""

    SHOWN = "consent-shown"
    CONSULTED = "consulted"
    PASSED_ON = "partner-disclosure"
    IN_VAIN = "in-vain"


@dataclass(frozen=True, slots=True)
class Looked:
    """One such thing. `by`: the organization's name; None where it looked in vain, of which only `kind` is told."""

    day: date
    look: Look
    by: str | None
    kind: OrganizationKind | None = None


_SENTENCES: Final[Mapping[str, Mapping[Look, str]]] = {
    letters.ENGLISH: {
        Look.SHOWN: "{day}: {who} looked at what you have allowed.",
        Look.CONSULTED: "{day}: {who} asked us if something may be told about you. We said if you allow it.",
        Look.PASSED_ON: "{day}: {who} let us know that they told someone about you. Ask them what it was.",
        Look.IN_VAIN: "{day}: {who} asked what you have allowed. They were told nothing.",
    },
    letters.SPANISH: {
        Look.SHOWN: "{day}: {who} vio a qué ha dicho usted que sí.",
        Look.CONSULTED: "{day}: {who} preguntó si se puede decir algo de usted. Le dijimos si usted lo permite.",
        Look.PASSED_ON: "{day}: {who} nos avisó que dijo algo de usted a otros. Pregúntele qué fue.",
        Look.IN_VAIN: "{day}: {who} preguntó a qué ha dicho usted que sí. No supo nada.",
    },
}
_WORDS: Final[Mapping[str, PlainWords]] = {letters.ENGLISH: ENGLISH, letters.SPANISH: SPANISH}


def looked(language: str, looks: Iterable[Looked]) -> tuple[str, ...]:
    """Return a line for each, in their order; the same thing on the same day is told once."""
    known = letters.known(language)
    said = _SENTENCES[known]
    lines = [said[each.look].format(day=letters.day(known, each.day), who=_who(known, each)) for each in looks]
    return tuple(dict.fromkeys(lines))


def _who(language: str, each: Looked) -> str:
    if each.by is not None and each.look is not Look.IN_VAIN:
        return each.by
    words = _WORDS[language]
    return words.somebody if each.kind is None else words.kinds[each.kind]
