"""What a release owes: the statement, the scope, an approval, the documentation of an emergency."""

from collections.abc import Iterable, Iterator
from typing import Final

from consent.codes import HEALTH_KINDS, OrganizationKind
from consent.decision import Obligation, Released
from consent.matter import Matter
from consent.model import Consent, ConsentGrant, Item, Organization
from consent.notices import notice_for
from consent.rules.rule import BasisKind
from consent.scope import scope_text
from consent.wording import is_blank

Granted = tuple[Consent, ConsentGrant]
Covered = tuple[Item, Released, BasisKind, Granted | None]

_BY_CASE_MANAGER: Final = Obligation("approval", by="case-manager")
_BY_COUNSEL: Final = (Obligation("approval", by="counsel"), Obligation("approval", by="privacy-officer"))


def obligations_of(matter: Matter, covered: Iterable[Covered]) -> tuple[Obligation, ...]:
    """Return what must be done before, or with, the release of these items; nothing for no items."""
    items = tuple(covered)
    kinds = {kind for _, _, kind, _ in items}
    owed: list[Obligation] = []
    if BasisKind.CONSENT in kinds:
        owed += _of_consent(matter, items)
    if BasisKind.ORDER in kinds:
        owed += _BY_COUNSEL
    if BasisKind.EMERGENCY in kinds:
        owed.append(_documentation(matter))
    return tuple(owed)


def _of_consent(matter: Matter, items: tuple[Covered, ...]) -> Iterator[Obligation]:
    """2.32: statement and scope with every Part 2 item. GR-04: a person looks before anything leaves health care."""
    requester = matter.requester
    if requester is None:
        raise ValueError("`requester`: nothing is released to somebody unknown")
    granted: dict[tuple[str, str], Granted] = {}
    own: dict[tuple[str, str], list[Item]] = {}
    for item, released, _, each in items:
        if each is not None:
            key = each[0].id, each[1].id
            own.setdefault(key, []).append(item)
            if released.part2:
                granted[key] = each
    if granted:
        notice = notice_for(requester.kind)
        yield Obligation("notice", notice.cites, version=notice.version)
    for key, pair in granted.items():
        yield Obligation("consent-scope", ("42 CFR 2.32(b)",), text=_scope(matter, requester, pair, own[key]))
    if requester.kind not in HEALTH_KINDS:
        yield _BY_CASE_MANAGER


def _scope(matter: Matter, requester: Organization, granted: Granted, items: list[Item]) -> str:
    consent, grant = granted
    known = matter.facts.organizations
    return scope_text(
        consent,
        grant,
        site=matter.facts.site,
        recipient=requester,
        disclosers=_disclosers(matter, grant, items),
        redisclose_to=[known[name] for name in grant.redisclose_to if name in known],
        purpose=matter.request.purpose,
    )


def _disclosers(matter: Matter, grant: ConsentGrant, items: list[Item]) -> list[Organization]:
    """Return who discloses this time: the case management that keeps the items, if it is listed, or the sources."""
    known = matter.facts.organizations
    keepers = [known[name] for name in sorted(matter.keepers & grant.discloser)]
    sources = [None if item.source is None else known.get(item.source) for item in items]
    listed = [source for source in sources if source is not None and source.id in grant.discloser]
    own = [source for source in listed if source.kind is OrganizationKind.CASE_MANAGEMENT]
    return own or keepers or listed


def _documentation(matter: Matter) -> Obligation:
    """2.51(c): nature, personnel and facility, discloser. What is still blank is owed (P2-80)."""
    declared = matter.request.emergency
    owed = [
        name
        for name, text in (
            ("nature", declared.nature if declared else None),
            ("personnel_name", declared.personnel_name if declared else None),
            ("personnel_affiliation", declared.personnel_affiliation if declared else None),
            ("discloser", declared.discloser if declared else None),
        )
        if is_blank(text)
    ]
    return Obligation("document-emergency", ("42 CFR 2.51(c)",), owed=tuple(owed))
