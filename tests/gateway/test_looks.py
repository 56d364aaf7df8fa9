from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

from consent.codes import HipaaStatus, OrganizationKind, Part2Status
from consent.model import Organization
from gateway.looks import looks_of
from gateway.store.values import LedgerEntry
from mappings.lead.looked import Look, Looked, looked

AT = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
DAY = date(2026, 11, 24)
HOSPITAL = Organization(
    "hospital", "Fir Hospital", OrganizationKind.HOSPITAL, Part2Status.NOT_PROGRAM, HipaaStatus.COVERED_ENTITY
)


def entry(kind: str, organization: str = "hospital", **content: object) -> LedgerEntry:
    return LedgerEntry(UUID(int=1), AT, kind, UUID(int=2), organization, dict(content))


def found(*entries: LedgerEntry) -> list[Looked]:
    return list(looks_of(entries, {"hospital": HOSPITAL}, UTC))


class TestLooks:
    def test_what_is_no_look_at_a_consent(self) -> None:
        assert found(entry("disclosure"), entry("denial", refused="decision"), entry("hold"), entry("signal")) == []

    def test_who_looked_in_vain_is_not_named(self) -> None:
        (one,) = found(entry("denial", refused="no-consent-to-show"))
        assert one == Looked(DAY, Look.IN_VAIN, None, OrganizationKind.HOSPITAL)
        for language in ("en", "es"):
            (line,) = looked(language, [replace(one, by="Fir Hospital")])
            assert "Fir" not in line

    def test_who_was_shown_something_is(self) -> None:
        looks = found(entry("consent-shown"), entry("consulted"), entry("partner-disclosure"))
        assert [each.look for each in looks] == [Look.SHOWN, Look.CONSULTED, Look.PASSED_ON]
        for language in ("en", "es"):
            lines = looked(language, looks)
            assert len(set(lines)) == 3
            assert all("Fir Hospital" in line for line in lines)

    def test_who_is_no_partner_any_more_is_named_by_its_id(self) -> None:
        (one,) = found(entry("consent-shown", "org:gone"))
        assert (one.by, one.kind) == ("org:gone", None)

    def test_the_same_on_the_same_day_is_told_once(self) -> None:
        looks = found(entry("consulted"), entry("consulted"))
        assert len(looked("en", looks)) == 1

    def test_somebody_of_no_known_kind_asked(self) -> None:
        (one,) = found(entry("denial", "org:gone", refused="no-consent-to-show"))
        assert looked("en", [one])[0].endswith("asked what you have allowed. They were told nothing.")
