import pytest

from tests.gateway.api.factory import CANARY


class TestReady:
    @pytest.mark.parametrize("parts", [{}, {"database": False}, {"database": True, "ledger": False}])
    async def test_not_ready(self, http, gateway, parts):
        gateway.parts = parts
        answer = await http.get("/health/ready")
        assert (answer.status_code, answer.json()) == (503, {"ready": False, "parts": parts})

    async def test_a_check_that_fails_is_not_ready_and_tells_nothing(self, http, gateway):
        gateway.breaks = RuntimeError(CANARY)
        answer = await http.get("/health/ready")
        assert answer.status_code == 503
        assert CANARY not in answer.text

    async def test_ready(self, http):
        assert (await http.get("/health/ready")).status_code == 200


class TestLive:
    async def test_alive_whatever_else_fails(self, http, gateway):
        gateway.breaks = RuntimeError
        assert (await http.get("/health/live")).status_code == 200


class TestMetrics:
    async def test_routes_and_counts_only(self, http, gateway):
        await http.get(f"/fhir/Basic/{CANARY}?name={CANARY}")
        await http.get(f"/fhir/Basic/{CANARY}2")
        await http.post(f"/inbound/{CANARY}")
        text = (await http.get("/metrics")).text
        assert CANARY not in text
        assert 'lead_gateway_answers_total{route="/fhir/{path:path}",status="404"} 2' in text
        assert "lead_gateway_exits_replaced_total 0" in text
        assert 'lead_gateway_ready{part="database"} 1' in text

    async def test_a_replaced_answer_is_counted(self, app, http):
        app.add_api_route("/inbound/leak", lambda: CANARY)
        await http.get("/inbound/leak")
        assert "lead_gateway_exits_replaced_total 1" in (await http.get("/metrics")).text
