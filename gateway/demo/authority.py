"""A certificate authority of the demo's own, so that https can be tried on one machine. Nobody else trusts it.

It is made with the demo's data directory and stays there: CA_FILE for whoever wants to trust the demo, and a pair for
its server. The CA's private key is thrown away at once, so it can never vouch for anything else.
"""

import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.store.data_directory import write_private

CA_FILE: Final = "demo-ca.pem"
_CERTIFICATE_FILE: Final = "demo-server.pem"
_KEY_FILE: Final = "demo-server.key"
_LIFE: Final = timedelta(days=365)
_LEFT: Final = timedelta(days=1)  # with less than that left, it is made anew
_CLOCKS_DIFFER: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Authority:
    """Where the files are: the CA's certificate, and the server's certificate and key."""

    ca: Path
    certificate: Path
    key: Path

    def trust(self) -> ssl.SSLContext:
        """Give what trusts the demo's server and nobody else."""
        return ssl.create_default_context(cafile=str(self.ca))


def authority(folder: Path, at: datetime) -> Authority:
    """Give the demo's authority, made at its first use and again a day before it ends."""
    found = Authority(folder / CA_FILE, folder / _CERTIFICATE_FILE, folder / _KEY_FILE)
    if not _is_good(found, at):
        _make(found, at)
    return found


def _is_good(found: Authority, at: datetime) -> bool:
    if not all(path.is_file() for path in (found.ca, found.certificate, found.key)):
        return False
    try:
        ends = x509.load_pem_x509_certificate(found.certificate.read_bytes()).not_valid_after_utc
    except ValueError:
        return False
    return at + _LEFT < ends


def _make(found: Authority, at: datetime) -> None:
    above, own = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lead-gateway demo, this machine only")])
    ca = _begun(name, name, above.public_key(), at).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    ca = ca.add_extension(_usage(signs=True), critical=True)
    ca = ca.add_extension(x509.SubjectKeyIdentifier.from_public_key(above.public_key()), critical=False)
    server = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    leaf = _begun(server, name, own.public_key(), at).add_extension(_names(), critical=False)
    leaf = leaf.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    leaf = leaf.add_extension(_usage(signs=False), critical=True)
    leaf = leaf.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    leaf = leaf.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key()), critical=False)
    write_private(found.ca, ca.sign(above, hashes.SHA384()).public_bytes(Encoding.PEM))
    write_private(found.certificate, leaf.sign(above, hashes.SHA384()).public_bytes(Encoding.PEM))
    write_private(found.key, own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, at: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _CLOCKS_DIFFER)
        .not_valid_after(at + _LIFE)
    )


def _names() -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )
