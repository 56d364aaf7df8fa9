"""Who may open what: one table. A role that is not in a row does not see that there is such a page (design.md 7)."""

from enum import StrEnum
from typing import Final

from gateway.delegating import Staff
from gateway.store.repositories.console import Session


class Role(StrEnum):
    """What the provider's claim may say; any other word there means nothing."""

    CASE_MANAGER = "case-manager"
    SUPERVISOR = "supervisor"
    PRIVACY_OFFICER = "privacy-officer"
    PROJECT_MANAGER = "project-manager"
    AUDITOR = "auditor"
    DEFENDER = "defender"


EVERYBODY: Final = frozenset(Role)
CASEWORK: Final = frozenset({Role.CASE_MANAGER, Role.SUPERVISOR, Role.PRIVACY_OFFICER})
"""Those who may read about participants of their own organization."""

OFFICE: Final = frozenset({Role.PRIVACY_OFFICER})
OVERSIGHT: Final = frozenset({Role.PRIVACY_OFFICER, Role.PROJECT_MANAGER, Role.AUDITOR})
"""Those who see counts and rows of the ledger, no content."""

_PRECEDENCE: Final = (
    Role.PRIVACY_OFFICER,
    Role.SUPERVISOR,
    Role.CASE_MANAGER,
    Role.DEFENDER,
    Role.PROJECT_MANAGER,
    Role.AUDITOR,
)


def roles_of(names: object) -> frozenset[Role]:
    """Read a claim: a list of words, or words with spaces or commas between them. What is no role is left out."""
    words = names.replace(",", " ").split() if isinstance(names, str) else names
    if not isinstance(words, (list, tuple, frozenset, set)):
        return frozenset()
    known = {role.value for role in Role}
    return frozenset(Role(word) for word in words if isinstance(word, str) and word in known)


def first_role(roles: frozenset[Role]) -> Role:
    """Give the role in which somebody with several acts: the one that answers for most. Raises LookupError for none."""
    for role in _PRECEDENCE:
        if role in roles:
            return role
    raise LookupError("no role")


def staff_of(session: Session, role: Role | None = None) -> Staff:
    """Give the signed-in person as the rest of the house knows staff, in one of their roles or the first of them."""
    return Staff(session.staff, (role or first_role(roles_of(session.roles))).value, session.organization)
