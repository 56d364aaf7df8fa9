"""A partner's system reads or searches: what fits, of what may leave, about one participant, at this moment.

Each pull is one DisclosureRequest through gateway.disclosure, for the purpose of its token. The search looks at nothing
but what would leave (redacted), and what fits is decided once more by itself and accounted for. A person is never
waited for: where one would have to approve, the answer is the refusal that everybody gets (GR-03). What there is to say
of a refusal is on the ledger.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from consent.codes import COUNSEL_KINDS, HEALTH_KINDS, OrganizationKind, Purpose
from consent.disclosure import ClearedItem, Disclosure, NeutralAnswer
from consent.facts import Facts
from consent.request import DisclosureRequest
from gateway import answers
from gateway.disclosure import disclose, refuse_stranger
from gateway.fitting import Search
from gateway.intake import match_person
from gateway.judged import Verdict
from gateway.log import get_logger
from gateway.parties import meant, row_named
from gateway.public_ids import PublicIds, public_ids
from gateway.store.repositories.pulls import NOBODY, Pulls, readable
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import Grant, LedgerEntry
from gateway.store.vault import UNREADABLE, Vault
from mappings.fhir.search_query import Query
from mappings.fhir.searchset import PATIENT, Told
from mappings.lead.custody import PersonDescription, PersonName
from mappings.lead.matching import Weights

READERS: Final = HEALTH_KINDS | COUNSEL_KINDS | {OrganizationKind.CASE_MANAGEMENT, OrganizationKind.HEALTH_PLAN}
"""Who may search and read at all: partners in justice and in the community ask questions instead (GR-04)."""

PAGE_LIFE: Final = timedelta(minutes=15)
NO_PURPOSE: Final = "no-purpose-to-pull-for"
ASKS_INSTEAD: Final = "asks-questions-instead"
DECLARED_ELSEWHERE: Final = "emergency-is-declared-in-a-question"
_MOST_TOLD: Final = 200  # disclosures of one participant to one recipient that are looked through

_MOST_ASKED: Final = 200  # questions of an organization that are listed

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pull:
    """One read (`identity`: the id), or one page of a search.

    `given`: its parameters, for the next page. `after`: the last item of the page before this one.
    """

    query: Query
    identity: str | None = None
    given: tuple[tuple[str, str], ...] = ()
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Pulled:
    """What came of a pull, and what it takes to show it: public ids, moments, what was told before, the next page."""

    sealed: Disclosure | NeutralAnswer
    names: Mapping[str, str] = field(default_factory=dict)
    updated: Mapping[str, datetime] = field(default_factory=dict)
    told: tuple[Told, ...] = ()
    next_page: str | None = None


async def pull(store: Store, weights: Weights, grant: Grant, asked: Pull, at: datetime) -> Pulled:
    """Answer a pull. Raises whatever the database raises; a record that cannot be read is a refusal like any other."""
    reference = secrets.token_hex(16)
    try:
        return await _pull(store, weights, grant, asked, reference, at)
    except UNREADABLE as error:
        _log.error("record unreadable", error_class=type(error).__name__)
        sealed = await refuse_stranger(
            store, recipient=grant.organization, reference=reference, at=at, detail={"error": "unreadable"}
        )
        return Pulled(sealed)


@dataclass(slots=True)
class _Sought:
    """Whom a pull is about, once that is known, and the ledger entry that it names."""

    search: Search
    about: UUID = NOBODY
    entry: UUID | None = None


async def _pull(store: Store, weights: Weights, grant: Grant, asked: Pull, reference: str, at: datetime) -> Pulled:
    ids = await public_ids(Vault(store.keys), grant.organization)
    sought = _Sought(Search(asked.query, ids.given, asked.identity, asked.after))
    token = secrets.token_urlsafe(24)

    async def finding(uow: UnitOfWork) -> DisclosureRequest:
        sought.about, sought.entry = await _whom(uow, grant, asked, weights, ids)
        return _request(grant, sought.about, reference, at)

    async def before(uow: UnitOfWork) -> None:
        await _look(uow, grant, sought, ids)

    async def passing(uow: UnitOfWork, passed: bool, _entry: LedgerEntry) -> None:  # noqa: FBT001  -- as Passing
        if passed and sought.search.last is not None:
            last = sought.search.last
            content = {"kind": asked.query.kind, "given": [list(one) for one in asked.given], "after": last}
            await Pulls(uow.connection, uow.vault).keep_page(
                token, grant.client_id, sought.about, content, at=at, expires=at + PAGE_LIFE
            )

    choosing = _choosing(grant, sought.search)
    sealed = await disclose(store, finding, reference=reference, before=before, choosing=choosing, passing=passing)
    if not isinstance(sealed, Disclosure):
        return Pulled(sealed)
    following = None if sought.search.last is None else token
    return Pulled(sealed, _names(sealed, sought.about, ids), *_of(sought.search, sealed), following)


def _request(grant: Grant, about: UUID, reference: str, at: datetime) -> DisclosureRequest:
    return DisclosureRequest(
        id=reference,
        at=at,
        requester=grant.organization,
        participant=str(about),
        purpose=grant.purpose or Purpose.OPERATIONS,  # never decides: without a purpose it is barred
        person=grant.person,
    )


def _of(search: Search, sealed: Disclosure) -> tuple[dict[str, datetime], tuple[Told, ...]]:
    items = sealed.clearance.items
    known = {item.item: search.updated.get((item.item, item.version)) for item in items}
    return {name: moment for name, moment in known.items() if moment is not None}, search.told


def _names(sealed: Disclosure, about: UUID, ids: PublicIds) -> dict[str, str]:
    """Give the ids by which the recipient comes back, which nobody else is given."""
    return {PATIENT: ids.given(about)} | {item.item: ids.given(item.item) for item in sealed.clearance.items}


def _choosing(
    grant: Grant, search: Search
) -> Callable[[UnitOfWork, DisclosureRequest, Callable[..., Awaitable[Verdict]]], Awaitable[Verdict]]:
    async def choosing(
        uow: UnitOfWork, request: DisclosureRequest, judge: Callable[..., Awaitable[Verdict]]
    ) -> Verdict:
        seen = await uow.facts_for(request)
        wanted = search.among(seen[0].record or ())
        verdict = await judge(uow, replace(request, items=wanted), None, seen)
        if verdict.refused is None and verdict.clearance is not None:
            items: tuple[ClearedItem, ...] = verdict.clearance.items
            chosen = search.choose(items)
            if chosen != wanted:
                # INVARIANT: what fits is decided by itself, so that no more is accounted for than is given.
                verdict = await judge(uow, replace(request, items=chosen), None, seen)
        barred = _barred(grant, seen[0])
        return verdict if barred is None else replace(verdict, clearance=None, refused=barred)

    return choosing


def _barred(grant: Grant, facts: Facts) -> str | None:
    """Say why nothing is pulled, whatever the decision is."""
    organization = facts.organizations.get(grant.organization)
    if organization is None or organization.kind not in READERS:
        return ASKS_INSTEAD
    if grant.purpose is None:
        return NO_PURPOSE
    return DECLARED_ELSEWHERE if grant.purpose is Purpose.EMERGENCY else None


async def _look(uow: UnitOfWork, grant: Grant, sought: _Sought, ids: PublicIds) -> None:
    """Read what a search looks at, with the version held."""
    await uow.read_ahead([sought.about])
    search = sought.search
    search.updated = uow.shelf.updated(sought.about)
    if search.kind == "AuditEvent":
        found = await Pulls(uow.connection, uow.vault).disclosures(sought.about, grant.organization, limit=_MOST_TOLD)
        search.history = [
            (Told(str(one.id), ids.given(one.id), one.at, one.content["request"]["purpose"]), items)
            for one, items in readable(found)
            if sought.entry is None or one.id == sought.entry
        ]


async def _whom(
    uow: UnitOfWork, grant: Grant, asked: Pull, weights: Weights, ids: PublicIds
) -> tuple[UUID, UUID | None]:
    """Find the one participant whom a pull is about, and the ledger entry that it names; NOBODY for anything else."""
    query, pulls = asked.query, Pulls(uow.connection, uow.vault)
    one = asked.identity or _only(query.values("_id")) or _only(query.values("target")).rpartition("/")[2]
    if query.kind == "Patient":
        return await _described(uow, query, weights) if not one else await pulls.person(meant(ids, one)), None
    if query.kind == "AuditEvent" and one:
        entry = ids.row(one)
        return await pulls.disclosed_to(grant.organization, entry) or NOBODY, entry
    if query.patient is not None:
        return await pulls.person(meant(ids, query.patient)), None
    if not one:
        return NOBODY, None
    row = ids.row(one)
    owner = await pulls.whose(row)
    if owner is None and query.kind == "Provenance":
        owner = await pulls.person((row,))
    return owner or NOBODY, None


async def _described(uow: UnitOfWork, query: Query, weights: Weights) -> UUID:
    """Match whom a search for a Patient describes: one who is certainly meant, or nobody. It is never a list."""
    found = await match_person(uow, _description(query), weights)
    certain = found.result == "certain" and found.participant is not None
    return UUID(found.participant) if certain else NOBODY


def _description(query: Query) -> PersonDescription:
    *rest, last = _only(query.values("name")).split() or [""]
    given = _only(query.values("given")) or " ".join(rest[:1])
    identifiers = [value.partition("|") for value in query.values("identifier")]
    return PersonDescription(
        names=(PersonName(given or None, _only(query.values("family")) or last or None),),
        aliases=(),
        birth_date=_day(_only(query.values("birthdate"))),
        identifiers=tuple((system, value) for system, bar, value in identifiers if bar and value),
    )


def _only(values: tuple[str, ...]) -> str:
    return values[0] if len(values) == 1 else ""


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.removeprefix("eq"))
    except ValueError:
        return None


async def next_page(store: Store, grant: Grant, token: str, at: datetime) -> dict[str, Any] | None:
    """Give what a page asks for: `kind`, `given`, `after`; None where this client has no such page (any more)."""
    async with store.unit_of_work() as uow:
        return await Pulls(uow.connection, uow.vault).page(token, grant.client_id, at)


async def own_questions(store: Store, grant: Grant) -> list[tuple[str, datetime, datetime]]:
    """Give the newest questions of an organization: reference, received, due. What came of them is not said here."""
    async with store.unit_of_work() as uow:
        found = await Pulls(uow.connection, uow.vault).own_questions(grant.organization, limit=_MOST_ASKED)
    return [(str(reference), received, due) for reference, received, due in found]


async def own_question(store: Store, grant: Grant, reference: str) -> tuple[str, datetime, datetime] | None:
    """Give one question to the organization that asked it; None for anybody else's and for none."""
    found = await answers.own_question(store, grant.organization, row_named(reference))
    return None if found is None else (str(found.id), found.received_at, found.due_at)


async def staff(store: Store) -> list[tuple[str, str, str]]:
    """Give whom partners may ask for by name: organization, role, name."""
    async with store.unit_of_work() as uow:
        found = await Pulls(uow.connection, uow.vault).staff()
    return [(organization, role, name) for _, organization, role, name in found]
