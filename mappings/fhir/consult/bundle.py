"""The content of a question: each resource by itself, with its own names, people and authors, never by its place.

LEAP's enforcement service matched decisions to entries by index and released the record of a patient who had refused.
Here the people whom a resource names are met with the consent that permits it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final

from consent.content import Reading, system_name
from consent.sensitivity import BITS, OPAQUE, Sensitivity, SensitivityTables
from mappings.fhir.consult.consents import Standing
from mappings.fhir.consult.content import Resource, names_of
from mappings.fhir.consult.elements import Json, codings_in
from mappings.fhir.consult.match import Match, every
from mappings.fhir.consult.names import Directory, Names
from mappings.fhir.consult.persons import Persons
from mappings.fhir.consult.security import PART2

_SUBJECTS: Final = frozenset({"subject", "patient", "beneficiary", "for"})
_PEOPLE: Final = ("Patient/", "Group/")
_SNOMED: Final = ("http://snomed.info/sct", "https://snomed.info/sct", "urn:oid:2.16.840.1.113883.6.96")
_WHO_AND_WHERE: Final = frozenset(
    {"Patient", "RelatedPerson", "Practitioner", "PractitionerRole", "Organization", "Location"}
)


def entries(bundle: Json | None) -> Iterator[tuple[str, Json]]:
    """Yield fullUrl ("" where none) and resource of all entries, of Bundles in Bundles too."""
    for entry in _list(bundle, "entry"):
        if isinstance(entry, dict) and isinstance(entry.get("resource"), dict):
            url = entry.get("fullUrl")
            yield url if isinstance(url, str) else "", entry["resource"]
            if entry["resource"].get("resourceType") == "Bundle":
                yield from entries(entry["resource"])


def _list(value: Json | None, name: str) -> list[Any]:
    found = None if value is None else value.get(name)
    return found if isinstance(found, list) else []


@dataclass(frozen=True, slots=True)
class Content:
    """What is known of the content as a whole: who is who in it, who wrote what, and whether it names one patient."""

    directory: Directory
    persons: Persons
    zone: tzinfo
    written: tuple[tuple[tuple[Names, ...], tuple[Names, ...]], ...]
    one_patient: bool
    reading: Reading | None

    def resource(self, url: str, given: Json) -> Resource:
        """Get a resource ready to be judged."""
        names = names_of(url, given)
        by = [a for agents, targets in self.written if any(t.same(names) is Match.YES for t in targets) for a in agents]
        found, read = (frozenset[str](), False) if self.reading is None else _read(self.reading, given)
        return Resource(given, names, self.directory, self.zone, tuple(by), found, read)

    def about(self, resource: Resource, consent: Standing) -> Match:
        """Tell whether everybody whom the resource names as a patient is the one whose consent this is."""
        return every(self._is(names, consent) for names in _people(resource))

    def _is(self, person: Names, consent: Standing) -> Match:
        known = self.persons.known(person)
        if known is not Match.MAYBE:
            return known
        if consent.patient.literals:
            return Names(person.literals).same(Names(consent.patient.literals))
        return Match.YES if self.one_patient and not person.identifiers else Match.MAYBE


def read_content(
    bundle: Json | None, directory: Directory, persons: Persons, zone: tzinfo, tables: SensitivityTables | None
) -> Content:
    """Look over the content once, before any of it is judged. `tables`: codes that show a sensitivity, if looked up."""
    bare = Content(directory, persons, zone, (), one_patient=False, reading=None)
    found = [bare.resource(url, one) for url, one in entries(bundle)]
    named = {names.literals for one in found for names in _people(one) if persons.known(names) is not Match.YES}
    written = tuple(_provenance(one) for one in found if one.json.get("resourceType") == "Provenance")
    reading = None if tables is None else Reading(tables)
    return Content(directory, persons, zone, written, one_patient=len(named) == 1, reading=reading)


def _read(reading: Reading, resource: Json) -> tuple[frozenset[str], bool]:
    """Read what a resource shows beside its labels, and tell whether that is all of it.

    All was read where nothing is opaque and there is a code to go by (people and places have none); of SNOMED CT our
    tables know the common concepts only, so a concept there must come with its words, which are read. Tobacco is a
    substance use disorder only where a program says so; who says this is not known here. What shows no more than
    substance use may be any kind of it, and so gets the mark of the law as well.
    """
    content = _without_labels(resource)
    bits = reading.bits_of(content)
    found = {one.value for one in Sensitivity if bits & BITS[one]}
    coded = resource.get("resourceType") in _WHO_AND_WHERE or any(one.system for one in codings_in(content))
    marks = {PART2} if found & {"SUD", "ETH"} else set()
    return frozenset(found | marks), coded and not bits & OPAQUE and _has_words(content)


def _has_words(value: Any) -> bool:
    """Tell whether every SNOMED CT concept under `value` says in words what it is."""
    if isinstance(value, list):
        return all(_has_words(one) for one in value)  # empty passes: no concept
    if not isinstance(value, dict):
        return True
    system = value.get("system")
    if isinstance(system, str) and "code" in value and system_name(system).startswith(_SNOMED):
        return bool(value.get("display"))
    return all(_has_words(one) for one in value.values())


def _without_labels(value: Any, inside: str = "") -> Any:
    """Leave out the labels in `meta`: they are compared as labels, by their own rules."""
    if isinstance(value, list):
        return [_without_labels(one, inside) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {key: inner for key, inner in value.items() if (inside, key) != ("meta", "security")}
    return {key: _without_labels(inner, key) for key, inner in kept.items()}


def _provenance(resource: Resource) -> tuple[tuple[Names, ...], tuple[Names, ...]]:
    agents = tuple(names for element, names in resource.references if element in {"who", "onBehalfOf"})
    return agents, tuple(names for element, names in resource.references if element == "target")


def _people(resource: Resource) -> Iterator[Names]:
    """Yield whom a resource names as a patient: itself, its subject, every Patient that it refers to or contains."""
    if resource.json.get("resourceType") == "Patient":
        yield resource.names
    for one in _list(resource.json, "contained"):
        if isinstance(one, dict) and one.get("resourceType") == "Patient":
            yield Names(identifiers=names_of("", one).identifiers)
    for element, names in resource.references:
        tails = [tail for _, tail in names.literals]
        if any(tail.startswith(_PEOPLE) for tail in tails) or (element in _SUBJECTS and not _elsewhere(tails)):
            yield names


def _elsewhere(tails: list[str]) -> bool:
    """Tell whether a subject is a thing or a place, or contained and so looked at by itself."""
    return any(tail.startswith("#") or "/" in tail for tail in tails)
