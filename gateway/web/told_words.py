"""What was told about me: rows for page, file and printout, in English or Spanish; and the copy (42 CFR 2.23)."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from consent.accounting import Accounting, Attempt, Told, View
from consent.codes import Category
from consent.explain import LANGUAGES
from consent.model import Item
from gateway.web.readable import facts_of
from mappings.lead import letters
from mappings.pdf.document import Content, Heading, Paragraph, Table, document_pdf

EVERYTHING: Final = "everything"
VIEWS: Final[Mapping[str, View]] = {
    EVERYTHING: View.PARTICIPANT,
    "consent": View.CONSENT,
    "hipaa": View.HIPAA,
    "intermediary": View.INTERMEDIARY,
}
VIEW_WORDS: Final[Mapping[str, str]] = {
    EVERYTHING: "Everything",
    "consent": "Legal minimum: told because of a form (42 CFR 2.25)",
    "hipaa": "Legal minimum: told without a form (45 CFR 164.528)",
    "intermediary": "Legal minimum: told as an intermediary (42 CFR 2.24)",
}
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_WIDTHS: Final = (2, 3, 4, 3, 3)


@dataclass(frozen=True, slots=True)
class Words:
    """One language. `bases`: by the part of a basis before its colon."""

    title: str
    copy_title: str
    issued: str
    since: str
    header: tuple[str, str, str, str, str]
    nothing: str
    asked: str
    asked_line: str
    asked_nothing: str
    rights: str
    complain: str
    bases: Mapping[str, str]
    copy_intro: str
    copy_others: str


WORDS: Final[Mapping[str, Words]] = {
    "en": Words(
        title="What was told about me",
        copy_title="My own record",
        issued="Made for {} on {}.",
        since="It goes back to {}.",
        header=("When", "Who got it", "What", "Why", "Because of"),
        nothing="Nobody was told anything.",
        asked="Who asked and got nothing",
        asked_line="{}: {} asked, {}.",
        asked_nothing="Nobody.",
        rights="What you can do",
        complain=(
            "You can stop sharing at any time: tell any of us. You can ask us to correct this paper. "
            "If you think that something was told that should not have been, tell us, or complain to the U.S. "
            "Department of Health and Human Services, Office for Civil Rights. Nobody may treat you worse for it."
        ),
        bases={
            "consent": "a form that was signed",
            "order": "a court order",
            "2.51": "a medical emergency",
            "164.506": "the law on treatment",
            "164.512(k)(5)": "the law on care in jail",
            "individual": "you asked for it",
        },
        copy_intro="This is what we have on record about you, and what the jail and the courts told us.",
        copy_others="Others who help you keep records of their own. Ask them for those. Therapy notes are not in here.",
    ),
    "es": Words(
        title="Lo que se ha dicho de mí",
        copy_title="Mi propio expediente",
        issued="Hecho para {} el {}.",
        since="Llega hasta el {}.",
        header=("Cuándo", "Quién lo recibió", "Qué", "Para qué", "Por qué razón"),
        nothing="No se ha dicho nada a nadie.",
        asked="Quién preguntó y no recibió nada",
        asked_line="{}: {} preguntó, {}.",
        asked_nothing="Nadie.",
        rights="Lo que usted puede hacer",
        complain=(
            "Usted puede parar todo en cualquier momento: díganos. Puede pedir que corrijamos este papel. "
            "Si cree que se dijo algo que no se debía decir, díganos, o quéjese ante el Departamento de Salud y "
            "Servicios Humanos de EE. UU., Oficina de Derechos Civiles. Nadie puede tratarle peor por eso."
        ),
        bases={
            "consent": "un papel que se firmó",
            "order": "la orden de un juez",
            "2.51": "una emergencia médica",
            "164.506": "la ley sobre el tratamiento",
            "164.512(k)(5)": "la ley sobre la atención en la cárcel",
            "individual": "usted lo pidió",
        },
        copy_intro="Esto es lo que tenemos guardado sobre usted, y lo que la cárcel y las cortes nos dijeron.",
        copy_others="Otros que le ayudan guardan sus propios papeles. Pídalos allí. Las notas de terapia no van.",
    ),
}
"""Written by us; a person who speaks Spanish natively has not read the Spanish yet."""


def rows_of(found: Accounting, language: str) -> list[tuple[str, str, str, str, str]]:
    """Give the rows in words, newest first; what one message said under two bases is two rows."""
    return [_row(each, language) for each in reversed(found.told)]


def _row(each: Told, language: str) -> tuple[str, str, str, str, str]:
    known, words = LANGUAGES[language], WORDS[language]
    codes = [code.strip() for code in each.description.split(",") if code.strip()]
    what = ", ".join(known.categories[Category(code)] if code in set(Category) else code for code in codes)
    because = words.bases.get(each.basis.partition(":")[0], each.basis)
    why = "" if each.purpose is None else known.purposes[each.purpose]
    return letters.day(language, each.day), each.recipient, what, why, because


def attempts_of(attempts: Iterable[Attempt], language: str) -> list[str]:
    """Write who asked in vain, by kind of organization only, newest first."""
    known, words = LANGUAGES[language], WORDS[language]
    return [
        words.asked_line.format(
            letters.day(language, each.day),
            known.somebody if each.asked_by is None else known.kinds[each.asked_by],
            known.purposes[each.purpose],
        )
        for each in reversed(tuple(attempts))
    ]


def told_csv(found: Accounting, language: str) -> str:
    """Write the rows as CSV (UTF-8, lines end in CRLF); no cell can be taken for a formula."""
    written = io.StringIO()
    table = (WORDS[language].header, *rows_of(found, language))
    csv.writer(written, lineterminator="\r\n").writerows([_safe(cell) for cell in row] for row in table)
    return written.getvalue()


def _safe(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value


def told_pdf(found: Accounting, name: str, language: str, today: date, at: datetime) -> bytes:
    """Set the paper that a participant takes along: tagged, in one language, without a sign of what the program is."""
    words = WORDS[language]
    rows = tuple(rows_of(found, language))
    asked = attempts_of(found.attempts, language)
    content: list[Content] = [Paragraph(words.issued.format(name, letters.day(language, today)))]
    if found.since is not None:
        content.append(Paragraph(words.since.format(letters.day(language, found.since))))
    content.append(Table(words.header, rows, None, _WIDTHS) if rows else Paragraph(words.nothing))
    content += [Heading(words.asked), Paragraph("\n".join(asked) or words.asked_nothing)]
    content += [Heading(words.rights), Paragraph(words.complain)]
    return document_pdf(words.title, content, at=at, language=language)


def copy_pdf(items: Sequence[Item], name: str, language: str, at: datetime, zone: ZoneInfo) -> bytes:
    """Set a participant's own record (42 CFR 2.23): each item with everything that is in it."""
    words, known = WORDS[language], LANGUAGES[language]
    today = letters.day(language, at.astimezone(zone).date())
    content: list[Content] = [Paragraph(words.issued.format(name, today)), Paragraph(words.copy_intro)]
    for item in items:
        content.append(Heading(known.categories[item.category].capitalize()))
        said = facts_of(item.resource, zone)
        lines = [f"{label}: {value}" for label, value in said]
        content.append(Paragraph("\n".join([letters.day(language, item.created.astimezone(zone).date()), *lines])))
    content.append(Paragraph(words.copy_others))
    return document_pdf(words.copy_title, content, at=at, language=language)


def copy_bundle(items: Sequence[Item], at: datetime) -> dict[str, Any]:
    """Give a participant's own record as a FHIR R4 Bundle (collection): the resources as they are on record."""
    entries = [{"resource": dict(item.resource)} for item in items if item.resource is not None]
    return {"resourceType": "Bundle", "type": "collection", "timestamp": at.isoformat(), "entry": entries}
