"""A failing as one line, for tables that a lawyer can read beside the law."""

from collections.abc import Iterable

from consent.failing import Failing

_ASKED_BY = {True: "", False: " [house]"}


def line(each: Failing) -> str:
    """Return `ELEMENT, CITE, FIELD: CURE`, marked where only the house asks for it."""
    if each.grant is not None:
        assert each.field.startswith(f"grants[{each.grant}].")
    else:
        assert "[" not in each.field
    return f"{each.element}, {each.cite}, {each.field}: {each.cure}{_ASKED_BY[each.by_law]}"


def lines(several: Iterable[Failing]) -> list[str]:
    """Return one line for each."""
    return [line(each) for each in several]
