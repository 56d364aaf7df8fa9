"""Where a participant stands with LEAD. Nobody fails out: discharged is an end that a new episode may follow."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Standing(StrEnum):
    """LEAD's four standings. Referred until both intake and release of information are done."""

    REFERRED = "referred"
    ENROLLED_ACTIVE = "enrolled-active"
    ENROLLED_INACTIVE = "enrolled-inactive"
    DISCHARGED = "discharged"


@dataclass(frozen=True, slots=True)
class Episode:
    """One stretch of a participant with LEAD. `until` is known if and only if the standing is discharged.

    `organization`: the id of the case-management organization. Both moments are aware.
    """

    id: str
    participant: str
    standing: Standing
    organization: str
    since: datetime
    until: datetime | None = None
