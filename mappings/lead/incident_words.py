"""What the two people whose records were mixed up are told, each in plain words and nothing about the other.

Texts of the house, in English and Spanish (translation: memory). Who was told is listed by the caller, by name.
"""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

_OWN: Final = MappingProxyType(
    {
        "en": (
            "By mistake, a message about another person was kept in your record from {since} to {until}.",
            "It has been taken out. Nothing that you signed has changed.",
            "While it was there, these were told something about you that it was part of, or led to: {told}.",
            "Nobody was told anything because of it.",
        ),
        "es": (
            "Por error, un mensaje sobre otra persona estuvo en su expediente desde {since} hasta {until}.",
            "Ya se ha retirado. Nada de lo que usted firmó ha cambiado.",
            "Mientras estuvo allí, se dijo por ello algo sobre usted a estas organizaciones: {told}.",
            "Por ello no se dijo nada a nadie.",
        ),
    }
)
_OTHER: Final = MappingProxyType(
    {
        "en": (
            "By mistake, a message about you was kept in somebody else's record from {since} to {until}.",
            "It has been taken out of that record.",
            "While it was there, what it says was told to: {told}.",
            "What it says was told to nobody.",
        ),
        "es": (
            "Por error, un mensaje sobre usted estuvo en el expediente de otra persona desde {since} hasta {until}.",
            "Ya se ha retirado de ese expediente.",
            "Mientras estuvo allí, lo que dice se comunicó a: {told}.",
            "Lo que dice no se comunicó a nadie.",
        ),
    }
)
LANGUAGES: Final = frozenset(_OWN)


def for_participant(language: str, since: str, until: str, told: Sequence[str]) -> tuple[str, ...]:
    """Tell the participant in whose record it was. `since`, `until`: days. KeyError: no such language."""
    return _lines(_OWN[language], since, until, told)


def for_other(language: str, since: str, until: str, told: Sequence[str]) -> tuple[str, ...]:
    """Tell the person whom the message was about. `told`: who was given what it says. KeyError: another language."""
    return _lines(_OTHER[language], since, until, told)


def _lines(texts: tuple[str, ...], since: str, until: str, told: Sequence[str]) -> tuple[str, ...]:
    first, second, some, none = texts
    return (
        first.format(since=since, until=until),
        second,
        some.format(told=", ".join(told)) if told else none,
    )
