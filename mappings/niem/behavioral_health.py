"""BehavioralHealthInformation of an OJBC report -> `BehavioralHealth`, apart from everything else in it."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from lxml.etree import _Element as Element

from mappings.lead.custody_health import BehavioralHealth, Medication, Treatment
from mappings.niem import values
from mappings.niem.names import ext, j, nc
from mappings.niem.references import References

_BLOCKS: Final = (ext("BehavioralHealthInformation"), ext("PersonBehavioralHealthInformation"))
_PRODUCT: Final = (ext("MedicationGenericProductIdentification"), ext("MedicationGeneralProductIdentification"))


def read_behavioral_health(refs: References) -> BehavioralHealth | None:
    """Return what the report, which is about one booking, says about health; None where it says nothing.

    Several blocks become one: an indicator is true if any block says so, and false only if one says false and none
    true. Raises `FeedError` for an indicator or day that cannot be read.
    """
    blocks = [block for tag in _BLOCKS for block in refs.everywhere(tag)]
    if not blocks:
        return None
    return BehavioralHealth(
        serious_mental_illness=_any(refs, blocks, "SeriousMentalIllnessIndicator"),
        general_mental_health=_any(refs, blocks, "GeneralMentalHealthConditionIndicator"),
        high_risk_needs=_any(refs, blocks, "HighRiskNeedsIndicator"),
        substance_abuse=_any(refs, blocks, "SubstanceAbuseIndicator"),
        medicaid=_any(refs, blocks, "MedicaidIndicator"),
        diagnoses=tuple(dict.fromkeys(_diagnoses(refs, blocks))),
        treatments=tuple(_treatment(refs, each) for block in blocks for each in refs.children(block, nc("Treatment"))),
        medications=tuple(
            _medication(refs, each) for block in blocks for each in refs.children(block, ext("PrescribedMedication"))
        ),
    )


def _any(refs: References, blocks: list[Element], name: str) -> bool | None:
    said = {values.boolean(refs, block, name) for block in blocks} - {None}
    return None if not said else True in said


def _diagnoses(refs: References, blocks: list[Element]) -> Iterator[str]:
    for block in blocks:
        for evaluation in refs.children(block, j("Evaluation")):
            for diagnosis in refs.children(evaluation, j("EvaluationDiagnosisDescriptionText")):
                text = refs.text(diagnosis)
                if text is not None:
                    yield text


def _treatment(refs: References, treatment: Element) -> Treatment:
    return Treatment(
        text=refs.text(treatment, nc("TreatmentText")),
        provider=refs.text(treatment, nc("TreatmentProvider"), nc("EntityOrganization"), nc("OrganizationName")),
        started_on=_day(refs, treatment, nc("ActivityDateRange"), nc("StartDate")),
        court_ordered=values.boolean(refs, treatment, "TreatmentCourtOrderedIndicator"),
        active=values.boolean(refs, treatment, "TreatmentActiveIndicator"),
    )


def _medication(refs: References, prescribed: Element) -> Medication:
    product = refs.first(prescribed, ext("Medication"))
    codes = [] if product is None else [refs.text(product, tag, nc("IdentificationID")) for tag in _PRODUCT]
    return Medication(
        name=None if product is None else refs.text(product, nc("ItemName")),
        code=next(filter(None, codes), None),
        dose=refs.text(prescribed, ext("MedicationDoseMeasure"), nc("MeasureValueText")),
        dispensed_on=_day(refs, prescribed, ext("MedicationDispensingDate")),
    )


def _day(refs: References, holder: Element, *path: str) -> date | None:
    found = refs.first(holder, *path)
    return None if found is None else values.day(refs, found)
