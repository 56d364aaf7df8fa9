"""What holds for any consents: order is nothing, a refusal only takes away, what flows was given and is unchanged."""

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mappings.tables.sensitivity import load_sensitivity
from tests.mappings.fhir.consult.build import (
    CLINIC,
    HOSPITAL,
    JAIL,
    RAY,
    card,
    consent,
    label,
    observation,
    rule,
)

Json = dict[str, Any]
PARTIES: list[Any] = [HOSPITAL, JAIL, CLINIC, "Organization/54", "Organization/x"]
DIRECTORY: list[Json] = [{"resourceType": "Organization", "id": "x", "identifier": [HOSPITAL]}]
CODES = ("N", "R", "V", "SUD", "ETHUD", "ETH", "HIV")
CONTENT: list[Json] = [
    *(observation(code.lower(), code) for code in CODES),
    observation("both", "R", "SUD", effectiveDateTime="2025-06-01", encounter={"reference": "Encounter/e1"}),
    observation("bare"),
    observation("tina", "N", subject={"reference": "Patient/tina"}),
    {"resourceType": "Goal", "id": "goal", "meta": {"security": [label("N")]}, "startDate": "2025-01-01"},
]

LIMITS = st.fixed_dictionaries(
    {},
    optional={
        "label": st.lists(st.sampled_from(CODES), min_size=1, max_size=2).map(" ".join),
        "purpose": st.lists(st.sampled_from(("TREAT", "HPAYMT", "BTG")), min_size=1, max_size=2).map(" ".join),
        "actor": st.lists(st.sampled_from(PARTIES), min_size=1, max_size=2),
        "kinds": st.sampled_from(("Observation", "Goal")),
        "action": st.sampled_from(("access", "disclose", "correct", "sell")),
        "period": st.sampled_from(({"end": "2025-01-01"}, {"start": "2026"}, {"end": "2027-01-01"})),
        "dataPeriod": st.just({"start": "2025", "end": "2025"}),
        "data": st.just([{"meaning": "related", "reference": {"reference": "Encounter/e1"}}]),
    },
)
KINDS = st.sampled_from(("permit", "deny"))


def _rule(kind: str | None, limits: Json, nested: list[Json]) -> Json:
    return rule(kind, *nested, **limits)


RULES = st.recursive(
    st.builds(_rule, KINDS, LIMITS, st.just([])),
    lambda inner: st.builds(_rule, KINDS, LIMITS, st.lists(inner, min_size=1, max_size=2)),
    max_leaves=4,
)
PATIENTS = st.sampled_from(
    (
        {"reference": "Patient/ray", "identifier": RAY},
        {"reference": "Patient/ray"},
        {"identifier": RAY},
        {"reference": "Patient/tina"},
        {"identifier": {"system": "urn:example:mrn", "value": "testina-fir"}},
    )
)
CONSENTS = st.builds(
    lambda provision, patient, day: consent(provision, patient=patient, dateTime=day),
    RULES,
    PATIENTS,
    st.sampled_from(("2024-01-01", "2026-01-01", "2027-01-01")),
)
REFUSALS = st.builds(lambda limits, patient: consent(rule("deny", **limits), patient=patient), LIMITS, PATIENTS)
QUESTIONS = st.fixed_dictionaries(
    {
        "actor": st.lists(st.sampled_from([HOSPITAL, JAIL, CLINIC]), max_size=2),
        "purposeOfUse": st.lists(st.sampled_from(("TREAT", "HPAYMT", "BTG")), max_size=2),
    }
)


def asked(consents: list[Any], question: Json, *, any_purpose: bool = False) -> Json:
    content = {"resourceType": "Bundle", "entry": [{"resource": one} for one in CONTENT]}
    found = card(*consents, content=content, directory=DIRECTORY, any_purpose=any_purpose, **question)
    extension: Json = found["extension"]
    return extension


def ids(extension: Json) -> set[str]:
    return {entry["resource"]["id"] for entry in extension["content"]["entry"]}


FAST = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@FAST
@given(st.lists(CONSENTS, max_size=3), QUESTIONS, st.booleans(), st.randoms())
def test_the_order_of_consents_never_matters(consents: list[Json], question: Json, any_of: bool, chance: Any) -> None:  # noqa: FBT001  -- drawn by hypothesis
    shuffled = copy.copy(consents)
    chance.shuffle(shuffled)
    assert asked(consents, question, any_purpose=any_of) == asked(shuffled, question, any_purpose=any_of)


@FAST
@given(st.lists(CONSENTS, max_size=3), REFUSALS, QUESTIONS, st.booleans())
def test_one_more_refusal_never_releases_more(consents: list[Json], more: Json, question: Json, any_of: bool) -> None:  # noqa: FBT001  -- drawn by hypothesis
    before = asked(consents, question, any_purpose=any_of)
    after = asked([*consents, more], question, any_purpose=any_of)
    assert ids(after) <= ids(before)
    assert before["decision"] == "CONSENT_PERMIT" or after["decision"] != "CONSENT_PERMIT"


@FAST
@given(st.lists(CONSENTS, max_size=3), QUESTIONS)
def test_one_that_cannot_be_read_stops_everything(consents: list[Json], question: Json) -> None:
    found = asked([*consents, {"resourceType": "Consent"}], question)
    assert (found["decision"], ids(found)) == ("CONSENT_DENY", set())


@FAST
@given(st.lists(CONSENTS, max_size=3), QUESTIONS)
def test_what_flows_was_given_and_is_unchanged(consents: list[Json], question: Json) -> None:
    found = asked(consents, question)
    flowing = [entry["resource"] for entry in found["content"]["entry"]]
    assert all(one in CONTENT for one in flowing)
    assert found["decision"] == "CONSENT_PERMIT" or flowing == []
    strict, any_of = ids(found), ids(asked(consents, question, any_purpose=True))
    assert strict <= any_of


@FAST
@given(st.lists(CONSENTS, min_size=1, max_size=3), QUESTIONS, st.permutations(CONTENT))
def test_each_resource_by_itself(consents: list[Json], question: Json, content: list[Json]) -> None:
    """Whatever stands before or after it in the Bundle, a resource has one answer."""
    full = ids(asked(consents, question))
    given_otherwise = {"resourceType": "Bundle", "entry": [{"resource": one} for one in content]}
    found = card(*consents, content=given_otherwise, directory=DIRECTORY, **question)["extension"]
    assert ids(found) == full


@FAST
@given(st.lists(CONSENTS, min_size=1, max_size=2), QUESTIONS)
def test_obligations_of_codes_never_keep_what_does_not_flow_for_its_label(consents: list[Json], question: Json) -> None:
    """A client that enforces REDACT by the labels of a refusal keeps none of what that refusal names."""
    found = asked(consents, question)
    refused = {c["code"] for o in found["obligations"] for c in o["parameters"].get("codes", []) if c["code"] in CODES}
    plain = [one for one in CONTENT if one["id"].upper() in refused]
    lifted = any("permit" in str(one["provision"].get("provision", "")) for one in consents)
    assert lifted or not {one["id"] for one in plain} & ids(found)


@FAST
@given(st.lists(CONSENTS, min_size=1, max_size=3), QUESTIONS)
def test_reading_the_content_releases_nothing_that_is_labelled(consents: list[Json], question: Json) -> None:
    content = {"resourceType": "Bundle", "entry": [{"resource": one} for one in CONTENT if one["id"] != "bare"]}
    found = [
        card(*consents, content=content, directory=DIRECTORY, tables=tables, **question)["extension"]
        for tables in (load_sensitivity(), None)
    ]
    assert ids(found[0]) <= ids(found[1])


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["permit", "2026", "Patient/ray"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "period", "start", "actor", "reference", "coding", "code", "system", "provision"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@FAST
@given(st.sampled_from(sorted(consent(rule("permit")))), JUNK)
def test_junk_in_a_consent_is_an_answer_never_a_crash(element: str, junk: Any) -> None:
    found = card(consent(rule("permit")) | {element: junk})
    assert found["extension"]["decision"] in {"CONSENT_PERMIT", "CONSENT_DENY", "NO_CONSENT"}


@FAST
@given(
    st.sampled_from(
        [
            "type",
            "period",
            "actor",
            "purpose",
            "securityLabel",
            "class",
            "code",
            "data",
            "dataPeriod",
            "action",
            "provision",
            "modifierExtension",
        ]
    ),
    JUNK,
)
def test_junk_in_a_provision_never_widens_it(element: str, junk: Any) -> None:
    narrow = rule("permit", purpose="HMARKT") | ({element: junk} if element != "purpose" else {})
    assert card(consent(narrow))["extension"]["decision"] != "CONSENT_PERMIT" or element == "provision"


@FAST
@given(st.sampled_from(["meta", "subject", "contained", "code", "performer", "effectiveDateTime", "id"]), JUNK)
def test_junk_in_content_is_an_answer(element: str, junk: Any) -> None:
    provisions = [rule("permit", label="N"), rule("permit", rule("deny", label="R", dataPeriod={"start": "2025"}))]
    content = {"resourceType": "Bundle", "entry": [{"resource": observation("n", "N") | {element: junk}}]}
    for one in provisions:
        for tables in (load_sensitivity(), None):
            found = card(consent(one), content=content, tables=tables)["extension"]["content"]["entry"]
            assert found in ([], content["entry"])


@pytest.mark.parametrize("deep", [15, 17, 60, 400])
def test_deep_nesting(deep: int) -> None:
    one = rule("permit")
    for _ in range(deep):
        one = rule("permit", one)
    assert card(consent(one))["summary"] == ("CONSENT_PERMIT" if deep < 16 else "CONSENT_DENY")
