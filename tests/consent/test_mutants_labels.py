"""Labels by source and by content add up, and neither stands in for the other."""

from consent.labels import _labels, label, label_bundle
from consent.sensitivity import BITS, FROM_PROGRAM, Confidentiality, Sensitivity
from mappings.tables.sensitivity import load_sensitivity
from tests.consent.builders import HOSPITAL, OTP, C, facts, item


def test_a_program_s_item_is_part_2_and_not_for_that_about_substance_use() -> None:
    labels = label(item(category=C.GOALS, source="otp"), facts())
    assert (labels.part2, labels.sensitivities, labels.confidentiality) == (True, frozenset(), Confidentiality.R)


def test_what_only_a_program_s_word_makes_sensitive_is_added_to_the_rest() -> None:
    bits = FROM_PROGRAM | BITS[Sensitivity.HIV]
    assert _labels(bits, OTP, None).sensitivities >= {Sensitivity.HIV, Sensitivity.SUD}
    assert _labels(bits, HOSPITAL, None).sensitivities == {Sensitivity.HIV}


def test_what_is_sensitive_is_restricted_without_part_2() -> None:
    labels = label(item(category=C.MENTAL_HEALTH, source="hospital"), facts())
    assert (labels.part2, labels.confidentiality) == (False, Confidentiality.R)


def test_what_stands_outside_of_all_entries_counts_for_the_whole() -> None:
    psy = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PSY"}
    entry = {"resource": {"resourceType": "Patient", "gender": "other"}}
    bundle = {"resourceType": "Bundle", "type": "collection", "meta": {"security": [psy]}, "entry": [entry]}
    labels = label_bundle(bundle, HOSPITAL, load_sensitivity())
    assert Sensitivity.PSY in labels.whole.sensitivities
    assert Sensitivity.PSY not in labels.entries[0].sensitivities
