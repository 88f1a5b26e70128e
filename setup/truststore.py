"""Write a Java trust store of the certificates in a PEM bundle.

Java does not read SSL_CERT_FILE, by which a person behind a company's proxy tells every other tool whom to trust. The
format is the JDK's own (JKS): a header, the certificates, and a SHA-1 over all, salted with the default password.

    truststore.py BUNDLE.pem STORE.jks
"""

import hashlib
import re
import ssl
import struct
import sys
from pathlib import Path

PASSWORD = "changeit"  # noqa: S105  # Java's own default; the store holds nothing secret
CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def text(value: str) -> bytes:
    return struct.pack(">H", len(value)) + value.encode("ascii")


def trust_store(bundle: str) -> bytes:
    """The JKS bytes of every certificate in the bundle."""
    certificates = [ssl.PEM_cert_to_DER_cert(pem) for pem in CERTIFICATE.findall(bundle)]
    store = struct.pack(">III", 0xFEEDFEED, 2, len(certificates))
    for number, der in enumerate(certificates):
        store += struct.pack(">I", 2) + text(f"ca-{number}") + struct.pack(">Q", 0)  # a trusted certificate, its date
        store += text("X.509") + struct.pack(">I", len(der)) + der
    seal = hashlib.sha1(PASSWORD.encode("utf-16-be") + b"Mighty Aphrodite" + store, usedforsecurity=False)
    return store + seal.digest()


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(trust_store(Path(sys.argv[1]).read_text()))
