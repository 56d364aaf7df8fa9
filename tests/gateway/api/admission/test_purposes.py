"""One token, one purpose: from the registration, narrowed by the signed assertion, never from anything else."""

from dataclasses import replace

import pytest

from consent.codes import Purpose
from consent.model import Person
from tests.gateway.api.fake import FakeGateway
from tests.gateway.api.test_oauth import OTHERS, OWN, client, form, post, signed

REGISTERED = (Purpose.CASE_ALIGNMENT, Purpose.CARE_COORDINATION)


@pytest.fixture
def gateway() -> FakeGateway:
    made = FakeGateway()
    made.clients["pa"] = replace(client("pa", OWN), purposes=REGISTERED)
    made.clients["any"] = client("any", OTHERS)
    return made


def b2b(**said) -> dict:
    return {"hl7-b2b": {"version": "1", **said}}


class TestRefused:
    @pytest.mark.parametrize(
        "said",
        [
            b2b(purpose_of_use=["TREAT"]),  # not registered for it
            b2b(purpose_of_use=["warm-handoff"]),  # its kind may, but it is not registered for it
            b2b(purpose_of_use=["COC", "case-alignment"]),
            b2b(purpose_of_use=["canary"]),
            b2b(subject_name="J. Lee"),
            [],
        ],
    )
    async def test_what_is_not_granted_or_cannot_be_read(self, http, gateway, said):
        answer = await post(http, form(signed(extensions=said)))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
        assert "canary" not in answer.text
        assert gateway.grants == {}

    async def test_a_purpose_above_the_kind_of_organization(self, http, gateway):
        gateway.clients["pa"] = replace(gateway.clients["pa"], purposes=(Purpose.TREATMENT,))
        answer = await post(http, form(signed(extensions=b2b(purpose_of_use=["TREAT"]))))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")

    async def test_a_form_says_nothing_about_it(self, http, gateway):
        answer = await post(http, form(signed(), purpose="care-coordination", purpose_of_use="COC"))
        assert answer.status_code == 200
        assert gateway.grants[answer.json()["access_token"]].purpose is Purpose.CASE_ALIGNMENT


class TestGranted:
    @pytest.mark.parametrize(
        ("said", "purpose"),
        [
            (None, Purpose.CASE_ALIGNMENT),
            ({}, Purpose.CASE_ALIGNMENT),
            (b2b(purpose_of_use=["COC"]), Purpose.CARE_COORDINATION),
        ],
    )
    async def test_the_first_that_is_registered_or_the_one_that_is_named(self, http, gateway, said, purpose):
        answer = await post(http, form(signed(extensions=said)))
        assert gateway.grants[answer.json()["access_token"]].purpose is purpose

    async def test_without_a_registered_one_the_first_of_its_kind(self, http, gateway):
        answer = await post(http, form(signed(OTHERS, {"kid": "others"}, iss="any", sub="any")))
        assert gateway.grants[answer.json()["access_token"]].purpose is Purpose.CARE_COORDINATION

    async def test_a_named_person(self, http, gateway):
        said = b2b(subject_name="J. Lee", subject_role="liaison prosecutor")
        answer = await post(http, form(signed(extensions=said)))
        assert gateway.grants[answer.json()["access_token"]].person == Person("J. Lee", "liaison prosecutor")
