"""What a recipient is sent when a permission is over: one text, the same whatever the reason (P2-71(5)).

A Bundle of type `collection` with an OperationOutcome, in the form of the neutral answer. INVARIANT: nothing in it
depends on why the permission ended, on whom it was about, or on when; it names no law, because not every record that
went out falls under 42 CFR part 2, and whatever statement went with one (2.32) goes on to bind.
"""

from typing import Final

from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.operationoutcome import OperationOutcome

from consent.disclosure import EndOfPermission
from mappings.fhir import codes
from mappings.fhir.build import Json, checked, identifier, stable_uuid
from mappings.fhir.cleared_labels import on_envelope

END_OF_PERMISSION: Final = (
    "No further information will be sent under the permission on which the earlier message with this identifier "
    "rested. No reason is given for this. Any statement that came with that message still binds whoever holds it."
)


def end_of_permission(message: EndOfPermission) -> Json:
    """Render the notice; the same bytes retry after retry. The identifier is that of the earlier message."""
    issue = {
        "severity": "information",
        "code": "informational",
        "details": {"coding": [codes.coding(codes.DOCUMENT, "end-of-permission")], "text": END_OF_PERMISSION},
    }
    outcome = checked(OperationOutcome, {"resourceType": "OperationOutcome", "issue": [issue]})
    return checked(
        Bundle,
        {
            "resourceType": "Bundle",
            "meta": {"security": on_envelope()},
            "identifier": identifier(codes.QUESTION, message.reference),
            "type": "collection",
            "entry": [{"fullUrl": f"urn:uuid:{stable_uuid('end-of-permission')}", "resource": outcome}],
        },
    )
