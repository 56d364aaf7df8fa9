"""A conference packet as pages: the notice on each, each participant by what was released about them."""

import io

from pypdf import PdfReader

from consent.codes import Category
from consent.notices import STATEMENT_1
from mappings.pdf.packet import packet_pdf
from tests.mappings.fhir import factory as make
from tests.mappings.fhir.test_packet import RAY, TESTINA, one
from tests.mappings.pdf.test_disclosed import MANY


def text(*disclosures: object) -> list[str]:
    made = packet_pdf(disclosures, organizations=make.ORGANIZATIONS, at=make.AT)  # type: ignore[arg-type]  # as given
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(made)).pages]


def test_every_page_carries_the_statement() -> None:
    found = text(make.disclosure(*MANY, notice=STATEMENT_1, scope="Until 2027-10-01."), TESTINA)
    assert len(found) > 3
    assert all(" ".join(STATEMENT_1.text.split())[:80] in page for page in found)


def test_each_scope_stands_with_its_participant() -> None:
    found = " ".join(text(RAY, TESTINA))
    assert found.index("Until 2027-10-01.") < found.index("Until 2026-12-31.")
    assert "Participant 1" in found
    assert "Participant 2" in found


def test_a_name_only_where_it_was_released() -> None:
    named = {"resourceType": "Patient", "name": [{"given": ["Testina"], "family": "Fir"}]}
    identity = make.item("i9", Category.IDENTITY, named, participant="p-testina")
    known = make.disclosure(identity, entry="entry-2", participant="p-testina")
    found = " ".join(text(RAY, known))
    assert "Testina Fir" in found
    assert "Participant 1" in found
    assert "Participant 2" not in found


def test_without_a_notice_none_is_printed() -> None:
    assert "42 CFR" not in " ".join(text(one("p-ray", "entry-1", notice=None, scope=None)))
