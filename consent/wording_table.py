"""The shape of the words for participants: every text that `consent.explain.for_participant` can say, in one language.

Each text is a whole sentence or the end of one, so that a test can measure the reading level of all there are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from consent.codes import Category, OrganizationKind, Purpose


@dataclass(frozen=True, slots=True)
class PlainWords:
    """All that can be said to a participant in one language.

    `asked`, `called`, `purpose`, `told` hold one `{}` each: who asked, the asker's name, what for, what was told.
    `bases` and `stops` go by the part of a basis before its colon: why something was told, how to stop it.
    `reasons`: by rule, why something was not told.
    """

    language: str
    asked: str
    somebody: str
    called: str
    purpose: str
    told: str
    nothing: str
    kept_back: str
    nothing_to_stop: str
    kinds: Mapping[OrganizationKind, str] = field(hash=False)
    purposes: Mapping[Purpose, str] = field(hash=False)
    categories: Mapping[Category, str] = field(hash=False)
    bases: Mapping[str, str] = field(hash=False)
    stops: Mapping[str, str] = field(hash=False)
    reasons: Mapping[str, str] = field(hash=False)
