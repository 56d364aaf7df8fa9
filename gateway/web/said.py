"""A consent in the words in which a participant is told of it: who, what, why, until when. For every page."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from consent.codes import CLASS_PREFIX, Category, Purpose
from consent.explain import LANGUAGES
from consent.model import ConsentGrant, Organization
from consent.wording_table import PlainWords
from gateway.web.words import day

EVENTS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "case-closed": "until your court case is closed",
        "discharge": "until you leave the program",
        "release": "until you are let out of jail",
        "disposition": "until your court case is decided",
    },
    "es": {
        "case-closed": "hasta que se cierre su caso en la corte",
        "discharge": "hasta que usted deje el programa",
        "release": "hasta que salga de la cárcel",
        "disposition": "hasta que se decida su caso en la corte",
    },
}
"""What a grant may hang on besides a day, in both languages."""

_CLASSES: Final[Mapping[str, str]] = {"en": "those who treat you", "es": "quienes le atienden"}
_UNTIL: Final[Mapping[str, tuple[str, str, str]]] = {
    "en": ("until {}", "until something happens: {}", "for as long as you do not stop it"),
    "es": ("hasta el {}", "hasta que suceda esto: {}", "mientras usted no lo pare"),
}


@dataclass(frozen=True, slots=True)
class Said:
    """One grant in words. `name`: `CONSENT/GRANT`; `why`, `what`: one phrase each."""

    name: str
    who: tuple[str, ...]
    source: tuple[str, ...]
    why: tuple[str, ...]
    what: tuple[str, ...]
    until: str
    role: str | None


def language_of(given: str | None) -> str:
    """Give a language that there are words for: English where there are none."""
    wanted = (given or "en").partition("-")[0].lower()
    return wanted if wanted in LANGUAGES else "en"


def said(
    name: str, grant: ConsentGrant, organizations: Mapping[str, Organization], zone: ZoneInfo, language: str = "en"
) -> Said:
    """Say a grant. An organization that is not registered keeps the name on the form."""
    words = LANGUAGES[language_of(language)]
    return Said(
        name=name,
        who=names(grant.recipient, organizations, words.language),
        source=names(grant.discloser, organizations, words.language),
        why=whys(grant.purposes, words),
        what=whats(grant.categories, words),
        until=until(grant.expires, zone, words.language),
        role=grant.role,
    )


def names(identities: Iterable[str], organizations: Mapping[str, Organization], language: str) -> tuple[str, ...]:
    """Name organizations, in order of their names."""
    return tuple(sorted(_name(each, organizations, language) for each in identities))


def _name(identity: str, organizations: Mapping[str, Organization], language: str) -> str:
    if identity.startswith(CLASS_PREFIX):
        return _CLASSES[language]
    known = organizations.get(identity)
    return identity if known is None else known.name


def whys(purposes: Iterable[Purpose], words: PlainWords) -> tuple[str, ...]:
    """Say what for, in the order of the codes."""
    wanted = frozenset(purposes)
    return tuple(words.purposes[each] for each in Purpose if each in wanted)


def whats(categories: Iterable[Category], words: PlainWords) -> tuple[str, ...]:
    """Say what, in the order of the codes."""
    wanted = frozenset(categories)
    return tuple(words.categories[each] for each in Category if each in wanted)


def until(expires: datetime | str, zone: ZoneInfo, language: str) -> str:
    """Say until when."""
    to_a_day, to_an_event, open_end = _UNTIL[language]
    if isinstance(expires, datetime):
        return to_a_day.format(day(expires.astimezone(zone)))
    name = expires.removeprefix("event:")
    if name == expires:
        return open_end
    return EVENTS[language].get(name) or to_an_event.format(name.replace("-", " "))
