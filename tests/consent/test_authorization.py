"""H-02: a consent that is no HIPAA authorization, one element at a time; and when none is needed."""

from typing import Any

import pytest

from consent.authorization import authorization_faults, needs_authorization
from consent.codes import Capacity, ConsentKind, HipaaStatus, Integrity
from consent.model import Consent, ConsentGrant, Signer
from tests.consent.builders import ORGANIZATIONS, C, K, P, consent, grant, organization

HOSPITAL = frozenset({"hospital"})


def to_prosecutor(**more: Any) -> ConsentGrant:
    return grant(**({"discloser": HOSPITAL} | more))


def cites(form: Consent) -> list[str]:
    return [each.cite.removeprefix("45 CFR 164.508") for each in authorization_faults(form, ORGANIZATIONS)]


class TestNeeded:
    @pytest.mark.parametrize(
        "more",
        [
            {},
            {"recipient": frozenset({"clinic", "housing"})},
            {"recipient": frozenset({"nobody knows"}), "purposes": frozenset({P.TREATMENT})},
            {"recipient": frozenset({"clinic"}), "purposes": frozenset({P.TREATMENT, P.RESEARCH})},
            {"recipient": frozenset({"clinic"}), "purposes": frozenset({P.PROCEEDING})},
            {
                "recipient": frozenset({"clinic"}),
                "purposes": frozenset({P.TREATMENT}),
                "categories": frozenset({C.PSYCHOTHERAPY_NOTES}),
            },
        ],
    )
    def test_a_covered_entity_needs_one(self, more: dict[str, Any]) -> None:
        assert needs_authorization(to_prosecutor(**more), ORGANIZATIONS)

    @pytest.mark.parametrize("recipient", ["clinic", "class:treating-providers", "otp"])
    def test_treatment_among_providers_needs_none(self, recipient: str) -> None:
        one = to_prosecutor(recipient=frozenset({recipient}), purposes=frozenset({P.TREATMENT, P.CARE_COORDINATION}))
        assert not needs_authorization(one, ORGANIZATIONS)

    def test_nor_does_anything_that_hipaa_lets_go(self) -> None:
        """A health plan is covered, though no provider; a provider may be told for treatment, though not covered."""
        register = ORGANIZATIONS | {
            "plan": organization("plan", K.HEALTH_PLAN, hipaa_status=HipaaStatus.COVERED_ENTITY),
            "healer": organization("healer", K.TREATMENT_PROVIDER),
        }
        free = {P.TREATMENT, P.PAYMENT, P.OPERATIONS, P.CARE_COORDINATION, P.WARM_HANDOFF, P.EMERGENCY}
        of = to_prosecutor(recipient=frozenset({"plan", "healer"}), purposes=frozenset(free | {P.CUSTODY_CONTINUITY}))
        assert not needs_authorization(of, register)
        assert needs_authorization(of, {name: each for name, each in register.items() if name != "healer"})

    @pytest.mark.parametrize("discloser", ["cm", "nobody knows"])
    def test_who_is_not_covered_needs_none(self, discloser: str) -> None:
        assert not needs_authorization(to_prosecutor(discloser=frozenset({discloser})), ORGANIZATIONS)
        form = consent(to_prosecutor(discloser=frozenset({discloser})), refusal_consequences="")
        assert cites(form) == []


class TestElements:
    @pytest.mark.parametrize(
        ("change", "paragraph"),
        [
            ({"refusal_consequences": " "}, "(c)(2)(ii)"),
            ({"how_to_revoke": ""}, "(c)(2)(i)"),
            ({"redisclosure_warning": ""}, "(c)(2)(iii)"),
            ({"signer": Signer("", Capacity.SELF)}, "(c)(1)(vi)"),
            ({"signer": Signer("Ida", Capacity.EXECUTOR, " ")}, "(c)(1)(vi)"),
            ({"integrity": Integrity.SUSPECT}, "(b)(2)(v)"),
        ],
    )
    def test_what_the_form_lacks(self, change: dict[str, Any], paragraph: str) -> None:
        form = consent(to_prosecutor(), **change)
        assert cites(form) == [paragraph]
        assert [each.grant for each in authorization_faults(form, ORGANIZATIONS)] == [None]

    @pytest.mark.parametrize(
        ("change", "paragraph"),
        [
            ({"categories": frozenset()}, "(c)(1)(i)"),
            ({"recipient": frozenset({"law enforcement"})}, "(c)(1)(iii)"),
            ({"recipient": frozenset({"pa"}), "purposes": frozenset()}, "(c)(1)(iv)"),
            ({"expires": "none"}, "(c)(1)(v)"),
            ({"expires": "none", "purposes": frozenset({P.RESEARCH, P.AUDIT})}, "(c)(1)(v)"),
            ({"categories": frozenset({C.PSYCHOTHERAPY_NOTES, C.GOALS})}, "(b)(3)(ii)"),
            ({"categories": frozenset({C.PSYCHOTHERAPY_NOTES, C.COUNSELING_NOTES})}, "(b)(3)(ii)"),
        ],
    )
    def test_what_a_grant_lacks(self, change: dict[str, Any], paragraph: str) -> None:
        form = consent(to_prosecutor(**change), to_prosecutor(id="g2"))
        faults = authorization_faults(form, ORGANIZATIONS)
        assert [(each.grant, each.element) for each in faults] == [("g1", "H-02")]
        assert cites(form) == [paragraph]

    def test_no_end_is_enough_for_research(self) -> None:
        assert cites(consent(to_prosecutor(expires="none", purposes=frozenset({P.RESEARCH})))) == []

    def test_a_whole_authorization(self) -> None:
        assert cites(consent(to_prosecutor())) == []

    def test_notes_of_their_own(self) -> None:
        notes = to_prosecutor(categories=frozenset({C.PSYCHOTHERAPY_NOTES}), recipient=frozenset({"clinic"}))
        assert cites(consent(notes, kind=ConsentKind.NOTES)) == []
