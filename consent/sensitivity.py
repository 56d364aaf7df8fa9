"""Sensitivities and confidentiality: the words of a label, their order, and the tables that codes are looked up in.

Codes of HL7 Terminology v3-ActCode (sensitivity) and v3-Confidentiality. The tables themselves are data
(mappings/tables/sensitivity_*.toml) and are passed in, so that the law stays pure.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final


class Sensitivity(StrEnum):
    """What kind of sensitive information something is. ETH and SUD mean the same and are siblings: both are listed."""

    SUD = "SUD"
    ETHUD = "ETHUD"
    OPIOIDUD = "OPIOIDUD"
    ETH = "ETH"
    PSY = "PSY"
    HIV = "HIV"
    SDV = "SDV"


class Confidentiality(StrEnum):
    """How confidential something is, weakest first: normal, restricted, very restricted."""

    N = "N"
    R = "R"
    V = "V"


_S = Sensitivity
PARENTS: Final[dict[Sensitivity, Sensitivity]] = {_S.ETHUD: _S.SUD, _S.OPIOIDUD: _S.SUD}
SUBSTANCE_USE: Final = frozenset({_S.SUD, _S.ETHUD, _S.OPIOIDUD, _S.ETH})

# One bit for each thing that a code, a word or an attachment can say, so that a pass over a record is one `|` each.
BITS: Final[dict[str, int]] = {name: 1 << at for at, name in enumerate([*Sensitivity, "restricted", "very-restricted"])}
OPAQUE: Final = 1 << len(BITS)
"""Something is in it that nobody can look into."""
FROM_PROGRAM: Final = OPAQUE << 1
"""Substance use information only where a program says it: tobacco."""


def high_water(marks: Iterable[Confidentiality]) -> Confidentiality:
    """Return the highest of `marks`, N for none."""
    return max(marks, key=list(Confidentiality).index, default=Confidentiality.N)


def with_parents(found: Iterable[Sensitivity]) -> frozenset[Sensitivity]:
    """Return `found` with what each of them is a kind of; of ETH and SUD, either brings the other."""
    every = set(found)
    every |= {PARENTS[each] for each in every if each in PARENTS}
    return frozenset(every | {_S.SUD, _S.ETH} if every & {_S.SUD, _S.ETH} else every)


def caught_by(asked: str) -> frozenset[str]:
    """Return the sensitivity codes that `asked` catches: itself and its descendants; SUD catches ETHUD and OPIOIDUD."""
    return frozenset({asked} | {child.value for child, parent in PARENTS.items() if parent == asked})


@lru_cache(maxsize=1024)
def sensitivities_in(mask: int) -> frozenset[Sensitivity]:
    """Return the sensitivities whose bits are set in `mask`, with parents."""
    return with_parents(each for each in Sensitivity if mask & BITS[each])


@dataclass(frozen=True, slots=True)
class CodeTable:
    """The sensitive codes of one code system: `exact` ones, and `prefixes` that stand for all their descendants.

    Codes are in capitals, without blanks; `lengths` are those of the prefixes.
    """

    exact: Mapping[str, int] = field(hash=False)
    prefixes: Mapping[str, int] = field(hash=False)
    lengths: tuple[int, ...]

    def find(self, code: str) -> int:
        """Return the bits of `code`, 0 for one that is not here."""
        found = self.exact.get(code, 0)
        for length in self.lengths:
            found |= self.prefixes.get(code[:length], 0)
        return found


@dataclass(frozen=True, slots=True)
class Word:
    """A word that tells. `whole`: it stands for itself, else for all that begins with it. `pattern`: only there."""

    text: str
    bits: int
    whole: bool
    pattern: re.Pattern[str] | None


def _nothing_is_written(_value: Any) -> bytes | None:
    return None


def _everything_may_tell(_value: Any) -> bool:
    return False


def _nothing_is_readable(_content_type: str, _data: str) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class SensitivityTables:
    """All that labelling looks up.

    `systems`: names of code systems, in small letters, to their tables; `unnamed`: where a code without a known system
    is looked up. `words` by their first three letters in small letters, `capitals` by themselves.
    `text_of`: the text of an attachment (content type, base64), None where it cannot be read; by default nothing can.
    `written`: bytes that are equal only for equal JSON, so that it is read once; None where there are none.
    `tells_nothing`: asked of a whole resource before it is read. INVARIANT: True only where reading would find nothing.
    """

    systems: Mapping[str, tuple[CodeTable, ...]] = field(hash=False)
    unnamed: tuple[CodeTable, ...] = field(hash=False)
    words: Mapping[str, tuple[Word, ...]] = field(hash=False)
    capitals: Mapping[str, Word] = field(hash=False)
    text_of: Callable[[str, str], str | None] = field(default=_nothing_is_readable, hash=False)
    written: Callable[[Any], bytes | None] = field(default=_nothing_is_written, hash=False)
    tells_nothing: Callable[[Any], bool] = field(default=_everything_may_tell, hash=False)
