"""Our extensions: what the house keeps and R4 has no element for. Every url is `EXTENSION` + a name of this module.

On a Consent:

- `how-to-revoke`, `refusal-consequences`, `redisclosure-warning`, `tpo-statement` (string): its texts, 42 CFR 2.31
- `intermediary` (string): the intermediary that the form names, 2.31(a)(4)(ii)
- `proceeding-cause` (string), `counsel-present` (boolean): a proceedings consent, 2.31(d)
- `criminal-justice` (parts named: boolean; condition-document, cause, revocable-from, monitoring-official: string): a
  2.35 consent
- `integrity` (code ok | suspect | unreadable): can the form be relied on, 2.31(c)
- `revocation` (parts at: dateTime, mode: code, all: boolean | grant: string, repeated): an end, whole or by grant
- `events-known` (boolean) and `event` (parts name: string, at: dateTime): what a grant's expiry may hang on

On an Organization: `part2-status` and `hipaa-status` (code), `agreement-expires` (date), `recipient-class` (string),
repeated. On any resource that is disclosed by itself: `part2-notice` (carried_notice.py).

On Consent.performer: `capacity` (code), `authority` (string), 2.31(a)(8). On Consent.source: `form-version` and
`form-language` (string).

On a nested provision: `grant` (string), its id; `expires` (string or dateTime), as the form has it; `redisclose-to`
(string), repeated, in order; and as modifiers, since whoever passes over them would read a wider permit: `discloser`
(Reference), repeated: who may tell; `recipient-role` (string): whom at the recipient; `category` (code), repeated:
what, where a profile (IHE PCF) has no place for it (consent_profiles.py).

An empty text, which FHIR cannot write, is in place of its value the one part `blank` (boolean true).
"""

from typing import Any, Final

from mappings.fhir.build import Json, UnreadableResourceError, read_list, read_object, read_text
from mappings.fhir.codes import EXTENSION

_BLANK: Final = [{"url": "blank", "valueBoolean": True}]


def text(name: str, value: str, *, kind: str = "String", part: bool = False) -> Json:
    """Write an extension (or a part of one) with a text value, an empty one included."""
    url = name if part else EXTENSION + name
    return {"url": url, f"value{kind}": value} if value else {"url": url, "extension": _BLANK}


def value(name: str, kind: str, content: Any, *, part: bool = False) -> Json:
    """Write an extension (or a part of one) with a value of FHIR type `kind`: `Boolean`, `DateTime`, `Reference`..."""
    return {"url": name if part else EXTENSION + name, f"value{kind}": content}


def whole(name: str, parts: list[Json]) -> Json:
    """Write an extension made of parts."""
    return {"url": EXTENSION + name, "extension": parts}


def optional(name: str, said: str | None, *, part: bool = False) -> list[Json]:
    """Write a text extension where there is a text."""
    return [] if said is None else [text(name, said, part=part)]


class Extensions:
    """The extensions of one element, read strictly: each is taken once, and at the end none may be left."""

    def __init__(self, element: Json, field: str, *, key: str = "extension", base: str = EXTENSION) -> None:
        self.field = f"{field}.{key}"
        self._base = base
        self._left = [read_object(one, self.field) for one in read_list(element.get(key), self.field)]

    def all(self, name: str) -> list[Json]:
        """Take every extension of that name, in order."""
        taken = [one for one in self._left if one.get("url") == self._base + name]
        self._left = [one for one in self._left if one.get("url") != self._base + name]
        return taken

    def one(self, name: str) -> Json | None:
        """Take the extension of that name, at most one."""
        taken = self.all(name)
        if len(taken) > 1:
            raise UnreadableResourceError(f"{self.field}[{name}]", "must not be repeated")
        return taken[0] if taken else None

    def value(self, name: str, kind: str) -> Any:
        """Take the value of that FHIR type; None where the extension is absent."""
        found = self.one(name)
        if found is not None and found.keys() != {"url", f"value{kind}"}:
            raise UnreadableResourceError(f"{self.field}[{name}]", f"must have exactly `value{kind}`")
        return None if found is None else found[f"value{kind}"]

    def text(self, name: str, *, kind: str = "String") -> str | None:
        """Take a text, an empty one included; None where the extension is absent."""
        found = self.one(name)
        return None if found is None else read_extension_text(found, f"{self.field}[{name}]", kind=kind)

    def required(self, name: str, *, kind: str = "String") -> str:
        """Take a text that must be there."""
        found = self.text(name, kind=kind)
        if found is None:
            raise UnreadableResourceError(f"{self.field}[{name}]", "is missing")
        return found

    def boolean(self, name: str) -> bool | None:
        """Take a boolean; None where the extension is absent."""
        found = self.value(name, "Boolean")
        if found is not None and not isinstance(found, bool):
            raise UnreadableResourceError(f"{self.field}[{name}]", "must be true or false")
        return found

    def done(self) -> None:
        """Refuse what is left: an extension that is not read here."""
        if self._left:
            raise UnreadableResourceError(self.field, "holds an extension that is not read here")


def read_extension_text(found: Json, field: str, *, kind: str = "String") -> str:
    """Read the text value of one extension, an empty one included."""
    if found.keys() == {"url", "extension"} and found["extension"] == _BLANK:
        return ""
    if found.keys() != {"url", f"value{kind}"}:
        raise UnreadableResourceError(field, f"must have exactly `value{kind}`")
    return read_text(found[f"value{kind}"], field)


def parts_of(found: Json, field: str) -> Extensions:
    """Open an extension that is made of parts."""
    return Extensions(found, field, base="")
