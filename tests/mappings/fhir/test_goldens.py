"""Whole records stay as they are, and independent programs agree that they are R4 and, where claimed, US Core."""

import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.mappings.fhir.goldens import GOLDEN, path_of, written
from tests.mappings.fhir.schema import ROOT, needs_node, needs_schema, problems

US_CORE = ROOT.parent / "shared/igs/us_core_6.1.0.tgz"


def _node(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["node", str(ROOT / "tests/node" / script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=120)


@pytest.fixture(scope="module")
def us_core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not US_CORE.is_file():
        pytest.skip("the US Core package is not here")
    folder = tmp_path_factory.mktemp("us-core")
    with tarfile.open(US_CORE) as package:
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
    assert {p.stem for p in path_of("x").parent.glob("*.json")} == set(GOLDEN)


@needs_schema
def test_the_schema_is_no_yes_man() -> None:
    wrong = json.loads(path_of("patient").read_text()) | {"gender": "zzz", "birthDate": "1980-13-45", "nickname": "x"}
    assert len(problems(wrong)) == 3


@needs_schema
def test_the_schema_looks_inside_a_bundle() -> None:
    wrong = json.loads(path_of("bundle").read_text())
    wrong["entry"][1]["resource"]["status"] = "zzz"
    assert problems(wrong)


@needs_schema
@pytest.mark.parametrize("name", GOLDEN)
def test_the_schema_accepts_a_record(name: str) -> None:
    assert problems(GOLDEN[name]()) == []


@needs_node
def test_two_node_validators_refuse_what_is_wrong(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps({"resourceType": "Patient", "gender": "zzz"}))
    unknown = tmp_path / "unknown.json"
    unknown.write_text(json.dumps({"resourceType": "Patient", "nickname": "x"}))
    assert _node("bindings.cjs", str(wrong)).returncode == 1
    assert _node("profiles.cjs", str(unknown)).returncode == 1


@needs_node
def test_two_node_validators_accept_every_record() -> None:
    files = [str(path_of(name)) for name in GOLDEN]
    for script in ("bindings.cjs", "profiles.cjs"):
        found = _node(script, *files)
        assert found.returncode == 0, found.stdout + found.stderr


@needs_node
def test_what_claims_us_core_is_us_core(us_core: Path) -> None:
    found = _node("profiles.cjs", "--package", str(us_core), str(path_of("patient")), str(path_of("careplan")))
    assert found.returncode == 0, found.stdout + found.stderr
    assert found.stdout.count("us-core") == 2


@needs_node
def test_a_false_claim_of_us_core_is_refused(us_core: Path, tmp_path: Path) -> None:
    nameless = json.loads(path_of("patient").read_text())
    del nameless["name"]
    file = tmp_path / "nameless.json"
    file.write_text(json.dumps(nameless))
    found = _node("profiles.cjs", "--package", str(us_core), str(file))
    assert found.returncode == 1
    assert f"{file}: R4: ok" in found.stdout
    assert "us-core-patient: Patient.name" in found.stdout
