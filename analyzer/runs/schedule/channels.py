"""Where alerts go: through `apprise`, channel by channel; one that fails stops nothing else."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from queue import Empty, SimpleQueue

from analyzer.model.errors import InputError, lacks_extra

Send = Callable[[str, str, str], bool]
"""(title, text, kind: `failure`, `warning`, `success` or `info`) -> whether it was taken."""
SEND_S = 60.0
"""Seconds that a channel has to take a message: a watch does not stand still for it."""


def apprise_send(channels: Sequence[str], failed: Callable[[int], None]) -> Send:
    """Sends through `apprise`, channel by channel. `failed` is told the number of one that did not
    take a message: its URL is a secret.

    Raises: InputError without the library, or for a URL that it does not know.
    """
    with warnings.catch_warnings():
        # That the library still imports what Python gives up is nothing that a user can mend.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            import apprise
        except ImportError as error:
            raise lacks_extra("an alert", "alerts") from error
        services = []
        for number, channel in enumerate(channels, 1):
            service = apprise.Apprise.instantiate(channel)
            if service is None:
                raise InputError(f"channel {number} of the alerts is no URL that apprise knows")
            services.append(service)

    def send(title: str, text: str, kind: str) -> bool:
        taken = True
        for number, service in enumerate(services, 1):
            message = {"title": title, "body": text, "notify_type": apprise.NotifyType(kind)}
            if not taken_in_time(partial(service.notify, **message)):
                failed(number)
                taken = False
        return taken

    return send


def taken_in_time(notify: Callable[[], object], seconds: float = SEND_S) -> bool:
    """Whether a channel took a message. One that does not answer is left behind after a while, and
    whatever its library raises is no more than a message that was not taken."""
    ended: SimpleQueue[bool] = SimpleQueue()

    def work() -> None:
        try:
            ended.put(bool(notify()))
        except Exception:
            ended.put(False)

    threading.Thread(target=work, name="alert", daemon=True).start()
    try:
        return ended.get(timeout=seconds)
    except Empty:
        return False
