"""Letters to a participant about their own say: a form runs out, a slip that stops all, a form to sign after "stop".

Plain English and Spanish, one list of lines each; a letter holds what the participant knows already, and no law. The
case manager hands it over: nothing here is sent to anybody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

ENGLISH: Final = "en"
SPANISH: Final = "es"

_MONTHS: Final[Mapping[str, tuple[str, ...]]] = {
    ENGLISH: (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    SPANISH: (
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ),
}
_AND: Final = {ENGLISH: "and", SPANISH: "y"}


@dataclass(frozen=True, slots=True)
class Words:
    """What the letters say in one language; `{}` stand for a day, names, a code, an address."""

    reminder: tuple[str, ...]
    slip: tuple[str, ...]
    form: tuple[str, ...]


_WORDS: Final[Mapping[str, Words]] = {
    ENGLISH: Words(
        reminder=(
            "You signed a form that lets us talk about you.",
            "It ends on {day}.",
            "It lets us talk to: {names}.",
            "After that day we tell them no more.",
            "You do not have to do a thing. If you want it to go on, we can sign a new form with you.",
            "Your help from us stays the same. It does not hang on this form.",
        ),
        slip=(
            "With this slip you can stop what we tell others about you. You need not say why.",
            "Go to {address} and type in this code:",
            "{code}",
            "It stops all of it at once. The code works one time, until {day}.",
            "What we told others before that day we cannot take back. Ask us for the list.",
            "In a medical emergency, or if a judge orders it, we may still have to tell what is needed.",
            "You can also just tell us, or write to us. Your help from us stays the same.",
            "Keep this slip safe. Who has it can use it.",
        ),
        form=(
            "I take back the form or forms that I signed. Please tell others no more about me.",
            "I said so on {day}. It has been in force since then.",
            "Name: {names}",
            "Sign here: ____________________     Day: ____________________",
        ),
    ),
    SPANISH: Words(
        reminder=(
            "Usted firmó un papel que nos deja hablar de usted.",
            "Se acaba el {day}.",
            "Nos deja hablar con: {names}.",
            "Después de ese día no les decimos nada más.",
            "Usted no tiene que hacer nada. Si quiere que siga, firmamos otro papel con usted.",
            "Le ayudamos igual que antes. La ayuda no es por este papel.",
        ),
        slip=(
            "Con este papel usted puede parar lo que decimos de usted. No tiene que decir por qué.",
            "Vaya a {address} y escriba esta clave:",
            "{code}",
            "Para todo de una vez. La clave sirve una sola vez, hasta el {day}.",
            "Lo que dijimos antes de ese día ya no se puede borrar. Pida la lista.",
            "En una emergencia médica, o si lo manda un juez, se puede decir lo que haga falta.",
            "También puede decirlo de palabra o por carta. Le ayudamos igual que antes.",
            "Guarde bien este papel. Quien lo tiene lo puede usar.",
        ),
        form=(
            "Retiro el papel o los papeles que firmé. Ya no digan nada más de mí.",
            "Lo dije el {day}. Vale desde ese día.",
            "Nombre: {names}",
            "Firma: ____________________     Día: ____________________",
        ),
    ),
}


def reminder(language: str, *, ends: date, recipients: Sequence[str]) -> tuple[str, ...]:
    """Say that a form runs out, until when it counts and for whom. `language`: `en` or `es`, any other is `en`."""
    return _filled(language, "reminder", day=day(language, ends), names=listed(language, recipients))


def slip(language: str, *, address: str, code: str, until: date) -> tuple[str, ...]:
    """Tell how to stop everything with a code, by oneself."""
    return _filled(language, "slip", address=address, code=code, day=day(language, until))


def written_form(language: str, *, name: str, said: date) -> tuple[str, ...]:
    """Write out what was said, ready to sign (P2-70): the spoken stop counts without it."""
    return _filled(language, "form", names=name, day=day(language, said))


def _filled(language: str, which: str, **blanks: str) -> tuple[str, ...]:
    lines: tuple[str, ...] = getattr(_WORDS[known(language)], which)
    return tuple(line.format_map(blanks) for line in lines)


def known(language: str) -> str:
    """Return the language that is spoken for one that is asked for: Spanish, or else English."""
    return SPANISH if language.partition("-")[0].lower() == SPANISH else ENGLISH


def day(language: str, of: date) -> str:
    """Return a day as it is written."""
    month = _MONTHS[known(language)][of.month - 1]
    return f"{of.day} de {month} de {of.year}" if known(language) == SPANISH else f"{month} {of.day}, {of.year}"


def listed(language: str, names: Sequence[str]) -> str:
    """Return names as one phrase, each once, in order."""
    ordered = sorted(set(names))
    if len(ordered) <= 1:
        return "".join(ordered)
    return f"{', '.join(ordered[:-1])} {_AND[known(language)]} {ordered[-1]}"
