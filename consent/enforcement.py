"""Whether an enforcement action followed what an agency had been told: the but-for test (LEAD GR-09).

It is looked for by time alone, and says nothing about why: people judge that. The Policy Coordinating Group looks at
each, because nobody may be worse off for what a case manager shared (Golden Rule 1).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from consent.codes import OrganizationKind

_K = OrganizationKind


class Action(StrEnum):
    """What an agency did."""

    ARREST = "arrest"
    FILING = "filing"
    DIVERSION_REVOKED = "diversion-revoked"


BEHIND: Final[Mapping[Action, frozenset[OrganizationKind]]] = MappingProxyType(
    {
        # A booking does not say by our ids who made the arrest, or at whose word: any of these may have.
        Action.ARREST: frozenset({_K.POLICE, _K.PROBATION, _K.COURT, _K.PROSECUTOR, _K.JAIL_CUSTODY}),
        Action.FILING: frozenset({_K.PROSECUTOR, _K.POLICE}),
        Action.DIVERSION_REVOKED: frozenset({_K.PROSECUTOR, _K.COURT, _K.POLICE, _K.PROBATION}),
    }
)
"""Whose knowledge may have led to an action, by kind."""


@dataclass(frozen=True, slots=True)
class Known:
    """Something that an agency was told about the participant: when, to whom, by which entry of the ledger."""

    at: datetime
    organization: str
    entry: str


def followed(
    action: Action,
    at: datetime,
    told: Iterable[Known],
    kinds: Mapping[str, OrganizationKind],
    *,
    days: int,
) -> tuple[Known, ...]:
    """Return what had been told, within `days` days before an action, to an agency that may be behind it.

    `at`: when the action was taken (aware). `kinds`: what the organizations are; one that is not in it counts, since
    what is not known never helps. What was told after the action, or exactly `days` days and more before it, does not
    count. Raises ValueError for a number of days below one.
    """
    if days < 1:
        raise ValueError("`days`: must be at least 1")
    since = at - timedelta(days=days)
    return tuple(
        each
        for each in told
        if since < each.at <= at and (each.organization not in kinds or kinds[each.organization] in BEHIND[action])
    )
