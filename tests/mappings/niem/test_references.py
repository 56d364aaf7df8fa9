import pytest

from mappings.niem.names import j, nc
from mappings.niem.references import References
from mappings.niem.xml import FeedError, safe_parse
from tests.fixtures.niem.build import wrap


def made(*elements: str) -> References:
    return References(safe_parse(wrap(*elements)))


class TestRefused:
    def test_a_dangling_reference_names_the_element_and_not_the_id(self):
        with pytest.raises(FeedError) as caught:
            made('<j:Booking><j:Arrest s:ref="Testina-Canary"/></j:Booking>')
        assert str(caught.value) == "`j:Arrest` refers to a structures:id that is not there (line 3)"

    def test_an_element_that_we_do_not_know_is_not_named(self):
        with pytest.raises(FeedError) as caught:
            made('<j:TestinaCanary s:ref="x"/>')
        assert caught.value.field == "element"

    def test_an_id_given_twice(self):
        with pytest.raises(FeedError, match=r"`nc:Person` repeats a structures:id"):
            made('<nc:Person s:id="P"/><nc:Person s:id="P"/>')

    @pytest.mark.parametrize(
        "elements",
        [
            '<nc:Person s:id="P" s:ref="P"/>',
            '<nc:Person s:id="P" s:ref="Q"/><nc:Person s:id="Q" s:ref="P"/>',
            '<nc:Person s:ref="P"/><nc:Person s:id="P" s:ref="Q"/><nc:Person s:id="Q" s:ref="P"/>',
        ],
    )
    def test_a_circle(self, elements):
        with pytest.raises(FeedError, match="refers to itself in a circle"):
            made(elements)


class TestRead:
    def test_a_chain_of_references(self):
        refs = made(
            '<j:Booking><nc:RoleOfPerson s:ref="A"/></j:Booking>'
            '<nc:Person s:id="A" s:ref="B"/><nc:Person s:id="B"><nc:PersonSurName>Fir</nc:PersonSurName></nc:Person>'
        )
        booking = next(refs.everywhere(j("Booking")))
        assert refs.text(booking, nc("RoleOfPerson"), nc("PersonSurName")) == "Fir"

    def test_nesting_that_leads_back_is_no_circle(self):
        refs = made('<nc:Person s:id="A"><nc:Identity s:id="B"><nc:Person s:ref="A"/></nc:Identity></nc:Person>')
        assert len(list(refs.everywhere(nc("Person")))) == 1

    @pytest.mark.parametrize("nil", ["true", "1", " true "])
    def test_nil_is_absent_even_when_it_holds_text(self, nil):
        refs = made(f'<nc:Person><nc:PersonSurName xsi:nil="{nil}">Fir</nc:PersonSurName></nc:Person>')
        assert refs.text(next(refs.everywhere(nc("Person"))), nc("PersonSurName")) is None

    def test_a_reference_to_something_nil_is_absent(self):
        refs = made('<j:Arrest><j:ArrestCharge s:ref="C"/></j:Arrest><j:Charge s:id="C" xsi:nil="true"/>')
        assert refs.first(next(refs.everywhere(j("Arrest"))), j("ArrestCharge")) is None

    def test_nil_false_is_present(self):
        refs = made('<nc:Person><nc:PersonSurName xsi:nil="false">Fir</nc:PersonSurName></nc:Person>')
        assert refs.text(next(refs.everywhere(nc("Person"))), nc("PersonSurName")) == "Fir"

    def test_every_branch_is_tried(self):
        refs = made("<nc:Person><nc:PersonName/><nc:PersonName><nc:PersonSurName>\n Fir\t </nc:PersonSurName>"
                    "</nc:PersonName></nc:Person>")  # fmt: skip
        assert refs.text(next(refs.everywhere(nc("Person"))), nc("PersonName"), nc("PersonSurName")) == "Fir"
