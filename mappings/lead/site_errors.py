"""One clear line for one fault of a LEAD file: the JSON path, the rule, never a value."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mappings.lead.strict_json import joined

_RULES: Final[Mapping[str, str]] = {
    "missing": "is required",
    "extra_forbidden": "is not a key of this format",
    "string_type": "must be a text",
    "bool_type": "must be true or false",
    "date_type": "must be a day, `YYYY-MM-DD`",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "frozen_set_type": "must be a list",
    "too_short": "must hold at least one entry",
    "string_pattern_mismatch": "must have the form `{pattern}`",
    "string_too_long": "must have at most {max_length} characters",
    "enum": "must be one of {expected}",
    "literal_error": "must be one of {expected}",
    "lead_rule": "{rule}",
}
_ELEMENTS: Final[Mapping[str, str]] = {
    "patient_name": "42 CFR 2.31(a)(1)",
    "discloser": "42 CFR 2.31(a)(2)",
    "categories": "42 CFR 2.31(a)(3)",
    "recipient": "42 CFR 2.31(a)(4)(i)",
    "purposes": "42 CFR 2.31(a)(5)",
    "how_to_revoke": "42 CFR 2.31(a)(6)",
    "expires": "42 CFR 2.31(a)(7)",
    "signer": "42 CFR 2.31(a)(8)",
    "signed_at": "42 CFR 2.31(a)(9)",
    "redisclosure_warning": "42 CFR 2.31(a)(10)(i)",
    "refusal_consequences": "42 CFR 2.31(a)(10)(ii)",
    "grants": "42 CFR 2.31(a)(2)-(5)",
}


class LeadFileError(ValueError):
    """The file cannot be taken. `path`: the JSON path; `rule`: what it breaks. No value of the file is in it."""

    def __init__(self, path: str, rule: str) -> None:
        super().__init__(f"`{path}`: {rule}")
        self.path = path
        self.rule = rule


def first_error(error: ValidationError) -> LeadFileError:
    """Return the first fault that pydantic found, in our words."""
    detail = error.errors(include_url=False, include_input=False)[0]
    return LeadFileError(_path(detail), _rule(detail))


def _path(detail: ErrorDetails) -> str:
    path = ""
    for step in detail["loc"]:
        path = joined(path, step)
    return path or "file"


def _rule(detail: ErrorDetails) -> str:
    template = _RULES.get(detail["type"], "must have the form that mappings/README.md shows")
    context: dict[str, Any] = detail.get("ctx", {})
    rule = template.format(**{name: str(value).replace("'", "") for name, value in context.items()})
    return rule + _element(detail)


def _element(detail: ErrorDetails) -> str:
    """Return the citation of an element of a consent that is not there at all (2.31(a))."""
    steps = detail["loc"]
    cite = _ELEMENTS.get(str(steps[-1])) if steps and steps[0] == "rois" and detail["type"] == "missing" else None
    return f", {cite}" if cite else ""
