"""Whatever a consent says, R4 carries it there and back; and what is carried is R4."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consent.codes import CLASS_PREFIX, Capacity, Category, ConsentKind, Integrity, Purpose, RevocationMode
from consent.model import (
    Consent,
    ConsentGrant,
    CriminalJusticeTerms,
    Event,
    Hold,
    ReleaseOfInformation,
    Revocation,
    Signer,
)
from mappings.fhir.consent import from_fhir, to_fhir
from tests.mappings.fhir import factory as make
from tests.mappings.fhir.schema import needs_schema, problems

# every text that a FHIR string can hold, the blank one included
_CHARACTERS = st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp"), include_characters=" \n\t")
TEXT = st.text(_CHARACTERS, max_size=12)
MAYBE = st.none() | TEXT
OFFSETS = st.integers(-14 * 60 + 1, 14 * 60 - 1).map(lambda m: timezone(timedelta(minutes=m)))
ODD_OFFSETS = st.sampled_from([UTC, timezone(timedelta(hours=23)), timezone(timedelta(seconds=3208))])
MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=OFFSETS | ODD_OFFSETS)  # noqa: DTZ001  -- naive bounds, as hypothesis wants them
DAYS = st.none() | st.dates(date(1900, 1, 1), date(2200, 1, 1))
NAMES = st.sampled_from(
    ["org:da", "org:pd", "org:wren", "org:unknown", "*", f"{CLASS_PREFIX}treating-providers", "none", ""]
)


def few(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.frozensets(values, max_size=3)


GRANT_IDS = st.sampled_from(["g1", "g2", "g3", "weitere Zeile", ""])
GRANTS = st.builds(
    ConsentGrant,
    id=GRANT_IDS,
    discloser=few(NAMES),
    recipient=few(NAMES),
    purposes=few(st.sampled_from(Purpose)),
    categories=few(st.sampled_from(Category)),
    expires=MOMENTS | st.just("none") | TEXT.map(lambda name: f"event:{name}"),
    role=MAYBE,
    record_from=DAYS,
    record_to=DAYS,
    redisclose_to=st.lists(NAMES, max_size=3).map(tuple),
)
STOPPED = st.just("all") | few(GRANT_IDS)
CONSENTS = st.builds(
    Consent,
    id=TEXT,
    kind=st.sampled_from(ConsentKind),
    participant=TEXT,
    form=st.builds(ReleaseOfInformation, id=TEXT, version=TEXT, language=TEXT),
    signed_at=MOMENTS,
    signer=st.builds(Signer, name=TEXT, capacity=st.sampled_from(Capacity), authority=MAYBE),
    patient_name=TEXT,
    how_to_revoke=TEXT,
    refusal_consequences=TEXT,
    redisclosure_warning=TEXT,
    grants=st.lists(GRANTS, max_size=4, unique_by=lambda g: g.id).map(tuple),
    revocations=st.lists(
        st.builds(Revocation, at=MOMENTS, grants=STOPPED, mode=st.sampled_from(RevocationMode)), max_size=2
    ).map(tuple),
    integrity=st.sampled_from(Integrity),
    tpo_statement=MAYBE,
    intermediary=MAYBE,
    proceeding_cause=MAYBE,
    counsel_present=st.none() | st.booleans(),
    cj=st.none()
    | st.builds(
        CriminalJusticeTerms, condition_document=MAYBE, cause=MAYBE, revocable_from=MAYBE, monitoring_official=MAYBE
    ),
    events=st.none() | st.lists(st.builds(Event, name=TEXT, at=MOMENTS), max_size=2).map(tuple),
)
HOLDS = st.lists(st.builds(Hold, participant=TEXT, at=MOMENTS, grants=STOPPED), max_size=2).map(tuple)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CONSENTS, MOMENTS, HOLDS)
def test_nothing_is_lost(consent: Consent, at: datetime, holds: tuple[Hold, ...]) -> None:
    assert from_fhir(to_fhir(consent, make.ORGANIZATIONS, at=at, holds=holds)) == consent


@needs_schema
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CONSENTS, MOMENTS, HOLDS)
def test_it_is_r4(consent: Consent, at: datetime, holds: tuple[Hold, ...]) -> None:
    assert problems(to_fhir(consent, make.ORGANIZATIONS, at=at, holds=holds)) == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CONSENTS, MOMENTS, HOLDS)
def test_every_permit_has_an_end_and_all_its_limits(consent: Consent, at: datetime, holds: tuple[Hold, ...]) -> None:
    root = to_fhir(consent, make.ORGANIZATIONS, at=at, holds=holds)["provision"]
    assert root["type"] == "deny"
    for permit in root.get("provision", []):
        start = permit["period"].get("start")
        end = datetime.fromisoformat(permit["period"]["end"])
        assert start is None or datetime.fromisoformat(start) <= end
        assert len(permit["actor"]) == 1
        assert permit["purpose"]
        assert permit["code"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CONSENTS, MOMENTS, HOLDS, NAMES)
def test_a_viewer_is_never_shown_a_permit_of_others(
    consent: Consent, at: datetime, holds: tuple[Hold, ...], viewer: str
) -> None:
    resource = to_fhir(consent, make.ORGANIZATIONS, at=at, holds=holds, viewer=viewer)
    own = {g.id: viewer in g.discloser for g in consent.grants if viewer in g.recipient | g.discloser}
    for permit in resource["provision"]["provision"] if resource is not None else ():
        grant = permit["extension"][0].get("valueString", "")
        name = permit["actor"][0]["reference"]["identifier"].get("value", "")
        assert own[grant] or viewer in {name, CLASS_PREFIX + name}
