"""A TCP proxy before MySQL that loses the server's answers to COMMIT: committed, but the stream cannot know."""

import contextlib
import socket
import threading

COMMIT = b"\x07\x00\x00\x00\x03COMMIT"  # as the client sends it: length, sequence number, COM_QUERY, text
FIGURES = b"`live_sales`"  # of the transactions that matter


class LosingProxy:
    """Forwards everything but the answers to the next `losses` commits of figures; then the connection breaks."""

    def __init__(self, server: tuple[str, int], losses: int) -> None:
        self._server = server
        self.losses = losses
        self.lost = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        host, port = self._listener.getsockname()
        return f"{host}:{port}"

    def close(self) -> None:
        """Takes no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server)
                answers = _Answers(server, client)
                threading.Thread(target=answers.forward, daemon=True).start()
                threading.Thread(target=self._forward, args=(client, server, answers), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket, answers: "_Answers") -> None:
        has_figures = False
        with contextlib.suppress(OSError), client, server:
            while data := client.recv(1 << 20):
                has_figures |= FIGURES in data
                if data == COMMIT:
                    if has_figures and self.lost < self.losses:
                        self.lost += 1
                        answers.withhold.set()
                    has_figures = False
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)


class _Answers:
    """What the server says, until one answer is withheld: then both sides see a broken connection."""

    def __init__(self, server: socket.socket, client: socket.socket) -> None:
        self._server = server
        self._client = client
        self.withhold = threading.Event()

    def forward(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._server.recv(1 << 20):
                if self.withhold.is_set():  # it has come, so the server has committed
                    break
                self._client.sendall(data)
            self._client.shutdown(socket.SHUT_RDWR)
            self._server.shutdown(socket.SHUT_RDWR)
