import pytest

from gateway.api.scopes import intersect, permits


class TestIntersect:
    @pytest.mark.parametrize(
        "asked",
        [
            "",
            "system/Task.read",
            "user/Task.c",
            "system/Task.",
            "system/Task.uc",
            "system/Task.c?code=x",
            "Task.c",
            "*",
        ],
    )
    def test_what_is_not_a_smart_v2_system_scope_grants_nothing(self, asked):
        assert intersect([asked], ["system/*.cruds"]) == frozenset()

    def test_nothing_registered_grants_nothing(self):
        assert intersect(["system/Task.c"], []) == frozenset()

    def test_another_resource_or_letter_is_not_shared(self):
        assert intersect(["system/Task.c", "system/Consent.s"], ["system/Task.r", "system/Consent.r"]) == frozenset()

    def test_a_wildcard_never_widens_what_is_registered(self):
        assert intersect(["system/*.cruds"], ["system/Task.c"]) == {"system/Task.c"}

    def test_what_both_hold_is_granted(self):
        asked = ["system/Task.c", "system/Consent.rs", "system/Patient.r"]
        assert intersect(asked, ["system/Task.cru", "system/Consent.r"]) == {"system/Task.c", "system/Consent.r"}


class TestPermits:
    @pytest.mark.parametrize("held", [[], ["system/Task.r"], ["system/Consent.c"], ["system/Task.create"]])
    def test_refuses(self, held):
        assert not permits(held, "Task", "c")

    @pytest.mark.parametrize("held", ["system/Task.c", "system/Task.cud", "system/*.cruds"])
    def test_permits(self, held):
        assert permits([held], "Task", "c")
