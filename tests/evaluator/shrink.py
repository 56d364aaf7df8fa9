"""The smallest case that still shows a disagreement: greedy, generic over the JSON, and blind to what it means."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]
Path = tuple[str | int, ...]


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """The path of everything inside lists and objects, outermost first."""
    inside: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inside = list(value.items())
    if isinstance(value, list):
        inside = list(reversed(list(enumerate(value))))
    for key, _ in inside:
        yield (*path, key)
    for key, one in inside:
        yield from places(one, (*path, key))


def without(case: Json, path: Path) -> Json:
    """A copy of the case in which this place is gone."""
    made = copy.deepcopy(case)
    holder: Any = made
    for key in path[:-1]:
        holder = holder[key]
    del holder[path[-1]]
    return made


def shrink(case: Json, fails: Callable[[Json], bool]) -> Json:
    """Drop whatever can be dropped while `fails` holds; it must be false for a case that is no longer a valid one."""
    assert fails(case)
    going = True
    while going:
        going = False
        for path in places(case):
            smaller = without(case, path)
            if fails(smaller):
                case, going = smaller, True
                break
    return case
