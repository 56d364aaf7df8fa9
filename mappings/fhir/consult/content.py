"""Whether a provision speaks of one resource: by its own labels, class, codes, dates, authors and links."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from functools import cached_property
from typing import Any, Final

from mappings.fhir.consult.elements import Coding, Json, codings_in, references_in
from mappings.fhir.consult.errors import UnreadableConsentError
from mappings.fhir.consult.match import Match, every, some
from mappings.fhir.consult.moments import Span, read_moment, read_period
from mappings.fhir.consult.names import Directory, Names, identifiers_of, literal
from mappings.fhir.consult.provisions import REQUEST, Condition, Data, Provision, Term
from mappings.fhir.consult.security import Labels, label_of, labels_of, permits, refuses

TYPES: Final = "http://hl7.org/fhir/resource-types"
_CLINICAL: Final = ("effective", "occurrence", "performed", "onset", "serviced", "period", "started", "billablePeriod")
_RECORDED: Final = (
    "authoredOn",
    "recordedDate",
    "assertedDate",
    "issued",
    "date",
    "created",
    "authored",
    "sent",
    "recorded",
)
_NO_TIMES: Final = frozenset({"birthDate", "id", "value", "code", "fullUrl"})
_AUTHORS: Final = frozenset(
    {
        "asserter",
        "author",
        "creator",
        "enterer",
        "informationSource",
        "performer",
        "practitioner",
        "provider",
        "recorder",
        "requester",
        "resultsInterpreter",
        "sender",
    }
)


@dataclass(frozen=True)
class Resource:
    """One resource of the content with what is needed to judge it. `names`: how others refer to it."""

    json: Json
    names: Names
    directory: Directory
    zone: tzinfo
    written_by: tuple[Names, ...] = ()
    sensitivities: frozenset[str] = frozenset()
    read: bool = False

    @cached_property
    def labels(self) -> Labels:
        """Its labels, those of contained resources among them."""
        return labels_of(self.json, self.sensitivities, read=self.read)

    @cached_property
    def codings(self) -> frozenset[Coding]:
        """All codings anywhere in it."""
        return frozenset(codings_in(self.json))

    @cached_property
    def references(self) -> tuple[tuple[str, Names], ...]:
        """All references anywhere in it, with the element that holds each."""
        return tuple((name, self._names(one)) for name, one in references_in(self.json))

    @cached_property
    def authors(self) -> tuple[Names, ...]:
        """Who wrote it, by its own word and by a Provenance that came along."""
        inner = tuple(names for name, names in self._author_references())
        return inner + self.written_by

    @cached_property
    def times(self) -> tuple[Span | None, ...]:
        """When it happened, else when it was recorded; None for a time that cannot be read."""
        return tuple(self._times(_CLINICAL)) or tuple(self._times(_RECORDED))

    @cached_property
    def dates(self) -> tuple[Span, ...]:
        """Every date in it, whatever it is the date of, but for births."""
        return tuple(self._dates(self.json))

    @cached_property
    def _contained(self) -> Json:
        found = self.json.get("contained")
        ones = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
        return {f"#{one['id']}": one for one in ones if isinstance(one.get("id"), str)}

    def _author_references(self) -> Iterator[tuple[str, Names]]:
        for key in _AUTHORS & self.json.keys():
            value = self.json[key]
            for name, reference in references_in({key: value}):
                yield name, self._names(reference)

    def _names(self, reference: Json) -> Names:
        try:
            return self.directory.names(reference, self._contained, "reference")
        except UnreadableConsentError:
            return Names()

    def _times(self, names: Iterable[str]) -> Iterator[Span | None]:
        for name in names:
            for key, value in self.json.items():
                if key == name or (key.startswith(name) and key[len(name) :] in {"DateTime", "Instant", "Period"}):
                    yield self._time(key, value)

    def _dates(self, value: Any) -> Iterator[Span]:
        for key, inner in value.items() if isinstance(value, dict) else ():
            for one in inner if isinstance(inner, list) else [inner]:
                found = self._time(key, one) if isinstance(one, str) and key not in _NO_TIMES else None
                if found is not None:
                    yield found
                yield from self._dates(one) if key != "meta" else ()

    def _time(self, key: str, value: Any) -> Span | None:
        try:
            return read_period(value, self.zone, key) if isinstance(value, dict) else read_moment(value, self.zone, key)
        except UnreadableConsentError:
            return None


def meets(provision: Provision, resource: Resource) -> Match:
    """Tell whether the provision speaks of this resource, whoever asks."""
    wanted = [one for one in provision.conditions if not one.kinds <= REQUEST]
    return every(_meets(one, resource, refusing=provision.kind != "permit") for one in wanted)


def _meets(condition: Condition, resource: Resource, *, refusing: bool) -> Match:
    return some(_term(one, resource, refusing=refusing) for one in condition.terms)


def _term(term: Term, resource: Resource, *, refusing: bool) -> Match:
    if isinstance(term.value, Span):
        return _within(term.value, resource, refusing=refusing)
    if isinstance(term.value, Data):
        return _data(term.value, resource, refusing=refusing)
    if not isinstance(term.value, Coding):
        return Match.MAYBE
    if term.kind == "securityLabel":
        return (refuses if refusing else permits)(label_of(term.value), resource.labels)
    return _CODED[term.kind](term.value.key, resource)


def _class(wanted: Coding, resource: Resource) -> Match:
    """Compare classes: a resource type, else a profile or kind of document, which a resource may have and not say."""
    if wanted.system == TYPES:
        return Match.YES if resource.json.get("resourceType") == wanted.code else Match.NO
    meta = resource.json.get("meta")
    profiles = meta.get("profile", []) if isinstance(meta, dict) else []
    if wanted in resource.codings or (isinstance(profiles, list) and wanted.code in profiles):
        return Match.YES
    return Match.NO if any(one.system == wanted.system for one in resource.codings) else Match.MAYBE


def _code(wanted: Coding, resource: Resource) -> Match:
    """Look for a code wherever in the resource it stands; a resource in words alone may mean it."""
    if wanted in resource.codings:
        return Match.YES
    coded = any(one.system for one in resource.codings if label_of(one).kind not in {"confidentiality", "sensitivity"})
    return Match.NO if coded else Match.MAYBE


_CODED: Final[Mapping[str, Callable[[Coding, Resource], Match]]] = {"class": _class, "code": _code}


def _within(period: Span, resource: Resource, *, refusing: bool) -> Match:
    """All its times lie inside, or all outside; else nobody knows.

    PCF: what no refusal applies to flows (ITI-71, residual), so a refusal of one year leaves what says nothing of any
    date in it; a permit of one year does not reach it.
    """
    found = [Match.MAYBE if one is None else period.covers(one) for one in resource.times]
    if found:
        return found[0] if len(set(found)) == 1 else Match.MAYBE
    if refusing and all(period.covers(one) is Match.NO for one in resource.dates):  # empty passes: no date at all
        return Match.NO
    return Match.MAYBE


def _data(wanted: Data, resource: Resource, *, refusing: bool) -> Match:
    """Find the resource in the data meant. PCF's `related` is what refers to it, R4's what it refers to: both count."""
    if wanted.meaning == "authoredby":
        return _written_by(wanted.names, resource, refusing=refusing)
    itself = resource.names.same(wanted.names)
    if wanted.meaning == "instance" or itself is Match.YES:
        return itself
    referring = [one.same(wanted.names) for _, one in resource.references]
    return some([itself, *referring, *_referred(wanted, resource)])


def _written_by(author: Names, resource: Resource, *, refusing: bool) -> Match:
    """Look among the authors. A refusal leaves what names no author and does not name this one in any place either."""
    if resource.authors:
        return some(author.same(one) for one in resource.authors)
    named = any(author.same(one) is Match.YES for _, one in resource.references)
    return Match.NO if refusing and not named else Match.MAYBE


def _referred(wanted: Data, resource: Resource) -> Iterator[Match]:
    """Whether the named data, where it is at hand, refers to the resource."""
    for base, tail in wanted.names.literals if wanted.meaning == "related" else ():
        found = resource.directory.resource(f"{base}/{tail}" if base else tail)
        for _, reference in references_in(found):
            if isinstance(reference.get("reference"), str):
                yield Names(frozenset({literal(reference["reference"])})).same(Names(resource.names.literals))


def names_of(url: str, resource: Json) -> Names:
    """Collect how others may refer to a resource of the content: by fullUrl, by type and id, by its identifiers."""
    found = {literal(url)} if url else set()
    if isinstance(resource.get("id"), str):
        found.add(literal(f"{resource['resourceType']}/{resource['id']}"))
    return Names(frozenset(found), identifiers_of(resource))
