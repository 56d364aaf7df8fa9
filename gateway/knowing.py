"""Who may know what about a participant: the engine is asked in advance, about one made-up item of every category.

INVARIANT: a cell says what `consent.engine.decide` says, and nothing else: no second reading of consents is here. The
made-up items hold no content and never leave this module.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from consent.codes import NEVER_SERVED, TPO_PURPOSES, Category, Purpose
from consent.decision import Decision
from consent.engine import decide
from consent.facts import Facts
from consent.labels import kept, label_item
from consent.model import Consent, ConsentGrant, Item, Organization, Person
from consent.request import DisclosureRequest
from gateway.permissions import CONSENT_BASIS
from gateway.store.repositories.past import Past
from gateway.store.unit_of_work import UnitOfWork
from mappings.tables.sensitivity import load_sensitivity

_NOT_SHOWN: Final = NEVER_SERVED | {Purpose.EMERGENCY}
_WITHOUT_FORM: Final = TPO_PURPOSES | {Purpose.CUSTODY_CONTINUITY, Purpose.CARE_COORDINATION}
_BETWEEN: Final = "|"


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which a recipient may be told a category: what for, what `source` made, because of which basis.

    `consent`, `grant`: where the basis is one. `role`: whom at the recipient; None: anybody. `approval`: a person must
    approve first.
    """

    purpose: Purpose
    source: str
    basis: str
    approval: bool
    role: str | None = None
    consent: Consent | None = field(default=None, hash=False)
    grant: ConsentGrant | None = field(default=None, hash=False)

    @property
    def until(self) -> datetime | str | None:
        """The end: a moment, `event:NAME` or `none` as signed; None: the basis is no grant."""
        return None if self.grant is None else self.grant.expires


@dataclass(frozen=True, slots=True)
class Picture:
    """Who may know what at a moment. `cells`: (organization, category) with at least one way each."""

    participant: str
    moment: datetime
    facts: Facts = field(hash=False)
    cells: Mapping[tuple[str, Category], tuple[Way, ...]] = field(hash=False)

    @property
    def organizations(self) -> tuple[Organization, ...]:
        """Those who may know something, by name."""
        named = {name for name, _ in self.cells}
        return tuple(sorted((self.facts.organizations[name] for name in named), key=lambda each: each.name))

    @property
    def others(self) -> tuple[Organization, ...]:
        """Those who may know nothing, by name."""
        named = {name for name, _ in self.cells}
        rest = (each for name, each in self.facts.organizations.items() if name not in named)
        return tuple(sorted(rest, key=lambda each: each.name))

    @property
    def categories(self) -> tuple[Category, ...]:
        """What somebody may know, in the order of the codes."""
        known = {category for _, category in self.cells}
        return tuple(each for each in Category if each in known)


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why nothing of a category may be told for a purpose: ids of rules."""

    purpose: Purpose
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What is on record of a category, and how much of it would leave, for one purpose."""

    purpose: Purpose
    items: int
    leave: int


async def facts_at(uow: UnitOfWork, participant: UUID, moment: datetime, now: datetime) -> Facts | None:
    """Load the facts of a moment: what was on record by then; None: the site was not there yet."""
    if moment >= now:
        return (await uow.load(participant, now))[0]
    then = await Past(uow.connection).references(participant, moment)
    return None if then is None else (await uow.load(participant, moment, at=then))[0]


def picture_of(
    facts: Facts, participant: str, own: str, moment: datetime, only: Collection[str] | None = None
) -> Picture:
    """Ask the engine for every organization (or `only` these), purpose and category.

    `own`: the participant's case management.
    """
    probes = probes_of(facts, participant, own, moment, Category)
    cells: dict[tuple[str, Category], list[Way]] = {}
    for recipient in facts.organizations if only is None else only:
        for category, way in ways_to(facts, probes, recipient, moment):
            cells.setdefault((recipient, category), []).append(way)
    return Picture(participant, moment, facts, {place: tuple(ways) for place, ways in cells.items()})


def probes_of(
    facts: Facts, participant: str, own: str, moment: datetime, categories: Iterable[Category]
) -> tuple[Item, ...]:
    """Make one item of each category for each organization that may have made one, labelled as the store would."""
    made = []
    for source in sorted(_sources(facts, own)):
        known = facts.organizations.get(source)
        for category in categories:
            bare = Item(f"{source}{_BETWEEN}{category.value}", participant, category, source, moment)
            made.append(replace(bare, labels=kept(label_item(bare, known, load_sensitivity()))))
    return tuple(made)


def _sources(facts: Facts, own: str) -> set[str]:
    """Name whose records are asked about: our own, and those of whom a form names as telling.

    INVARIANT: that somebody else holds a record is a thing nobody has told us, and is not told by this table either.
    """
    disclosing = {name for consent in facts.consents or () for grant in consent.grants for name in grant.discloser}
    return {own} | (disclosing & facts.organizations.keys())


def ways_to(facts: Facts, probes: Collection[Item], recipient: str, moment: datetime) -> Iterator[tuple[Category, Way]]:
    """Yield each way in which a recipient may be told something that somebody else made."""
    kind = facts.organizations[recipient].kind
    others = tuple(probe for probe in probes if probe.source != recipient)
    seen: set[tuple[Category, Purpose, str, str]] = set()
    for purpose in _worth_asking(facts, recipient):
        passing = tuple(p for p in others if facts.policy.allow_lists.get((kind, purpose, p.category)))
        for role in _roles(facts, recipient, purpose):
            decision = asked(facts, passing, recipient, purpose, role, moment)
            for category, way in _ways(facts, decision, purpose, role):
                place = (category, purpose, way.source, way.basis)
                if place not in seen:
                    seen.add(place)
                    yield category, way


def purposes_of(facts: Facts, recipient: str) -> tuple[Purpose, ...]:
    """Give the purposes for which anything at all may go to an organization of this kind; an emergency apart."""
    known = facts.organizations.get(recipient)
    may = {purpose for kind, purpose, _ in facts.policy.allow_lists if known is not None and kind == known.kind}
    return tuple(each for each in Purpose if each in may - _NOT_SHOWN)


def _worth_asking(facts: Facts, recipient: str) -> tuple[Purpose, ...]:
    """Give the purposes that some basis could serve: a form names them, or a statute or an order needs no form."""
    named = {purpose for consent in facts.consents or () for grant in consent.grants for purpose in grant.purposes}
    every = purposes_of(facts, recipient)
    return every if facts.court_orders else tuple(each for each in every if each in named | _WITHOUT_FORM)


def _roles(facts: Facts, recipient: str, purpose: Purpose) -> tuple[str | None, ...]:
    named = {
        grant.role
        for consent in facts.consents or ()
        for grant in consent.grants
        if grant.role is not None and recipient in grant.recipient and purpose in grant.purposes
    }
    return (None, *sorted(named))


def asked(
    facts: Facts, record: tuple[Item, ...], recipient: str, purpose: Purpose, role: str | None, moment: datetime
) -> Decision:
    """Decide as if the recipient asked for all of `record`, and its person had promised what is asked of them."""
    participant = record[0].participant if record else ""
    person = None if role is None else Person(role, role)
    request = DisclosureRequest("asked", moment, recipient, participant, purpose, person, attested=True)
    return decide(request, replace(facts, record=record))


def _ways(facts: Facts, decision: Decision, purpose: Purpose, role: str | None) -> Iterator[tuple[Category, Way]]:
    approval = any(each.kind == "approval" for each in decision.obligations)
    for released in decision.released:
        if released.fields:  # where no field may pass there is nothing to tell
            consent, grant = _granted(facts, released.basis)
            wanted = role if grant is None else grant.role
            source = released.item.partition(_BETWEEN)[0]
            yield released.category, Way(purpose, source, released.basis, approval, wanted, consent, grant)


def _granted(facts: Facts, basis: str) -> tuple[Consent | None, ConsentGrant | None]:
    for consent in facts.consents or ():
        for grant in consent.grants:
            if basis == f"{CONSENT_BASIS}{consent.id}/{grant.id}":
                return consent, grant
    return None, None


def why_not(
    facts: Facts, participant: str, own: str, recipient: str, category: Category, moment: datetime
) -> tuple[WhyNot, ...]:
    """Say for each purpose for which nothing of a category may be told, because of which rules."""
    probes = tuple(p for p in probes_of(facts, participant, own, moment, (category,)) if p.source != recipient)
    found = []
    for purpose in purposes_of(facts, recipient):
        decisions = [asked(facts, probes, recipient, purpose, r, moment) for r in _roles(facts, recipient, purpose)]
        if not any(released.fields for each in decisions for released in each.released):
            rules = dict.fromkeys(rule for kept_back in decisions[-1].withheld for rule in kept_back.because)
            found.append(WhyNot(purpose, tuple(rules) or ("item.redaction",)))
    return tuple(found)


def on_record(facts: Facts, own: str, recipient: str, category: Category, moment: datetime) -> tuple[OnRecord, ...]:
    """Decide on what the own organization really has on record of a category: how much, and how much would leave."""
    record = tuple(i for i in facts.record or () if i.category is category and i.source == own != recipient)
    if not record:
        return ()
    found = []
    for purpose in purposes_of(facts, recipient):
        decisions = [asked(facts, record, recipient, purpose, r, moment) for r in _roles(facts, recipient, purpose)]
        leave = {released.item for each in decisions for released in each.released if released.fields}
        found.append(OnRecord(purpose, len(record), len(leave)))
    return tuple(found)
