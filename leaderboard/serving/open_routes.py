"""Routes of Gradio that the app uses. All others are closed, such as monitoring, deep links, proxies and streams."""

from __future__ import annotations

import re
from typing import Final

API: Final = "/gradio_api"
_READ: Final = (
    "/",
    "/config",
    "/favicon.ico",
    "/logout",
    "/manifest.json",
    "/robots.txt",
    "/theme.css",
    *(f"{API}/{name}" for name in ("app_id", "info", "login_check", "openapi.json", "queue/data", "queue/status")),
    *(f"{API}/{name}" for name in ("startup-events", "theme.css", "upload_progress", "user")),
)
"""Paths that are read."""
_READ_BELOW: Final = re.compile(
    rf"/(?:assets|static|svelte)/.+|/login/(?:huggingface|callback)|/pwa_icon(?:/\d+)?|{API}/file=/.+"
    rf"|{API}/call/(?:v2/)?\w+/\w+|{API}/heartbeat/\w+"
)
"""Paths with parameters that are read. A file is named by a path and never by an address."""
_WRITTEN: Final = re.compile(rf"{API}/(?:(?:run|api|call|call/v2)/\w+|queue/join|cancel|reset|upload)")
_CALLED: Final = re.compile(rf"{API}/(?:call|queue/join)")
_FILES: Final = (f"{API}/upload", f"{API}/upload_progress", f"{API}/file=")


def is_open(method: str, path: str) -> bool:
    """Return True if the app answers requests of a method to a path."""
    path = path.rstrip("/") or "/"
    if method in ("GET", "HEAD", "OPTIONS"):
        return path in _READ or _READ_BELOW.fullmatch(path) is not None
    return method == "POST" and _WRITTEN.fullmatch(path) is not None


def is_upload(path: str) -> bool:
    """Return True if files are uploaded to a path."""
    return path.rstrip("/") == f"{API}/upload"


def handles_files(path: str) -> bool:
    """Return True if a path takes or gives uploaded files, which only people who are signed in have."""
    return path.startswith(_FILES)


def is_heartbeat(path: str) -> bool:
    """Return True if a page holds a request to a path for as long as it is open."""
    return path.startswith(f"{API}/heartbeat/")


def joins_queue(path: str) -> bool:
    """Return True if a request to a path waits in the queue, and its result for the client."""
    return _CALLED.match(path) is not None
