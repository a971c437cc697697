"""A real Chromium, and pages that remember everything that went wrong in them."""

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

PHONE = (390, 844)
DESKTOP = (1280, 800)
ACTION_TIMEOUT_MS = 10_000
_CANDIDATES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS: tuple[str, ...] = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

TARGET_PX_MIN = 44

Scheme = Literal["dark", "light"]

_SMALL_TARGETS = """(minimum) => [...document.querySelectorAll("button, select, input, nav a")]
  .map((control) => [control, (control.closest("label") ?? control).getBoundingClientRect()])
  .filter(([control, box]) => control.checkVisibility() && box.width > 0
    && (box.width < minimum || box.height < minimum))
  .map(([control, box]) => `${control.tagName.toLowerCase()}`
    + ` "${control.ariaLabel ?? control.textContent ?? control.getAttribute("name")}"`
    + ` ${Math.round(box.width)}×${Math.round(box.height)}`)"""


class ChromiumMissing(AssertionError):
    """No browser to test with; the text says how to get one."""


def chromium_path() -> str:
    """Of $BITEBYTE_CHROMIUM, or of an installed Chromium. Raises ChromiumMissing."""
    chosen = os.environ.get("BITEBYTE_CHROMIUM")
    if chosen is not None:
        if not os.access(chosen, os.X_OK):
            raise ChromiumMissing(f"BITEBYTE_CHROMIUM={chosen} is not a program")
        return chosen
    for name in _CANDIDATES:
        found = shutil.which(name)
        if found is not None:
            return found
    raise ChromiumMissing(
        "The browser tests need a Chromium: install one (Debian: `apt-get install chromium`) or"
        " set BITEBYTE_CHROMIUM to its path."
    )


@contextmanager
def running_chromium(*more_flags: str) -> Generator[Browser]:
    """A headless Chromium for the length of a `with`."""
    flags = [*_FLAGS, *more_flags]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium refuses its sandbox to root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=flags)
        try:
            yield browser
        finally:
            browser.close()


class Person:
    """Somebody at a device: one browser profile, one tab."""

    def __init__(
        self,
        browser: Browser,
        base_url: str,
        *,
        size: tuple[int, int],
        scheme: Scheme,
        screenshots: Path,
    ) -> None:
        self._context: BrowserContext = browser.new_context(
            base_url=base_url,
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            has_touch=size == PHONE,
            is_mobile=size == PHONE,
            locale="en-GB",
            ignore_https_errors=True,  # an ingress of a test has a certificate of its own making
            reduced_motion="reduce",
        )
        self._context.set_default_timeout(ACTION_TIMEOUT_MS)
        self._screenshots = screenshots
        self._prefix = f"{'phone' if size == PHONE else 'desktop'}-{scheme}"
        self.page: Page = self._context.new_page()
        self.complaints: list[str] = []
        """Console errors and warnings of the page, uncaught exceptions, CSP violations."""
        self.loads = 0
        """How many documents were loaded: a change that needed a reload shows here."""
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        self.page.on("domcontentloaded", lambda _page: self._count_load())

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text} ({message.location})")

    def _count_load(self) -> None:
        self.loads += 1

    def shoot(self, name: str) -> None:
        """Keeps a picture of the whole page, for a person to look at."""
        self._screenshots.mkdir(parents=True, exist_ok=True)
        path = self._screenshots / f"{name}-{self._prefix}.png"
        self.page.screenshot(path=path, full_page=True, animations="disabled")

    def overflows_sideways(self) -> bool:
        """Whether the page is wider than the screen, so that a thumb has to scroll sideways."""
        return self.page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"
        )

    def small_targets(self) -> list[str]:
        """Visible controls that a thumb can miss: under 44 px in a direction. Links inside a
        sentence are exempt (WCAG 2.2, 2.5.8), and a control inside its label counts with it."""
        return self.page.evaluate(_SMALL_TARGETS, TARGET_PX_MIN)

    def use_scheme(self, scheme: Scheme) -> None:
        """Switches the device between dark and light."""
        self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        self._prefix = f"{self._prefix.split('-')[0]}-{scheme}"

    def close(self) -> None:
        self._context.close()
