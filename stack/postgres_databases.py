"""Who keeps records in the embedded PostgreSQL: a database and an account of the same name each, and its socket."""

from pathlib import Path

from stack import folders
from tillstream.settings import Settings

AIRFLOW, AIRFLOW_SECRET = "airflow", "postgres_airflow"
SUPERSET, SUPERSET_SECRET = "superset", "postgres_superset"
SECRETS = {AIRFLOW: AIRFLOW_SECRET, SUPERSET: SUPERSET_SECRET}


def sockets(settings: Settings) -> Path:
    """The folder of PostgreSQL's socket, which belongs to PostgreSQL's user."""
    return folders.sockets(settings) / "postgres"
