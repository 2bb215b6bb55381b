"""Somebody who uses the page of the server in a browser, as a person would: by labels, words on buttons and keys.

The tests look at what comes of it, `render_page.py` takes pictures of it. Chromium comes from the system's packages.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
HOW_TO_GET = "no Chromium is here: apt-get install chromium"
TEXT = "Hello there, my dear friend. It costs $5."
WAIT_MS = 60_000
"""So long a busy machine may take over anything."""


def chromium() -> str | None:
    """Return the browser's path, None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def browser(microphone: Path) -> Iterator[Browser]:
    """Run a browser whose microphone hears a WAV file, again and again."""
    flags = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={microphone}",
        "--no-sandbox",  # root has none
        "--disable-gpu",
        "--force-color-profile=srgb",
        "--disable-extensions",
        "--disable-background-networking",
        "--process-per-site",  # pages need not wait for processes of their own
    ]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=flags)
        try:
            yield running
        finally:
            running.close()


class Visitor:
    """Walks through the page."""

    def __init__(self, page: Page, url: str) -> None:
        page.set_default_timeout(WAIT_MS)
        self.page = page
        self.url = url

    def arrive(self) -> None:
        """Open the page, and wait for its voices."""
        self.page.goto(self.url)
        self.page.locator("#voice option").first.wait_for(state="attached")
        self.page.get_by_text("demo on cpu").wait_for()

    def go(self, tab: str) -> None:
        """Choose what to do."""
        self.page.get_by_role("tab", name=tab).click()

    def press(self, name: str, within: Page | Locator | None = None) -> None:
        """Press a button that says this and nothing else."""
        (within or self.page).get_by_role("button", name=name, exact=True).click()

    def type(self, text: str) -> None:
        """Write a text, and wait until it is told what will be said."""
        self.page.get_by_label("What to say").fill(text)
        self.page.locator("#plan li").first.wait_for()

    def speak(self, text: str = TEXT, voice: str = "demo-deep", seed: str = "7") -> None:
        """Speak a text, fast, and wait until it is whole."""
        self.page.locator("#voice").select_option(voice)
        self.page.locator("#quality").select_option("fast")
        self.open("More")
        self.page.get_by_label("Seed").fill(seed)
        self.type(text)
        self.press("Speak")
        self.finish()

    def finish(self) -> None:
        """Wait until what is spoken is whole."""
        self.page.locator("#announcer", has_text="Done:").wait_for(state="attached")

    def until(self, condition: str) -> None:
        """Wait until a condition in JavaScript holds; Playwright's own way is against the page's policy."""
        self.page.evaluate(f"""() => new Promise((done, fail) => {{
            const look = () => ({condition} ? done() : setTimeout(look, 20));
            setTimeout(() => fail(new Error("waited too long")), {WAIT_MS});
            look();
        }})""")

    def open(self, summary: str) -> None:
        """Unfold a part of the page."""
        fold = self.page.locator("details:visible", has=self.page.get_by_text(summary, exact=True))
        if fold.get_attribute("open") is None:
            fold.locator("summary").click()

    def mend(self, word: str, said: str) -> None:
        """Tell how a word of the text is said."""
        text = self.page.get_by_label("What to say")
        at = text.input_value().index(word)
        text.evaluate("(field, [from, to]) => field.setSelectionRange(from, to)", [at, at + len(word)])
        self.press("Say a word otherwise")
        self.page.keyboard.type(said)

    def record(self, at_least_s: float) -> None:
        """Record for so long."""
        self.go("Voices")
        self.press("Record")
        told = "document.querySelector('#recorded').textContent.replace(/[^0-9.]/g, '')"
        self.until(f"parseFloat({told}) >= {at_least_s}")
        self.press("Stop")

    def keep_voice(self, name: str, ref_text: str = "") -> None:
        """Keep what was recorded as a voice, and wait for its check-up."""
        self.page.get_by_label("Name", exact=True).locator("visible=true").fill(name)
        self.page.get_by_label("Who agreed, and how").fill("My own voice")
        if ref_text:
            self.page.get_by_label("What is said in it").fill(ref_text)
        self.press("Check and keep")
        self.page.locator("#voice-told", has_text=f"{name} is kept").wait_for()

    def write_dialogue(self, lines: list[str]) -> None:
        """Fill in the lines of a dialogue, of two people who take turns."""
        self.go("Dialogue")
        self.page.get_by_label("Quality").locator("visible=true").select_option("fast")
        while self.lines.count() < len(lines):
            self.press("Add a line")
        for i, line in enumerate(lines):
            self.lines.nth(i).get_by_label("Line", exact=True).fill(line)

    @property
    def lines(self) -> Locator:
        """Of the dialogue."""
        return self.page.locator("#lines > li")

    def speak_chunk_again(self, number: int) -> None:
        """Have a chunk spoken anew, and wait for the choice."""
        self.go("Repair")
        chunk = self.page.locator("#chunks > li").nth(number - 1)
        there = chunk.get_by_role("radio").count()
        self.press(f"Speak chunk {number} again")
        chunk.get_by_role("radio").nth(max(there, 1)).wait_for()
