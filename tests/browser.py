"""A browser, and a Gradio app for it to look at: what the tests of pages share.

Usage, in a test:

    from tests.browser import Look, serving

    @pytest.fixture(scope="module")
    def url(tmp_path_factory):
        with serving([sys.executable, "app.py"], tmp_path_factory.mktemp("app"), cwd=FOLDER) as url:
            yield url

    def test_page(look: Look, url: str) -> None:
        page = look(url, dark=True, width=390)
        expect(page.get_by_role("button", name="Score")).to_be_visible()

The browser is Debian's Chromium. Where there is none the tests are skipped, unless `CI_BROWSER=required` asks that they
fail. It reaches loopback only. While it runs, Playwright keeps an event loop running in the thread of the tests, so that
nothing else can start one there: therefore it is started anew for each module, which takes about a second, and a
module of tests that look at pages has none that call `asyncio.run`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect, sync_playwright

START_S: Final = 120.0
"""Seconds within which an app must answer; a busy machine takes ten to import what it needs."""
WAIT_S: Final = 30.0
"""Seconds within which what a test expects of a page must come."""
_ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_OF_CLIENTS: Final = ("HF_", "HUGGING", "GRADIO_", "SPACE_")
"""How the names of variables begin that would tell an app something else."""
_LOOPBACK: Final = ("127.0.0.1", "localhost")
_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Look(Protocol):
    """Opens a page in a context of its own and waits until its app is there."""

    def __call__(self, url: str, *, dark: bool = False, width: int = 1280, height: int = 900) -> Page:
        """Open a page.

        Args:
            url: Where it is.
            dark: Whether the user likes it dark.
            width: Of the window, in CSS pixels; 390 is a telephone's.
            height: Likewise.
        """
        ...


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, without a window."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=_chromium(), args=_ARGUMENTS, headless=True)
        expect.set_options(timeout=1000 * WAIT_S)
        yield started
        started.close()


@pytest.fixture
def look(browser: Browser) -> Iterator[Look]:
    """Opens pages; the test fails if one of them threw an error, or asked anybody but loopback."""
    faults: list[str] = []

    def hold_back(route: Route) -> None:
        if urlsplit(route.request.url).hostname in _LOOPBACK:
            route.continue_()
        else:
            faults.append(f"asked for {route.request.url}")
            route.abort()

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            faults.append(message.text)

    def opened(url: str, *, dark: bool = False, width: int = 1280, height: int = 900) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", locale="en-GB"
        )
        page = context.new_page()
        page.on("console", note)
        return arrived(page, url, hold_back, faults)

    yield opened
    left(browser, faults)


def arrived(page: Page, url: str, answer: Callable[[Route], None], faults: list[str]) -> Page:
    """A page that has gone to an app, once the app is there.

    Args:
        page: A new one, of a context of its own.
        url: Where it goes.
        answer: Is given all that the page asks for.
        faults: Is added the errors that the page throws.
    """
    page.context.set_default_timeout(1000 * WAIT_S)
    page.route("**/*", answer)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(url)
    page.locator(".gradio-container").first.wait_for()
    return page


def left(browser: Browser, faults: Sequence[str]) -> None:
    """Close all pages, and fail if there were faults."""
    for context in browser.contexts:
        context.close()
    assert not faults, faults


@contextmanager
def serving(
    command: Sequence[str], home: Path, *, cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[str]:
    """A Gradio app in a process of its own, on a free port of loopback, without the network and with empty caches.

    Args:
        command: Starts the app, which takes host and port from Gradio's own variables.
        home: A folder for its caches and its log.
        cwd: Where it is started; where the tests are, if None.
        environment: Variables to set beyond those of the tests and Gradio's.

    Yields:
        The app's address.

    Raises:
        RuntimeError: If it ends or does not answer in time; with the end of what it wrote.
    """
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    log = home / "app.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=cwd, env=_environment(home, port, environment or {}), stdout=file, stderr=subprocess.STDOUT
        )
        try:
            _wait_for(url, process, log)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _chromium() -> str:
    """Where Chromium is."""
    found = shutil.which("chromium")
    if found is None:
        why = "there is no chromium here to look at pages with: install Debian's package `chromium`"
        if os.environ.get("CI_BROWSER") == "required":
            pytest.fail(f"CI_BROWSER=required, and {why}")
        pytest.skip(why)
    return found


def _free_port() -> int:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port: int = chosen.getsockname()[1]
        return port


def _environment(home: Path, port: int, more: Mapping[str, str]) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(_OF_CLIENTS) and not name.lower().endswith("_proxy")
    }
    return {
        **inherited,
        "GRADIO_ANALYTICS_ENABLED": "False",
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(home / "gradio"),
        "HF_EVALUATE_OFFLINE": "1",
        "HF_HOME": str(home / "huggingface"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_OFFLINE": "1",
        "NO_PROXY": "*",
        "PYTHONUNBUFFERED": "1",
        **more,
    }


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until an app answers."""
    end = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < end:
        try:
            with _DIRECT.open(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    told = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    state = "does not answer" if process.poll() is None else f"ended with status {process.returncode}"
    raise RuntimeError(f"The app at {url} {state}. It wrote:\n{told}")
