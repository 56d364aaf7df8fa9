"""The candidates for a basis: each grant, each order, each basis in statute, judged by the rules that are about it."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from consent.decision import Finding, State
from consent.judging import Items, Outcome, Rules, judge
from consent.matter import Matter
from consent.model import Consent
from consent.obligations import Granted
from consent.rules.rule import BasisKind, Rule, Scope

_STATUTES: Final = (BasisKind.EMERGENCY, BasisKind.TREATMENT, BasisKind.CUSTODY)
_STANDS: Final = "basis.stands"
_NONE: Final[frozenset[str]] = frozenset()


class Candidate:
    """One possible basis. `granted`: the consent and the grant that it is, if it is one.

    `opened`: it is in play. `against`: the rules that sink it as a whole; `partly`: those that sink it for some items.
    """

    __slots__ = ("_lacking", "_out", "against", "granted", "id", "kind", "opened", "partly")

    def __init__(
        self,
        identifier: str,
        kind: BasisKind,
        outcome: Outcome,
        sunk: tuple[Rule, ...] = (),
        granted: Granted | None = None,
    ) -> None:
        self.id = identifier
        self.kind = kind
        self.granted = granted
        self.opened = outcome.opened
        self.against = (*sunk, *outcome.failing)
        self.partly: list[tuple[Rule, frozenset[str]]] = []
        self._lacking = _NONE
        self._out = outcome.out

    @property
    def stands(self) -> bool:
        """Say whether this basis holds for any item at all."""
        return self.opened and not self.against

    def summed_up(self) -> Iterator[Finding]:
        """Sum up why a basis that is, or may be, in play does not stand, with every citation against it."""
        if self.against and not self._out:
            cites = tuple(dict.fromkeys(cite for rule in self.against for cite in rule.cites))
            yield Finding(_STANDS, cites, State.VIOLATED, "not all that makes this basis is satisfied", (self.id,))

    def covers(self, item: str) -> bool:
        """Say whether this basis covers an item wholly: in play, and no rule about it fails."""
        return self.opened and not self.against and item not in self._lacking

    def judge_items(
        self,
        rules: Iterable[Rule],
        items: Items,
        about: tuple[Any, ...],
        evidence: tuple[str, ...],
        findings: list[Finding],
    ) -> None:
        """Run the rules about this basis and the items."""
        for rule in rules:
            failing = items.judge(rule, about, evidence, findings)
            if failing:
                self.partly.append((rule, failing))
                self._lacking |= failing


def candidates_of(rules: Rules, matter: Matter, items: Items, findings: list[Finding]) -> tuple[Candidate, ...]:
    """Return the candidates in the order in which they are named: grants and orders in file order, then statutes."""
    candidates = (
        *(each for consent in matter.consents or () for each in _grants(rules, matter, consent, items, findings)),
        *_orders(rules, matter, items, findings),
        *_statutes(rules, matter, items, findings),
    )
    findings.extend(finding for candidate in candidates for finding in candidate.summed_up())
    return candidates


def _grants(
    rules: Rules, matter: Matter, consent: Consent, items: Items, findings: list[Finding]
) -> Iterator[Candidate]:
    sunk = judge(rules.of(Scope.CONSENT), (matter, consent), (consent.id,), findings).failing
    of_grants, of_items = rules.of(Scope.GRANT), rules.of(Scope.GRANT_ITEM)
    for grant in consent.grants:
        evidence = (consent.id, grant.id)
        outcome = judge(of_grants, (matter, consent, grant), evidence, findings)
        name = f"consent:{consent.id}/{grant.id}"
        candidate = Candidate(name, BasisKind.CONSENT, outcome, sunk, (consent, grant))
        if candidate.opened:  # what a grant to somebody else covers is no matter here
            candidate.judge_items(of_items, items, (consent, grant), evidence, findings)
        yield candidate


def _orders(rules: Rules, matter: Matter, items: Items, findings: list[Finding]) -> Iterator[Candidate]:
    for order in matter.facts.court_orders or ():
        evidence = (order.id,)
        outcome = judge(rules.of(Scope.ORDER), (matter, order), evidence, findings)
        candidate = Candidate(f"order:{order.id}", BasisKind.ORDER, outcome)
        if candidate.opened:
            candidate.judge_items(rules.of(Scope.ORDER_ITEM), items, (order,), evidence, findings)
        yield candidate


def _statutes(rules: Rules, matter: Matter, items: Items, findings: list[Finding]) -> Iterator[Candidate]:
    for kind in _STATUTES:
        whole = [rule for rule in rules.of(Scope.STATUTE) if kind in rule.bases]
        candidate = Candidate(kind.value, kind, judge(whole, (matter,), (), findings))
        if candidate.opened:
            of_items = [rule for rule in rules.of(Scope.STATUTE_ITEM) if kind in rule.bases]
            candidate.judge_items(of_items, items, (), (), findings)
        yield candidate
