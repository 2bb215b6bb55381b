"""Dub a film: what its subtitles say is spoken at their times, and becomes one more track of sound.

    voiceclone dub film.mp4 film.es.srt --out film.es.mp4
    voiceclone dub film.mkv film.de.vtt --voice anna --mix --price 4090
    voiceclone dub film.mp4 film.fr.srt --speaker Anna=anna --speaker Ben=ben.m4a --replace --yes
    voiceclone dub film.mp4 film.es.srt --check

Without a voice everybody speaks with their own, cut from the film where they are heard best; who speaks is told by
the subtitles, as `<v Anna>`, `Anna:` or `[anna]`. Pictures are copied as they are. The track is tagged with the
language of the subtitles, which are put into the film as well.

The cues are cut into jobs of some minutes, which the endpoint's workers share. What is made lies in OUT.parts: after a
crash, Ctrl-C or a failure the same command goes on where it stopped. The directory may be removed when the film is
there.
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from voiceclone import files
from voiceclone.audio import Ducking
from voiceclone.books import Estimate, Manifest, Narration, code_of, opened, price_of, three_letters, told
from voiceclone.cli.options import chosen_place, place_options, stopped_by_signals, voice_input, voice_options
from voiceclone.cli.starting import bar_of, confirm, ended, job_options, require_somebody
from voiceclone.client import STATUSES, BadInput, Input, Place, Problem, recording
from voiceclone.films import (
    RATE,
    Dubbing,
    Film,
    Group,
    Piece,
    cast,
    groups_of,
    mixed,
    opened_film,
    require_container,
    track,
    write_film,
)
from voiceclone.hiding import plain
from voiceclone.subtitles import Cue, read_cues, subtitles_text, told_apart
from voiceclone.types import Reply

LOUDNESS = (-40.0, -9.0)
"""Of speech in LUFS, as a worker takes it."""
MAX_SHOWN = 60
"""Characters of a cue in the report."""


def fill(top: argparse.ArgumentParser) -> None:
    """Give the command its options."""
    top.description, top.epilog = __doc__, STATUSES
    top.add_argument("film", type=Path, help="a film, or a sound file")
    top.add_argument("subtitles", type=Path, help="what is to be said: an .srt or .vtt file")
    top.add_argument(
        "--out", type=Path, metavar="FILE", help="default: the film's name with the language in front of its ending"
    )
    top.add_argument(
        "--speaker",
        action="append",
        type=_speaker,
        default=[],
        metavar="NAME=VOICE|FILE|URL",
        help="the voice of one whom the subtitles name; repeatable",
    )
    top.add_argument("--max-rate", type=float, help="how many times faster a voice may speak to fit (default: 1.3)")
    top.add_argument("--borrow", type=float, metavar="SECONDS", help="of the silence behind a cue (default: 2)")
    top.add_argument("--mix", action="store_true", help="over the film's own sound, which is quieter meanwhile")
    top.add_argument("--ducking", type=float, default=15.0, metavar="DB", help="by how much (default: %(default)s)")
    top.add_argument("--replace", action="store_true", help="leave the film's own track out; else it stays beside")
    top.add_argument("--no-subtitles", action="store_true", help="do not put them into the film")
    top.add_argument("--check", action="store_true", help="tell which cues would not fit, and stop")
    voice_options(top, speed=False)
    place_options(top)
    job_options(top)


def _speaker(text: str) -> tuple[str, str]:
    name, equals, voice = text.partition("=")
    if not (name and equals and voice):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VOICE")
    return name, voice


def run(options: argparse.Namespace) -> int:
    """Dub the film; returns the exit status."""
    return ended(options, dub)


def dub(options: argparse.Namespace) -> int:
    """From a film and subtitles to a film; returns the exit status. Raises Problem, OSError, KeyboardInterrupt."""
    film = opened_film(options.film)
    asked = voice_input(options)
    language = _language(options, asked)
    out: Path = options.out or options.film.with_suffix(f".{language or 'dubbed'}{options.film.suffix}")
    container = require_container(out)
    _require_place(out, options.film)
    price = price_of(options.price) if options.price else None
    cues = _cues(options, film)
    groups, notes = _groups(cues, film, {**asked, **({"language": language} if language else {})}, options)
    parts_dir = out.with_name(f"{out.name}.parts")
    if not parts_dir.exists() and not options.check:
        require_somebody(options.yes)
    stop = threading.Event()
    with opened(parts_dir) as manifest, chosen_place(options, stop) as place:
        groups = _as_they_come(groups, options, place)
        todo = [group for group in groups if not manifest.made(group.name)]
        checks = [_checked(group, place) for group in groups]
        _report(cues, groups, checks, [*notes, *_warnings(checks)])
        if options.check:
            return 0
        print(f"{len(groups)} jobs, {len(groups) - len(todo)} of them done already")
        if todo:
            print(told(_estimate(groups, checks, manifest), price, options.in_flight))
            require_somebody(options.yes)
            confirm(options.yes)
        with bar_of(groups, todo) as tell:
            narration = Narration(place, manifest, [group.title for group in groups], options.attempts, tell, stop)
            with stopped_by_signals(stop):
                failures = narration.make(todo, options.in_flight)
        if failures:
            for failure in failures:
                print(f"error: {groups[failure.part.chapter].title}: {failure.problem}", file=sys.stderr)
            print(f"{len(failures)} of {len(groups)} jobs failed; the same command tries them again", file=sys.stderr)
            return failures[0].problem.status
        pieces = [Piece(path, _samples(group.start_ms)) for group in groups if (path := manifest.made(group.name))]
        sound = track(pieces, film.duration_s)
        ducking = Ducking(_spans(groups, checks), options.ducking, RATE)
        speech = mixed(sound, film.sound(), ducking) if options.mix else (block[None] for block in sound)
        shown = [] if options.no_subtitles else cues
        tag = three_letters(code_of(language) if language else None)
        dubbing = Dubbing(
            speech,
            2 if options.mix else 1,
            shown,
            tag,
            options.replace,
        )
        left_out: list[str] = []
        files.write_whole(out, lambda file: left_out.extend(write_film(film, file, container, dubbing)))
        for note in left_out:
            print(f"warning: {note}", file=sys.stderr)
        print(f"{out}: {film.duration_s / 60:.1f} min, {len(cues)} cues")
    return 0


def _language(options: argparse.Namespace, asked: Input) -> str | None:
    """Return the language of the subtitles, as told or as their name has it: `film.es.srt`."""
    if asked.get("language"):
        return str(asked["language"])
    return code_of(Path(options.subtitles.stem).suffix.removeprefix(".")) or None


def _require_place(out: Path, film: Path) -> None:
    """Raise BadInput where the new film cannot lie."""
    if not out.absolute().parent.is_dir():
        raise BadInput(f"--out {out}: there is no directory {out.parent}")
    if out.is_dir():
        raise BadInput(f"--out {out} is a directory, name a file")
    if out.exists() and out.samefile(film):
        raise BadInput(f"--out {out} is the film itself, name another file")


def _cues(options: argparse.Namespace, film: Film) -> list[Cue]:
    """Return what is said, by whom and when. Raises BadInput."""
    path = options.subtitles
    try:
        read = read_cues(subtitles_text(path.read_bytes()))
    except OSError as e:
        raise BadInput(f"the subtitles {path} cannot be read: {e.strerror}") from e
    except ValueError as e:
        raise BadInput(f"the subtitles {path} {e}") from e
    names = [name for name, _ in options.speaker]
    cues = told_apart(read, names, not names or not (options.voice or options.ref_audio))
    if not cues:
        raise BadInput(f"the subtitles {path} have nothing to say")
    if cues[-1].start_s >= film.duration_s:
        raise BadInput(
            f"cue {cues[-1].index} begins at {cues[-1].start_s:g} s, the film ends at {film.duration_s:.1f} s: do they"
            " belong together?"
        )
    return cues


def _groups(
    cues: Sequence[Cue], film: Film, asked: Input, options: argparse.Namespace
) -> tuple[list[Group], list[str]]:
    """Return all jobs, and what to tell of who speaks. Raises BadInput."""
    own = not {"voice", "ref_audio"} & asked.keys()
    speakers: dict[str, Any] = {}
    for name, voice in options.speaker:
        is_file = Path(voice).is_file() or "://" in voice
        speakers[name] = {"ref_audio": recording(voice)} if is_file else voice
    told_of = {name.casefold() for name in speakers}
    needs_film = own and any(cue.speaker is None or cue.speaker.casefold() not in told_of for cue in cues)
    if (needs_film or options.mix) and not film.has_sound:
        raise BadInput(f"{film.path} has no sound: give --voice or --ref-audio, and no --mix")
    voices, unnamed, notes = cast(cues, speakers, film.part if own else None, film.duration_s)
    fields = {name: value for name in ("max_rate", "borrow") if (value := getattr(options, name)) is not None}
    if options.mix:
        fields["loudness"] = round(min(max(film.loudness(), LOUDNESS[0]), LOUDNESS[1]), 1)
    asked = {"action": "dub", "sample_rate": RATE, **fields, **(unnamed or {}), **asked}
    return groups_of(cues, asked, voices, film.duration_s), notes


def _as_they_come(groups: Sequence[Group], options: argparse.Namespace, place: Place) -> list[Group]:
    """Return the jobs in the form in which their tracks come back best. Raises Problem."""
    by_link = place.ask({"action": "info"})["delivery"] == "s3" and not options.local
    found = []
    for group in groups:
        form = {"format": "flac" if by_link or options.local else "opus"}
        made = replace(group, data={**form, **group.data})
        if by_link:  # by its key a result is found in the bucket even if the id of its job is lost
            made = replace(made, data={"delivery": "s3", **made.data, "key": f"dub/{made.name}"})
        found.append(made)
    return found


def _checked(group: Group, place: Place) -> Reply:
    """Return what a worker says of a group's cues. Raises Problem."""
    wanted = {name: value for name, value in group.data.items() if name != "key"}
    reply = place.ask({**wanted, "action": "check_dub"})
    if any(cue["index"] > len(group.cues) for cue in reply["cues"]):
        raise Problem("the reply tells of cues that were not sent: check RUNPOD_ENDPOINT_ID")
    return reply


def _warnings(checks: Sequence[Reply]) -> list[str]:
    """Return what the worker warns of, each once; which cues do not fit is reported by itself."""
    told = (warning for check in checks for warning in check.get("warnings", ()))
    return [plain(warning) for warning in dict.fromkeys(told)]


def _report(cues: Sequence[Cue], groups: Sequence[Group], checks: Sequence[Reply], notes: Sequence[str]) -> None:
    """Print who speaks, and which cues do not fit."""
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    names = list(dict.fromkeys(cue.speaker for cue in cues if cue.speaker))
    print(f"{len(cues)} cues" + (f" by {plain(', '.join(names))}" if names else ""))
    late = 0
    for group, check in zip(groups, checks, strict=True):
        for reported in check["cues"]:
            if reported["fits"]:
                continue
            late += 1
            cue = group.cues[reported["index"] - 1]
            into = [str(group.cues[i - 1].index) for i in reported.get("overlaps", ()) if i <= len(group.cues)]
            over = f", into cue {', '.join(into)}" if into else ""
            text = plain(cue.text)[:MAX_SHOWN]
            print(
                f"cue {cue.index} at {cue.start_s:.1f} s is {reported.get('over_by', 0):.2f} s too long{over}: {text}"
            )
    print(f"{late} of {len(cues)} cues do not fit" if late else "all cues fit")


def _estimate(groups: Sequence[Group], checks: Sequence[Reply], manifest: Manifest) -> Estimate:
    """Return how much is still to be spoken, and how long that takes where the worker can tell."""
    characters, speech_s = 0, 0.0
    work_s: float | None = 0.0
    for group, check in zip(groups, checks, strict=True):
        if manifest.made(group.name):
            continue
        characters += group.characters
        speech_s += sum(cue["spoken_end"] - cue["start"] for cue in check["cues"])
        synthesis = check["predicted"]["synthesis"]
        work_s = None if synthesis is None or work_s is None else work_s + synthesis
    return Estimate(characters, speech_s, work_s)


def _spans(groups: Sequence[Group], checks: Sequence[Mapping[str, Any]]) -> list[tuple[int, int]]:
    """Return from which sample of the film to which each cue is spoken."""
    found = []
    for group, check in zip(groups, checks, strict=True):
        start = _samples(group.start_ms)
        found += [
            (start + round(cue["start"] * RATE), start + round(cue["spoken_end"] * RATE)) for cue in check["cues"]
        ]
    return sorted(found)


def _samples(ms: int) -> int:
    return ms * RATE // 1000
