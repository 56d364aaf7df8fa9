"""Whole records, as they are written. `python -m tests.mappings.fhir.goldens` writes the files anew: read the diff."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from consent.codes import Category, Purpose, RevocationMode
from consent.model import Person, Revocation
from consent.request import EmergencyDeclaration
from mappings.fhir import bundle, careplan, patient, task
from mappings.fhir.consent import to_fhir
from mappings.fhir.transaction import disclosure_transaction
from tests.mappings.fhir import factory as make

FOLDER = Path(__file__).parent / "golden"


def _consent(viewer: str | None = None) -> dict[str, Any]:
    both = make.consent(
        make.grant(recipient=frozenset({"org:da", "org:pd"}), redisclose_to=("org:pd",)),
        make.grant(
            "g2",
            discloser=frozenset({"org:otp", "org:wren"}),
            recipient=frozenset({"org:housing", "class:treating-providers"}),
            purposes=frozenset({Purpose.CARE_COORDINATION, Purpose.TREATMENT}),
            categories=frozenset({Category.HOUSING, Category.MOUD}),
            role=None,
            record_from=date(2026, 1, 1),
        ),
        revocations=(Revocation(make.AT, frozenset({"g2"}), RevocationMode.ORAL),),
    )
    if viewer is None:
        return to_fhir(both, make.ORGANIZATIONS, at=make.AT, holds=())
    shown = to_fhir(both, make.ORGANIZATIONS, at=make.AT, holds=(), viewer=viewer)
    assert shown is not None
    return shown


def _bundle() -> dict[str, Any]:
    ray = patient.to_fhir(make.PARTICIPANT, make.RAY, systems=frozenset({"sid"}))
    return bundle.disclosure_bundle(
        make.disclosure(
            make.item("i1", Category.PROGRESS, make.OBSERVATION, part2=True),
            make.item("i2", Category.PROGRESS, make.OTHER_OBSERVATION),
            make.item("i3", Category.PARTICIPATION),
            make.item("i4", Category.IDENTITY, ray),
        ),
        organizations=make.ORGANIZATIONS,
        base_url="https://lead.cedar.example",
        at=make.AT,
    )


def question() -> task.Question:
    return task.Question(
        purpose=Purpose.EMERGENCY,
        person=Person("Dr. Ivy Rowan", "physician"),
        about=task.About(("Ray", "Larch"), "Alder", date(1986, 3, 2), (("sid", "WA00000001"),)),
        attested=True,
        emergency=EmergencyDeclaration("overdose", "Dr. Ivy Rowan", "Rowan Hospital", "Wren"),
    )


GOLDEN: dict[str, Callable[[], dict[str, Any]]] = {
    "consent": _consent,
    "consent-for-prosecutor": lambda: _consent("org:da"),
    "patient": lambda: patient.to_fhir(make.PARTICIPANT, make.RAY, systems=frozenset({"sid"})),
    "careplan": lambda: careplan.to_fhir(make.plan()),
    "bundle": _bundle,
    "transaction": lambda: disclosure_transaction(
        make.disclosure(
            make.item("i1", Category.PROGRESS, make.OBSERVATION, part2=True), make.item("i3", Category.MOUD)
        ),
        organizations=make.ORGANIZATIONS,
        base_url="https://lead.cedar.example",
        at=make.AT,
    ),
    "neutral-answer": lambda: bundle.neutral_answer(make.neutral()),
    "question": lambda: task.question_task(question()),
    "acknowledgement": lambda: task.acknowledgement("0c9a7f0e-1111-4000-8000-000000000001", make.SIGNED, make.AT),
}


def written(resource: dict[str, Any]) -> str:
    return json.dumps(resource, indent=2, ensure_ascii=False) + "\n"


def path_of(name: str) -> Path:
    return FOLDER / f"{name}.json"


if __name__ == "__main__":
    for each, build in GOLDEN.items():
        path_of(each).write_text(written(build()), encoding="utf-8")
