#!/usr/bin/env python
"""Take pictures of the page that `voiceclone serve` shows: each part of it, at three widths, light and dark.

    python scripts/render_page.py            # .github/page.png
    python scripts/render_page.py --all DIR  # every picture, to look at

The small model that comes with the code speaks; into the microphone speaks a recording of f5-tts.
"""

from __future__ import annotations

import argparse
import importlib.resources
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark.hearing import shipped_model
from browsing import visitor as page_visitor
from browsing.visitor import Visitor

from voiceclone import app, audio
from voiceclone.server import Server
from voiceclone.settings import Settings

PICTURE = Path(__file__).resolve().parent.parent / ".github" / "page.png"
WIDTHS = {390: 844, 820: 1180, 1280: 900}
"""Of a phone, a tablet, a desk, with their heights."""
TEXT = "Good morning. Our new GIF costs $5, and everybody who was there on 3 May has seen it."
LINES = ["Who is there?", "It is me. I have come from far away.", "Come in, then."]


@contextmanager
def served(volume: Path) -> Iterator[str]:
    """Run a server; gives its address."""
    environ = {"RUNPOD_VOLUME": str(volume), "F5_MODEL": "demo", "F5_DEVICE": "cpu", "ASR_MODEL": str(shipped_model())}
    settings = Settings.from_env({**environ, "SERVE": "http"}).model_copy(update={"port": 0})
    server = Server(settings, lambda on_batch: app.build(settings, environ, on_batch))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        server.site.ready.wait()
        yield f"http://127.0.0.1:{server.port}/"
    finally:
        server.stop()
        thread.join()


def parts(visitor: Visitor) -> Iterator[str]:
    """Walk through the page; gives the name of each picture when it is to be taken."""
    page = visitor.page
    yield "empty"
    for tab in ("Dialogue", "Repair", "History"):
        visitor.go(tab)
        yield f"empty-{tab.lower()}"
    visitor.go("Speak")
    visitor.speak(TEXT)
    page.locator("details[open] summary", has_text="More").click()
    visitor.mend("GIF", "jiff")
    page.locator("#plan", has_text="jiff").wait_for()
    page.get_by_label("What to say").focus()
    page.locator("#words button").nth(5).click()
    page.locator("#words [aria-current]", has_text="GIF").or_(page.locator("#words button").nth(5)).wait_for()
    yield "speak"
    visitor.until("document.querySelector('#play').textContent === 'Play'")
    visitor.open("Copy as code")
    visitor.open("More")
    page.get_by_label("Seed").fill("seven")
    visitor.press("Speak")
    page.locator(".error").wait_for()
    yield "error"
    page.get_by_label("Seed").fill("")
    visitor.go("Repair")
    visitor.press("Speak it again, and score each chunk")
    page.locator("#chunks .verdict").first.wait_for()
    visitor.speak_chunk_again(2)
    page.get_by_label("Take 2", exact=True).check()
    yield "repair"
    visitor.record(5.2)
    visitor.keep_voice("anna")
    yield "voices"
    visitor.write_dialogue(LINES)
    visitor.lines.nth(1).get_by_label("Pace").fill("9")
    visitor.press("Speak all")
    visitor.lines.nth(1).locator(".error").wait_for()
    visitor.lines.nth(1).get_by_label("Move this line", exact=True).focus()
    yield "dialogue"
    visitor.go("History")
    yield "history"
    page.once("dialog", lambda dialog: dialog.accept())
    visitor.go("Voices")
    visitor.press("Delete anna")
    page.locator("#voice-list > li", has_text="anna").wait_for(state="detached")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", type=Path, metavar="DIR", help="where every picture is written")
    options = parser.parse_args()
    if page_visitor.chromium() is None:
        raise SystemExit(page_visitor.HOW_TO_GET)
    example = importlib.resources.files("f5_tts") / "infer/examples/basic/basic_ref_en.wav"
    with tempfile.TemporaryDirectory() as name:
        microphone = Path(name) / "said.wav"
        microphone.write_bytes(audio.encode(audio.decode(example.read_bytes(), 24_000, 30), "wav"))
        with served(Path(name)) as url, page_visitor.browser(microphone) as browser:
            for width, height in WIDTHS.items() if options.all else {1280: 820}.items():
                for scheme in ("light", "dark") if options.all else ("light",):
                    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
                    visitor = Visitor(page, url)
                    visitor.arrive()
                    for part in parts(visitor):
                        if options.all:
                            page.screenshot(path=options.all / f"{part}-{width}-{scheme}.png", full_page=True)
                        elif part == "speak":
                            page.screenshot(path=PICTURE, full_page=True)
                            break
                    page.close()


if __name__ == "__main__":
    main()
