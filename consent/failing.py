"""One thing that a signed form lacks: where it stands, which provision asks for it, what cures it."""

from typing import NamedTuple


class Failing(NamedTuple):
    """One element that a form lacks. `field`: where it stands. `grant`: which grant fails, None: all.

    `element`: an id of the list (C-01, H-02, P2-23 ...). `by_law` False: the house asks for it, no statute does.
    Holds no name and no content: it may be shown, logged and counted.
    """

    element: str
    cite: str
    field: str
    cure: str
    grant: str | None = None
    by_law: bool = True


def of_grant(grant: str, element: str, cite: str, field: str, cure: str, *, by_law: bool = True) -> Failing:
    """Return a failing of one field of one grant."""
    return Failing(element, cite, f"grants[{grant}].{field}", cure, grant, by_law)
