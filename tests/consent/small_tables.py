"""Small invented sensitivity tables: two code systems, a few words, and a count of what was looked up."""

import json
import re
from collections import Counter
from typing import Any

from consent.content import Reading
from consent.sensitivity import BITS, CodeTable, SensitivityTables, Word

OPIOID, HIV, PSY, SDV = BITS["OPIOIDUD"], BITS["HIV"], BITS["PSY"], BITS["SDV"]
OID, ICD = "urn:oid:2.16.840.1", "http://icd.example/10"
ICD_TABLE = CodeTable({"I10": 0, "B20": HIV}, {"F11": OPIOID, "F3": PSY}, (2, 3))


class Counted(dict[str, Any]):
    """A table that counts how often something was looked up in it."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.asked: Counter[str] = Counter()

    def get(self, key: Any, default: Any = None) -> Any:
        self.asked[key] += 1
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        self.asked[f"{key} in"] += 1
        return super().__contains__(key)


def text_of(content_type: str, data: str) -> str | None:
    """Read plain text and what comes without a type, nothing else."""
    return data if content_type in ("", "text/plain") else None


def tables(**more: Any) -> SensitivityTables:
    fixed: dict[str, Any] = {
        "systems": Counted({ICD: (ICD_TABLE,), OID: (CodeTable({"1": HIV}, {}, ()),)}),
        "unnamed": (CodeTable({"H0020": OPIOID, "1020": HIV}, {}, ()),),
        "words": Counted(
            {
                "her": (Word("heroin", OPIOID, whole=False, pattern=None),),
                "psy": (Word("psych", PSY, whole=True, pattern=None),),
                "saf": (Word("safe", SDV, whole=True, pattern=re.compile("safe house")),),
            }
        ),
        "capitals": {"AIDS": Word("AIDS", HIV, whole=True, pattern=None)},
        "text_of": text_of,
        "written": lambda value: json.dumps(value).encode(),
    }
    return SensitivityTables(**(fixed | more))


def bits(resource: Any, **more: Any) -> int:
    return Reading(tables(**more)).bits_of(resource)
