"""What LEAD does stays as it is written, and independent programs agree that it is R4 and, where claimed, US Core."""

import json
import tarfile
from pathlib import Path

import pytest

from tests.mappings.fhir.goldens import written
from tests.mappings.fhir.lead_goldens import FOLDER, GOLDEN, US_CORE, path_of
from tests.mappings.fhir.schema import needs_node, needs_schema, problems
from tests.mappings.fhir.test_goldens import US_CORE as PACKAGE
from tests.mappings.fhir.test_goldens import _node


@pytest.fixture(scope="module")
def profiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not PACKAGE.is_file():
        pytest.skip("the US Core package is not here")
    folder = tmp_path_factory.mktemp("profiles")
    with tarfile.open(PACKAGE) as package:
        for member in package.getmembers():
            name = member.name.removeprefix("package/")
            content = package.extractfile(member)
            if content is not None and name.startswith("StructureDefinition-") and "/" not in name:
                (folder / name).write_bytes(content.read())
    return folder


@pytest.mark.parametrize("name", GOLDEN)
def test_a_record_is_written_as_it_always_was(name: str) -> None:
    assert written(GOLDEN[name]()) == path_of(name).read_text(encoding="utf-8")


def test_every_golden_file_is_of_a_record() -> None:
    assert {p.stem for p in FOLDER.glob("*.json")} == set(GOLDEN)


@needs_schema
@pytest.mark.parametrize("name", GOLDEN)
def test_the_schema_accepts_a_record(name: str) -> None:
    assert problems(GOLDEN[name]()) == []


@needs_node
def test_two_node_validators_accept_every_record() -> None:
    files = [str(path_of(name)) for name in GOLDEN]
    for script in ("bindings.cjs", "profiles.cjs"):
        found = _node(script, *files)
        assert found.returncode == 0, found.stdout + found.stderr


def test_the_list_of_claims_is_whole() -> None:
    claiming = {name for name in GOLDEN if "us/core/StructureDefinition" in json.dumps(GOLDEN[name]().get("meta", {}))}
    assert claiming == US_CORE


@needs_node
def test_what_claims_us_core_is_us_core(profiles: Path) -> None:
    found = _node("profiles.cjs", "--package", str(profiles), *(str(path_of(name)) for name in sorted(US_CORE)))
    assert found.returncode == 0, found.stdout + found.stderr
    assert found.stdout.count("/us-core-") == len(US_CORE)


@needs_node
def test_a_false_claim_is_refused(profiles: Path, tmp_path: Path) -> None:
    broken = {"careteam": "participant", "practitioner": "name", "organization": "name", "referral": "code"}
    files = []
    for name, element in broken.items():
        resource = json.loads(path_of(name).read_text(encoding="utf-8"))
        del resource[element]
        files.append(tmp_path / f"{name}.json")
        files[-1].write_text(json.dumps(resource))
    found = _node("profiles.cjs", "--package", str(profiles), *map(str, files))
    assert found.returncode == 1
    assert [file.stem for file in files if f"{file}: http" not in found.stdout] == []
