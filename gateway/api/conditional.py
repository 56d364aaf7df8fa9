"""Conditional create: something that a client may send again without it being taken twice (R4 3.1.0.8.1).

`If-None-Exist: identifier=SYSTEM|VALUE`, an identifier of the client's own. It is kept nowhere: what is made under it
has an id that follows from it, for this organization alone, so that it can tell nothing of anybody else's.
"""

import re
from typing import Any, Final

from gateway.api import fixed_search
from gateway.api.reading import RefusedError

_FORM: Final = re.compile(r"\??identifier=([^&=\s]{1,200}\|[^&=\s]{1,200})")


def once_of(said: Any) -> str | None:
    """Read the identifier under which something is to be taken once; None where nothing is said. Raises 400."""
    if said is None:
        return None
    found = _FORM.fullmatch(said) if isinstance(said, str) else None
    if found is None:
        raise RefusedError(fixed_search.NOT_A_CONDITION)
    return found[1]
