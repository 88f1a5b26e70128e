"""The conversation with Superset over its REST API (v1), the embedded one or one elsewhere."""

import http.client
import json
import urllib.error
import urllib.request
from typing import Any

import msgspec

from tillstream.errors import TerminalError, TransientError
from tillstream.settings import Settings

ANSWER_SECONDS = 60.0
PROBE_SECONDS = 3.0
REMEDY = "`tillstream status` shows how it is; `tillstream up` starts it."


class Chart(msgspec.Struct, frozen=True):
    """One chart of a dashboard: its title, and what its page asks for."""

    slice_name: str
    form_data: dict[str, Any]


class _Answer(msgspec.Struct):
    result: Any = None


class _Token(msgspec.Struct):
    access_token: str


class Superset:
    """One user's session. Methods raise TransientError when Superset is away, TerminalError when it refuses."""

    def __init__(self, settings: Settings, user: str, password: str) -> None:
        self._settings, self._token = settings, ""
        login = {"username": user, "password": password, "provider": "db"}
        self._token = msgspec.json.decode(self.ask("/api/v1/security/login", login), type=_Token).access_token

    def charts(self, dashboard: str) -> list[Chart]:
        """The charts of a dashboard, by its short name in the address."""
        return msgspec.convert(self.get(f"/api/v1/dashboard/{dashboard}/charts"), list[Chart])

    def datasets(self, dashboard: str) -> set[str]:
        """The names of what the charts of a dashboard read."""
        return {str(each["table_name"]) for each in self.get(f"/api/v1/dashboard/{dashboard}/datasets")}

    def data(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        """What a chart's query gives, a result for each of its parts."""
        found = msgspec.json.decode(self.ask("/api/v1/chart/data", query), type=_Answer).result
        return [dict(each) for each in found]

    def get(self, path: str) -> Any:
        """What lies at a path of the API."""
        return msgspec.json.decode(self.ask(path), type=_Answer).result

    def ask(self, path: str, body: dict[str, Any] | None = None) -> bytes:
        """The answer to a request, whatever it is."""
        return _answer(self._settings, path, body, self._token, ANSWER_SECONDS)


def is_healthy(settings: Settings) -> bool:
    """Whether Superset answers."""
    try:
        return _answer(settings, "/health", None, "", PROBE_SECONDS) == b"OK"
    except (TransientError, TerminalError):
        return False


def _answer(settings: Settings, path: str, body: dict[str, Any] | None, token: str, seconds: float) -> bytes:
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(settings.superset_url + path, data, headers)  # noqa: S310 checked in the settings
    proxies = [] if settings.superset else [urllib.request.ProxyHandler({})]  # none leads to this machine
    try:
        with urllib.request.build_opener(*proxies).open(request, timeout=seconds) as response:
            text: bytes = response.read()
            return text
    except urllib.error.HTTPError as error:
        raise _failure(settings, path, error) from error
    except (OSError, http.client.HTTPException) as error:
        raise TransientError(f"Superset at {settings.superset_url} does not answer: {error}.", REMEDY) from error


def _failure(settings: Settings, path: str, error: urllib.error.HTTPError) -> TransientError | TerminalError:
    with error:
        text = error.read().decode(errors="replace")
    what = f"Superset at {settings.superset_url} answers {path} with {error.code}: {text[:500]}"
    return TransientError(what, REMEDY) if error.code in {502, 503, 504} else TerminalError(what)
