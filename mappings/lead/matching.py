"""Is the person in this message one of our participants? Certain, doubtful or none; never a guess.

A false link tells one person's jail the business of another, so precision comes first: `certain` needs a strong
identifier of the same system (SID, FBI) AND the same birth date, on exactly one candidate, with nothing strong against
it. Everything else that looks like somebody is `doubtful` and waits for a person.
"""

import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files
from typing import Final, Literal

import jellyfish

from mappings.lead.custody import SSN_LAST_4, PersonDescription, PersonName

Result = Literal["certain", "doubtful", "none"]

_MIN_IDENTIFIER: Final = 4  # shorter values are placeholders: `N/A`, `0`, `UNK`


@dataclass(frozen=True, slots=True)
class Candidate:
    """A participant as far as matching looks: id, names, aliases, birth date, (system, value) identifiers."""

    participant: str
    names: tuple[PersonName, ...]
    aliases: tuple[PersonName, ...]
    birth_date: date | None
    identifiers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Weights:
    """The table mappings/tables/matching.toml. `points` by the name of the agreement."""

    strong: frozenset[str]
    doubtful_from: int
    close: float
    points: Mapping[str, int] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Match:
    """What comparing found. `participant` is set if and only if `result` is `certain`.

    `candidates`: ids of those it may be, best first; one where certain, none where none. `because`: fixed words, the
    agreements and disagreements of the best candidate; never a value. `score`: the best candidate's points.
    """

    result: Result
    participant: str | None
    score: int
    because: tuple[str, ...]
    candidates: tuple[str, ...] = ()


def load_weights() -> Weights:
    """Return the table that comes with the package; KeyError or ValueError where it is damaged."""
    table = tomllib.loads(files("mappings.tables").joinpath("matching.toml").read_text(encoding="utf-8"))
    points = {name: int(table["weights"][name]) for name in _NAMES_OF_POINTS}
    return Weights(
        frozenset(table["strong_identifiers"]),
        int(table["doubtful_from"]),
        float(table["close_name_similarity"]),
        points,
    )


def match(person: PersonDescription, candidates: Sequence[Candidate], weights: Weights) -> Match:
    """Return whether `person` is one of `candidates`.

    `certain` only if one candidate, and no other, agrees on a strong identifier, and agrees on the birth date too, and
    differs on no other strong identifier. The order of candidates changes nothing but the order of equals.
    """
    seen = [_compare(person, candidate, weights) for candidate in candidates]
    likely = sorted((each for each in seen if each.likely(weights)), key=_Comparison.rank, reverse=True)
    if not likely:
        best = max(seen, key=lambda each: each.score, default=None)
        return Match("none", None, best.score if best else 0, ())
    best, identified = likely[0], [each for each in likely if each.strong]
    if len(identified) == 1 and best.certain():
        return Match("certain", best.participant, best.score, best.because, (best.participant,))
    because = (*best.because, "several-candidates") if len(likely) > 1 else best.because
    return Match("doubtful", None, best.score, because, tuple(each.participant for each in likely))


def normal_name(text: str | None) -> str:
    """Return `text` without case, accents, spaces and punctuation: `De la  Peña-Ray` -> `delapenaray`; maybe empty."""
    plain = unicodedata.normalize("NFKD", text or "").casefold()
    return "".join(letter for letter in plain if letter.isalnum())


def normal_identifier(value: str) -> str | None:
    """Return letters and digits of `value` in upper case; None for what is no identifier.

    Fewer than four characters, no digit, or one character repeated (`0000000`) is a placeholder, and two placeholders
    must never agree.
    """
    plain = "".join(letter for letter in unicodedata.normalize("NFKC", value).upper() if letter.isalnum())
    real = len(plain) >= _MIN_IDENTIFIER and len(set(plain)) > 1 and any(letter.isdigit() for letter in plain)
    return plain if real else None


@dataclass(frozen=True, slots=True)
class _Comparison:
    participant: str
    because: tuple[str, ...]
    score: int

    @property
    def strong(self) -> bool:
        return _STRONG in self.because

    def certain(self) -> bool:
        # INVARIANT: a strong identifier and the birth date, both; no weight can stand in for either
        return self.strong and "birth_date_same" in self.because and "strong_identifier_different" not in self.because

    def likely(self, weights: Weights) -> bool:
        return self.strong or self.score >= weights.doubtful_from

    def rank(self) -> tuple[bool, bool, int]:
        return self.certain(), self.strong, self.score


_STRONG: Final = "strong_identifier_same"
_NAMES_OF_POINTS: Final = (
    "name_same",
    "name_close",
    "birth_date_same",
    "birth_date_near",
    "birth_date_different",
    "strong_identifier_different",
    "weak_identifier_same",
    "ssn_last_4_same",
    "ssn_last_4_different",
)


def _compare(person: PersonDescription, candidate: Candidate, weights: Weights) -> _Comparison:
    found = (
        *_identifiers(person.identifiers, candidate.identifiers, weights),
        *_birth_dates(person.birth_date, candidate.birth_date),
        *_names((*person.names, *person.aliases), (*candidate.names, *candidate.aliases), weights),
    )
    return _Comparison(candidate.participant, found, sum(weights.points.get(word, 0) for word in found))


def _by_system(identifiers: Sequence[tuple[str, str]]) -> dict[str, set[str]]:
    grouped: dict[str, set[str]] = {}
    for system, value in identifiers:
        plain = normal_identifier(value)
        if plain is not None:
            grouped.setdefault(system, set()).add(plain)
    return grouped


def _identifiers(
    left: Sequence[tuple[str, str]], right: Sequence[tuple[str, str]], weights: Weights
) -> tuple[str, ...]:
    ours, theirs = _by_system(left), _by_system(right)
    found: list[str] = []
    for system in sorted(ours.keys() & theirs.keys()):
        same = bool(ours[system] & theirs[system])
        if system in weights.strong:
            found.append(_STRONG if same else "strong_identifier_different")
        elif system == SSN_LAST_4:
            found.append("ssn_last_4_same" if same else "ssn_last_4_different")
        elif same:
            found.append("weak_identifier_same")
    return tuple(dict.fromkeys(found))


def _birth_dates(left: date | None, right: date | None) -> tuple[str, ...]:
    if left is None or right is None:
        return ("birth_date_unknown",)
    if left == right:
        return ("birth_date_same",)
    return ("birth_date_near",) if _near(left, right) else ("birth_date_different",)


def _near(left: date, right: date) -> bool:
    """Day and month exchanged, two neighbouring digits exchanged, or one digit mistyped."""
    if (left.year, left.month, left.day) == (right.year, right.day, right.month):
        return True
    return jellyfish.damerau_levenshtein_distance(left.isoformat(), right.isoformat()) == 1


def _names(left: Sequence[PersonName], right: Sequence[PersonName], weights: Weights) -> tuple[str, ...]:
    ours, theirs = _plain(left), _plain(right)
    if ours & theirs:
        return ("name_same",)
    close = any(_close(a, b, weights.close) for a in ours for b in theirs)
    return ("name_close",) if close else ()


def _plain(names: Sequence[PersonName]) -> set[tuple[str, str]]:
    """Return the names that have both halves: half a name agrees with too many people."""
    pairs = {(normal_name(name.given), normal_name(name.family)) for name in names}
    return {(given, family) for given, family in pairs if given and family}


def _close(left: tuple[str, str], right: tuple[str, str], threshold: float) -> bool:
    if left == right[::-1]:
        return True
    return all(jellyfish.jaro_winkler_similarity(a, b) >= threshold for a, b in zip(left, right, strict=True))
