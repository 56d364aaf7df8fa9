"""What our own functions refuse, as sentences for a form: which field, and the rule that it breaks."""

import re
from collections.abc import Mapping
from typing import Final

_NAMED: Final = re.compile(r"`-*([A-Za-z][\w-]*)`(?:, `[^`]*`)*: (.+)", re.DOTALL)
_OPTION: Final = re.compile(r"`-*([^`]*)`")


def refusal(error: Exception, fields: Mapping[str, tuple[str, str]], otherwise: str) -> dict[str, str]:
    """Give an error of the house ("`--why`: must not be blank") as `{field: sentence}` for the form's summary.

    `fields`: the name in the error, in lower case -> the form's field and its label. `otherwise`: the field for an
    error that names another one. The sentence names the label where there is one, and always the rule.
    """
    found = _NAMED.fullmatch(str(error))
    if found is None:
        return {otherwise: _sentence(str(error))}
    field, label = fields.get(found[1].lower(), (otherwise, ""))
    return {field: _sentence(f"{label}: {found[2]}" if label else found[2])}


def _sentence(text: str) -> str:
    plain = _OPTION.sub(r"\1", text).strip()
    return f"{plain[:1].upper()}{plain[1:]}."
