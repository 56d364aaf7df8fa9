"""The candidates for a basis: each grant, each order, each basis in statute, judged by the rules that are about it."""

from collections.abc import Iterator, Sequence
from itertools import compress
from typing import Any, Final, NamedTuple

from consent.decision import Finding, State
from consent.judging import Evidence, Items, Outcome, Partly, Rules, judge
from consent.matter import Matter
from consent.obligations import Granted
from consent.rules.rule import BasisKind, Rule, Scope

_STATUTES: Final = (BasisKind.EMERGENCY, BasisKind.TREATMENT, BasisKind.CUSTODY)
_OF_STATUTES: Final = (Scope.STATUTE, Scope.STATUTE_ITEM)
_STANDS: Final = "basis.stands"


class Candidate(NamedTuple):
    """One possible basis. `granted`: the consent and the grant that it is, if it is one.

    `opened`: it is in play; `out`: it is certain that it is not. `against`: the rules that sink it as a whole;
    `partly`: those that sink it for some items, each with these.
    """

    id: str
    kind: BasisKind
    opened: bool
    out: bool
    against: tuple[Rule, ...]
    partly: tuple[Partly, ...]
    granted: Granted | None = None

    @property
    def stands(self) -> bool:
        """Say whether this basis holds for any item at all."""
        return self.opened and not self.against

    def covered(self, names: frozenset[str]) -> frozenset[str]:
        """Return those of `names` that this basis, if it stands, covers wholly: no rule about it fails for them."""
        return names.difference(*[failing for _, failing in self.partly])


def candidates_of(rules: Rules, matter: Matter, items: Items, findings: list[Finding]) -> tuple[Candidate, ...]:
    """Return the candidates in the order in which they are named: grants and orders in file order, then statutes."""
    candidates = (
        *_grants(rules, matter, items, findings),
        *_orders(rules, matter, items, findings),
        *_statutes(rules, matter, items, findings),
    )
    findings += [_summed_up(candidate) for candidate in candidates if candidate.against and not candidate.out]
    return candidates


def _summed_up(candidate: Candidate) -> Finding:
    """Sum up why a basis that is, or may be, in play does not stand, with every citation against it."""
    cites = tuple(dict.fromkeys(cite for rule in candidate.against for cite in rule.cites))
    return Finding(_STANDS, cites, State.VIOLATED, "not all that makes this basis is satisfied", (candidate.id,))


def _grants(rules: Rules, matter: Matter, items: Items, findings: list[Finding]) -> Iterator[Candidate]:
    consents = matter.consents or ()
    evidence = [(consent.id,) for consent in consents]
    whole = judge(rules.of(Scope.CONSENT), [(matter, consent) for consent in consents], evidence, findings)
    granted = [(consent, grant) for consent in consents for grant in consent.grants]
    sunk = [outcome.failing for consent, outcome in zip(consents, whole, strict=True) for _ in consent.grants]
    ids = [(consent.id, grant.id) for consent, grant in granted]
    outcomes = judge(rules.of(Scope.GRANT), [(matter, *pair) for pair in granted], ids, findings)
    partly = _partly(rules.of(Scope.GRANT_ITEM), granted, ids, outcomes, items, findings)
    for pair, outcome, above, some in zip(granted, outcomes, sunk, partly, strict=True):
        name = f"consent:{pair[0].id}/{pair[1].id}"
        yield Candidate(name, BasisKind.CONSENT, outcome.opened, outcome.out, above + outcome.failing, some, pair)


def _orders(rules: Rules, matter: Matter, items: Items, findings: list[Finding]) -> Iterator[Candidate]:
    orders = [(order,) for order in matter.facts.court_orders or ()]
    ids = [(order.id,) for (order,) in orders]
    outcomes = judge(rules.of(Scope.ORDER), [(matter, *order) for order in orders], ids, findings)
    partly = _partly(rules.of(Scope.ORDER_ITEM), orders, ids, outcomes, items, findings)
    for (name,), (opened, out, failing), some in zip(ids, outcomes, partly, strict=True):
        yield Candidate(f"order:{name}", BasisKind.ORDER, opened, out, failing, some)


def _statutes(rules: Rules, matter: Matter, items: Items, findings: list[Finding]) -> Iterator[Candidate]:
    for kind in _STATUTES:
        whole, of_items = ([rule for rule in rules.of(scope) if kind in rule.bases] for scope in _OF_STATUTES)
        outcomes = judge(whole, [(matter,)], [()], findings)
        partly = _partly(of_items, [()], [()], outcomes, items, findings)
        for (opened, out, failing), some in zip(outcomes, partly, strict=True):
            yield Candidate(kind.value, kind, opened, out, failing, some)


def _partly(
    rules: Sequence[Rule],
    things: Sequence[tuple[Any, ...]],
    ids: Sequence[Evidence],
    outcomes: Sequence[Outcome],
    items: Items,
    findings: list[Finding],
) -> list[tuple[Partly, ...]]:
    """Run the rules about things and items. What a basis that is not in play would cover is no matter here."""
    opened = [outcome.opened for outcome in outcomes]
    told = iter(items.judge(rules, tuple(compress(things, opened)), tuple(compress(ids, opened)), findings))
    return [next(told) if each else () for each in opened]
