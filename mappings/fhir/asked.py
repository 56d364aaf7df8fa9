"""A question as its asker reads it again: accepted until its answer is due, then completed with the answer's address.

INVARIANT: the same for all but the reference and the two moments, whoever was asked about and whatever the answer is.
The answer itself, a disclosure or "nothing helpful", is read at its address and decided at that moment.
"""

from datetime import datetime
from typing import Final

from fhir.resources.R4B.task import Task

from mappings.fhir import codes
from mappings.fhir.build import Json, checked, moment

ACCEPTED: Final = "accepted"
COMPLETED: Final = "completed"
ANSWER: Final = "answer"


def asked_task(reference: str, authored: datetime, due: datetime, *, done: bool) -> Json:
    """Render an own question. `reference` is its id, and the id of the Bundle that is its answer once that is due."""
    output = {"type": codes.concept(codes.TASK, ANSWER), "valueReference": {"reference": f"Bundle/{reference}"}}
    return checked(
        Task,
        {
            "resourceType": "Task",
            "id": reference,
            "status": COMPLETED if done else ACCEPTED,
            "intent": "order",
            "code": codes.concept(codes.TASK, "disclosure-request"),
            "authoredOn": moment(authored),
            "lastModified": moment(due if done else authored),
            "restriction": {"period": {"end": moment(due)}},
            **({"output": [output]} if done else {}),
        },
    )
