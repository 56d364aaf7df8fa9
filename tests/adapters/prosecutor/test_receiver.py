import json
import subprocess
import sys

import httpx2
import pytest

from tests.adapters.prosecutor.receiving import Running, receiver
from tests.gateway.api.factory import CANARY

BUNDLE = json.dumps({"resourceType": "Bundle", "type": "collection", "note": CANARY}).encode()


def post(url: str, body: bytes = BUNDLE, key: str = "delivery-1", kind: str = "application/fhir+json", **more):
    headers = {"Idempotency-Key": key, "Content-Type": kind} | more
    return httpx2.post(f"{url}/fhir", content=body, headers=headers)


class TestReceiver:
    def test_what_it_refuses_it_does_not_keep(self, tmp_path):
        with receiver(tmp_path) as running:
            for body in (b"", b"{", b"[]", b"\xff", b'{"resourceType":"Patient"}', b"[" * 100_000):
                assert post(running.url, body).status_code == 400
            assert post(running.url, key="").status_code == 400
            assert post(running.url, kind="text/plain").status_code == 415
            assert httpx2.get(f"{running.url}/other").status_code == 404
            assert running.received() == []

    def test_once_by_key_also_after_a_restart(self, tmp_path):
        with receiver(tmp_path) as running:
            assert [post(running.url).status_code for _ in range(3)] == [201, 200, 200]
        with receiver(tmp_path) as running:
            assert post(running.url).status_code == 200
            assert post(running.url, key="delivery-2").status_code == 201
            assert [one["key"] for one in running.received()] == ["delivery-1", "delivery-2"]
            assert running.received()[0]["bundle"] == json.loads(BUNDLE)

    def test_a_crash_after_storing_keeps_it(self, tmp_path):
        running = Running(tmp_path)
        running.control(crash_after_store=True)
        with pytest.raises(httpx2.TransportError):
            post(running.url)
        assert running.process.wait(5) == 70
        running.control()
        with receiver(tmp_path) as again:
            assert post(again.url).status_code == 200
            assert len(again.received()) == 1

    def test_a_torn_last_line_is_cut_off(self, tmp_path):
        with receiver(tmp_path) as running:
            post(running.url)
        with (tmp_path / "received.jsonl").open("ab") as log:
            log.write(b'{"key": "torn')
        with receiver(tmp_path) as running:
            assert post(running.url, key="delivery-2").status_code == 201
        with receiver(tmp_path) as running:
            assert len(running.received()) == 2

    def test_only_a_torn_line(self, tmp_path):
        (tmp_path / "received.jsonl").write_bytes(b'{"key"')
        with receiver(tmp_path) as running:
            assert running.received() == []

    def test_it_answers_as_it_is_told(self, tmp_path):
        with receiver(tmp_path) as running:
            running.control(status=503)
            assert post(running.url).status_code == 503
            assert running.received() == []

    def test_it_prints_nothing_of_what_it_gets(self, tmp_path):
        running = Running(tmp_path)
        post(running.url)
        post(running.url, key=CANARY)
        post(running.url, b"{" + CANARY.encode())
        httpx2.get(f"{running.url}/{CANARY}")
        assert running.stop() == ""

    def test_files_are_its_own(self, tmp_path):
        with receiver(tmp_path / "new"):
            assert (tmp_path / "new" / "received.jsonl").stat().st_mode & 0o077 == 0
            assert (tmp_path / "new").stat().st_mode & 0o077 == 0

    def test_one_store_one_receiver(self, tmp_path):
        with receiver(tmp_path):
            command = [sys.executable, "-m", "gateway.demo.receiver", "--store", str(tmp_path)]
            second = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
        assert second.returncode == 1
        assert second.stderr == "Error: receiver cannot start: `--store` is in use by another receiver\n"
