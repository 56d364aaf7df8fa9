"""The element names of the OJBC booking dialect: NIEM 3.0, JXDM 5.1, OJBC's own extensions.

A name in `{*}` is matched in every namespace: OJBC's extension namespaces differ by release and by county
(`BookingReportExtension/1.0`, `BookingReportingExtensions/1.0`, `AdamsCounty/BookingCodes/1.0`), and behavioral-health
content must be found, and kept apart, under whichever of them it comes.
Source: the OJBC service specifications (ojbc/main, `ssp/Booking_Reporting`), as listed in the project's notes.
"""

from typing import Final

from lxml.etree import _Element as Element

BR_DOC: Final = "http://ojbc.org/IEPD/Exchange/BookingReport/1.0"
BR_EXT: Final = "http://ojbc.org/IEPD/Extensions/BookingReportExtension/1.0"
NC: Final = "http://release.niem.gov/niem/niem-core/3.0/"
J: Final = "http://release.niem.gov/niem/domains/jxdm/5.1/"
CYFS: Final = "http://release.niem.gov/niem/domains/cyfs/3.1/"
HS: Final = "http://release.niem.gov/niem/domains/humanServices/3.1/"
S: Final = "http://release.niem.gov/niem/structures/3.0/"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"

ROOT: Final = f"{{{BR_DOC}}}BookingReport"
ID: Final = f"{{{S}}}id"
REF: Final = f"{{{S}}}ref"
NIL: Final = f"{{{XSI}}}nil"

_NC_NAMES: Final = (
    "ActivityCategoryText ActivityChargeAssociation ActivityDate ActivityDateRange ActivityIdentification"
    " ActivityPersonAssociation ActivityStatus Activity Amount Case ContactEntity ContactInformation"
    " ContactInformationAssociation Date DateTime DispositionDescriptionText DispositionText DocumentCreationDate"
    " DocumentIdentification EntityOrganization EntityPerson Facility FacilityIdentification FacilityName"
    " IdentificationID Identity IdentityPersonRepresentation ItemName Location MeasureValueText Organization"
    " OrganizationName Person PersonAliasIdentityAssociation PersonAlternateName PersonBirthDate PersonFullName"
    " PersonGivenName PersonMiddleName PersonName PersonNameSuffixText PersonSSNIdentification"
    " PersonStateIdentification PersonSurName RoleOfPerson StartDate StatusDescriptionText SupervisionCustodyStatus"
    " SupervisionSupervisor Treatment TreatmentProvider TreatmentText"
)
_J_NAMES: Final = (
    "ActivityCaseAssociation ActivityChargeAssociation Arrest ArrestAgency ArrestCharge ArrestLocation BailBond"
    " BailBondAmount BailBondChargeAssociation Booking BookingAgency BookingAgencyRecordIdentification"
    " BookingDetentionFacility BookingSubject Charge ChargeCategoryDescriptionText ChargeDescriptionText"
    " ChargeDisposition ChargeSequenceID ChargeSeverityText ChargeStatute Detention Evaluation"
    " EvaluationDiagnosisDescriptionText Offense OffenseChargeAssociation PersonAugmentation"
    " PersonFBIIdentification PersonStateFingerprintIdentification StatuteCodeIdentification"
    " StatuteCodeSectionIdentification SubjectIdentification SupervisionAugmentation"
    " SupervisionReleaseEligibilityDate"
)
_EXT_NAMES: Final = (
    "BehavioralHealthInformation BookingStatusCode CareEpisode GeneralMentalHealthConditionIndicator"
    " HighRiskNeedsIndicator HoldForAgency MedicaidIndicator Medication MedicationDispensingDate"
    " MedicationDoseMeasure MedicationGeneralProductIdentification MedicationGenericProductIdentification"
    " NextCourtEvent PersonBehavioralHealthInformation PersonCareEpisode PersonPersistentIdentification"
    " PrescribedMedication SeriousMentalIllnessIndicator SubstanceAbuseIndicator SystemIdentification"
    " TreatmentActiveIndicator TreatmentCourtOrderedIndicator"
)
_KNOWN: Final = {
    NC: ("nc", frozenset(_NC_NAMES.split())),
    J: ("j", frozenset(_J_NAMES.split())),
}
_KNOWN_ANYWHERE: Final = frozenset(_EXT_NAMES.split())


def nc(name: str) -> str:
    """Return the tag of a NIEM core element that this dialect knows; KeyError for one that it does not."""
    return _known(name, NC)


def j(name: str) -> str:
    """Return the tag of a JXDM element that this dialect knows; KeyError for one that it does not."""
    return _known(name, J)


def ext(name: str) -> str:
    """Return the pattern of an extension element that this dialect knows, in whatever namespace it comes."""
    if name not in _KNOWN_ANYWHERE:
        raise KeyError(name)
    return f"{{*}}{name}"


def _known(name: str, namespace: str) -> str:
    if name not in _KNOWN[namespace][1]:
        raise KeyError(name)
    return f"{{{namespace}}}{name}"


def local(element: Element) -> str:
    """Return the name of `element` without its namespace."""
    return str(element.tag).rpartition("}")[2]


def shown(element: Element) -> str:
    """Return the name of `element` as an error may tell it: `j:Charge`, or `element` for one we do not know.

    A sender chooses tag names; one outside the dialect could hold anything, so it is never repeated.
    """
    namespace, _, name = str(element.tag).rpartition("}")
    prefix, names = _KNOWN.get(namespace[1:], ("", frozenset()))
    if name in names:
        return f"{prefix}:{name}"
    return f"ext:{name}" if name in _KNOWN_ANYWHERE else "element"
