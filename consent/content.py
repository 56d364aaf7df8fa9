"""What a record says: one pass over a FHIR resource as plain JSON, every code and every text of it.

Contained resources, Bundles in Bundles, displays, `CodeableConcept.text`, narrative, notes, extensions and attachments
are all in the same tree, so one walk sees them all. Nothing is skipped by its name but identifiers that are UUIDs.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Final

from consent.sensitivity import OPAQUE, CodeTable, SensitivityTables, Word

_BINARY: Final = ("valueBase64Binary", "defaultValueBase64Binary", "fixedBase64Binary", "patternBase64Binary")
_LOOKED_INTO: Final = frozenset({"code", "data", *_BINARY})
_IDENTIFIERS: Final = frozenset({"id", "reference", "fullUrl"})
_ATTACHMENTS: Final = frozenset(
    {"attachment", "content", "contentAttachment", "document", "image", "photo", "presentedForm"}
    | {"sourceAttachment", "valueAttachment"}
)
_SCALARS: Final = frozenset({int, float, bool, type(None)})
_BLANKED: Final = {at: " " for at in range(128) if not chr(at).isalnum()}
_MOMENTS: Final = frozenset({"--", "--T::"})  # every third character of a FHIR date or instant, from the fifth on
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII)
_UUID: Final = re.compile(r"(?:urn:uuid:|[A-Z][A-Za-z]{2,39}/)?[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_ENTITY: Final = re.compile(r"&#(x[0-9a-fA-F]{1,6}|[0-9]{1,7});?")
_HIDDEN: Final = frozenset({"Cf", "Mn"})
_DEEP: Final = 4  # resources in resources that are read by their parts; deeper ones in one walk, which knows no depth
_SELDOM: Final = frozenset({"encounter", "identifier", "meta", "note", "period", "text"})  # seldom the same
_INLINE: Final = ";base64,"  # content inside an address
_SHORT: Final = 2048  # bytes of a part that is worth remembering
_LAST_CHARACTER: Final = 0x10FFFF


class Reading:
    """Readings of many resources with one memory: what was looked up once is not looked up again.

    INVARIANT: the memory lives as long as this object and no longer; it holds words of the records that were read.
    """

    def __init__(self, tables: SensitivityTables) -> None:
        self._tables = tables
        self._codes: dict[tuple[str, str], int] = {}
        self._clean: set[str] = set()
        self._clean_tokens: set[str] = set()
        self._told: dict[str, int] = {}
        self._parts: dict[bytes | None, int] = {}
        self._depth = 0

    def bits_of(self, resource: Any) -> int:
        """Return all that `resource` says, as the bits of consent.sensitivity."""
        if self._tables.tells_nothing(resource):
            return 0
        texts: list[str] = []
        bits = self._walk(resource, texts)
        return bits | _joined(self._tell(set(texts)).values()) if texts else bits

    def bits_of_each(self, several: Iterable[Any]) -> list[int]:
        """Return what each of `several` resources says. Their texts are read together: most of them tell nothing."""
        found: list[int] = []
        told: dict[int, list[str]] = {}
        nothing = self._tables.tells_nothing
        for at, each in enumerate(several):
            found.append(0 if nothing(each) else self._walk(each, told.setdefault(at, [])))
        tell = self._tell(set().union(*told.values()))
        for at, texts in told.items():
            if not tell.keys().isdisjoint(texts):
                found[at] |= _joined(tell[text] for text in texts if text in tell)
        return found

    def _walk(self, resource: Any, texts: list[str]) -> int:  # noqa: C901, PLR0912  -- a call for each value costs more
        """Return what codes and attachments say; the words are added to `texts`.

        The hot loop: 15,000 objects in a Bundle of 1,000 entries. What was seen before is passed over first.
        """
        bits, clean, parts, written = 0, self._clean, self._parts, self._tables.written
        stack = [resource]
        while stack:
            node = stack.pop()
            if type(node) is not dict:
                stack.extend(_inside(node, texts))
                continue
            in_parts = "resourceType" in node and self._depth < _DEEP
            for key, value in node.items():
                kind = type(value)
                if kind is str:
                    if key in _LOOKED_INTO:
                        bits |= self._looked_into(key, value, node, texts)
                    elif value not in clean and not (
                        (key in _IDENTIFIERS and value[-28:-12:5] == "----" and _UUID.fullmatch(value))
                        or (value[4:19:3] in _MOMENTS and _MOMENT.fullmatch(value))
                    ):
                        texts.append(value)
                elif kind is dict or kind is list:
                    if in_parts and key not in _SELDOM:
                        try:
                            name = written(value)
                        except TypeError:  # read each time, and not remembered
                            name = None
                        found = parts.get(name)
                        bits |= self._part(name, value) if found is None else found
                    elif kind is dict:
                        stack.append(value)
                    else:
                        stack += value
                    if key in _ATTACHMENTS:
                        bits |= _elsewhere(value)
                elif kind not in _SCALARS:
                    stack.append(value)
                elif key == "code" and kind is int:
                    bits |= self._code(node.get("system"), str(value))
        return bits

    def _part(self, name: bytes | None, value: Any) -> int:
        """Read an element of a resource: statuses, categories and codes come again and again, word for word."""
        self._depth += 1
        texts: list[str] = []
        found = self._walk(value, texts)
        found |= _joined(self._tell(set(texts)).values()) if texts else 0
        self._depth -= 1
        if name is not None and len(name) <= _SHORT:
            self._parts[name] = found
        return found

    def _looked_into(self, key: str, value: str, node: dict[str, Any], texts: list[str]) -> int:
        if key == "code":
            system = node.get("system")
            found = self._codes.get((system, value)) if type(system) is str else None
            return self._code(system, value) if found is None else found
        if key == "data" and "dimensions" in node:  # SampledData: numbers
            texts.append(value)
            return 0
        return self._attachment(node.get("contentType"), value) if key == "data" else OPAQUE

    def _code(self, system: Any, code: str) -> int:
        """Look a code up where its system says; where that is nobody's we know, everywhere, and as a text."""
        named = system if type(system) is str else ""
        found = self._codes.get((named, code))
        if found is None:
            tables = self._tables.systems.get(system_name(named))
            found = self._text(code) | find(self._tables.unnamed, code) if tables is None else find(tables, code)
            self._codes[named, code] = found
        return found

    def _attachment(self, content_type: Any, data: str) -> int:
        text = self._tables.text_of(content_type if isinstance(content_type, str) else "", data)
        return OPAQUE if text is None else self._text(text)

    def _tell(self, texts: set[str]) -> dict[str, int]:
        """Return those of `texts` that tell something, and what: they are looked at one by one only where one might."""
        joined = "\n".join(texts)
        tokens = set(_plain(joined).translate(_BLANKED).split()) - self._clean_tokens
        if not tokens and _INLINE not in joined:
            self._clean |= texts
            return {}
        heads, capitals = self._tables.words, self._tables.capitals
        near = [token for token in tokens if token[:3].lower() in heads or token in capitals]
        telling = [token for token in near if self._words(token)]
        self._clean_tokens |= tokens.difference(telling)
        found: dict[str, int] = {}
        if telling or _INLINE in joined:
            near = [text for text in texts if _INLINE in text or any(map(_plain(text).__contains__, telling))]
            found = {text: bits for text in near if (bits := self._text(text))}
        self._clean |= texts - found.keys()
        return found

    def _text(self, text: str) -> int:
        found = self._told.get(text)
        if found is None:
            plain = _plain(text)
            small = plain.lower()
            tokens = set(plain.translate(_BLANKED).split()) - self._clean_tokens
            words = {word for token in tokens for word in self._words(token)}
            found = _joined(w.bits for w in words if w.pattern is None or w.pattern.search(small))
            found |= OPAQUE if _INLINE in text else 0
            self._told[text] = found
        return found

    def _words(self, token: str) -> list[Word]:
        """Return the words of the tables that `token` is, or begins with."""
        small = token.lower()
        near = self._tables.words.get(small[:3], ())
        found = [word for word in near if small == word.text or (not word.whole and small.startswith(word.text))]
        capital = self._tables.capitals.get(token)
        return found if capital is None else [*found, capital]


def _inside(node: Any, texts: list[str]) -> Iterable[Any]:
    """Return what is in a list, or in an object of another make; a text goes to `texts`."""
    if isinstance(node, str):
        texts.append(node)
        return ()
    if isinstance(node, Mapping):
        return (dict(node),)
    return node if isinstance(node, list | tuple) else ()


def system_name(system: str) -> str:
    """Return the name under which a code system stands in the tables: small letters, no version, no last slash."""
    name = system.strip().lower().partition("|")[0].rstrip("/")
    return f"urn:oid:{name}" if name.startswith("2.16.") else name


def find(tables: Iterable[CodeTable], code: str) -> int:
    """Return what `tables` say of `code`, written in any case, with blanks anywhere."""
    written = "".join(code.split()).upper()
    return _joined(table.find(written) for table in tables)


def _joined(several: Iterable[int]) -> int:
    bits = 0
    for each in several:
        bits |= each
    return bits


def _elsewhere(value: Any) -> int:
    """Return OPAQUE where an attachment's content lies somewhere else, so that nobody here can look into it."""
    several = value if isinstance(value, list) else [value]
    return OPAQUE if any(isinstance(each, dict) and "url" in each and "data" not in each for each in several) else 0


def _plain(text: str) -> str:
    """Return `text` as it looks: character references resolved, accents and invisible characters dropped.

    INVARIANT: every sign beyond ASCII that is no letter and no digit (quotation marks, dashes, bullets) parts words.
    """
    if "&#" in text:
        text = _ENTITY.sub(_character, text)
    if text.isascii():
        return text
    shown = (c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c) not in _HIDDEN)
    return "".join(c if c.isascii() or c.isalnum() else " " for c in shown)


def _character(match: re.Match[str]) -> str:
    written = match.group(1)
    number = int(written[1:], 16) if written[0] == "x" else int(written)
    return chr(number) if number <= _LAST_CHARACTER else " "
