"""The statements that travel with a disclosure, by version (42 CFR 2.32(a), as amended 2024).

INVARIANT: the texts are frozen; tests hold their SHA-256. Earlier texts (1987, 2017, 2018, 2020) are obsolete.
"""

import re
from typing import Final

from consent.codes import HEALTH_KINDS, OrganizationKind
from consent.disclosure import Notice

STATEMENT_1: Final = Notice(
    version="2.32-2024-statement-1",
    text=(
        "This record which has been disclosed to you is protected by Federal confidentiality rules (42 CFR part 2). "
        "These rules prohibit you from using or disclosing this record, or testimony that describes the information "
        "contained in this record, in any civil, criminal, administrative, or legislative proceedings by any Federal, "
        "State, or local authority, against the patient, unless authorized by the consent of the patient, except as "
        "provided at 42 CFR 2.12(c)(5) or as authorized by a court in accordance with 42 CFR 2.64 or 2.65. In "
        "addition, the Federal rules prohibit you from making any other use or disclosure of this record unless at "
        "least one of the following applies: (i) Further use or disclosure is expressly permitted by the written "
        "consent of the individual whose information is being disclosed in this record or as otherwise permitted by "
        "42 CFR part 2. (ii) You are a covered entity or business associate and have received the record for "
        "treatment, payment, or health care operations, or (iii) You have received the record from a covered entity "
        "or business associate as permitted by 45 CFR part 164, subparts A and E. A general authorization for the "
        "release of medical or other information is NOT sufficient to meet the required elements of written consent "
        "to further use or redisclose the record (see 42 CFR 2.31)."
    ),
    cites=("42 CFR 2.32(a)(1)",),
)
STATEMENT_2: Final = Notice(
    version="2.32-2024-statement-2",
    text="42 CFR part 2 prohibits unauthorized use or disclosure of these records.",
    cites=("42 CFR 2.32(a)(2)",),
)
NOTICES: Final = {notice.version: notice for notice in (STATEMENT_1, STATEMENT_2)}
_MAY_BE_SHORT: Final = HEALTH_KINDS | {OrganizationKind.HEALTH_PLAN}


def notice_for(kind: OrganizationKind, *, constrained: bool = False) -> Notice:
    """Return the statement for a recipient of this kind.

    Statement 1 for everybody: the short one says nothing to an officer about proceedings (P2-50: judgment). Only a
    health recipient on a `constrained` channel, a label or a text message, may get Statement 2.
    """
    return STATEMENT_2 if constrained and kind in _MAY_BE_SHORT else STATEMENT_1


# Written as patterns, so that no file of ours, this one included, holds an obsolete sentence.
_OBSOLETE: Final = (
    (
        "1987, 2017 and 2018: use against a patient",
        r"restrict\s+any\s+use\s+of\s+(the|this)\s+information\s+to\s+(criminally\s+)?investigate",
    ),
    ("2017 and 2018: short form", r"prohibits\s+unauthori[sz]ed\s+disclosure\s+of\s+these\s+records"),
    (
        "1987 to 2020: redisclosure",
        r"prohibit\s+you\s+from\s+making\s+any\s+further\s+disclosure\s+of\s+(this\s+information|information\s+in\s+this\s+record)",
    ),
)


def obsolete_in(text: str) -> tuple[str, ...]:
    """Return which obsolete statements a text holds, by their age, line breaks and letter case ignored; mostly none.

    The statements of 1987, 2017, 2018 and 2020 do not do what 2.32(a) has asked since 2024: whoever ships one has sent
    no notice (P2-50, part2.md section 4). That the third was in all of them is from memory.
    """
    return tuple(age for age, pattern in _OBSOLETE if re.search(pattern, text, re.IGNORECASE))
