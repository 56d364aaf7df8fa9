"""The code systems of what LEAD does: doors, standings, teams, deadlines, audits; and the published ones beside them.

As in codes.py: our own urls end in `.invalid` and only name. Published codes were read in FHIR R4 4.0.1, HL7
Terminology, IHE BALP 1.1 (ITI.BasicAudit), HL7 Da Vinci Unsolicited Notifications 1.1.0 and US Core 6.1.0.
"""

from typing import Final

from consent.codes import HEALTH_KINDS, OrganizationKind
from mappings.fhir.codes import BASE

DOOR: Final = f"{BASE}/CodeSystem/referral-door"
EPISODE: Final = f"{BASE}/CodeSystem/episode-type"
CARE_ROLE: Final = f"{BASE}/CodeSystem/care-role"
STAFF_ROLE: Final = f"{BASE}/CodeSystem/staff-role"
ORGANIZATION_KIND: Final = f"{BASE}/CodeSystem/organization-kind"
INTAKE_QUESTION: Final = f"{BASE}/CodeSystem/intake-question"
AUDIT: Final = f"{BASE}/CodeSystem/audit"

EPISODE_NAME: Final = f"{BASE}/NamingSystem/episode"
GOAL_NAME: Final = f"{BASE}/NamingSystem/goal"
TEAM_NAME: Final = f"{BASE}/NamingSystem/care-team"
REFERRAL_NAME: Final = f"{BASE}/NamingSystem/referral"
DEADLINE_NAME: Final = f"{BASE}/NamingSystem/intake-deadline"
INTAKE_NAME: Final = f"{BASE}/NamingSystem/intake"
STAFF_NAME: Final = f"{BASE}/NamingSystem/staff"
ENVELOPE_NAME: Final = f"{BASE}/NamingSystem/envelope"
DECISION_NAME: Final = f"{BASE}/NamingSystem/decision"
QUESTIONNAIRE: Final = f"{BASE}/Questionnaire/"

SNOMED: Final = "http://snomed.info/sct"
DICOM: Final = "http://dicom.nema.org/resources/ontology/DCM"
SOCIAL_SERVICE: Final = "410606002"  # SNOMED CT social service procedure: a US Core ServiceRequest category
SIGNATURE: Final = "urn:iso-astm:E1762-95:2013"
ROLE_CLASS: Final = "http://terminology.hl7.org/CodeSystem/v3-RoleClass"
SECURITY_ROLE: Final = "http://terminology.hl7.org/CodeSystem/extra-security-role-type"
SECURITY_SOURCE: Final = "http://terminology.hl7.org/CodeSystem/security-source-type"
AUDITED_TYPE: Final = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
AUDITED_ROLE: Final = "http://terminology.hl7.org/CodeSystem/object-role"
RESOURCE_TYPES: Final = "http://hl7.org/fhir/resource-types"
ORGANIZATION_TYPE: Final = "http://terminology.hl7.org/CodeSystem/organization-type"
BALP_SUBTYPE: Final = "https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType"
BALP_PROFILE: Final = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
NOTIFICATION: Final = "http://hl7.org/fhir/us/davinci-alerts/CodeSystem/notification-event"

_K = OrganizationKind
ORGANIZATION_TYPES: Final[dict[OrganizationKind, str]] = {
    **dict.fromkeys(HEALTH_KINDS, "prov"),
    _K.HEALTH_PLAN: "ins",
    _K.BUSINESS: "bus",
    **dict.fromkeys((_K.JAIL_CUSTODY, _K.POLICE, _K.PROSECUTOR, _K.COURT, _K.PROBATION), "govt"),
}
"""The published organization type beside our kind, only where it says the same of every organization of that kind."""
