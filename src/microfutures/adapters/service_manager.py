"""What systemd is told: that the desk is ready, that it lives, that it stops (sd_notify(3)).

A datagram on the socket that the service manager names; outside of it nothing happens. The
library for it has not been maintained since 2017, and this is all there is to it.
"""

import os
import socket


class ServiceManager:
    """Speaks to the manager that started this process, if one did."""

    def __init__(self) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):  # the abstract namespace
            self._address = "\0" + self._address[1:]

    @property
    def watchdog_seconds(self) -> float | None:
        """Return how often the manager wants to hear that we live; None when it does not."""
        text = os.environ.get("WATCHDOG_USEC", "")
        return int(text) / 1e6 if text.isdigit() and self._address else None

    def ready(self, status: str) -> None:
        """Tell that the start is over."""
        self._send(f"READY=1\nSTATUS={status}")

    def alive(self, status: str) -> None:
        """Tell that everything works."""
        self._send(f"WATCHDOG=1\nSTATUS={status}")

    def stopping(self) -> None:
        """Tell that the end has begun."""
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
                line.sendto(text.encode(), self._address)
        except OSError:
            return  # the manager is gone; trading is none of its business
