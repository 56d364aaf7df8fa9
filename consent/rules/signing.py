"""Who may sign (42 CFR 2.14, 2.15, 2.31(a)(8)).

The text of 2.14 that was read is older than 2024, as is that of 2.15; that Washington lets a minor of 13 consent alone
is from memory (part2.md P2-23, section 11). Where another state says otherwise, its site's configuration says so.
"""

from typing import Final

from consent.codes import Capacity
from consent.days import age_on
from consent.matter import Matter
from consent.model import Consent
from consent.rules.rule import Rule, Scope, Verdict, either, not_applicable, require, unknown, violated
from consent.wording import is_blank, same_name

_ADULT: Final = 18
_MINOR_ALONE: Final = {"WA": 13}
_SELF: Final = Capacity.SELF  # looked up once: members of an enum are slow to reach
_REPRESENTATIVES: Final = frozenset({Capacity.GUARDIAN, Capacity.PERSONAL_REPRESENTATIVE, Capacity.EXECUTOR})


def _capacity(matter: Matter, consent: Consent) -> Verdict:
    """2.14, 2.15: an adult signs, or a representative with authority; a minor alone where the state lets one."""
    if matter.participant is None or matter.participant.birth_date is None:
        return unknown("without a birth date it is not known who had to sign")
    age = age_on(matter.day(consent.signed_at), matter.participant.birth_date)
    if age >= _ADULT:
        return _adult(consent)
    alone = _MINOR_ALONE.get(matter.facts.site.state)
    if alone is None or age < alone:
        return violated("a minor signed who cannot consent alone in this state")
    return either(
        consent.signer.capacity is _SELF,
        "a minor signed who consents alone in this state",
        "somebody signed for a minor who consents alone in this state",
    )


def _adult(consent: Consent) -> Verdict:
    signer = consent.signer
    if signer.capacity in _REPRESENTATIVES:
        return either(
            not is_blank(signer.authority),
            "a representative signed and states the authority",
            "a representative signed and states no authority",
        )
    return either(signer.capacity is _SELF, "the participant signed", "a parent never signs for an adult")


def _own_name(_matter: Matter, consent: Consent) -> Verdict:
    """Whoever signs for themself signs with the name on the form: staff never sign for a participant (P2-24)."""
    if consent.signer.capacity is not _SELF:
        return not_applicable("somebody else signed for the participant")
    return either(
        same_name(consent.signer.name, consent.patient_name),
        "signed with the participant's own name",
        "signed as the participant with another name",
    )


RULES: Final[tuple[Rule, ...]] = (
    require(
        "consent.capacity", Scope.CONSENT, _capacity, "42 CFR 2.31(a)(8)", "42 CFR 2.14", "42 CFR 2.15", "42 CFR 2.20"
    ),
    require("consent.own-name", Scope.CONSENT, _own_name, "42 CFR 2.31(a)(8)", "42 CFR 2.31(a)(1)"),
)
