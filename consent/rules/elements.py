"""The elements that every consent needs on its face, and what makes it count no longer (42 CFR 2.31(a), (c)).

2.31(a)(10) asks for its two statements on a TPO consent; the house asks for both on every kind (C-13: judgment).
"""

from collections.abc import Callable
from typing import Final

from consent.codes import HEALTH_KINDS, ConsentKind, Integrity
from consent.matter import Matter
from consent.model import Consent, Revocation
from consent.rules.rule import Rule, Scope, Verdict, either, not_applicable, require, satisfied, unknown, violated
from consent.wording import is_blank

_OK: Final = Integrity.OK  # looked up once: members of an enum are slow to reach
_PROCEEDING: Final = ConsentKind.PROCEEDING
_THERE: Final = satisfied("the element is there")
_BLANK: Final = violated("the element is blank")


def _text(read: Callable[[Consent], str]) -> Callable[[Matter, Consent], Verdict]:
    """Require a text that is not blank: one that is fails on its face (2.31(c)(2))."""

    def check(_matter: Matter, consent: Consent) -> Verdict:
        return _BLANK if is_blank(read(consent)) else _THERE

    return check


def _dated(matter: Matter, consent: Consent) -> Verdict:
    """2.31(a)(9): a signature counts from its moment on."""
    return either(consent.signed_at <= matter.request.at, "signed before the request", "signed later than the request")


def _reliable(_matter: Matter, consent: Consent) -> Verdict:
    """2.31(c)(4): what is known, or could be known, to be false does not count. The participant's others stand."""
    return either(consent.integrity is _OK, "the form can be relied on", "the form cannot be relied on")


def whole_revocation(revocation: Revocation, consent: Consent) -> bool:
    """Say whether a revocation ends all of its consent: it says so, names nothing, or a grant that is not there."""
    known = frozenset(grant.id for grant in consent.grants)
    return revocation.grants == "all" or not revocation.grants or not revocation.grants <= known


def _not_revoked(matter: Matter, consent: Consent) -> Verdict:
    """2.31(c)(3): known revoked, in writing or by word of mouth, that very second included (P2-70)."""
    ended = any(r.at <= matter.request.at and whole_revocation(r, consent) for r in consent.revocations)
    return either(not ended, "not revoked as a whole", "revoked")


def _attested(matter: Matter, consent: Consent) -> Verdict:
    """GR-05: the recipient's person promises, each session: no adverse use, no evidence, no intelligence."""
    if consent.kind is _PROCEEDING:
        return not_applicable("a proceeding consent needs no attestation")
    if matter.kind is None:
        return unknown("it is not known what the requester is")
    if matter.kind in HEALTH_KINDS:
        return not_applicable("a requester of a health kind need not attest")
    if matter.request.attested is True:
        return satisfied("attested this session")
    return violated("nobody has attested this session")


_FACE: Final = "42 CFR 2.31(c)(2)"
RULES: Final[tuple[Rule, ...]] = (
    require("consent.name", Scope.CONSENT, _text(lambda c: c.patient_name), "42 CFR 2.31(a)(1)", _FACE),
    require("consent.how-to-revoke", Scope.CONSENT, _text(lambda c: c.how_to_revoke), "42 CFR 2.31(a)(6)", _FACE),
    require(
        "consent.redisclosure-warning",
        Scope.CONSENT,
        _text(lambda c: c.redisclosure_warning),
        "42 CFR 2.31(a)(10)(i)",
        "45 CFR 164.508(c)(2)(iii)",
        _FACE,
    ),
    require(
        "consent.refusal-consequences",
        Scope.CONSENT,
        _text(lambda c: c.refusal_consequences),
        "42 CFR 2.31(a)(10)(ii)",
        "45 CFR 164.508(c)(2)(ii)",
        _FACE,
    ),
    require("consent.signer", Scope.CONSENT, _text(lambda c: c.signer.name), "42 CFR 2.31(a)(8)", _FACE),
    require("consent.dated", Scope.CONSENT, _dated, "42 CFR 2.31(a)(9)"),
    require("consent.reliable", Scope.CONSENT, _reliable, "42 CFR 2.31(c)(4)"),
    require("consent.not-revoked", Scope.CONSENT, _not_revoked, "42 CFR 2.31(c)(3)", "42 CFR 2.31(a)(6)"),
    require("requester.attested", Scope.CONSENT, _attested, "LEAD GR-05"),
)
