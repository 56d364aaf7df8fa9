"""A piece of a participant's record that came as such: a FHIR resource, a document; no custody, no legal matter."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from consent.codes import Category


@dataclass(frozen=True, slots=True)
class RecordEvent:
    """One resource for the record. `reference` is the sender's own, the same in every version of it.

    `category` is what the sender's word makes of it; labels come on top when it is stored (consent.labels), so a
    sensitive content in a harmless category is still sensitive. `created` is aware. `resource`: FHIR R4 JSON as it
    came, or None where the fact alone is kept. `retracted`: it was a mistake (entered-in-error).
    """

    feed: str
    message_id: str
    reference: str
    category: Category
    created: datetime
    resource: Mapping[str, Any] | None
    retracted: bool = False
