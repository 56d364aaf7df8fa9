"""Clearance, Disclosure, NeutralAnswer and EndOfPermission come from consent.clearance or from nowhere.

Nothing in Python is unbypassable. Each test here is one way round the seal that costs a line of innocent-looking code;
what needs `object.__setattr__` or `__new__` is refused by test_packages, which reads every module.
"""

import copy
import dataclasses
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest

from consent import disclosure
from consent.disclosure import Clearance, Disclosure, EndOfPermission, NeutralAnswer, SealError

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
SEALED = (Clearance, Disclosure, NeutralAnswer, EndOfPermission)
VALUES: dict[type, dict[str, Any]] = {
    Clearance: {
        "request": "R1",
        "recipient": "O1",
        "purpose": "treatment",
        "participant": "P1",
        "items": (),
        "notice": None,
        "scope": None,
        "summary": None,
        "obligations": (),
        "digest": "0" * 64,
    },
    NeutralAnswer: {"recipient": "O1", "reference": "REF1", "entry": "E1"},
    EndOfPermission: {"recipient": "O1", "reference": "REF1", "entry": "E1"},
}


def _true(kind: type) -> Any:
    """A value as consent.clearance makes it."""
    values = {"clearance": _true(Clearance), "entry": "E1", "at": AT} if kind is Disclosure else VALUES[kind]
    return kind(seal=disclosure._SEAL, **values)


@pytest.mark.parametrize("kind", SEALED)
class TestForging:
    @pytest.mark.parametrize("seal", [None, object(), True, "seal"])
    def test_another_seal(self, kind: type, seal: object) -> None:
        values = {"clearance": None, "entry": "E1", "at": AT} if kind is Disclosure else VALUES[kind]
        with pytest.raises(SealError):
            kind(seal=seal, **values)

    def test_no_seal(self, kind: type) -> None:
        values = {"clearance": None, "entry": "E1", "at": AT} if kind is Disclosure else VALUES[kind]
        with pytest.raises(TypeError):
            kind(**values)

    def test_a_changed_copy(self, kind: type) -> None:
        """`dataclasses.replace` hands a seal kept as a field on to the copy: another recipient, the same blessing."""
        change = {"entry": "E2"} if kind is not Clearance else {"recipient": "O2"}
        with pytest.raises((SealError, TypeError, ValueError)):
            dataclasses.replace(_true(kind), **change)

    def test_a_subclass(self, kind: type) -> None:
        """A subclass with its own `__post_init__` never asks for the seal, and passes every isinstance."""
        with pytest.raises(TypeError):
            type("Forged", (kind,), {"__post_init__": lambda *_: None, "__module__": kind.__module__})

    def test_the_seal_is_not_handed_out(self, kind: type) -> None:
        """`Clearance(seal=other.seal, ...)` in any module would be as good as clearing."""
        assert getattr(_true(kind), "seal", None) is not disclosure._SEAL

    def test_a_pickle(self, kind: type) -> None:
        """Bytes that somebody else wrote must not come back as something cleared."""
        with pytest.raises((TypeError, SealError, pickle.PicklingError)):
            pickle.dumps(_true(kind))

    def test_a_field_set_afterwards(self, kind: type) -> None:
        value = _true(kind)
        for name in ("recipient", "entry", "extra"):
            with pytest.raises((AttributeError, TypeError)):  # FrozenInstanceError is an AttributeError
                setattr(value, name, "O2")

    def test_a_copy_changes_nothing(self, kind: type) -> None:
        value = _true(kind)
        try:
            copied = copy.copy(value)
        except TypeError:
            return
        assert copied == value

    def test_its_repr_shows_no_seal(self, kind: type) -> None:
        assert "object at" not in repr(_true(kind))


@pytest.mark.parametrize("kind", SEALED)
def test_the_clearance_module_can_make_one(kind: type) -> None:
    assert isinstance(_true(kind), kind)
