"""A film comes back with one more track, on which its subtitles are spoken, and with its pictures untouched."""

from __future__ import annotations

import base64
from collections import Counter
from contextlib import nullcontext

import numpy as np
import pytest
import soundfile
from conftest import with_engine
from endpoint_server import EndpointServer
from films import begins, heard, pictures, shown, streams, write_film
from good_replies import ABOUT
from watched import Watched

from voiceclone import audio
from voiceclone.checkpoints import SHIPPED
from voiceclone.cli.main import main
from voiceclone.client import BadInput, Local
from voiceclone.films import film as films
from voiceclone.films import muxing
from voiceclone.films.groups import cast, groups_of
from voiceclone.films.track import Piece, mixed, track
from voiceclone.model.mel import reference_mel
from voiceclone.subtitles import Cue, read_cues, told_apart
from voiceclone.types import Waveform
from voiceclone.voices import BuiltIn, pitch

LINES = [(500, 3_500, "Anna", "Good morning to you."), (5_003, 8_003, "Ben", "Nobody is here.")]
SPOKEN = [LINES[0], (55_503, 58_503, "Ben", "Nobody is here.")]


def clock(ms):
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02},{ms % 1000:03}"


def srt(lines):
    return "\n".join(
        f"{i}\n{clock(start)} --> {clock(end)}\n{who + ': ' if who else ''}{text}\n"
        for i, (start, end, who, text) in enumerate(lines, 1)
    )


def tone(seconds, pitch_hz=200.0, rate=48_000):
    return (0.2 * np.sin(2 * np.pi * pitch_hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Where nothing leads out."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "film.es.srt").write_text(srt(LINES))
    return tmp_path


def test_a_film_of_two_comes_back_with_both_voices_told_apart(here, monkeypatch, capsys):
    """By pitch and by likeness to their own; a minute long, with the very bytes of its pictures."""
    (here / "film.es.srt").write_text(srt(SPOKEN))
    film = write_film(here / "film.mp4", tone(60))
    for name, value in {"F5_MODEL": "demo", "RUNPOD_VOLUME": str(here), "F5_DEVICE": "cpu"}.items():
        monkeypatch.setenv(name, value)
    voices = ["--speaker", "Anna=demo-high", "--speaker", "Ben=demo-deep"]
    status = main(["dub", str(film), "film.es.srt", *voices, "--quality", "fast", "--seed", "1", "--local", "--yes"])
    assert status == 0, capsys.readouterr().err
    assert "all cues fit" in capsys.readouterr().out
    made = here / "film.es.mp4"
    assert pictures(made) == pictures(film)
    assert streams(made) == [
        ("video", "mpeg4", "und"), ("audio", "aac", "spa"), ("audio", "aac", "und"), ("subtitle", "mov_text", "spa"),
    ]  # fmt: skip
    assert shown(made) == [(start / 1000, text) for start, _, _, text in SPOKEN]
    sound = heard(made)
    assert len(sound) / 24_000 == pytest.approx(60, abs=0.05)
    own = BuiltIn(SHIPPED["demo"] / "voices")
    references = {"Anna": own.named("demo-high").waveform, "Ben": own.named("demo-deep").waveform}
    colours = {who: reference_mel(voice).mean(axis=0) for who, voice in references.items()}
    pitches: dict[str, list[float]] = {"Anna": [], "Ben": []}
    end = 0
    for start, stop, who, _ in SPOKEN:
        assert audio.rms(sound[end : 24 * start - 100]) < 1e-3  # nobody speaks in between
        said = Waveform(sound[24 * start : 24 * stop], 24_000)
        pitches[who].append(float(np.nanmedian(pitch(said))))
        colour = reference_mel(Waveform(said.samples[: int(1.2 * 24_000)], 24_000)).mean(axis=0)
        likeness = {name: float(np.corrcoef(colour, other)[0, 1]) for name, other in colours.items()}
        assert max(likeness, key=likeness.__getitem__) == who
        end = 24 * stop + 200
    assert min(pitches["Anna"]) > 1.1 * max(pitches["Ben"])


class Speakers:
    """Answers jobs: every cue is a tone of its own length, or of what it would need at ten letters a second."""

    def __init__(self, delivery="base64"):
        self.server = EndpointServer(self, workers=3)
        self.delivery = delivery
        self.failing = {}

    def __call__(self, data, _tell):
        if data["action"] == "info":
            return {**ABOUT, "delivery": self.delivery}
        cues = [self._told(cue) for cue in told_apart(read_cues(data["subtitles"]), list(data.get("voices", ())), True)]
        if data["action"] == "check_dub":
            return {"cues": cues, "predicted": {"duration": data["duration"], "synthesis": 1.5}, "warnings": ["noisy"]}
        for word, errors in self.failing.items():
            if word in data["subtitles"] and errors:
                return errors.pop()
        samples = np.zeros(round(data["duration"] * 48_000), np.float32)
        for cue in cues:
            said = tone(cue["spoken_end"] - cue["start"])
            start = round(cue["start"] * 48_000)
            samples = np.pad(samples, (0, max(0, start + len(said) - len(samples))))
            samples[start : start + len(said)] += said
        sound = audio.encode(Waveform(samples, 48_000), data["format"])
        return {"audio_base64": base64.b64encode(sound).decode(), "cues": cues, "warnings": ["noisy"]}

    def _told(self, cue):
        over = max(0.0, cue.start_s + len(cue.text) / 10 - cue.end_s)
        report = {"fits": not over, **({"over_by": over} if over else {})}
        times = {"start": cue.start_s, "end": cue.end_s, "spoken_end": cue.end_s + over}
        return {"index": cue.index, **times, "text": cue.text, "rate": 1.0, **report}

    @property
    def asked(self):
        return [data for data in self.server.submitted if data["action"] == "dub"]


@pytest.fixture
def speakers(here, monkeypatch):
    answers = Speakers()
    with answers.server as server:
        for name, value in server.environ.items():
            monkeypatch.setenv(name, value)
        yield answers


@pytest.fixture
def long_film(here, monkeypatch):
    """Three groups of cues."""
    monkeypatch.setattr("voiceclone.films.groups.GROUP_S", 18.0)
    lines = [(3_000 * i + 1_000, 3_000 * i + 2_500, "", f"Line {i}.") for i in range(20)]
    lines[3] = (10_000, 11_000, "", "This one is far too long for it.")
    (here / "long.de.srt").write_text(srt(lines))
    return write_film(here / "long.mkv", tone(62), codec="pcm_s16le")


def test_groups_of_cues_are_shared_by_workers_and_a_second_run_makes_what_is_missing(speakers, long_film, capsys):
    speakers.failing["Line 12"] = [{"error": "synthesis_failed: silence", "error_code": "synthesis_failed"}]
    dub = ["dub", str(long_film), "long.de.srt", "--voice", "anna", "--yes", "--price", "4090"]
    assert main([*dub, "--attempts", "1"]) == 1
    told = capsys.readouterr()
    assert "cue 4 at 10.0 s is 2.20 s too long: This one is far too long for it." in told.out
    assert "1 of 20 cues do not fit" in told.out
    assert "3 jobs, 0 of them done already" in told.out
    assert "$0.00" in told.out
    assert "cues 8 to 14: " in told.err
    assert not (long_film.parent / "long.de.mkv").exists()
    assert main(dub) == 0
    assert "3 jobs, 2 of them done already" in capsys.readouterr().out
    texts = Counter(data["subtitles"][:60] for data in speakers.asked)
    assert sorted(texts.values()) == [1, 1, 2]
    made = long_film.parent / "long.de.mkv"
    assert pictures(made) == pictures(long_film)
    assert [kind[:2] for kind in streams(made)] == [
        ("video", "mpeg4"), ("audio", "aac"), ("audio", "pcm_s16le"), ("subtitle", "srt"),
    ]  # fmt: skip
    assert streams(made)[1][2] == streams(made)[3][2] == "deu"
    assert shown(made)[12] == (37.0, "Line 12.")
    sound = heard(made)
    for i in (0, 9, 12, 19):
        start = 24 * (3_000 * i + 1_000)
        assert audio.rms(sound[start - 2_400 : start - 240]) < 1e-3
        assert audio.rms(sound[start + 240 : start + 2_400]) == pytest.approx(0.14, abs=0.03)
    late = sound[24 * 11_100 : 24 * 12_900]
    assert audio.rms(late) == pytest.approx(0.14, abs=0.03)  # no word is cut


def test_a_corrected_cue_is_all_that_is_spoken_anew(worker, engine, here, monkeypatch):
    """By a real worker, whose seeds would be others for another job."""
    watched = Watched(engine)
    place = Local(with_engine(worker, watched))
    monkeypatch.setattr("voiceclone.cli.options.local_worker", lambda *_: nullcontext(place))
    lines = [(3_000 * i, 3_000 * i + 2_500, "", f"Line {who} of a few.") for i, who in enumerate("abcdefgh")]
    film = write_film(here / "film.mkv", tone(24), codec="pcm_s16le")
    command = ["dub", str(film), "film.es.srt", "--local", "--yes", "--voice", "example-en", "--set", "nfe_step=1"]
    for corrected in (False, True):
        if corrected:
            lines[5] = (*lines[5][:3], "It is another one.")
        (here / "film.es.srt").write_text(srt(lines))
        assert main(command) == 0
        worker.kept.flush()
    assert [chunk.text for chunk in watched.spoken[8:]] == ["It is another one."]


def test_check_tells_and_makes_nothing(speakers, long_film, capsys):
    assert main(["dub", str(long_film), "long.de.srt", "--voice", "anna", "--check"]) == 0
    assert "1 of 20 cues do not fit" in capsys.readouterr().out
    assert speakers.asked == []
    assert not list(long_film.parent.glob("*.parts"))


def test_everybody_has_their_own_voice_from_the_film(speakers, here):
    """Each recording that is sent is cut where they speak."""
    sound = np.zeros(9 * 24_000, np.float32)
    for start, stop, who, _ in LINES:
        sound[24 * start : 24 * stop] = tone((stop - start) / 1000, 300 if who == "Anna" else 120, 24_000)
    film = write_film(here / "film.mkv", sound, 24_000, codec="pcm_s16le")
    (here / "film.es.vtt").write_text(
        "WEBVTT\n\n00:00.500 --> 00:03.500\n<v Anna>Hi.\n\n00:05.003 --> 00:08.003\n<v Ben>Ho."
    )
    assert main(["dub", str(film), "film.es.vtt", "--yes", "--mix", "--max-rate", "1.2", "--out", "mixed.mkv"]) == 0
    (asked,) = speakers.asked
    assert (asked["max_rate"], asked["language"], asked["sample_rate"]) == (1.2, "es", 48_000)
    assert -40 <= asked["loudness"] <= -9
    for who, hertz in (("Anna", 300), ("Ben", 120)):
        voice = audio.decode(base64.b64decode(asked["voices"][who]["ref_audio"]), 24_000, 60)
        assert voice.duration_s == pytest.approx(3.0, abs=0.01)
        assert float(np.nanmedian(pitch(voice))) == pytest.approx(hertz, rel=0.1)
    assert streams(here / "mixed.mkv")[1][1:] == ("aac", "spa")
    both = heard(here / "mixed.mkv")
    assert audio.rms(both[24 * 3_900 : 24 * 4_900]) < 1e-3


def test_a_picture_that_a_container_does_not_take_is_told(tmp_path):
    film = films.opened_film(write_film(tmp_path / "film.mkv", tone(1), codec="pcm_s16le"))
    dubbing = muxing.Dubbing(iter([tone(1)[None]]), 1, [], None, True)
    with (tmp_path / "a.webm").open("w+b") as file, pytest.raises(BadInput, match=r"as webm .*: name --out \*.mkv"):
        muxing.write_film(film, file, "webm", dubbing)


@pytest.mark.parametrize(
    ("ending", "picture", "codec", "words"),
    [
        ("mp4", "mpeg4", "aac", "mov_text"),
        ("mov", "mpeg4", "aac", "mov_text"),
        ("mkv", "mpeg4", "aac", "srt"),
        ("webm", "libvpx", "libopus", "webvtt"),
        ("ts", "mpeg2video", "mp2", None),
        ("avi", "mpeg4", "mp3", None),
    ],
)
@pytest.mark.parametrize("replaces", [False, True])
def test_any_container_keeps_its_pictures(tmp_path, ending, picture, codec, words, replaces):
    path = write_film(tmp_path / f"film.{ending}", tone(3), picture=picture, codec=codec)
    out = tmp_path / f"new.{ending}"
    blocks = (block[None] for block in np.split(tone(3, 500.0), 3))
    dubbing = muxing.Dubbing(blocks, 1, [Cue(1, 500, 1_500, "Hola.")], "spa", replaces)
    with out.open("w+b") as file:
        notes = muxing.write_film(films.opened_film(path), file, muxing.require_container(out), dubbing)
    assert pictures(out) == pictures(path)
    assert np.ptp(begins(out)) < 0.1
    kinds = [kind for kind, _, _ in streams(out)]
    assert kinds.count("audio") == (1 if replaces else 2)
    if words:
        assert ("subtitle", words) in [each[:2] for each in streams(out)]
        assert shown(out) == [(0.5, "Hola.")]
    else:
        assert any("the subtitles are left out" in note for note in notes)
    assert np.argmax(np.abs(np.fft.rfft(heard(out)[12_000:36_000]))) == pytest.approx(500, abs=5)


def test_a_sound_file_is_dubbed_as_well(tmp_path):
    path = tmp_path / "talk.mka"
    soundfile.write(tmp_path / "talk.flac", tone(2), 48_000)
    film = films.opened_film(tmp_path / "talk.flac")
    dubbing = muxing.Dubbing(iter([tone(2, 500.0)[None]]), 1, [], None, True)
    with path.open("w+b") as file:
        assert muxing.write_film(film, file, muxing.require_container(path), dubbing) == []
    assert [kind for kind, _, _ in streams(path)] == ["audio"]
    assert np.argmax(np.abs(np.fft.rfft(heard(path)[12_000:36_000]))) == pytest.approx(500, abs=5)


def test_tracks_lie_where_they_begin_to_the_sample(tmp_path):
    """As long as the film, with what reaches into the next; longer for words alone."""
    soundfile.write(tmp_path / "a.flac", np.full(48_000, 0.25), 48_000)
    soundfile.write(tmp_path / "b.wav", np.r_[np.full(48_000, 0.25), np.zeros(480_000)], 48_000)
    pieces = [Piece(tmp_path / "b.wav", 100_000), Piece(tmp_path / "a.flac", 70_000)]
    whole = np.concatenate(list(track(pieces, 3.0)))
    expected = np.zeros(148_000)
    expected[70_000:118_000] += 0.25
    expected[100_000:148_000] += 0.25
    assert np.allclose(whole, expected, atol=1e-4)
    assert len(np.concatenate(list(track(pieces, 5.0)))) == 240_000


def test_the_films_sound_is_quieter_under_the_speech():
    sound = iter([np.full((2, 30_000), 0.5, np.float32), np.full((2, 100_000), 0.5, np.float32)])
    speech = [np.zeros(48_000, np.float32), np.full(48_000, 0.1, np.float32), np.zeros(48_000, np.float32)]
    both = np.concatenate(list(mixed(speech, sound, audio.Ducking([(48_000, 96_000)], 20, 48_000))), axis=1)
    assert both.shape == (2, 144_000)
    assert both[:, 1_000] == pytest.approx(0.5)
    assert both[:, 70_000] == pytest.approx(0.15)
    assert both[:, 140_000] == pytest.approx(0)  # behind the film's own end


def test_a_part_of_a_film_is_where_its_times_say(tmp_path):
    """Wherever the sound begins, and behind its end silence."""
    sound = np.concatenate([tone(2, 200), tone(2, 400), tone(2, 800)])
    film = films.opened_film(write_film(tmp_path / "film.mkv", sound))
    part = film.part(2.5, 3.5)
    assert part.duration_s == 1.0
    assert np.argmax(np.abs(np.fft.rfft(part.samples))) == pytest.approx(400, abs=1)
    assert film.part(5.5, 7.5).duration_s == 2.0
    assert film.loudness() == pytest.approx(-17, abs=3)
    assert sum(block.shape[1] for block in film.sound()) == round(film.duration_s * 48_000)


def test_groups_are_parted_where_nobody_speaks():
    cues = [Cue(i + 1, 10_000 * i, 10_000 * i + 15_000, "Hi.", "A") for i in range(30)]
    cues += [Cue(31, 400_000, 401_000, "Bye.", "B")]
    groups = groups_of(cues, {"action": "dub"}, {"A": "anna", "B": "ben"}, 500.0)
    assert [len(group.cues) for group in groups] == [30, 1]
    assert [group.data["voices"] for group in groups] == [{"A": "anna"}, {"B": "ben"}]
    assert [group.data["duration"] for group in groups] == [400.0, 100.0]
    again = told_apart(read_cues(groups[1].data["subtitles"]), ["B"], False)
    assert again == [Cue(1, 0, 1_000, "Bye.", "B")]


def test_who_is_never_heard_alone_needs_a_voice():
    def silence(start_s, end_s):
        return Waveform(np.zeros(round((end_s - start_s) * 24_000), np.float32), 24_000)

    with pytest.raises(BadInput, match=r"Anna is nowhere heard alone for 1.5 s: give --speaker 'Anna'=VOICE"):
        cast([Cue(1, 0, 500, "Hi.", "Anna")], {}, silence, 60)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["film.mp4", "none.srt"], "none.srt cannot be read"),
        (["none.mp4", "film.es.srt"], "the film none.mp4 cannot be read"),
        (["film.es.srt", "film.es.srt"], "cannot be read|neither picture nor sound|does not tell"),
        (["film.mp4", "film.es.srt", "--out", "a.txt"], "the ending must be one of .mp4"),
        (["film.mp4", "film.es.srt", "--out", "none/a.mp4"], "there is no directory none"),
        (["film.mp4", "film.es.srt", "--out", "film.mp4"], "is the film itself"),
        (["film.mp4", "good.srt"], "film.mp4 has no sound: give --voice"),
        (["film.mp4", "good.srt", "--voice", "a", "--mix"], "film.mp4 has no sound"),
        (["film.mp4", "late.srt", "--voice", "a"], "cue 1 begins at 70 s, the film ends at 2.0 s"),
        (["film.mp4", "bad.srt", "--voice", "a"], "bad.srt line 2"),
        (["film.mp4", "empty.srt", "--voice", "a"], "empty.srt have nothing to say"),
        (["film.mp4", "good.srt", "--voice", "a"], "nobody is there to be asked: give --yes"),
        (["film.mp4", "good.srt", "--voice", "a", "--price", "x"], "--price x"),
    ],
)
def test_what_cannot_be_dubbed_is_told_before_anything_is_asked(here, capsys, monkeypatch, arguments, problem):
    monkeypatch.delenv("RUNPOD_ENDPOINT_ID", raising=False)
    write_film(here / "film.mp4", seconds=2)
    (here / "late.srt").write_text(srt([(70_000, 71_000, "", "Hi.")]))
    (here / "bad.srt").write_text("1\n-00:00:01,000 --> 00:00:02,000\nHi.")
    (here / "empty.srt").write_text(srt([(0, 1_000, "", "[music]")]))
    (here / "good.srt").write_text(srt([(0, 1_000, "", "Hi.")]))
    assert main(["dub", *arguments]) == 2
    err = capsys.readouterr().err
    assert any(each in err for each in problem.split("|"))
