"""What Superset is told: `superset_config.py`, which holds secrets, an environment, which does not, and its content."""

import hashlib
import importlib.resources
import json
import os
import subprocess
from pathlib import Path

from stack import folders, postgres_databases, processes, programs
from tillstream.accounts import MYSQL_ACCOUNTS
from tillstream.errors import TerminalError
from tillstream.money import CURRENCY_PLACES
from tillstream.settings import CHECKOUT, Settings
from tillstream.stores import mysql, tls

USERS = {"admin": "superset_admin", "owner": "superset_owner", "viewer": "superset_viewer"}  # with their secrets
OWNER = "owner"
DATABASE, DATABASE_SECRET = postgres_databases.SUPERSET, postgres_databases.SUPERSET_SECRET
KEY_SECRET, GUEST_SECRET, ASYNC_SECRET = "superset_key", "superset_guest", "superset_async"
SECRETS = (DATABASE_SECRET, KEY_SECRET, GUEST_SECRET, ASYNC_SECRET, *USERS.values())
CONTENT = CHECKOUT / "superset"
FILE, STAMP, PREPARATION = "superset_config.py", "prepared", CONTENT / "prepare.py"
KEPT_SECONDS = 8  # how old an answer to a chart may be: less than a page waits before it asks again
PATIENCE_SECONDS = 1.0  # how long a question waits for those before it
HOME = "/superset/dashboard/today/"  # what somebody sees who has logged in
PREPARE_SECONDS = 600
REFUSED = 2  # the preparation's exit code when it has said in words what is wrong

TEXT = """\
# Written by `tillstream up`, for the packages, dashboards and users {content}.
import gc
import logging
import ssl
import threading
from datetime import datetime
from pathlib import Path
from weakref import WeakValueDictionary
from zoneinfo import ZoneInfo

import pymysql
from flask import g, redirect, request
from flask_caching import Cache
from flask_jwt_extended import verify_jwt_in_request
from superset.config import THEME_DARK, THEME_DEFAULT
from superset.utils.log import AbstractEventLogger

pymysql.install_as_MySQLdb()  # Superset asks that module for the types of columns

SECRET_KEY = {key!r}
GUEST_TOKEN_JWT_SECRET = {guest!r}
GLOBAL_ASYNC_QUERIES_JWT_SECRET = {asynchronous!r}
SQLALCHEMY_DATABASE_URI = {database!r}
SQLALCHEMY_ENGINE_OPTIONS = {{"pool_size": 4, "max_overflow": 12, "pool_pre_ping": True}}
DATA_DIR = {folder!r}
authorities = {authorities!r}  # who certifies the figures' server; empty: it need not be
encryption = {{"ssl": ssl.create_default_context(cafile=authorities)}} if authorities else {unsecured!r}

# Nothing is kept but `ANSWERS`, whole, for seconds.
CACHE_CONFIG = DATA_CACHE_CONFIG = {{"CACHE_TYPE": "NullCache"}}
QUESTIONS = "ChartDataRestApi.data"
ANSWERS = {{"CACHE_TYPE": "SimpleCache", "CACHE_DEFAULT_TIMEOUT": {kept_seconds}, "CACHE_THRESHOLD": 500}}
PATIENCE_SECONDS = {patience_seconds}
DASHBOARD_AUTO_REFRESH_MODE = "fetch"  # and not past what is kept

ROW_LIMIT = 1000
NATIVE_FILTER_DEFAULT_ROW_LIMIT = 1000
SQL_MAX_ROW = 10000
DISPLAY_MAX_ROW = 10000
SUPERSET_WEBSERVER_TIMEOUT = 60

APP_NAME = "Tillstream"
LOGO_TARGET_PATH = {home!r}
LANGUAGES = {{}}
FAB_API_SWAGGER_UI = False
FAB_UPDATE_PERMS = False  # the preparation has done it
PUBLIC_ROLE_LIKE = None
SESSION_COOKIE_SAMESITE = "Strict"
# Log-ins only: two requests that are counted in the same moment may start one thread of the limiter twice, and fail.
RATELIMIT_ENABLED = True
RATELIMIT_STORAGE_URI = "memory://"
RATELIMIT_APPLICATION = None
AUTH_RATE_LIMIT = "10 per second"
LOG_LEVEL = "WARNING"
FEATURE_FLAGS = {{"ALERT_REPORTS": False, "ENABLE_TEMPLATE_PROCESSING": False, "EMBEDDED_SUPERSET": False}}
TALISMAN_CONFIG = {{
    "content_security_policy": {{  # nothing is fetched from elsewhere
        "default-src": ["'self'"],
        "base-uri": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    }},
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}}
# Okabe and Ito's colours, which colour-blind people tell apart.
EXTRA_CATEGORICAL_COLOR_SCHEMES = [
    {{
        "id": "tillstream",
        "label": "Tillstream",
        "description": "Okabe-Ito",
        "isDefault": True,
        "colors": ["#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#F0E442", "#4D4D4D"],
    }}
]
EXTRA_SEQUENTIAL_COLOR_SCHEMES = [
    {{
        "id": "tillstream_blue",
        "label": "Tillstream",
        "description": "light to dark blue",
        "isDiverging": False,
        "colors": ["#F2F7FB", "#9CC7E3", "#0072B2"],
    }}
]

# A dozen charts that wait, each with Superset's moving picture, take a browser half a second of a processor.
for theme in (THEME_DEFAULT, THEME_DARK):
    theme["token"]["brandSpinnerSvg"] = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 70 20" fill="#0072B2">'
        '<circle cx="15" cy="10" r="5"/><circle cx="35" cy="10" r="5"/><circle cx="55" cy="10" r="5"/></svg>'
    )


class Silent(AbstractEventLogger):
    def log(self, *_arguments, **_names):
        \"\"\"Nothing: a dashboard that refreshes itself would fill the database with entries that nobody reads.\"\"\"


EVENT_LOGGER = Silent()
# It looks in vain for a picture that its package lacks, at every page.
logging.getLogger("superset.views.base").setLevel(logging.ERROR)


class FilesForAll:
    \"\"\"Tells browsers that a page's programs are the same for everybody.

    They would fetch and compile them again whenever the session's cookie has changed, which every page does.
    \"\"\"

    def __init__(self, app):
        self.app = app

    def __call__(self, environ, start_response):
        def start(status, headers, *more):
            if environ["PATH_INFO"].startswith("/static/"):
                headers = [(name, "Accept-Encoding" if name == "Vary" else value) for name, value in headers]
            return start_response(status, headers, *more)

        return self.app(environ, start)


ADDITIONAL_MIDDLEWARE = [FilesForAll]


def told_alike(app):
    \"\"\"Gives what answers a question as it was answered, seconds ago or just now, to others of the same roles.

    The shop's page asks all its questions anew every ten seconds, for each who looks at it, and to find out anew what
    somebody may see takes Superset longer than most answers take the database. What is not kept is found out one after
    the other: a page's dozen questions at once would take all processors, and the stream that counts would wait.
    \"\"\"
    locks, naming = WeakValueDictionary(), threading.Lock()  # a question's, as long as somebody waits for its answer
    turn = threading.Lock()

    @Cache(app, config=ANSWERS).cached(
        make_cache_key=lambda: g.question,
        forced_update=lambda: request.json.get("force") is True,
        response_filter=lambda answer: answer.status_code == 200,
    )
    def ask():
        ours = turn.acquire(timeout=PATIENCE_SECONDS)
        try:
            return app.view_functions[QUESTIONS]()
        finally:
            if ours:
                turn.release()

    def answer():
        question = request.get_json(silent=True) if request.endpoint == QUESTIONS else None
        if not isinstance(question, dict):
            return None
        if not g.user.is_authenticated:
            verify_jwt_in_request(optional=True)  # sets the user
        if not g.user.is_authenticated:
            return None
        roles = sorted(role.id for role in g.user.roles)
        g.question = repr((roles, request.full_path, sorted((question | {{"force": False}}).items())))
        with naming:
            lock = locks.setdefault(g.question, threading.Lock())
        with lock:
            return ask()

    return answer


def FLASK_APP_MUTATOR(app):
    app.before_request(told_alike(app))
    # Superset puts its limit of guesses on a view that gets none of them.
    limited = app.appbuilder.sm.limiter.limit(AUTH_RATE_LIMIT, methods=["POST"])
    for view in ("AuthDBView.login", "SecurityApi.login"):
        app.view_functions[view] = limited(app.view_functions[view])

    gc.collect()
    gc.freeze()  # of what lives as long as the process nothing is to be collected, while all requests wait

    @app.before_request
    def begin_with_today():
        return redirect({home!r}) if request.path == "/superset/welcome/" else None

    @app.before_request
    def forget_what_pages_tell():
        \"\"\"Nobody reads it, and a late answer to the log-in page would bring the session of before back.\"\"\"
        return ("", 204) if request.path == "/superset/log/" else None


def DB_CONNECTION_MUTATOR(uri, parameters, _user, _security, _source):
    \"\"\"The figures' address and password as they are now; today and now on the shop's clock.\"\"\"
    if uri.username == {account!r}:
        uri = uri.set(host={host!r}, port={port!r}, password=Path({password_file!r}).read_text().strip())
        offset = datetime.now(ZoneInfo({timezone!r})).strftime("%z")
        zone = f"SET time_zone = '{{offset[:3]}}:{{offset[3:5]}}'"
        parameters["connect_args"] = {{"init_command": zone, **encryption}}
    return uri, parameters
"""


def environment(settings: Settings) -> dict[str, str]:
    """What a process of Superset finds in its environment."""
    folder = folders.of_service(settings, "superset")
    return {
        "SUPERSET_CONFIG_PATH": str(folder / FILE),
        "SUPERSET_HOME": str(folder),
        "FLASK_APP": "superset.app:create_app()",
        "TZ": settings.timezone,  # 'today' in a filter is the shop's
        "TZDIR": str(importlib.resources.files("tzdata") / "zoneinfo"),
        "PYTHONPATH": "",  # Superset's environment and the product's have nothing in common
        "SPT_NOENV": "1",  # a process that names itself must not overwrite the mark in its environment
        "MALLOC_ARENA_MAX": "2",  # memory is dearer here than threads that wait for each other
        **postgres_databases.encryption(settings),
    }


def files(settings: Settings) -> dict[str, str]:
    """The configuration file by name. It holds secrets."""
    host, port = settings.mysql_address
    secured = settings.uses_tls("mysql")
    values = {
        "content": _digest(settings)[:12],  # when it changes, Superset starts anew, and is prepared before
        "folder": str(folders.of_service(settings, "superset")),
        "key": settings.secret(KEY_SECRET),
        "guest": settings.secret(GUEST_SECRET),
        "asynchronous": settings.secret(ASYNC_SECRET),
        "database": f"postgresql+psycopg2://{postgres_databases.address(settings, DATABASE)}",
        "home": HOME,
        "kept_seconds": KEPT_SECONDS,
        "patience_seconds": PATIENCE_SECONDS,
        "authorities": tls.authorities(settings) if secured else "",
        "unsecured": {} if secured else mysql.encryption(settings),
        "account": MYSQL_ACCOUNTS["bi"],
        "host": host,
        "port": port,
        "password_file": str(folders.secrets(settings).absolute() / "mysql_bi"),
        "timezone": settings.timezone,
    }
    return {FILE: TEXT.format_map(values)}


def version() -> str:
    """Changes with what is installed in Superset's environment."""
    return folders.digest([CHECKOUT / "locks" / "superset.txt"])


def content(settings: Settings) -> str:
    """Changes with all that a preparation puts into Superset."""
    passwords = [settings.secret(name) for name in USERS.values()]
    return repr((version(), folders.digest(_content_files()), settings.currency, passwords))


def prepare(settings: Settings) -> None:
    """Makes Superset's tables, roles and users and imports the dashboards, unless all is as it was last time.

    Raises TerminalError in words when the dashboards are not as Superset wants them.
    """
    folder = folders.of_service(settings, "superset")
    stamp = folder / STAMP
    digest = _digest(settings)
    if stamp.exists() and stamp.read_text() == digest:
        return
    told = {
        "currency": settings.currency,
        "places": CURRENCY_PLACES[settings.currency],
        "passwords": {user: settings.secret(name) for user, name in USERS.items()},
    }
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("SUPERSET", "FLASK"))}
    done = subprocess.run(
        [str(programs.superset("python")), "-P", str(PREPARATION)], input=json.dumps(told), capture_output=True,
        text=True, timeout=PREPARE_SECONDS, check=False, cwd=folder,
        env=ours | processes.marks(settings.home, "superset") | environment(settings),
    )  # fmt: skip
    if done.returncode == REFUSED:
        raise TerminalError(f"The dashboards of {CONTENT} are not imported: {done.stdout.strip()}")
    if done.returncode:
        output = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise TerminalError(f"Superset could not be prepared:\n{output}")
    folders.write(stamp, digest)


def _digest(settings: Settings) -> str:
    return hashlib.sha256(content(settings).encode()).hexdigest()


def _content_files() -> list[Path]:
    return sorted(path for path in CONTENT.rglob("*") if path.suffix in {".yaml", ".css", ".py"})
