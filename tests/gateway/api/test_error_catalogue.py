"""deploy/errors.md says what the constants say, all of them."""

from pathlib import Path

from gateway.api import error_catalogue, fixed, fixed_search
from gateway.api.error_catalogue import MODULES, errors, page, said
from tests.architecture.source import ROOT


class TestThePage:
    def test_it_is_what_is_said(self) -> None:
        assert (ROOT / "deploy/errors.md").read_text("utf-8") == page()

    def test_no_module_of_constants_is_forgotten(self) -> None:
        here = Path(error_catalogue.__file__).parent
        found = {f"gateway.api.{path.stem}" for path in here.glob("fixed*.py")} - {"gateway.api.fixed_openapi"}
        assert {module.__name__ for module in MODULES} == found  # that of /openapi.json has no error

    def test_each_has_a_text(self) -> None:
        every = [departure for _, departure in errors()]
        assert {fixed.NOT_FOUND, fixed.INVALID_CLIENT, fixed_search.NOT_A_BATCH} <= set(every)
        assert all(all(said(departure)) for departure in every)
