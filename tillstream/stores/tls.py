"""TLS to servers that run elsewhere: by whom they must be certified, and what is wrong with one that is not."""

import contextlib
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

from tillstream.errors import TerminalError
from tillstream.settings import Settings

SYSTEM_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")  # Debian's and Ubuntu's
HANDSHAKE_SECONDS = 5.0
PORT_OF = {"mongo": 27017}


def authorities(settings: Settings) -> str:
    """The file of the authorities. Raises TerminalError when it holds none."""
    path = settings.tls_authorities or SYSTEM_AUTHORITIES
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise TerminalError(
            f"{path} holds no authorities for TLS: {error}.",
            "Set TILLSTREAM_TLS_AUTHORITIES to a PEM file of theirs, or install ca-certificates.",
        ) from error
    return str(path)


def context(settings: Settings) -> ssl.SSLContext:
    """For a client that checks the server's certificate and its name."""
    return ssl.create_default_context(cafile=authorities(settings))


def check(
    settings: Settings, server: str, address: str, begin: Callable[[socket.socket], None] = lambda _socket: None
) -> None:
    """Raises TerminalError when a server that is reached with TLS does not prove who it is, or speaks no TLS.

    `begin` is what has to be said before the handshake. One that does not answer is left to its client.
    """
    if not settings.uses_tls(server):
        return
    trusted = context(settings)
    host, _, port = address.rpartition(":") if ":" in address else (address, "", "")
    with contextlib.suppress(OSError):
        plain = socket.create_connection((host, int(port or PORT_OF[server])), HANDSHAKE_SECONDS)
        try:
            begin(plain)
            trusted.wrap_socket(plain, server_hostname=host).close()
        except (ssl.SSLError, ConnectionError, TimeoutError) as error:
            raise refusal(f"{server} at {address}", server, error) from error
        finally:
            plain.close()


def refusal(who: str, server: str, error: Exception) -> TerminalError:
    """What a failed handshake means."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return TerminalError(
            f"{who} does not prove who it is: {error.verify_message}.",
            "Check TILLSTREAM_TLS_AUTHORITIES, the name in its address, and its certificate.",
        )
    return TerminalError(f"{who} does not speak TLS.", f"Switch it on there, or take {server} out of TILLSTREAM_TLS.")
