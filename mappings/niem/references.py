"""`structures:id` and `structures:ref` resolved, `xsi:nil` understood, repeated content found wherever it stands.

NIEM 3.0 lets a sender nest an element or put it elsewhere and point to it; a reader that assumes nesting loses data.
"""

from collections.abc import Iterator
from typing import Final, cast

from lxml import etree
from lxml.etree import _Element as Element

from mappings.niem import names
from mappings.niem.xml import FeedError, line_of

_LINKED: Final = etree.XPath("descendant-or-self::*[@s:id or @s:ref]", namespaces={"s": names.S})


class References:
    """One document with its links. All links are checked when it is made, so that reading cannot stumble later.

    Raises `FeedError` for an id given twice, a reference to nothing, or references that lead in a circle.
    """

    def __init__(self, root: Element) -> None:
        self.root = root
        linked = cast("list[Element]", _LINKED(root))
        self._targets = _targets(linked)
        for element in linked:
            self._resolve(element)

    def follow(self, element: Element) -> Element | None:
        """Return what `element` stands for: itself, or the end of its chain of references; None where that is nil."""
        found = self._resolve(element)
        return None if found.get(names.NIL, "").strip() in {"true", "1"} else found

    def children(self, element: Element, tag: str) -> Iterator[Element]:
        """Yield the children of that tag, references followed, nil ones left out, in document order."""
        for child in element.iterchildren(tag):
            found = self.follow(child)
            if found is not None:
                yield found

    def first(self, element: Element, *path: str) -> Element | None:
        """Return the first element down `path`, trying every branch; None where there is none."""
        if not path:
            return element
        for child in self.children(element, path[0]):
            found = self.first(child, *path[1:])
            if found is not None:
                return found
        return None

    def text(self, element: Element, *path: str) -> str | None:
        """Return the first text down `path`, spaces collapsed; None where it is absent, nil or blank."""
        if not path:
            return " ".join("".join(map(str, element.itertext())).split()) or None
        return next(filter(None, (self.text(child, *path[1:]) for child in self.children(element, path[0]))), None)

    def everywhere(self, tag: str) -> Iterator[Element]:
        """Yield every element of that tag that holds content itself: no reference, not nil."""
        for element in self.root.iter(tag):
            if element.get(names.REF) is None and self.follow(element) is not None:
                yield element

    def _resolve(self, element: Element) -> Element:
        seen = {element}
        while (ref := element.get(names.REF)) is not None:
            target = self._targets.get(ref.strip())
            if target is None:
                raise FeedError(names.shown(element), "refers to a structures:id that is not there", line_of(element))
            if target in seen:
                raise FeedError(names.shown(element), "refers to itself in a circle", line_of(element))
            seen.add(target)
            element = target
        return element


def _targets(linked: list[Element]) -> dict[str, Element]:
    targets: dict[str, Element] = {}
    for element in linked:
        identifier = element.get(names.ID)
        if identifier is None:
            continue
        if identifier.strip() in targets:
            raise FeedError(names.shown(element), "repeats a structures:id", line_of(element))
        targets[identifier.strip()] = element
    return targets
