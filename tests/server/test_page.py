"""The page: each of its stories walked through in a browser, with what is heard as samples.

One server with the small model that comes with the code, one browser, one microphone that hears a recording.
"""

from __future__ import annotations

import base64
import io
import itertools
import json
import re
import subprocess
import sys
import threading
from contextlib import ExitStack

import httpx2
import numpy as np
import pytest
import soundfile
from axe_playwright_python.base import AXE_SCRIPT
from benchmark.hearing import shipped_model
from browsing import visitor as page_visitor
from browsing.visitor import Visitor
from http_server import Served
from recordings import RATE, recording

from voiceclone import app
from voiceclone.listening.alignment import spoken_words
from voiceclone.server.page import FILES
from voiceclone.settings import Settings

pytestmark = pytest.mark.skipif(page_visitor.chromium() is None, reason=page_visitor.HOW_TO_GET)
SIZE = 150_000
FADE = int(0.2 * RATE)
"""Samples at the ends of a chunk in which its neighbours may be heard too."""
LISTENING = """async () => {
  const at = (name) => document.querySelector("script").src.replace("main.js", name);
  const { player } = await import(at("player.js"));
  window.player = player;
  window.heard = [];
  player.wake(); // it sounds after the first click, but is there now
  await player.context.audioWorklet.addModule(at("tap.js"));
  const ear = new AudioWorkletNode(player.context, "tap", { numberOfOutputs: 0 });
  ear.port.onmessage = ({ data }) => window.heard.push(data);
  player.output.connect(ear);
}"""
"""Every sample that the page sounds is noted."""
BARE = """
AudioContext.prototype.resume = () => new Promise(() => {});
Object.defineProperty(AudioContext.prototype, "state", { value: "suspended" });
Object.defineProperty(window, "sessionStorage", { get() { throw new DOMException("none", "SecurityError"); } });
"""
"""A browser as it is without a sound device, for a page that may keep nothing."""
BROKEN_OFF = f'data: {{"type": "speech.audio.delta", "audio": "{base64.b64encode(bytes(24_000)).decode()}"}}\n\n'
"""Half a second of sound, and no end."""
FOCUSED = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"
AS_BASE64 = """samples => {
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  let text = "";
  for (const each of bytes) text += String.fromCharCode(each);
  return btoa(text);
}"""
VIOLATIONS = """
window.violations = [];
addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));
"""


def environ_of(directory, **more):
    (directory / "volume").mkdir()
    where = {"RUNPOD_VOLUME": str(directory / "volume"), "OUTPUT_DIR": str(directory / "output")}
    return {**where, "F5_MODEL": "demo", "F5_DEVICE": "cpu", "ASR_MODEL": str(shipped_model()), "SERVE": "http", **more}


def server(environ, ready=None):
    """A server as `voiceclone serve` has it, at any free port; `ready`: when its model may be there."""
    settings = Settings.from_env(environ).model_copy(update={"port": 0, "host": "127.0.0.1"})

    def build():
        if ready is not None:
            ready.wait()
        return app.build(settings, environ, lambda _batch: None)

    return Served(settings, build)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with server(environ_of(tmp_path_factory.mktemp("page"))) as served:
        served.server.site.ready.wait()
        yield served


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    microphone = tmp_path_factory.mktemp("microphone") / "said.wav"
    soundfile.write(microphone, recording("basic_ref_en").waveform.samples, RATE)
    with page_visitor.browser(microphone) as running:
        context = running.new_context()
        context.add_init_script(VIOLATIONS)
        context.new_page()  # while one page is there, its process serves the next ones too
        yield context


@pytest.fixture
def visit(chromium):
    """Opens a page of a server; in the end nothing went wrong that was not asked for, and nobody else was called."""
    with ExitStack() as after:
        requests, complaints, wrong = [], [], set()

        def visit(url, wrong_statuses=()):
            wrong.update(wrong_statuses)
            page = chromium.new_page()
            after.callback(page.close)
            page.on("request", lambda request: requests.append((url, request.url)))
            page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
            page.on("pageerror", lambda error: complaints.append(error.stack))
            after.callback(lambda: complaints.extend(page.evaluate("window.violations")))
            return Visitor(page, url)

        yield visit
    assert [asked for own, asked in requests if not asked.startswith((own, "blob:"))] == []
    assert [each for each in complaints if not any(str(status) in each for status in wrong)] == []


@pytest.fixture
def visitor(served, visit):
    visitor = visit(f"{served.url}/")
    visitor.arrive()
    visitor.page.evaluate(LISTENING)
    return visitor


def samples(visitor, expression):
    """Samples that the page holds."""
    return np.frombuffer(base64.b64decode(visitor.page.evaluate(f"({AS_BASE64})({expression})")), np.float32)


def take_of(visitor):
    return samples(visitor, "window.player.take.sound.samples")


def heard(visitor):
    """Everything that came out of the page so far, with what is still on its way from the browser's audio thread."""
    visitor.page.evaluate("window.due = window.heard.length + 2")
    visitor.until("window.heard.length >= window.due")
    return samples(visitor, "Float32Array.from(window.heard.flatMap((each) => [...each]))")


def until_silent(visitor):
    visitor.until("!window.player.isPlaying")


def is_within(part, whole):
    """Whether a sound is heard in another as it is, sample by sample."""
    if len(whole) < len(part):
        return False
    size = 1 << (len(whole) + len(part)).bit_length()
    match = np.fft.irfft(np.fft.rfft(whole, size) * np.conj(np.fft.rfft(part, size)))[: len(whole) - len(part) + 1]
    power = np.cumsum(np.square(whole, dtype=np.float64), dtype=np.float64)
    power = power[len(part) - 1 :] - np.concatenate(([0], power[: -len(part)]))
    at = int(np.argmin(power - 2 * match))  # where they differ least: louder sound elsewhere matches better
    return bool(np.abs(whole[at : at + len(part)] - part).max() < 1e-3)


def has_come(visitor):
    """Whether each chunk was heard, where it may be that the next one was not there in time."""
    take, all_heard = take_of(visitor), heard(visitor)
    inside = [
        [round(each[key] * RATE) for key in ("start", "end")] for each in visitor.page.evaluate("player.take.chunks")
    ]
    return all(is_within(take[start + FADE : end - FADE], all_heard) for start, end in inside)


def words_of(visitor):
    return visitor.page.evaluate("window.player.take.words")


def hindrances(page, **options):
    """What hinders people who use a screen reader or keys: by axe-core, which finds nothing where all is well."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options["resultTypes"] = ["violations"]
    found = page.evaluate("options => axe.run(options)", options)["violations"]
    return [(each["id"], each["nodes"][0]["html"]) for each in found]


def test_the_page_is_small_and_open_and_lets_nothing_else_in(served):
    assert sum(file.stat().st_size for file in FILES.iterdir()) < SIZE
    answer = httpx2.get(f"{served.url}/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in answer.headers["content-security-policy"]
    script = httpx2.get(f"{served.url}/page/main.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.headers["content-security-policy"] == answer.headers["content-security-policy"]
    again = httpx2.get(f"{served.url}/page/main.js", headers={"if-none-match": script.headers["etag"]})
    assert again.status_code == 304
    assert httpx2.get(f"{served.url}/page/../page.py").status_code == 404
    assert all(len(file.read_text().splitlines()) < 300 for file in FILES.glob("*.js"))


def test_a_text_is_told_spoken_lit_up_and_given_away(visitor, tmp_path):
    """What will be said stands there first; then it is heard from its first chunk on, and what is heard is the take."""
    page = visitor.page
    visitor.type("Hello there, my dear friend. I paid $5 for a GIF, 龍.")
    plan = re.sub(r"\n+[\d.]+ s\n+", " ", page.locator("#plan").inner_text())  # as one text
    assert "five dollars" in plan
    assert "cannot say: 龍" in page.locator("#plan").inner_text()
    page.evaluate("""() => player.addEventListener("load", () => (window.beganWhole = player.take.isWhole))""")
    page.locator("#quality").select_option("fast")
    visitor.press("medium")
    visitor.mend("GIF", "jiff")
    visitor.press("Speak")
    page.locator("#words [aria-current]").first.wait_for()
    visitor.finish()
    assert page.evaluate("window.beganWhole") is False
    until_silent(visitor)
    take = take_of(visitor)
    assert has_come(visitor)
    request = page.evaluate("window.player.take.request")
    assert request["lexicon"] == {"GIF": "jiff"}
    assert "[pause:0.7s]" in request["text"]
    assert "jiff" in page.locator("#words").inner_text()

    page.evaluate("window.player.output.gain.value = 0")
    word = words_of(visitor)[4]
    page.locator("#words button").nth(4).click()
    page.locator("#words button[aria-current]", has_text=word["word"]).wait_for()
    assert page.evaluate("window.player.position") >= word["start"]
    visitor.press("Pause")

    with page.expect_download() as got:
        visitor.press("Sound (WAV)")
    saved, rate = soundfile.read(got.value.path(), dtype="float32")
    assert rate == RATE
    assert np.abs(saved - take).max() < 1e-3
    with page.expect_download() as got:
        visitor.press("Subtitles (SRT)")
    assert got.value.path().read_text().startswith("1\n00:00:00,000 --> ")

    page.get_by_label("Price of the machine").evaluate("field => field.closest('details').open = true")
    page.get_by_label("Price of the machine").fill("0.5")
    figures = page.locator("#figures").inner_text()
    for name in ("Length", "First sound after", "Made in", "Real-time factor", "Cost", "Seed"):
        assert name in figures


def test_what_was_asked_runs_as_code_elsewhere(visitor, tmp_path):
    """The job is the request itself; Python's code makes the file."""
    visitor.speak("Good morning.")
    visitor.open("Copy as code")
    form, code = visitor.page.locator("#form"), visitor.page.locator("#code")
    form.select_option("job")
    job = json.loads(code.inner_text())["input"]
    assert job == visitor.page.evaluate("window.player.take.request")
    form.select_option("curl")
    assert json.loads(code.inner_text().split("-d '")[1].split("'")[0])["input"] == "Good morning."
    form.select_option("JavaScript")
    assert f'fetch("{visitor.url}v1/audio/speech"' in code.inner_text()
    form.select_option("Python")
    subprocess.run([sys.executable, "-c", code.inner_text()], cwd=tmp_path, check=True, timeout=60)
    assert soundfile.info(io.BytesIO((tmp_path / "speech.mp3").read_bytes())).duration > 0.5


def test_a_voice_is_recorded_trimmed_heard_corrected_renamed_and_deleted(visitor):
    page = visitor.page
    visitor.record(5.2)
    page.get_by_label("Begin at").evaluate("field => { field.value = 0.2; field.dispatchEvent(new Event('input')); }")
    visitor.press("Hear what is kept")
    visitor.keep_voice("anna")
    transcript = page.get_by_label("What is said in it")
    assert "nature" in transcript.input_value().lower()
    card = page.locator("#check-up")
    assert "heard, not checked" in card.inner_text()
    transcript.fill("Some call me nature, others call me mother nature.")
    visitor.press("Check and keep")  # the same name again: in this tab that means the better one
    card.get_by_text("heard, not checked").wait_for(state="detached")
    own = page.locator("#voice-list > li", has_text="anna")
    assert "agreed: My own voice" in own.inner_text()
    assert "others call me mother nature" in own.inner_text()
    visitor.press("Listen to anna")
    page.on("dialog", lambda dialog: dialog.accept("anna-2") if dialog.type == "prompt" else dialog.accept())
    visitor.press("Rename anna")
    visitor.press("Speak with anna-2")
    assert page.locator("#voice").input_value() == "anna-2"
    visitor.go("Voices")
    visitor.press("Delete anna-2")
    page.locator("#voice-list > li", has_text="anna").wait_for(state="detached")
    assert page.locator("#voice option", has_text="anna").count() == 0
    said = heard(visitor)
    assert np.abs(said).max() > 0.1


def test_what_is_poor_about_a_file_stands_at_its_place(visitor, tmp_path):
    """A recording that is cut off where it is loud: the mark lies there, and is heard."""
    sound = recording("basic_ref_en").waveform.samples.copy()
    at = slice(int(3.0 * RATE), int(4.0 * RATE))
    sound[at] = np.clip(40 * sound[at], -0.99, 0.99)
    soundfile.write(tmp_path / "loud.wav", sound, RATE)
    visitor.go("Voices")
    visitor.page.locator("#file").set_input_files(tmp_path / "loud.wav")
    visitor.keep_voice("loud", "Some call me nature, others call me mother nature.")
    finding = visitor.page.locator(".finding", has_text="Clipping")
    assert "record with less gain" in finding.inner_text()
    finding.get_by_role("button").click()
    visitor.until("window.heard.some((each) => each.some((x) => Math.abs(x) > 0.9))")
    visitor.page.once("dialog", lambda dialog: dialog.accept())
    visitor.press("Delete loud")
    visitor.page.get_by_role("strong", name="loud").wait_for(state="detached")


def test_a_dialogue_is_put_in_order_and_spoken_as_one(visitor):
    """Lines are moved by a key and by hand; each keeps its voice, pace and pause."""
    page = visitor.page
    visitor.write_dialogue(["It is me.", "Who is there?", "Come in."])
    visitor.lines.nth(1).get_by_label("Pause after").fill("0.4")
    visitor.lines.nth(2).get_by_label("Pace").fill("1.2")
    visitor.lines.nth(1).get_by_label("Move this line", exact=True).press("ArrowUp")
    visitor.lines.nth(2).get_by_label("Move this line", exact=True).hover()
    page.mouse.down()
    page.mouse.move(300, visitor.lines.nth(0).bounding_box()["y"] + 3, steps=3)
    page.mouse.up()
    visitor.press("Speak all")
    visitor.finish()
    told = page.evaluate("window.player.take.reply")
    assert [chunk["text"] for chunk in told["chunks"]] == ["Come in.", "Who is there?", "It is me."]
    assert [chunk["voice"] for chunk in told["chunks"]] == ["demo-deep", "demo-high", "demo-deep"]
    assert told["recipe"]["segments"][0]["speed"] == 1.2
    assert told["recipe"]["segments"][1]["pause_after"] == 0.4
    until_silent(visitor)
    assert has_come(visitor)


def test_one_chunk_is_spoken_again_and_nothing_else(visitor):
    """The better take stands in the place of the other; what was before and behind it is as it was."""
    page = visitor.page
    asked = []
    page.on("request", lambda request: asked.append(request.post_data_json) if request.method == "POST" else None)
    visitor.open("More")
    page.get_by_label("Listen to every chunk").check()
    visitor.speak("Hello there my dear friend. Good morning.")
    until_silent(visitor)
    before, chunks = take_of(visitor), page.evaluate("window.player.take.chunks")
    assert len(chunks) == 2
    visitor.go("Repair")
    assert page.locator("#chunks .verdict").count() == 2
    asked.clear()
    visitor.speak_chunk_again(2)
    (job,) = [each["input"] for each in asked if each]
    assert job["text"] == chunks[1]["text"]
    assert job["seed"] != chunks[1]["seed"]
    page.get_by_label("Take 2", exact=True).check()
    after = take_of(visitor)
    kept = int((chunks[1]["start"] - 0.01) * RATE)
    assert np.array_equal(after[:kept], before[:kept])
    assert not np.array_equal(after[kept:], before[kept:])
    recipe = page.evaluate("window.player.take.recipe")
    assert [take["seed"] for take in recipe["takes"]] == [chunks[0]["seed"], job["seed"]]
    assert len(asked) == 1
    visitor.press("Play chunk 2")
    until_silent(visitor)
    page.get_by_label("Take 1", exact=True).check()
    assert np.array_equal(take_of(visitor), before)
    page.get_by_label("Take 2", exact=True).check()
    page.evaluate("window.player.take.isFormer = true")
    visitor.press("Speak the whole with the kept seeds")
    visitor.until(f"!player.take.isFormer && player.take.chunks[1]?.seed === {job['seed']} && player.take.isWhole")
    whole = take_of(visitor)
    assert len(whole) == pytest.approx(len(after), abs=RATE / 10)


def test_earlier_takes_are_heard_changed_and_survive_a_reload(visitor):
    page = visitor.page
    visitor.speak("Good morning.", seed="1")
    first = take_of(visitor)
    visitor.go("History")
    visitor.press("Load and change")
    assert page.get_by_label("What to say").input_value() == "Good morning."
    visitor.speak("Good evening.", voice="demo-high", seed="2")
    second = take_of(visitor)
    until_silent(visitor)
    visitor.go("History")
    page.evaluate("window.heard.length = 0")
    visitor.press("Hear it", page.locator("#takes > li").nth(1))
    until_silent(visitor)
    visitor.press("Hear it", page.locator("#takes > li").nth(0))
    until_silent(visitor)
    assert is_within(first, heard(visitor))
    assert is_within(second, heard(visitor))
    page.reload()
    page.locator("#voice option").first.wait_for(state="attached")
    assert page.locator("#takes > li").count() == 2
    page.evaluate(LISTENING)
    visitor.press("Speak again", page.locator("#takes > li").nth(1))
    visitor.finish()
    assert np.abs(take_of(visitor) - first).max() < 1e-2


def test_it_is_all_done_by_keys(visitor):
    """A text is spoken, stopped, sought and heard without a mouse."""
    page = visitor.page

    def tab_to(what):
        for _ in range(40):
            if page.evaluate("what => document.activeElement.matches(what)", what):
                return
            page.keyboard.press("Tab")
        pytest.fail(f"no key leads to {what}")

    tab_to("#text")
    page.keyboard.type("Good morning.")
    tab_to("#quality")
    page.keyboard.press("F")
    tab_to("#speak-form .primary")
    page.keyboard.press("Enter")
    visitor.finish()
    until_silent(visitor)
    tab_to("#place")
    page.keyboard.press("Home")
    tab_to("#words button")
    page.keyboard.press("ArrowRight")
    page.evaluate("window.heard.length = 0")
    page.keyboard.press("Enter")
    until_silent(visitor)
    word = words_of(visitor)[1]
    assert is_within(take_of(visitor)[round(word["start"] * RATE) :], heard(visitor))
    for _ in range(30):
        if page.evaluate("document.activeElement.matches('[role=tab]')"):
            break
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowRight")
    assert page.locator("#voices").is_visible()


def test_nothing_hinders_people_with_a_screen_reader(served, visit):
    """On a phone, with something spoken, with an error, in every part of the page; colours in light and dark."""
    visitor = visit(f"{served.url}/", [400])
    visitor.page.set_viewport_size({"width": 390, "height": 800})
    page = visitor.page
    visitor.arrive()
    visitor.speak("Good morning.")
    page.get_by_label("Seed").fill("seven")
    visitor.press("Speak")
    page.locator(".error").wait_for()
    page.locator("details").evaluate_all("all => all.forEach((each) => (each.open = true))")
    assert hindrances(page) == []
    page.keyboard.press("Escape")
    for tab in ("Speak", "Voices", "Dialogue", "Repair", "History"):
        visitor.go(tab)
        page.emulate_media(color_scheme="light")
        assert tab == "Speak" or hindrances(page) == []
        page.emulate_media(color_scheme="dark")
        assert hindrances(page, runOnly=["color-contrast"]) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), tab


def test_an_error_stands_at_the_field_that_caused_it(served, visit):
    """With the cure from the reply, in the text, in what is folded away, in a line of a dialogue."""
    visitor = visit(f"{served.url}/", [400])
    visitor.arrive()
    page = visitor.page
    for label, value, told in (
        ("What to say", "[demo-depp] Hello.", "demo-deep"),
        ("What to say", "", "is missing"),
        ("Seed", "seven", "integer"),
    ):
        page.get_by_label("What to say").fill("Hello.")
        visitor.open("More")
        page.get_by_label(label).fill(value)
        visitor.press("Speak")
        page.locator(".error", has_text=told).wait_for()
        described = "field => field.getAttribute('aria-describedby') === document.querySelector('.error').id"
        assert page.get_by_label(label).evaluate(described)
        assert page.get_by_label(label).evaluate("field => document.activeElement === field")

    visitor.write_dialogue(["Hello.", "Hello."])
    visitor.lines.nth(1).get_by_label("Pace").fill("9")
    visitor.press("Speak all")
    error = visitor.lines.nth(1).locator(".error")
    error.wait_for()
    assert "less than or equal to 3" in error.inner_text()
    visitor.go("Voices")
    visitor.press("Check and keep")
    assert "record something" in visitor.page.locator("#drop .error").inner_text()


def test_a_full_server_is_told_as_such_and_asked_again(served, visit):
    visitor = visit(f"{served.url}/", [429])
    visitor.arrive()
    trouble = visitor.page.locator("#trouble")
    with ExitStack() as all_taken:
        for _ in itertools.repeat(None, served.server.site.settings.max_waiting):
            all_taken.enter_context(served.server.site.admission.place())
        visitor.page.get_by_label("What to say").fill("Good morning.")
        visitor.page.locator("#quality").select_option("fast")
        visitor.press("Speak")
        trouble.get_by_text("The server is full").wait_for()
    visitor.press("Try again", trouble)
    visitor.finish()
    assert trouble.is_hidden()


def test_a_key_a_load_and_a_lost_connection_are_told_as_what_they_are(tmp_path, visit):
    """The page asks for the key, waits for the model, and goes on by itself."""
    ready = threading.Event()
    with server(environ_of(tmp_path, API_KEY="open sesame"), ready) as served:
        visitor = visit(f"{served.url}/", [401, 503, "ERR_CONNECTION"])
        page, trouble = visitor.page, visitor.page.locator("#trouble")
        page.goto(visitor.url)
        trouble.get_by_text("wants a key").wait_for()
        page.get_by_label("Key (kept in this tab only)").fill("open sesame")
        visitor.press("Use it")
        trouble.get_by_text("still loading its model").wait_for()
        ready.set()
        page.locator("#voice option").first.wait_for(state="attached")
        assert trouble.is_hidden()
        assert page.evaluate("[sessionStorage.key, localStorage.length, document.cookie]")[1:] == [0, ""]
        visitor.speak("Good morning.")
    page.get_by_label("What to say").fill("Are you there?")
    trouble.get_by_text("The server does not answer").wait_for()


def test_nothing_that_is_written_is_lost_with_a_reload_or_with_somebody_of_the_cast(served, visit):
    """Lines keep who says them when another one leaves."""
    visitor = visit(f"{served.url}/")
    visitor.arrive()
    page = visitor.page
    visitor.type("I paid for a GIF.")
    page.locator("#voice").select_option("demo-high")
    visitor.mend("GIF", "jiff")
    visitor.write_dialogue(["It is me.", "Who is there?", "Come in."])
    visitor.press("Add somebody")
    for i, name in enumerate(("Ann", "Bob", "Cid")):
        page.locator("#cast > li").nth(i).get_by_label("Name").fill(name)
        visitor.lines.nth(i).get_by_label("Who").select_option(name)
    visitor.press("Remove Ann")
    assert page.evaluate(FOCUSED) == "Remove Bob"
    page.reload()
    page.get_by_text("demo on cpu").wait_for()
    who = page.locator("#lines [data-name=who]").evaluate_all("all => all.map((each) => each.selectedOptions[0].text)")
    assert who == ["Bob", "Bob", "Cid"]
    assert visitor.lines.nth(1).get_by_label("Line", exact=True).input_value() == "Who is there?"
    assert page.locator("#cast [data-name=voice]").nth(1).input_value() == "demo-middle"
    assert page.locator("#text").input_value() == "I paid for a GIF."
    assert page.locator("#voice").input_value() == "demo-high"
    assert page.locator("#lexicon [data-name=said]").input_value() == "jiff"


def test_it_speaks_without_a_sound_device_or_anything_kept(served, visit):
    visitor = visit(f"{served.url}/")
    visitor.page.add_init_script(BARE)
    visitor.arrive()
    visitor.speak("Good morning.")
    assert "Seed" in visitor.page.locator("#figures").inner_text()
    visitor.press("Play")
    visitor.page.locator("#clock", has_text="finds no sound device").wait_for()


def test_speech_that_ends_early_is_told_as_such_where_it_was_asked_for(visitor):
    """And what has no sound has no words; whoever pressed the key still has it under the finger."""
    page = visitor.page
    visitor.speak("Hello there my dear friend.")
    page.route("**/v1/audio/speech", lambda asked: asked.fulfill(content_type="text/event-stream", body=BROKEN_OFF))
    visitor.go("History")
    page.locator("#takes > li").get_by_role("button", name="Speak again").press("Enter")
    page.locator("#takes .error", has_text="broke off").wait_for()
    assert page.evaluate(FOCUSED) == "Speak again"
    assert "ended before everything was said" in page.locator("#warnings").inner_text()
    assert page.evaluate("player.take.words.every(({ start }) => start < player.take.sound.seconds)")
    visitor.go("Repair")
    assert "ended before it was whole" in page.locator("#chunks").inner_text()


def test_chunks_are_spoken_again_at_once_and_while_another_recording_is_looked_at(visitor):
    page = visitor.page
    visitor.speak("Good morning.")
    visitor.speak("Hello there my dear friend. Good morning.")
    visitor.go("Repair")
    held = []

    def hold(asked):
        held.append(asked)

    page.route("**/runsync", hold)
    for number in (1, 2):
        with page.expect_request("**/runsync"):
            visitor.press(f"Speak chunk {number} again")
        assert page.evaluate(FOCUSED) == f"Speak chunk {number} again"
    assert page.get_by_text("Speaking …").count() == 2
    visitor.go("History")
    visitor.press("Hear it", page.locator("#takes > li").nth(1))
    for each in held:
        each.continue_()
    visitor.press("Hear it", page.locator("#takes > li").nth(0))
    visitor.go("Repair")
    page.locator("#chunks > li").nth(1).get_by_role("radio").nth(1).wait_for()
    page.locator("#chunks > li").nth(0).get_by_role("radio").nth(1).wait_for()


def test_a_wrong_key_is_told_as_wrong(served, visit):
    visitor = visit(f"{served.url}/", [401])
    page = visitor.page
    refused = {"error": {"message": "the key is missing or wrong", "code": "unauthorized"}}
    page.route("**/v1/**", lambda asked: asked.fulfill(status=401, json=refused))
    page.goto(visitor.url)
    page.get_by_label("Key (kept in this tab only)").fill("open")
    visitor.press("Use it")
    page.locator("#trouble").get_by_text("does not take this key").wait_for()
    assert page.evaluate("document.activeElement.id") == "asked-key"


def test_words_are_divided_as_the_server_divides_them(visitor):
    texts = ['"Well," he said (and left).', "你好，我的朋友。今天 GIF很好!", "안녕하세요 세계", "日本語のテーマ。"]
    divide = """async texts => {
      const { divided } = await import(document.querySelector("script").src.replace("main.js", "times.js"));
      return texts.map(divided);
    }"""
    divided = [[word.strip() for word in spoken_words(text)] for text in texts]
    assert visitor.page.evaluate(divide, texts) == divided


def test_what_is_spoken_is_drawn_sought_by_a_click_and_stopped(visitor):
    """Nothing more is spoken then, nothing more is heard, and no buttons are left that stop it."""
    page = visitor.page
    visitor.type("Hello there my dear friend. " * 100)
    page.locator("#quality").select_option("fast")
    visitor.press("Speak")
    page.locator("#words [aria-current]").first.wait_for()
    visitor.press("Stop", page.locator("#speak-form"))
    page.locator("#warnings", has_text="ended before").wait_for()
    assert not page.evaluate("player.isPlaying")
    assert page.get_by_role("button", name="Stop").count() == 0
    wave = page.locator("#wave")
    pixels = "getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data"
    assert wave.evaluate(f"canvas => new Set(canvas.{pixels}).size") > 4
    wave.click()
    assert page.evaluate("player.position / player.take.sound.seconds") == pytest.approx(0.5, abs=0.02)
    with page.expect_download() as got:
        visitor.press("Subtitles (VTT)")
    assert got.value.path().read_text().startswith("WEBVTT\n\n00:00:00.000 --> ")
