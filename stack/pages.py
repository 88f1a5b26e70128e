"""Where a browser finds what the embedded stack shows, and which files have the passwords."""

from stack import airflow_configuration, folders, superset_configuration
from tillstream.settings import Settings


def pages(settings: Settings) -> dict[str, str]:
    """A sentence for each service of this machine that has pages, by its name."""
    secrets = folders.secrets(settings)
    owner = superset_configuration.OWNER
    found = {}
    if not settings.superset:
        file = secrets / superset_configuration.USERS[owner]
        found["superset"] = f"Dashboards: {settings.superset_url}, user {owner}, password in {file}"
    if not settings.airflow:
        file = secrets / airflow_configuration.ADMIN_SECRET
        found["airflow"] = f"Airflow: {settings.airflow_url}, user {airflow_configuration.ADMIN}, password in {file}"
    return found
