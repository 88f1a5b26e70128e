"""What Airflow's processes are told: `airflow.cfg`, which holds secrets, and an environment, which does not."""

import base64
import hashlib
import json
import os
import subprocess
import sys
from datetime import datetime
from ipaddress import IPv4Address
from pathlib import Path

from stack import folders, postgres_databases, processes, programs
from tillstream.errors import TerminalError
from tillstream.settings import CHECKOUT, Settings, variable
from tillstream.shop_calendar import zone

ADMIN, ADMIN_SECRET = "admin", "airflow_admin"
DATABASE, DATABASE_SECRET = postgres_databases.AIRFLOW, postgres_databases.AIRFLOW_SECRET
FERNET_SECRET, SESSION_SECRET, TOKEN_SECRET = "airflow_fernet", "airflow_session", "airflow_token"
SECRETS = (ADMIN_SECRET, FERNET_SECRET, SESSION_SECRET, TOKEN_SECRET)
# Who says who may do what: one user with a password in a file, or users and roles that people manage on the page.
ONE_USER = "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
MANY_USERS = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
COMMAND_SECONDS = 300
FILE, PASSWORDS_FILE, FIRST_DAY_FILE = "airflow.cfg", "passwords.json", "first_day"

TEXT = """\
# Written by `tillstream up`, for the packages {version} and the DAGs {dags}.
[core]
executor = LocalExecutor
# Tasks at once: a night, a watch, and two that somebody starts by hand. Each is a process that waits.
parallelism = 4
dags_folder = {checkout}/dags
plugins_folder = {checkout}/plugins
load_examples = False
dags_are_paused_at_creation = False
fernet_key = {fernet}
execution_api_server_url = {url}/execution/
auth_manager = {users}
simple_auth_manager_users = {admin}:admin
simple_auth_manager_passwords_file = {folder}/{passwords_file}

[database]
sql_alchemy_conn = postgresql+psycopg2://{database}
sql_alchemy_conn_async = postgresql+asyncpg://{database}
sql_alchemy_pool_size = 2

[logging]
base_log_folder = {folder}/logs
file_task_handler_new_folder_permissions = 0o700
file_task_handler_new_file_permissions = 0o600
colored_console_log = False
dag_processor_log_target = stdout

[api]
host = {host}
port = {port}
base_url = {url}
workers = 1
secret_key = {session}

[api_auth]
jwt_secret = {token}

[scheduler]
scheduler_idle_sleep_time = 0.5
# A task whose process or whose scheduler was killed runs again after about this long.
task_instance_heartbeat_timeout = 60
orphaned_tasks_check_interval = 30

[workers]
# A machine that Spark keeps busy answers late; that is no reason to end a night.
max_failed_heartbeats = 12
execution_api_timeout = 30
# Nor is an API server that was killed, or starts later than the scheduler.
execution_api_retries = 20
execution_api_retry_wait_max = 5

[dag_processor]
parsing_processes = 1
# The files change with an update of Tillstream only.
min_file_process_interval = 600
refresh_interval = 600
print_stats_interval = 3600
"""


def environment(settings: Settings) -> dict[str, str]:
    """What an Airflow process and its tasks find in their environment."""
    folder = folders.of_service(settings, "airflow")
    return {
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW_CONFIG": str(folder / FILE),
        "TILLSTREAM_APP": sys.executable,
        variable("timezone"): settings.timezone,
        "TILLSTREAM_FIRST_DAY": _first_day(settings, folder / FIRST_DAY_FILE),
        "PYTHONPATH": "",  # Airflow's environment and the product's have nothing in common
        "SPT_NOENV": "1",  # a process that names itself must not overwrite the mark in its environment
        "MALLOC_ARENA_MAX": "2",  # memory is dearer here than threads that wait for each other
        **postgres_databases.encryption(settings),
    }


def command_environment(settings: Settings) -> dict[str, str]:
    """For an `airflow` command that is run once: what this process was told of another Airflow stays out."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    return ours | processes.marks(settings.home, "postgres") | environment(settings)


def files(settings: Settings) -> dict[str, str]:
    """The configuration files by name. They hold secrets."""
    passwords = json.dumps({ADMIN: settings.secret(ADMIN_SECRET)}) + "\n"
    return {FILE: _configuration(settings), PASSWORDS_FILE: passwords}


def version() -> str:
    """Changes with what is installed in Airflow's environment."""
    return folders.digest([CHECKOUT / "locks" / "airflow.txt"])


def initialised_by(settings: Settings) -> str:
    """Changes with what `migrate` puts into the database."""
    if not has_many_users(settings):
        return version()
    return repr((version(), settings.secret(ADMIN_SECRET)))


def has_many_users(settings: Settings) -> bool:
    """Whether other machines may reach the page, and so other people."""
    return not IPv4Address(settings.listen).is_loopback


def migrate(settings: Settings) -> None:
    """Makes Airflow's tables, or brings them to what the installed Airflow needs; and its administrator among many."""
    folder = folders.of_service(settings, "airflow")
    folders.make_private(folder)
    for name, text in files(settings).items():
        folders.write(folder / name, text)
    _run(settings, "make its tables", "db", "migrate")
    if has_many_users(settings):
        password = f"{settings.secret(ADMIN_SECRET)}\n" * 2  # it is asked for twice
        user = ("--username", ADMIN, "--email", f"{ADMIN}@tillstream.invalid")
        names = ("--firstname", "Tillstream", "--lastname", "Administrator")
        _run(settings, "make its administrator", "users", "create", "--role", "Admin", *user, *names, answers=password)
        _run(settings, "give its password", "users", "reset-password", "--username", ADMIN, answers=password)


def _run(settings: Settings, what: str, *command: str, answers: str = "") -> None:
    """One `airflow` command. It has no terminal: what it asks for comes from `answers`."""
    done = subprocess.run(
        [str(programs.airflow()), *command], input=answers, capture_output=True, text=True, timeout=COMMAND_SECONDS,
        check=False, cwd=folders.of_service(settings, "airflow"), env=command_environment(settings),
        start_new_session=True,
    )  # fmt: skip
    if done.returncode:
        output = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise TerminalError(f"Airflow could not {what}:\n{output}")


def _configuration(settings: Settings) -> str:
    values = {
        "version": version(),
        "dags": folders.digest(sorted([*CHECKOUT.glob("dags/*.py"), *CHECKOUT.glob("plugins/*.py")])),
        "checkout": CHECKOUT,
        "folder": folders.of_service(settings, "airflow"),
        "passwords_file": PASSWORDS_FILE,
        "admin": ADMIN,
        "users": MANY_USERS if has_many_users(settings) else ONE_USER,
        "host": settings.listen,
        "url": settings.airflow_url,
        "port": settings.airflow_port,
        "database": postgres_databases.address(settings, DATABASE),
        "fernet": base64.urlsafe_b64encode(hashlib.sha256(settings.secret(FERNET_SECRET).encode()).digest()).decode(),
        "session": settings.secret(SESSION_SECRET),
        "token": hashlib.sha512(settings.secret(TOKEN_SECRET).encode()).hexdigest(),  # it wants 64 bytes or more
    }
    return TEXT.format_map({name: str(value).replace("%", "%%") for name, value in values.items()})


def _first_day(settings: Settings, path: Path) -> str:
    """The shop's day of the first start: the first night by itself is the one after it."""
    if not path.exists():
        folders.make_private(path.parent)
        folders.write(path, f"{datetime.now(zone(settings.timezone)):%Y-%m-%d}")
    return path.read_text()
