"""What becomes of a custody event on the record, and above all what does not stand where."""

from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest
from fhir.resources.R4B import get_fhir_model_class

from consent.codes import PART2_CATEGORIES, Category
from mappings.lead.custody import (
    Bond,
    Charge,
    CustodyEvent,
    CustodyKind,
    PersonDescription,
    PersonName,
    custody_items,
    inmate_system,
)
from mappings.lead.custody_health import BehavioralHealth, Medication, Treatment, category_of_text

HEALTH = BehavioralHealth(
    serious_mental_illness=True,
    general_mental_health=None,
    high_risk_needs=True,
    substance_abuse=True,
    medicaid=True,
    diagnoses=("Opioid use disorder F11.20", "Schizophrenia 295.10", "Canary condition"),
    treatments=(
        Treatment("Outpatient group", "Fern Hill", None, court_ordered=True, active=True),
        Treatment("Therapy F41.1", "Lakeside Clinic", None, court_ordered=None, active=None),
    ),
    medications=(Medication("Suboxone 8 mg", None, "8 mg", None), Medication("Olanzapine", None, None, None)),
)
EVENT = CustodyEvent(
    kind=CustodyKind.BOOKING,
    feed="cedar",
    message_id="DOC-1/BK-1001",
    booking_number="BK-1001",
    inmate_number="INM-177",
    facility="CCJ",
    agency="Cedar County Sheriff",
    occurred_at=datetime(2026, 3, 3, 5, 15, tzinfo=UTC),
    day_only=False,
    custody_status="PRET",
    release_eligible_on=None,
    status_code=None,
    charges=(Charge("Canary trespass", "9A.52.080", "1", "Pending", hold_for="Wren PD"),),
    bonds=(Bond("CASH", "Active", "500.00"),),
    person=PersonDescription((PersonName("Testina", "Fir"),), (), None, (("sid", "WA1234567"),)),
    behavioral_health=HEALTH,
)
ITEMS = custody_items(EVENT, "p-1", "org:cedar-jail")


def of(category: Category) -> list[str]:
    return [orjson.dumps(item.resource).decode() for item in ITEMS if item.category is category]


class TestKeptApart:
    def test_the_custody_item_holds_no_charge_no_bond_no_health_and_no_number(self):
        (encounter,) = of(Category.CUSTODY)
        for mark in ("trespass", "9A.52", "500.00", "Wren", "BK-1001", "INM-177", "WA1234567", "Testina", "Fir"):
            assert mark not in encounter
        for mark in ("Opioid", "Suboxone", "Schizo", "Fern Hill", "illness"):
            assert mark not in encounter

    def test_the_charges_hold_no_health(self):
        (task,) = of(Category.LEGAL_STATUS)
        assert "Canary trespass" in task
        for mark in ("Opioid", "Suboxone", "Schizo", "Fern Hill", "Canary condition"):
            assert mark not in task

    def test_health_is_never_custody_or_legal_status(self):
        bare = custody_items(replace(EVENT, charges=(), bonds=()), "p-1", "org:cedar-jail")
        assert [item.category for item in bare if item.category in {Category.CUSTODY, Category.LEGAL_STATUS}] == [
            Category.CUSTODY
        ]

    def test_every_item_is_about_the_participant_and_from_the_jail(self):
        for item in ITEMS:
            assert (item.participant, item.source, item.version) == ("p-1", "org:cedar-jail", 1)
            assert item.created == EVENT.occurred_at
            resource = item.resource or {}
            about = resource.get("subject") or resource.get("for")
            assert about == {"reference": "Patient/p-1"}

    def test_the_persons_name_and_identifiers_are_in_no_item(self):
        text = orjson.dumps([item.resource for item in ITEMS]).decode()
        for mark in ("Testina", "WA1234567", "INM-177", "BK-1001"):
            assert mark not in text


class TestCategories:
    @pytest.mark.parametrize(
        "text",
        [
            "",
            "person was treated",
            "Opioid use disorder",
            "F11.20",
            "303.90",
            "304.00 and 295.10",
            "F33.1, alcohol dependence in remission",
            "depression",
            "OUD",
            "SUD F41.1",
        ],
    )
    def test_what_is_not_provably_something_else_is_substance_use(self, text):
        assert category_of_text(text) in PART2_CATEGORIES

    @pytest.mark.parametrize("text", ["Schizophrenia 295.10", "F33.1", "Anxiety F41.1", "296.89 bipolar II"])
    def test_a_code_of_another_disorder_is_mental_health(self, text):
        assert category_of_text(text) is Category.MENTAL_HEALTH

    def test_each_piece_stands_alone(self):
        assert {category: len(of(category)) for category in {item.category for item in ITEMS}} == {
            Category.CUSTODY: 1,
            Category.LEGAL_STATUS: 1,
            Category.MENTAL_HEALTH: 3,  # serious mental illness, schizophrenia, therapy
            Category.SUD_DIAGNOSIS: 4,  # substance abuse, high risk, opioid use disorder, the unclear one
            Category.SUD_TREATMENT: 1,
            Category.MOUD: 1,
            Category.MEDICATIONS: 1,
        }

    @pytest.mark.parametrize("name", ["METHADONE HCL", "Buprenorphine/naloxone", "Vivitrol", "naltrexone", "Sublocade"])
    def test_medications_for_addiction_are_not_plain_medications(self, name):
        health = replace(HEALTH, medications=(Medication(name, None, None, None),))
        items = custody_items(replace(EVENT, behavioral_health=health), "p-1", "org:cedar-jail")
        categories = {item.category for item in items}
        assert Category.MOUD in categories
        assert Category.MEDICATIONS not in categories


class TestItems:
    def test_no_charges_and_no_health_is_one_item(self):
        items = custody_items(replace(EVENT, charges=(), bonds=(), behavioral_health=None), "p-1", "org:cedar-jail")
        assert [item.category for item in items] == [Category.CUSTODY]

    def test_the_encounter(self):
        (resource,) = [item.resource for item in ITEMS if item.category is Category.CUSTODY]
        assert resource is not None
        assert resource["status"] == "in-progress"
        assert resource["period"] == {"start": "2026-03-03T05:15:00Z"}
        assert resource["location"] == [{"location": {"display": "CCJ"}}]
        assert resource["type"][0]["coding"][0]["code"] == "09"

    def test_a_release_finishes_the_same_encounter(self):
        (released,) = custody_items(
            replace(EVENT, kind=CustodyKind.RELEASE, charges=(), bonds=(), behavioral_health=None),
            "p-1",
            "org:cedar-jail",
        )
        assert released.id == ITEMS[0].id
        assert released.resource is not None
        assert released.resource["status"] == "finished"
        assert "end" in released.resource["period"]

    def test_ids_are_stable_and_distinct(self):
        assert [item.id for item in ITEMS] == [item.id for item in custody_items(EVENT, "p-1", "org:cedar-jail")]
        assert len({item.id for item in ITEMS}) == len(ITEMS)
        others = custody_items(EVENT, "p-2", "org:cedar-jail")
        assert not {item.id for item in ITEMS} & {item.id for item in others}

    def test_ids_tell_nothing(self):
        assert all("1001" not in item.id and "p-1" not in item.id for item in ITEMS)

    def test_the_system_of_inmate_numbers_belongs_to_the_feed(self):
        assert inmate_system("cedar") != inmate_system("elm")


class TestFhir:
    @pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.category.value)
    def test_every_resource_is_valid_r4(self, item):
        assert item.resource is not None
        assert item.resource["id"] == item.id
        assert get_fhir_model_class(item.resource["resourceType"]).model_validate(item.resource)
