"""Telling somebody who does not look at the machine: a message through Apprise, to the address in the settings."""

import hashlib
import logging
import time

import apprise

from tillstream.errors import TerminalError, TransientError
from tillstream.settings import Settings, variable


def notify(settings: Settings, title: str, text: str, once_in_minutes: int = 0) -> bool:
    """Sends a message; gives whether it was sent: not without an address, nor again too soon under the same title.

    Raises TerminalError for an address that Apprise does not know, TransientError when it could not be delivered. The
    address is a secret and is in neither of them.
    """
    if not settings.notify_url:
        return False
    sent = settings.home / "notified" / hashlib.sha256(title.encode()).hexdigest()[:16]
    if sent.exists() and time.time() - sent.stat().st_mtime < once_in_minutes * 60:
        return False
    logging.getLogger("apprise").disabled = True  # it would print the address
    recipient = apprise.Apprise()
    if not recipient.add(settings.notify_url):
        raise TerminalError(
            f"{variable('notify_url')} is not an address that Apprise knows.",
            "Its documentation lists them.",
        )
    if not recipient.notify(body=text, title=title, body_format=apprise.NotifyFormat.TEXT):
        raise TransientError("The notification could not be delivered.", f"Look at {variable('notify_url')}.")
    sent.parent.mkdir(mode=0o700, exist_ok=True)
    sent.touch()
    return True
