"""About whom a resource of the record is: the one way to say it that survives redaction and renaming.

Redaction keeps `reference` and `type` of a reference to the participant and drops identifiers (tables/redaction.toml);
a Bundle gives the reference a new name (references.py). Readers believe the identifier.
"""

from mappings.fhir import codes
from mappings.fhir.build import Json, logical_id, named


def about(participant: str) -> Json:
    """Write the reference to a participant: by the id that patient.py gives the Patient, and by identifier."""
    identified = named("Patient", codes.PARTICIPANT, participant)
    return {"reference": f"Patient/{logical_id('Patient', participant)}", **identified}
