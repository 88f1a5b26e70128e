"""Brings a Superset to what Tillstream wants of it: tables, roles, users, and the dashboards beside this file.

Runs in Superset's own environment, as one process, for each start of a Superset takes long. Reads from standard input
what it must know and others must not see: passwords, the shop's currency. Exit code 2: it has said in words what is
wrong with the dashboards. Run again, it changes nothing.
"""

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

import flask_migrate
import yaml
from marshmallow import ValidationError
from superset.app import create_app

HERE = Path(__file__).parent
CONTENT = ("metadata.yaml", "databases/*.yaml", "datasets/*/*.yaml", "charts/*.yaml", "dashboards/*.yaml")
REFUSED = 2


class RefusedError(Exception):
    """What is wrong with the files beside this one, in words."""


def main() -> None:
    told = json.load(sys.stdin)
    app = create_app()
    with app.app_context():
        flask_migrate.upgrade()
        _synchronise_permissions()
        users = {name: _user(name, password) for name, password in told["passwords"].items()}
        _import(users["admin"], _bundle(told["currency"], told["places"]))
        _grant_roles()


def _synchronise_permissions() -> None:
    """As `superset init` does."""
    from superset import appbuilder, security_manager
    from superset.utils.decorators import transaction

    def synchronise() -> None:
        appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()

    transaction()(synchronise)()


def _user(name: str, password: str) -> Any:
    """A user with that password; the role has the user's name, and is empty until `_grant_roles`."""
    from superset import security_manager as manager

    role = manager.find_role("Admin") if name == "admin" else manager.add_role(name)
    user = manager.find_user(username=name)
    if user is None:
        return manager.add_user(name, name.title(), "Tillstream", f"{name}@tillstream.invalid", role, password=password)
    manager.reset_password(user.id, password)
    return user


def _grant_roles() -> None:
    """Gives owner and viewer exactly what roles.yaml says: what else they had is taken from them."""
    from superset import db
    from superset import security_manager as manager
    from superset.connectors.sqla.models import SqlaTable

    datasets = db.session.query(SqlaTable).filter_by(is_managed_externally=True).all()
    for name, granted in yaml.safe_load((HERE / "roles.yaml").read_text()).items():
        rights = [_right(permission, view) for view, permissions in granted.items() for permission in permissions]
        manager.find_role(name).permissions = rights + [_right("datasource_access", each.perm) for each in datasets]
    db.session.commit()


def _right(permission: str, view: str) -> Any:
    from superset import security_manager as manager

    found = manager.find_permission_view_menu(permission, view)
    if found is None:
        raise RefusedError(f"Superset knows no '{permission}' on '{view}', which roles.yaml names")
    return found


def _bundle(currency: str, places: int) -> dict[str, str]:
    """The files by name; ${currency} in them is the shop's, ${money} the format of its amounts, ${css} the style."""
    css = json.dumps((HERE / "dashboards.css").read_text())  # as YAML has it too
    known = {"${currency}": currency, "${money}": f",.{places}f", "${css}": css}
    texts = {
        str(path.relative_to(HERE)): path.read_text() for pattern in CONTENT for path in sorted(HERE.glob(pattern))
    }
    for name, value in known.items():
        texts = {file: text.replace(name, value) for file, text in texts.items()}
    return texts


def _import(admin: Any, bundle: dict[str, str]) -> None:
    from superset.commands.exceptions import CommandException
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.utils.core import override_user

    try:
        with override_user(admin):
            ImportAssetsCommand(bundle).run()
            _forget_what_is_gone(bundle)
    except (CommandException, ValidationError, yaml.YAMLError) as error:
        raise RefusedError(_words(error)) from error


def _forget_what_is_gone(bundle: dict[str, str]) -> None:
    """Deletes what an earlier version had brought and this one has not; what people made themselves stays."""
    from superset import db
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice

    wanted = {yaml.safe_load(text).get("uuid") for text in bundle.values()}
    for kind in (Dashboard, Slice, SqlaTable):
        for each in db.session.query(kind).filter_by(is_managed_externally=True):
            if str(each.uuid) not in wanted:
                db.session.delete(each)
        db.session.commit()


def _words(error: BaseException) -> str:
    """What is wrong, of whatever Superset has wrapped it in."""
    from superset.commands.exceptions import CommandInvalidError

    if isinstance(error, CommandInvalidError):
        found = error.normalized_messages().items()
        return "; ".join(f"{file}: {said.get(file, said) if isinstance(said, dict) else said}" for file, said in found)
    return _words(error.__cause__) if error.__cause__ else str(error)


if __name__ == "__main__":
    try:
        with contextlib.redirect_stdout(sys.stderr):  # Superset's steps print what they do
            main()
    except RefusedError as refusal:
        print(refusal)
        sys.exit(REFUSED)
