"""The candidates for a basis: each grant, each order, each basis in statute, judged by the rules that are about it."""

from collections.abc import Iterable, Sequence
from itertools import compress
from typing import Final, NamedTuple

from consent.decision import Finding, State
from consent.items import Items, Marks
from consent.judging import Ids, Outcome, Rules, Thing, judge, together
from consent.matter import Matter
from consent.obligations import Granted
from consent.rules.rule import BasisKind, Rule, Scope

_STATUTES: Final = (BasisKind.EMERGENCY, BasisKind.TREATMENT, BasisKind.CUSTODY)
_OF_STATUTES: Final = (Scope.STATUTE, Scope.STATUTE_ITEM)
_STANDS: Final = "basis.stands"


class Candidate(NamedTuple):
    """One possible basis. `ids`: of what it is; `granted`: the consent and the grant, if it is one.

    `opened`: it is in play; where it is not, nobody knows whether it is. `against`: the rules that sink it as a whole;
    `shut`: the items that it does not cover, for some rule about it fails for them.
    """

    kind: BasisKind
    ids: Ids
    opened: bool
    against: tuple[Rule, ...]
    shut: Marks
    granted: Granted | None = None

    @property
    def id(self) -> str:
        """What it is called: `consent:C/G`, `order:O`, or its kind."""
        return f"{self.kind.value}:{'/'.join(self.ids)}" if self.ids else self.kind.value


class Candidates:
    """The candidates in the order in which they are named: grants and orders in file order, then statutes.

    What is certainly not in play is none: a grant to somebody else, an emergency that nobody speaks of. `lacking`: the
    rules that those in play fail, each with the items for which they do.
    """

    def __init__(self, rules: Rules, matter: Matter, items: Items, findings: list[Finding]) -> None:
        self._rules, self._matter, self._items, self._findings = rules, matter, items, findings
        self.all: list[Candidate] = []
        self.lacking: list[tuple[Rule, Marks]] = []
        self._judge_grants()
        self._judge_orders()
        self._judge_statutes()
        sunk = {rule.id: rule for candidate in self.all if candidate.opened for rule in candidate.against}
        self.lacking += [(rule, items.all) for rule in sunk.values()]
        findings += _summed_up(self.all)

    def _judge_grants(self) -> None:
        consents = self._matter.consents or ()
        forms = [(self._matter, consent) for consent in consents]
        whole = judge(self._rules.of(Scope.CONSENT), forms, [(consent.id,) for consent in consents], self._findings)
        granted = [(consent, grant) for consent in consents for grant in consent.grants]
        sunk = [outcome.failing for consent, outcome in together(consents, whole) for _ in consent.grants]
        ids = [(consent.id, grant.id) for consent, grant in granted]
        outcomes = judge(self._rules.of(Scope.GRANT), [(self._matter, *pair) for pair in granted], ids, self._findings)
        shut = self._shut(self._rules.of(Scope.GRANT_ITEM), granted, ids, outcomes)
        kind = BasisKind.CONSENT
        self.all += [
            Candidate(kind, each, opened, above + failing, some, pair)
            for pair, each, (opened, out, failing), above, some in together(granted, ids, outcomes, sunk, shut)
            if not out
        ]

    def _judge_orders(self) -> None:
        orders = [(order,) for order in self._matter.facts.court_orders or ()]
        ids = [(order.id,) for (order,) in orders]
        outcomes = judge(self._rules.of(Scope.ORDER), [(self._matter, *order) for order in orders], ids, self._findings)
        shut = self._shut(self._rules.of(Scope.ORDER_ITEM), orders, ids, outcomes)
        self.all += [
            Candidate(BasisKind.ORDER, each, opened, failing, some)
            for each, (opened, out, failing), some in together(ids, outcomes, shut)
            if not out
        ]

    def _judge_statutes(self) -> None:
        for kind in _STATUTES:
            whole, of_items = (self._rules.of_statute(scope, kind) for scope in _OF_STATUTES)
            outcomes = judge(whole, [(self._matter,)], [()], self._findings)
            shut = self._shut(of_items, [()], [()], outcomes)
            for (opened, out, failing), some in together(outcomes, shut):
                if not out:
                    self.all.append(Candidate(kind, (), opened, failing, some))

    def _shut(
        self, rules: Sequence[Rule], things: Sequence[Thing], ids: Sequence[Ids], outcomes: Sequence[Outcome]
    ) -> list[Marks]:
        """Return the items that each basis does not cover. Of one that is not in play nobody asks: it covers none."""
        opened = [outcome.opened for outcome in outcomes]
        judged = self._items.judge(rules, tuple(compress(things, opened)), tuple(compress(ids, opened)), self._findings)
        self.lacking += judged.rules
        shut = iter(judged.things)
        return [next(shut) if each else self._items.all for each in opened]


def _summed_up(candidates: Iterable[Candidate]) -> list[Finding]:
    """Sum up why bases that are, or may be, in play do not stand, with every citation against them."""
    sunk: dict[tuple[str, ...], list[Ids]] = {}
    for candidate in candidates:
        if candidate.against:
            cites = tuple(dict.fromkeys(cite for rule in candidate.against for cite in rule.cites))
            sunk.setdefault(cites, []).append((candidate.id,))
    because = "not all that makes this basis is satisfied"
    return [Finding(_STANDS, cites, State.VIOLATED, because, tuple(about)) for cites, about in sunk.items()]
