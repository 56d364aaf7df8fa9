"""Allow-lists opened up for walking: dotted element paths as a tree, made once for each list.

Nothing of a record is in here, so that what was opened up may be kept.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from consent.resource_shapes import ENTRY_NEEDS, NEVER, REPEATED, REPEATED_AT

_REFERENCE: Final = "reference"

Tree = dict[str, "Tree"]


class Element:
    """What may pass of one element: itself where it is a primitive (`leaf`), else what is `below` it, by name.

    `texts`: the names below that are primitives and pass as they are; a reference is not among them, since it passes
    only where it is known. `repeats`: R4 has a list of this primitive. `needs`: an entry without this element is
    nothing.
    """

    __slots__ = ("below", "leaf", "needs", "path", "refers", "repeats", "texts")

    def __init__(self, path: str, tree: Tree) -> None:
        self.path: Final = path
        self.leaf: Final = not tree
        self.below: Final[Mapping[str, Element]] = {
            name: Element(f"{path}.{name}", tree[name]) for name in tree if name not in NEVER
        }
        self.texts: Final = frozenset(name for name, each in self.below.items() if each.leaf and not each.refers)
        self.refers: Final[bool] = self.leaf and path.endswith(f".{_REFERENCE}")
        self.repeats: Final = path in REPEATED_AT or path.rpartition(".")[2] in REPEATED
        self.needs: Final = ENTRY_NEEDS.get(path)


@lru_cache(maxsize=4096)
def types_of(fields: frozenset[str]) -> Mapping[str, Element]:
    """Return what may pass of each resource type that `fields` (`Goal.description.coding.code`) speaks of."""
    root: Tree = {}
    for path in fields:
        node = root
        for name in path.split("."):
            node = node.setdefault(name, {})
    return {kind: Element(kind, tree) for kind, tree in root.items() if tree}
