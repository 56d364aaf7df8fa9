"""decide: one request, all the facts, one decision. There is no law in here; consent.rules holds it.

Forbids first: one that is violated, unknown or in error stops the bases it covers. Then each item alone: it is released
if and only if ONE basis that nothing stops covers it wholly. Unknown never satisfies, an error never helps, two narrow
grants never add up to a wide one. All rules run; a rule that looks at items is judged once for equal keys.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from itertools import compress
from operator import or_
from typing import Final

from consent.candidates import Candidate, Candidates
from consent.codes import FIREWALL_CATEGORIES, NOTES
from consent.decision import Decision, Finding, Released, State, Withheld, finding
from consent.facts import Facts
from consent.items import Items, Marks
from consent.judging import Ids, Rules, judge
from consent.matter import Matter, matter_of
from consent.obligations import Covered, obligations_of
from consent.request import DisclosureRequest
from consent.rules import RULES
from consent.rules.rule import EVERY_BASIS, NOT_PART2, BasisKind, Rule, Scope, by_part2

_UNKNOWN_ITEM: Final = "item.known"
_NO_BASIS: Final = "basis.none"
_BROKEN: Final = "engine"
_NO_BASIS_CITES: Final = (
    "42 CFR 2.13(a)",
    "42 CFR 2.31(a)",
    "42 CFR 2.31(a)(4)(i)",
    "42 CFR 2.33(a)",
    "45 CFR 164.502(a)",
)
_NOTE_CITES: Final = ("42 CFR 2.31(b)", "42 CFR 2.11", "45 CFR 164.508(a)(2)")
_FIREWALL_CITES: Final = ("LEAD GR-02",)
_UNKNOWN_CITES: Final = ("42 CFR 2.13(a)",)
_NEUTRAL_CITES: Final = ("42 CFR 2.13(c)(2)", "42 CFR 2.13(c)(1)", "42 CFR 2.13(b)", "LEAD GR-03", "LEAD GR-06")
_NOTHING: Final[frozenset[str]] = frozenset()
_LAW: Final = Rules(RULES)


def decide(request: DisclosureRequest, facts: Facts, rules: Sequence[Rule] = RULES) -> Decision:
    """Decide `request` on `facts`. Pure and deterministic; raises nothing: what goes wrong inside denies.

    `rules` empty: nothing is released.
    """
    try:
        return _decide(matter_of(request, facts), _LAW if rules is RULES else Rules(rules))
    except Exception as error:  # noqa: BLE001  -- INVARIANT: whatever breaks, the answer is no
        return _broken(request, facts, error)


def _decide(matter: Matter, table: Rules) -> Decision:
    rules = table.on(matter.today)
    findings: list[Finding] = []
    items = Items(matter)
    forbidden = _Forbidden(rules, matter, items, findings)
    candidates = Candidates(rules, matter, items, findings)
    limits = _Limits(rules, items, findings)
    lacks = _Lacks(rules, items, candidates, forbidden)
    bases = _bases(candidates.all, items, forbidden)
    outside = items.having(by_part2, NOT_PART2)
    covered: list[Covered] = []
    withheld: list[Withheld] = []
    for name in matter.items if matter.asked is None else matter.asked:
        item, basis = matter.items.get(name), bases.get(name)
        if item is None:
            withheld.append(Withheld(name, (_UNKNOWN_ITEM,)))
        elif basis is None:
            withheld.append(Withheld(name, lacks.of(name)))
        elif name in limits.withheld:
            withheld.append(Withheld(name, limits.rules))
        else:
            released = Released(name, basis.id, item.category, limits.of(name), name not in outside)
            covered.append((item, released, basis.kind, basis.granted))
    findings += _outcome(covered, withheld, items)
    return _decision(matter, covered, withheld, findings)


def _bases(candidates: Iterable[Candidate], items: Items, forbidden: "_Forbidden") -> dict[str, Candidate]:
    """Return the basis of each item that has one: the first that stands, is not stopped, and covers it wholly."""
    bases: dict[str, Candidate] = {}
    bare = items.all
    standing = (candidate for candidate in candidates if candidate.opened and not candidate.against)
    for candidate in standing:
        covered = bare & ~candidate.shut & ~forbidden.stopped[candidate.kind]
        if covered:
            bases.update(dict.fromkeys(items.names(covered), candidate))
            bare ^= covered
    return bases


class _Forbidden:
    """Which bases are stopped, by which rules: for everything, and for single items.

    `rules`: those that fail, with the items for which they do; `stopped`: for each kind of basis, these items.
    """

    def __init__(self, rules: Rules, matter: Matter, items: Items, findings: list[Finding]) -> None:
        (outcome,) = judge(rules.of(Scope.REQUEST), [(matter,)], [()], findings)
        partly = items.judge(rules.of(Scope.ITEM), [()], [()], findings).rules
        self.rules = [(rule, items.all) for rule in outcome.failing] + [*partly]
        self.stopped: Mapping[BasisKind, Marks] = {
            kind: reduce(or_, (marks for rule, marks in self.rules if kind in rule.bases), 0) for kind in EVERY_BASIS
        }


class _Limits:
    """What may pass of each item, of those `withheld` nothing. Without a LIMIT rule: nothing, so no resource leaves."""

    def __init__(self, rules: Rules, items: Items, findings: list[Finding]) -> None:
        limits = rules.of(Scope.LIMIT)
        failing: Marks = 0
        self._fields: dict[str, frozenset[str]] = {}
        self._ordered: dict[frozenset[str], tuple[str, ...]] = {}
        self.rules = tuple(rule.id for rule in limits)
        for rule in limits:
            against, fields = items.limit(rule, findings)
            failing |= against
            both = self._fields.keys() & fields.keys()
            self._fields |= fields | {name: fields[name] & self._fields[name] for name in both}
        self.withheld = frozenset(items.names(failing))

    def of(self, name: str) -> tuple[str, ...]:
        """Return the element paths that may pass of an item, in order."""
        fields = self._fields.get(name, _NOTHING)
        ordered = self._ordered.get(fields)
        if ordered is None:
            ordered = self._ordered[fields] = tuple(sorted(fields))
        return ordered


class _Lacks:
    """Why no basis covers an item: what the bases in play lack, and what stops them."""

    def __init__(self, rules: Rules, items: Items, candidates: Candidates, forbidden: _Forbidden) -> None:
        lacking: dict[str, Marks] = {}
        for rule, marks in (*forbidden.rules, *candidates.lacking):
            lacking[rule.id] = lacking.get(rule.id, 0) | marks
        self._rules = rules.in_order(lacking)
        self._lacking = items.each([lacking[rule] for rule in self._rules])
        self._known: dict[bytes, Ids] = {}

    def of(self, name: str) -> tuple[str, ...]:
        """Return the rules in the order of the table: what forbids, what is lacking, and that nothing covers it."""
        lacking = self._lacking.get(name, b"")
        because = self._known.get(lacking)
        if because is None:
            because = self._known[lacking] = (*compress(self._rules, lacking), _NO_BASIS)
        return because


def _outcome(covered: Iterable[Covered], withheld: Sequence[Withheld], items: Items) -> list[Finding]:
    """Return the findings of the whole: what no basis covers stays, what one covers does not wait for it (GR-08)."""
    bare = tuple(each.item for each in withheld if each.because[-1] in (_NO_BASIS, _UNKNOWN_ITEM))
    released = tuple(released.item for _, released, _, _ in covered)
    missing = tuple(name for name in bare if items.get(name) is None)
    found = []
    if missing:
        found.append(finding(_UNKNOWN_ITEM, _UNKNOWN_CITES, State.VIOLATED, "no such item is on record", missing))
    if bare or not released:
        found.append(
            finding(_NO_BASIS, _no_basis_cites(bare, items), State.VIOLATED, "no basis covers these items", bare)
        )
    if not released:
        found.append(
            finding("answer.neutral", _NEUTRAL_CITES, State.SATISFIED, "the answer is the same for every reason")
        )
    if released:
        because = "each of these items is covered wholly by one basis"
        found.append(
            finding("basis.one", ("LEAD GR-08", "LEAD GR-04", "42 CFR 2.13(a)"), State.SATISFIED, because, released)
        )
    return found


def _no_basis_cites(bare: Iterable[str], items: Items) -> tuple[str, ...]:
    """Return what asks for a basis: of everything, and of notes and of what the firewall keeps besides."""
    categories = {item.category for name in bare if (item := items.get(name)) is not None}
    of_notes = () if NOTES.isdisjoint(categories) else _NOTE_CITES
    return _NO_BASIS_CITES + of_notes + (() if FIREWALL_CATEGORIES.isdisjoint(categories) else _FIREWALL_CITES)


def _decision(
    matter: Matter, covered: Sequence[Covered], withheld: Iterable[Withheld], findings: Iterable[Finding]
) -> Decision:
    request = matter.request
    return Decision(
        id=request.id,
        at=request.at,
        participant=request.participant,
        requester=request.requester,
        purpose=request.purpose.value,
        rulebook=matter.facts.policy.rulebook,
        outcome="permit" if covered else "deny",
        released=tuple(released for _, released, _, _ in covered),
        withheld=tuple(withheld),
        obligations=obligations_of(matter, covered),
        findings=tuple(findings),
    )


def _broken(request: DisclosureRequest, facts: Facts, error: Exception) -> Decision:
    """Deny what could not be decided. The error's own text may hold anything, so only its type is kept."""
    broken = finding(_BROKEN, ("42 CFR 2.13(a)",), State.ERROR, f"the decision failed: {type(error).__name__}")
    return Decision(
        id=request.id,
        at=request.at,
        participant=request.participant,
        requester=request.requester,
        purpose=str(request.purpose),
        rulebook=facts.policy.rulebook,
        outcome="deny",
        released=(),
        withheld=tuple(Withheld(name, (_BROKEN,)) for name in dict.fromkeys(request.items or ())),
        obligations=(),
        findings=(broken,),
    )
