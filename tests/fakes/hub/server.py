"""Fake Hub server in a thread of the test process. Clients can run in the same or in other processes.

Usage:
    with HubServer() as hub:
        token = hub.add_user("ann", orgs=["org"])
        hub.fail("commit", 503)
        hub.on("commit", lambda: hub.commit("datasets", "org/name", {"notes.txt": b"meanwhile"}))
        subprocess.run(command, env=hub.environment(tmp_path, token))
        assert hub.repo("datasets", "org/name").files()["notes.txt"] == b"meanwhile"
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.loopback import Background

from .app import App
from .faults import Break, Callback, Faults, Kind, Status
from .hub import Hub
from .log import RequestLog

PAGE_SIZE = 1000
CLIENT_VARIABLES = ("HF_", "HUGGING", "GRADIO_", "SPACE_")
"""Prefixes of environment variables that would change the configuration of a client."""


class HubServer(Hub):
    """Fake Hub in a background thread. A context manager that can be entered once.

    The exit raises the first error of a callback or of the server itself, if there was one.

    Args:
        page_size: Maximum number of files or commits in one page of a list.
    """

    def __init__(self, *, page_size: int = PAGE_SIZE) -> None:
        super().__init__()
        self.url = ""
        """Endpoint for clients."""

        self.log = RequestLog()
        self.faults = Faults()
        self._app = App(self, self.faults, self.log, page_size)
        self._served = Background(self._app.runner, "hub-server")

    def fail(
        self,
        kind: Kind,
        fault: Status | Break,
        *,
        times: int | None = 1,
        after: int = 0,
        matching: str = "",
        retry_after: int | None = None,
    ) -> None:
        """Make requests of a kind fail: see `Faults.fail`."""
        self.faults.fail(kind, fault, times=times, after=after, matching=matching, retry_after=retry_after)

    def on(self, kind: Kind, callback: Callback, *, times: int | None = 1, after: int = 0, matching: str = "") -> None:
        """Call a function just before a request of a kind is handled: see `Faults.on`."""
        self.faults.on(kind, callback, times=times, after=after, matching=matching)

    def environment(self, home: Path, token: str | None = None) -> dict[str, str]:
        """Return the environment variables of a process whose clients use only this server.

        Args:
            home: Folder of the clients' caches. Use an empty one, because a warm cache hides errors of the server.
            token: Token of the clients; None for anonymous access.
        """
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.upper().startswith(CLIENT_VARIABLES) and not name.lower().endswith("_proxy")
        }
        quiet = ("HF_HUB_DISABLE_PROGRESS_BARS", "HF_DATASETS_DISABLE_PROGRESS_BARS", "HF_HUB_DISABLE_UPDATE_CHECK")
        return {
            **inherited,
            **dict.fromkeys(quiet, "1"),
            **({"HF_TOKEN": token} if token else {}),
            "HF_ENDPOINT": self.url,
            "PETOOLBENCH_ALLOW_HTTP": "1",  # the token goes to this machine
            "HF_HOME": str(home),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_UPDATE_DOWNLOAD_COUNTS": "0",
            "GRADIO_ANALYTICS_ENABLED": "False",
            "NO_PROXY": "*",
        }

    def __enter__(self) -> Self:
        self.url = f"http://127.0.0.1:{self._served.start()}"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        failure = self._served.end()
        errors = [failure] if failure else self._app.errors
        if errors and error is None:
            raise errors[0] from None
