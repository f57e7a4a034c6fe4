"""The server, in a thread of the test's own process; clients ask it from there or as processes of their own.

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
OF_CLIENTS = ("HF_", "HUGGING", "GRADIO_", "SPACE_")
"""How the names of variables begin that would tell a client something else."""


class HubServer(Hub):
    """A Hub in a thread; a context manager that can be entered once.

    Leaving it raises the first error of a callback, or of the server itself, if there was one.

    Args:
        page_size: The most entries in one part of a list of files or commits.
    """

    def __init__(self, *, page_size: int = PAGE_SIZE) -> None:
        super().__init__()
        self.url = ""
        """What clients know as the endpoint."""

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
        """Let requests of a kind fail: see `Faults.fail`."""
        self.faults.fail(kind, fault, times=times, after=after, matching=matching, retry_after=retry_after)

    def on(self, kind: Kind, callback: Callback, *, times: int | None = 1, after: int = 0, matching: str = "") -> None:
        """Call something just before a request of a kind is handled: see `Faults.on`."""
        self.faults.on(kind, callback, times=times, after=after, matching=matching)

    def environment(self, home: Path, token: str | None = None) -> dict[str, str]:
        """The environment of a process whose clients ask this server and nobody else.

        Args:
            home: The folder of the clients' caches; an empty one, as a warm cache hides a broken server.
            token: What the clients show; None for nothing.
        """
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.upper().startswith(OF_CLIENTS) and not name.lower().endswith("_proxy")
        }
        quiet = ("HF_HUB_DISABLE_PROGRESS_BARS", "HF_DATASETS_DISABLE_PROGRESS_BARS", "HF_HUB_DISABLE_UPDATE_CHECK")
        return {
            **inherited,
            **dict.fromkeys(quiet, "1"),
            **({"HF_TOKEN": token} if token else {}),
            "HF_ENDPOINT": self.url,
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
        wrong = [failure] if failure else self._app.errors
        if wrong and error is None:
            raise wrong[0] from None
