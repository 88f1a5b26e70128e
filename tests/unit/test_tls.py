"""TLS is spoken where the settings say so, and the authorities' file must hold some."""

import ssl
from pathlib import Path

import pytest

from tillstream.errors import TerminalError
from tillstream.settings import Settings
from tillstream.stores import mysql, tls


@pytest.mark.parametrize("text", [None, "", "no certificate", "-----BEGIN CERTIFICATE-----\nno\n"])
def test_a_file_without_authorities_is_refused(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "authorities.pem"
    if text is not None:
        path.write_text(text)

    with pytest.raises(TerminalError, match=r"authorities.pem holds no authorities.*\n.*TILLSTREAM_TLS_AUTHORITIES"):
        tls.authorities(Settings(home=tmp_path, tls_authorities=path))


def test_who_is_reached_without_tls_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("socket.create_connection")
    tls.check(Settings(kafka="k:1", mongo="m:1", tls="mongo"), "kafka", "k:1")


def test_only_the_embedded_mysql_is_spoken_to_without_asking_for_tls() -> None:
    assert mysql.encryption(Settings()) == {"ssl_disabled": True}
    assert mysql.encryption(Settings(mysql="m:1")) == {}  # it is spoken if the server offers it


def test_a_failed_handshake_is_said_in_words() -> None:
    untrusted = ssl.SSLCertVerificationError(1, "certificate verify failed")
    untrusted.verify_message = "self-signed certificate"

    said = tls.refusal("mongo at m:27017", "mongo", untrusted)
    assert said.what == "mongo at m:27017 does not prove who it is: self-signed certificate."
    assert (
        tls.refusal("mongo at m:27017", "mongo", ConnectionResetError()).what == "mongo at m:27017 does not speak TLS."
    )
