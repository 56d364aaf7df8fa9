"""The demo's own certificate authority: for this machine, and for nothing else."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from gateway.demo.authority import CA_FILE, authority

NOW = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)


def _loaded(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


class TestAuthority:
    def test_its_key_is_nowhere_and_its_files_are_the_owners(self, tmp_path: Path) -> None:
        made = authority(tmp_path, NOW)
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
            [CA_FILE, "demo-server.pem", "demo-server.key"]
        )
        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
        assert b"PRIVATE" not in made.ca.read_bytes() + made.certificate.read_bytes()

    def test_it_can_vouch_for_no_other_authority_and_the_server_for_nobody(self, tmp_path: Path) -> None:
        made = authority(tmp_path, NOW)
        above = _loaded(made.ca).extensions.get_extension_for_oid(ExtensionOID.BASIC_CONSTRAINTS).value
        own = _loaded(made.certificate).extensions.get_extension_for_oid(ExtensionOID.BASIC_CONSTRAINTS).value
        assert above == x509.BasicConstraints(ca=True, path_length=0)
        assert own == x509.BasicConstraints(ca=False, path_length=None)

    def test_the_server_is_this_machine_and_the_authority_vouches_for_it(self, tmp_path: Path) -> None:
        made = authority(tmp_path, NOW)
        names = _loaded(made.certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == ["localhost"]
        assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
        _loaded(made.certificate).verify_directly_issued_by(_loaded(made.ca))
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(made.certificate, made.key)
        assert len(made.trust().get_ca_certs()) == 1

    def test_it_is_made_once_until_it_is_about_to_end_or_spoilt(self, tmp_path: Path) -> None:
        first = authority(tmp_path, NOW).ca.read_bytes()
        assert authority(tmp_path, NOW + timedelta(days=363)).ca.read_bytes() == first
        second = authority(tmp_path, NOW + timedelta(days=364, seconds=1)).ca.read_bytes()
        assert second != first
        (tmp_path / "demo-server.pem").write_text("spoilt")
        assert authority(tmp_path, NOW).ca.read_bytes() != second
