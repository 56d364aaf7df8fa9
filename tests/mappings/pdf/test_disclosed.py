"""A disclosure as pages: all that was cleared, the notice on each page, nobody named but the recipient."""

import io

from pypdf import PdfReader

from consent.codes import Category
from consent.disclosure import Disclosure
from consent.notices import STATEMENT_1
from mappings.pdf.disclosed import disclosure_pdf, neutral_pdf
from tests.mappings.fhir import factory as make

MANY = tuple(
    make.item(
        f"i{at}", Category.PROGRESS, {"resourceType": "Observation", "status": "final", "valueString": f"line {at}"}
    )
    for at in range(90)
)


def pages(disclosure: Disclosure) -> list[str]:
    made = disclosure_pdf(disclosure, organizations=make.ORGANIZATIONS)
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(made)).pages]


def test_nobody_but_the_recipient_is_named_and_no_id_of_ours_is_told() -> None:
    text = " ".join(pages(make.cleared()))
    others = [o.name for key, o in make.ORGANIZATIONS.items() if key != "org:da"]
    hidden = [
        one
        for one in (*others, "p-ray", "obs-7", "CANARY")
        if one in text.replace(make.cleared().clearance.scope or "", "")
    ]
    assert hidden == []
    assert make.ORGANIZATIONS["org:da"].name in text


def test_every_page_carries_statement_and_scope() -> None:
    found = pages(make.disclosure(*MANY, notice=STATEMENT_1, scope="Until 2027-10-01."))
    assert len(found) > 3
    assert all(STATEMENT_1.text in page and "Until 2027-10-01." in page for page in found)


def test_all_of_it_is_there() -> None:
    together = " ".join(pages(make.disclosure(*MANY, summary="Ray keeps his appointments.")))
    assert [at for at in range(90) if f"line {at} " not in f"{together} "] == []
    assert "Ray keeps his appointments." in together


def test_a_retry_is_the_same_bytes() -> None:
    one, two = (disclosure_pdf(make.cleared(), organizations=make.ORGANIZATIONS) for _ in range(2))
    assert one == two


def test_where_no_notice_is_owed_there_is_none() -> None:
    text = " ".join(pages(make.disclosure(MANY[0], notice=None, scope=None)))
    assert "2.32" not in text


def test_a_refusal_tells_nothing_but_the_asker_s_reference() -> None:
    one, two = (neutral_pdf(make.neutral(recipient, "ref-1", entry)) for recipient, entry in (("a", "b"), ("c", "d")))
    assert one == two
    text = " ".join(PdfReader(io.BytesIO(one)).pages[0].extract_text().split())
    assert text == "Answer Question ref-1 Nothing helpful to share at this time 1 / 1"
