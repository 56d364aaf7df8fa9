import pytest

from consent.adverse import TABLE, Adverse, Words, adverse_terms, is_guarded
from consent.codes import FIREWALL_CATEGORIES, JUSTICE_KINDS, NOTES, Category, OrganizationKind

C = Category


def pointed(text: str) -> list[tuple[str, str]]:
    return [(text[each.start : each.end], each.category.value) for each in adverse_terms(text)]


class TestPointedOut:
    """GR-02: what never goes to justice. One sentence for each way in which a case manager would say it."""

    @pytest.mark.parametrize(
        ("text", "category"),
        [
            ("She relapsed in March", C.RELAPSE_USE),
            ("He has been using again", C.RELAPSE_USE),
            ("used fentanyl", C.RELAPSE_USE),
            ("He was high", C.RELAPSE_USE),
            ("RELAPSE", C.RELAPSE_USE),
            ("90 days sober", C.RELAPSE_USE),
            ("Ella recayó en marzo", C.RELAPSE_USE),
            ("ella recayo", C.RELAPSE_USE),
            ("volvió a consumir", C.RELAPSE_USE),
            ("estaba borracho", C.RELAPSE_USE),
            ("tested positive", C.DRUG_TESTS),
            ("his last UA", C.DRUG_TESTS),
            ("a drug\ntest", C.DRUG_TESTS),
            ("dio positivo en la prueba de orina", C.DRUG_TESTS),
            ("missed two appointments", C.MISSED_APPOINTMENTS),
            ("a no-show", C.MISSED_APPOINTMENTS),
            ("didn't show up", C.MISSED_APPOINTMENTS),
            ("didn\u2019t come", C.MISSED_APPOINTMENTS),
            ("never answered", C.MISSED_APPOINTMENTS),
            ("has not engaged", C.MISSED_APPOINTMENTS),
            ("lost contact", C.MISSED_APPOINTMENTS),
            ("faltó a dos citas", C.MISSED_APPOINTMENTS),
            ("no se presentó", C.MISSED_APPOINTMENTS),
            ("no contestó", C.MISSED_APPOINTMENTS),
            ("was arrested again", C.VIOLATIONS),
            ("a new charge", C.VIOLATIONS),
            ("stole a bicycle", C.VIOLATIONS),
            ("carries a knife", C.VIOLATIONS),
            ("fue detenido", C.VIOLATIONS),
            ("robó una bicicleta", C.VIOLATIONS),
            ("un nuevo delito", C.VIOLATIONS),
            ("at 1200 Third Avenue", C.LOCATION_TRAIL),
            ("12 N Pine St", C.LOCATION_TRAIL),
            ("seen at the bus station", C.LOCATION_TRAIL),
            ("is staying with somebody", C.LOCATION_TRAIL),
            ("a tent by the river", C.LOCATION_TRAIL),
            ("47.6062, -122.3321", C.LOCATION_TRAIL),
            ("duerme en el parque", C.LOCATION_TRAIL),
            ("la vieron cerca del río", C.LOCATION_TRAIL),
            ("his girlfriend", C.ASSOCIATES),
            ("with her cousin", C.ASSOCIATES),
            ("a co-defendant", C.ASSOCIATES),
            ("su novia", C.ASSOCIATES),
            ("con su compañero", C.ASSOCIATES),
            ("she told me", C.COUNSELING_NOTES),
            ("he admitted it", C.COUNSELING_NOTES),
            ("me confesó", C.COUNSELING_NOTES),
        ],
    )
    def test_it_is_pointed_out(self, text: str, category: Category) -> None:
        assert category.value in {found for _, found in pointed(text)}

    def test_where_it_is(self) -> None:
        text = "Ray works on housing. He  Relapsed\nonce."
        assert pointed(text) == [("Relapsed", "relapse-use")]

    def test_positions_count_the_characters_as_given(self) -> None:
        assert pointed("Ánimo, señor: ﬁne, y recayó") == [("recayó", "relapse-use")]

    @pytest.mark.parametrize("text", ["rel\u00adapsed", "re\u200blapsed", "R\u0301ELAPSED", "\uff32elapsed"])
    def test_invisible_characters_and_other_letters_hide_nothing(self, text: str) -> None:
        assert pointed(text) == [(text, "relapse-use")]

    def test_in_the_order_of_the_text(self) -> None:
        found = adverse_terms("arrested, then relapsed, then arrested")
        assert [each.start for each in found] == sorted(each.start for each in found)
        assert len(found) == 3

    def test_each_place_says_why(self) -> None:
        assert adverse_terms("relapsed") == (Adverse(0, 8, C.RELAPSE_USE, "LEAD GR-02"),)


class TestNotPointedOut:
    @pytest.mark.parametrize(
        "text",
        [
            "",
            "Keeps every meeting with us and is close to a room of their own; a later date would help.",
            "Está participando y avanza en su plan de vivienda.",
            "She took the bus to high school and was punctual.",
            "The plan names health, home, purpose and community as goals.",
        ],
    )
    def test_helpful_words_pass(self, text: str) -> None:
        assert pointed(text) == []

    @pytest.mark.parametrize("text", ["prearrested1x", "museum", "permission", "gunwale", "cuas"])
    def test_a_word_inside_of_another_is_another_word(self, text: str) -> None:
        assert pointed(text) == []


class TestTheTable:
    def test_every_category_of_the_firewall_in_both_languages(self) -> None:
        assert {(row.category, row.language) for row in TABLE} >= {
            (category, language) for category in FIREWALL_CATEGORIES for language in ("en", "es")
        }
        assert {row.category for row in TABLE} <= FIREWALL_CATEGORIES | NOTES

    @pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.category.value}-{row.language}")
    def test_every_row_has_words_and_a_source(self, row: Words) -> None:
        assert row.phrases
        assert row.source.startswith("LEAD ")
        assert all(phrase.isascii() for phrase in row.phrases)  # accents are taken off before anything is looked for


class TestGuarded:
    def test_all_of_justice_is(self) -> None:
        assert all(is_guarded(kind) for kind in JUSTICE_KINDS)
        assert is_guarded(OrganizationKind.HOUSING)

    @pytest.mark.parametrize("kind", [OrganizationKind.HOSPITAL, OrganizationKind.PUBLIC_DEFENDER])
    def test_who_treats_and_who_defends_is_not(self, kind: OrganizationKind) -> None:
        assert not is_guarded(kind)
