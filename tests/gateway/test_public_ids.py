from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from gateway.public_ids import PublicIds

SECRET = bytes(range(32))
ROW = UUID("0190f3a0-0000-7000-8000-00000000dead")


class TestPublicIds:
    def test_what_is_no_id_is_a_row_that_nobody_has(self):
        ids = PublicIds(SECRET, "hospital")
        nobody = ids.row("")
        for text in ("x", "0" * 36, str(ROW)[:-1], str(ROW) + "0", "{" + str(ROW)[2:] + "}", "\N{BULLET}" * 36):
            assert ids.row(text) == nobody
        assert nobody not in {ROW, UUID(int=0)}

    def test_another_recipients_id_leads_elsewhere(self):
        ours, theirs = PublicIds(SECRET, "hospital"), PublicIds(SECRET, "housing")
        assert ours.given(ROW) != theirs.given(ROW)
        assert theirs.row(ours.given(ROW)) != ROW

    def test_a_changed_id_leads_elsewhere(self):
        ids = PublicIds(SECRET, "hospital")
        given = ids.given(ROW)
        for place in (0, 12, 35):
            changed = given[:place] + ("1" if given[place] != "1" else "2") + given[place + 1 :]
            assert ids.row(changed) != ROW

    def test_another_sites_id_leads_elsewhere(self):
        assert PublicIds(bytes(32), "hospital").row(PublicIds(SECRET, "hospital").given(ROW)) != ROW

    def test_only_a_uuid_is_given(self):
        with pytest.raises(ValueError, match="UUID"):
            PublicIds(SECRET, "hospital").given("p-ray")

    def test_an_id_leads_back_to_its_row_and_always_is_the_same(self):
        ids, again = PublicIds(SECRET, "hospital"), PublicIds(SECRET, "hospital")
        rows = [uuid7() for _ in range(50)]
        given = [ids.given(row) for row in rows]
        assert [again.given(str(row)) for row in rows] == given
        assert [again.row(one) for one in given] == rows
        assert len(set(given) | {str(row) for row in rows}) == 100

    def test_an_id_tells_no_moment(self):
        """Rows that were made one after another share their first half; what is given for them does not."""
        ids = PublicIds(SECRET, "hospital")
        assert len({ids.given(UUID(int=ROW.int + n))[:8] for n in range(20)}) == 20
