"""The sentences that stop a basis whatever it is, or whatever it is but 2.51 and a court order."""

from datetime import date

from tests.evaluator.look import Look
from tests.evaluator.page import NEVER_SERVED


def requester_is_known(look: Look) -> bool:
    """A requester that is not in the file matches nothing."""
    return bool(look.requester)


def participant_is_known(look: Look) -> bool:
    """A participant who is not in the file matches nothing."""
    return bool(look.participant)


def item_is_theirs(look: Look) -> bool:
    """The question is about one participant: an item about another is not on record for this one."""
    return bool(look.item["participant"] == look.request["participant"])


def purpose_is_servable(look: Look) -> bool:
    """Seven purposes are served to nobody on any basis."""
    return look.purpose not in NEVER_SERVED


def nothing_is_unreadable(look: Look) -> bool:
    """One consent of the participant that cannot be read stops everything but an emergency and a court order."""
    return "unreadable" not in [consent["integrity"] for consent in look.consents]


def no_hold_on_all(look: Look) -> bool:
    """A hold on `all` stops everything but an emergency and a court order, HIPAA's own permissions included.

    A hold counts as one on `all` where it names no grant, or one that no consent of its participant has.
    """
    known = {grant["id"] for consent in look.consents for grant in consent["grants"]}
    for hold in look.facts["holds"]:
        if hold["participant"] == look.request["participant"] and look.reached(hold["at"]):
            named = hold["grants"]
            if named == "all" or not named or [grant for grant in named if grant not in known]:
                return False
    return True


def no_agreed_restriction(look: Look) -> bool:
    """An agreed restriction keeps its categories (all, where it names none) from its organization, for any purpose."""
    for restriction in look.facts["restrictions"]:
        meant = restriction["participant"] == look.request["participant"]
        if meant and restriction["agreed"] and restriction["organization"] == look.request["requester"]:
            categories = restriction.get("categories")
            if not categories or look.item["category"] in categories:
                return False
    return True


def agreement_stands(look: Look) -> bool:
    """An agreement counts through its last day; one left out refuses a requester to whom HIPAA does not apply."""
    last = look.requester.get("agreement_expires")
    if last is None:
        return look.requester.get("hipaa_status") != "none"
    return look.day(look.at) <= date.fromisoformat(last)


ALWAYS = (requester_is_known, participant_is_known, item_is_theirs, purpose_is_servable)
STOPPABLE = (nothing_is_unreadable, no_hold_on_all, no_agreed_restriction, agreement_stands)
