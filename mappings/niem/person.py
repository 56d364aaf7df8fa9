"""The person of a booking: names, aliases, birth date, identifiers; the social security number cut to four digits."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from lxml.etree import _Element as Element

from mappings.lead.custody import (
    FBI,
    SID,
    SSN_LAST_4,
    PersonDescription,
    PersonName,
    inmate_system,
    person_system,
)
from mappings.niem import values
from mappings.niem.names import ext, j, nc
from mappings.niem.references import References
from mappings.niem.xml import FeedError, line_of

_IDENTIFICATION: Final = nc("IdentificationID")
_LAST_FOUR: Final = re.compile(r"(?:[\dXx*]{3}-?[\dXx*]{2}-?)?(\d{4})", re.ASCII)


def describe(refs: References, person: Element, feed: str, inmate: str | None, *, born_by: date) -> PersonDescription:
    """Return who `person` is said to be. `inmate`: the inmate number of the booking; `born_by`: its day in UTC.

    Aliases are the further names of the person and the identities linked to it; an identity's birth date is not taken.
    Raises `FeedError` for a birth date that is unreadable or more than a day after `born_by`.
    """
    own = [name for name in (_name(refs, each) for each in refs.children(person, nc("PersonName"))) if name]
    others = [name for name in (_name(refs, each) for each in _alias_names(refs, person)) if name]
    aliases = tuple(dict.fromkeys(name for name in [*own[1:], *others] if name not in own[:1]))
    return PersonDescription(
        names=tuple(own[:1]),
        aliases=aliases,
        birth_date=_birth_date(refs, person, born_by),
        identifiers=tuple(dict.fromkeys(_identifiers(refs, person, feed, inmate))),
    )


def _name(refs: References, name: Element) -> PersonName | None:
    given, family = refs.text(name, nc("PersonGivenName")), refs.text(name, nc("PersonSurName"))
    if given is None and family is None:
        whole = refs.text(name, nc("PersonFullName"))
        return None if whole is None else _split(whole)
    return PersonName(
        given, family, refs.text(name, nc("PersonMiddleName")), refs.text(name, nc("PersonNameSuffixText"))
    )


def _split(whole: str) -> PersonName:
    """`FIR, TESTINA Q` or `Testina Q Fir`; one word alone is a family name."""
    family, comma, rest = whole.partition(",")
    words = rest.split() if comma else whole.split()[:-1]
    last = family.strip() if comma else whole.rsplit(maxsplit=1)[-1]
    return PersonName(words[0] if words else None, last or None, " ".join(words[1:]) or None)


def _alias_names(refs: References, person: Element) -> Iterator[Element]:
    yield from refs.children(person, nc("PersonAlternateName"))
    for identity in _identities(refs, person):
        for representation in refs.children(identity, nc("IdentityPersonRepresentation")):
            if representation is not person:
                yield from refs.children(representation, nc("PersonName"))


def _identities(refs: References, person: Element) -> Iterator[Element]:
    """Yield the identities of `person`: those linked to it, and those linked to nobody (the report has one subject)."""
    linked: set[Element] = set()
    for association in refs.everywhere(nc("PersonAliasIdentityAssociation")):
        found = list(refs.children(association, nc("Identity")))
        linked.update(found)
        if person in refs.children(association, nc("Person")):
            yield from found
    yield from (each for each in refs.everywhere(nc("Identity")) if each not in linked)


def _birth_date(refs: References, person: Element, born_by: date) -> date | None:
    holder = refs.first(person, nc("PersonBirthDate"))
    born = None if holder is None else values.day(refs, holder)
    if born is not None and born - born_by > timedelta(days=1):
        raise FeedError("nc:Person/nc:PersonBirthDate", "must not be after the booking", line_of(person))
    return born


def _identifiers(refs: References, person: Element, feed: str, inmate: str | None) -> Iterator[tuple[str, str]]:
    places = [person, *refs.children(person, j("PersonAugmentation"))]
    for system, tag in (
        (SID, j("PersonStateFingerprintIdentification")),
        (SID, nc("PersonStateIdentification")),
        (FBI, j("PersonFBIIdentification")),
        (person_system(feed), ext("PersonPersistentIdentification")),
    ):
        for place in places:
            for holder in refs.children(place, tag):
                value = refs.text(holder, _IDENTIFICATION)
                if value is not None:
                    yield system, value
    if inmate is not None:
        yield inmate_system(feed), inmate
    found = _LAST_FOUR.fullmatch(refs.text(person, nc("PersonSSNIdentification"), _IDENTIFICATION) or "")
    if found:
        yield SSN_LAST_4, found.group(1)
