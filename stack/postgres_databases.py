"""Who keeps records in PostgreSQL: a database and an account of the same name each; and how they reach it."""

from pathlib import Path
from urllib.parse import quote

from stack import folders
from tillstream.settings import Settings
from tillstream.stores import tls

AIRFLOW, AIRFLOW_SECRET = "airflow", "postgres_airflow"
SUPERSET, SUPERSET_SECRET = "superset", "postgres_superset"
SECRETS = {AIRFLOW: AIRFLOW_SECRET, SUPERSET: SUPERSET_SECRET}


def sockets(settings: Settings) -> Path:
    """The folder of the embedded PostgreSQL's socket, which belongs to PostgreSQL's user."""
    return folders.sockets(settings) / "postgres"


def encryption(settings: Settings) -> dict[str, str]:
    """Variables that every client of PostgreSQL obeys: TLS, where it is wanted, and never without it."""
    if not settings.uses_tls("postgres"):
        return {}
    return {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": tls.authorities(settings)}


def address(settings: Settings, database: str) -> str:
    """Account, password, server and database, as they stand in an address behind its scheme. Holds a secret."""
    account = f"{database}:{settings.secret(SECRETS[database])}"
    if settings.postgres:
        return f"{account}@{settings.postgres}/{database}"
    return f"{account}@/{database}?host={quote(str(sockets(settings)))}"
