"""Words and when they are said: rough times made exact by the sound, and put on the caller's own text. Pure functions.

Knows nothing of how words are recognised. Times are seconds of the audio that they were told for.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from math import inf

import numpy as np
from numpy.typing import NDArray

from voiceclone.audio import FRAME_S, runs, smoothed_db
from voiceclone.text import is_wide
from voiceclone.types import Reading, Waveform, Word

LAGS_S = (0.0, 0.05, 0.1, 0.15)
"""By how much a recogniser may tell all words too late: whisper attends to a word when it has heard most of it."""
REACH_S = 0.5
"""How far a border may lie from where it was told to be."""
PAUSE_DB = 26.0
"""What is so much quieter than the loud parts of the speech may be a pause."""
SOUND_DB = 10.0
"""What is so much louder than a pause is speech wholly."""
PAUSE_S = 0.1
"""Within a word it is quiet for a shorter time."""
# What moves borders, measured so that they come nearest to where they are known to be: seconds away from where they are
# told, and of pauses inside a word; dB at them; the squared log of a word's duration over the expected one; seconds of
# sound that is no word's.
_PER_S, _PER_DB, _PER_DURATION, _PER_UNUSED_S = 10.0, 0.05, 3.0, 2.0


def spoken_words(text: str) -> list[str]:
    """Return the text in words, each with its punctuation and space: one after the other they are the text.

    Every word has a letter or a digit, if the text has one; in scripts without spaces it has exactly one.
    """
    return list(_divided(text, {i for i, c in enumerate(text) if c.isalnum()}))


def _divided(text: str, letters: Container[int]) -> Iterator[str]:
    """Yield a text in words, where the characters at `letters` are what is spoken of it."""
    start, last = 0, None
    for i, character in enumerate(text):
        if i not in letters:
            continue
        if last is not None:
            spaced = any(c.isspace() for c in text[last + 1 : i])
            if spaced or is_wide(character) or is_wide(text[last]):
                # Signs go with the word before them, those glued to the next word or opening it with that.
                cut = i
                while cut > last + 1 and (not text[cut - 1].isspace() if spaced else _opens(text[cut - 1])):
                    cut -= 1
                yield text[start:cut]
                start = cut
        last = i
    if start < len(text):
        yield text[start:]


def _opens(character: str) -> bool:
    """Whether it is a bracket or a quote that belongs to what follows."""
    return unicodedata.category(character) in ("Ps", "Pi")


def spread(words: Sequence[str], waveform: Waveform) -> list[Word]:
    """Words in audio of which nothing else is known, of no probability: each has its letters' share of the speech."""
    if waveform.duration_s < FRAME_S:
        return [Word(word, 0.0, 0.0, 0.0) for word in words]
    spoken_s = _Sound.of(waveform).spoken_s
    # Half a frame earlier: a word that ends where the sound does ends before the pause.
    ends = np.searchsorted(spoken_s, spoken_s[-1] * np.array(_shares(words)) - FRAME_S / 2) * FRAME_S
    starts = [0.0, *map(float, ends)]
    return [Word(word, start, end, 0.0) for word, (start, end) in zip(words, pairwise(starts), strict=True)]


def _shares(words: Iterable[str]) -> list[float]:
    """Of all letters, those up to the end of each word; a word without any counts as one."""
    sums = list(accumulate(max(1, sum(map(str.isalnum, word))) for word in words))
    return [each / sums[-1] for each in sums]


@dataclass(frozen=True)
class _Sound:
    """What is asked of a recording at each border between its n frames, the first and the last included: (n + 1,)."""

    loudness_db: NDArray[np.float64]
    """Of the frame behind it; everywhere in a pause that of its quietest frame."""
    spoken_s: NDArray[np.float64]
    """Speech before it, without pauses; quiet frames count in part."""
    paused_s: NDArray[np.float64]
    """Pauses before it."""
    before: NDArray[np.int64]
    """The frame where the pause begins that it lies in; its own where it lies in none."""
    after: NDArray[np.int64]
    """The frame where that pause ends."""

    @classmethod
    def of(cls, waveform: Waveform) -> _Sound:
        loudness = smoothed_db(waveform)
        floor = float(np.percentile(loudness, 95)) - PAUSE_DB
        speech, pause = np.clip((loudness - floor) / SOUND_DB, 0, 1), np.zeros(len(loudness))
        loudness = np.maximum(np.append(loudness, loudness[-1]), floor - SOUND_DB)
        before = np.arange(len(loudness))
        after = before.copy()
        for start, stop in runs(loudness[:-1] < floor):
            if (stop - start) * FRAME_S >= PAUSE_S or start == 0 or stop == len(speech):
                before[start : stop + 1], after[start : stop + 1] = start, stop
                loudness[start : stop + 1] = loudness[start:stop].min()
                speech[start:stop], pause[start:stop] = 0, 1
        spoken_s, paused_s = (FRAME_S * np.concatenate([[0], np.cumsum(each)]) for each in (speech, pause))
        return cls(loudness, spoken_s, paused_s, before, after)


def refined(words: Sequence[Word], waveform: Waveform) -> list[Word]:
    """Words moved to where the sound has their borders: all of them, in order and within the audio.

    The borders are the cheapest of all words together (Viterbi): a border costs what it lies away from where it was
    told to be and what is loud there; a word, what it lasts longer or shorter than its letters let one expect. Pauses
    belong to no word.
    """
    if not words or waveform.duration_s < FRAME_S:
        return in_order(replace(word, start_s=0.0, end_s=waveform.duration_s) for word in words)
    sound = _Sound.of(waveform)
    _, borders = min((_borders(words, sound, lag_s) for lag_s in LAGS_S), key=lambda found: found[0])
    return in_order(
        replace(word, start_s=float(sound.after[start]) * FRAME_S, end_s=float(sound.before[end]) * FRAME_S)
        for word, (start, end) in zip(words, pairwise(borders), strict=True)
    )


def _borders(words: Sequence[Word], sound: _Sound, lag_s: float) -> tuple[float, list[int]]:
    """Return what the cheapest borders cost if all words were told so late, and in which frames they lie."""
    last, speech_s = len(sound.spoken_s) - 1, float(sound.spoken_s[-1])
    # A border lies between two times: where the word before it ends and where the one behind it starts.
    told = [(-inf, words[0].end_s), *((a.end_s, b.start_s) for a, b in pairwise(words)), (words[-1].end_s, inf)]
    places, costs = [], []
    for end_s, start_s in told:
        end, start = (end_s - lag_s) / FRAME_S, (start_s - lag_s) / FRAME_S
        first = int(np.clip(end - REACH_S / FRAME_S, 0, last))
        place = np.arange(first, int(np.clip(start + REACH_S / FRAME_S, first, last)) + 1)
        away_s = FRAME_S * np.maximum(0, np.maximum(sound.before[place] - start, end - sound.after[place]))
        off = _PER_S * away_s
        # Huber's loss: a word that is told far away does not drag the others there.
        costs.append(np.where(off < 1, off**2 / 2, off - 0.5) + _PER_DB * sound.loudness_db[place])
        places.append(place)
    costs[0] += _PER_UNUSED_S * sound.spoken_s[places[0]]
    costs[-1] += _PER_UNUSED_S * (speech_s - sound.spoken_s[places[-1]])
    expected_s = max(FRAME_S, speech_s) * np.diff([0.0, *_shares([word.text for word in words])])
    cost, choices = costs[0], []
    for word_s, (former, place), border_cost in zip(expected_s, pairwise(places), costs[1:], strict=True):
        lasts_s = sound.spoken_s[place] - sound.spoken_s[former][:, None]
        paused_s = np.maximum(0, sound.paused_s[sound.before[place]] - sound.paused_s[sound.after[former]][:, None])
        paths = cost[:, None] + _PER_S * paused_s + _PER_DURATION * np.log(np.maximum(FRAME_S, lasts_s) / word_s) ** 2
        choices.append(paths.argmin(axis=0))
        cost = paths.min(axis=0) + border_cost
    chosen = [int(cost.argmin())]
    for choice in reversed(choices):
        chosen.append(int(choice[chosen[-1]]))
    return float(cost.min()), [int(place[i]) for place, i in zip(places, reversed(chosen), strict=True)]


def on_readings(words: Sequence[Word], readings: Sequence[Reading]) -> list[Word]:
    """Times of the spoken words put on the caller's own: the readings' text as it is written, in words.

    Args:
        words: what is spoken, in order. Its letters are those of the readings, but for readings that were dropped.
        readings: a piece that is not said, or was dropped, stands with its neighbour's word.

    Returns:
        Words that one after the other are the written text; none where nothing is said. A piece that is written with
        other letters than it is read with lasts as long as its reading, and its own letters share that evenly.
    """
    heard = [letter for word in words for letter in _spelled(word)]
    places = _places([_letters(reading.spoken) for reading in readings], _letters("".join(word.text for word in words)))
    said: dict[int, Word] = {}
    position = 0
    for reading, place in zip(readings, places, strict=True):
        if place:
            marks = _marks(reading.written)
            said.update((position + mark, _part(heard, place, i, len(marks))) for i, mark in enumerate(marks))
        position += len(reading.written)
    result: list[Word] = []
    start = 0
    for text in _divided("".join(reading.written for reading in readings), said) if said else ():
        inside = [said[i] for i in range(start, start + len(text)) if i in said]
        probability = sum(each.probability for each in inside) / len(inside)
        result.append(Word(text, inside[0].start_s, inside[-1].end_s, probability))
        start += len(text)
    return in_order(result)


def next_word(readings: Sequence[Reading], before: int, after: int) -> int | None:
    """Return where the next word begins between two readings, neighbours among those that are said; None: within one.

    Words are those of `on_readings`: those before this reading and those from it on make the same words, apart.
    """
    pieces = [reading.written for reading in readings[before : after + 1]]
    ends = list(accumulate(map(len, pieces)))
    letters = _marks(pieces[0])[-1:] + [ends[-1] - len(pieces[-1]) + i for i in _marks(pieces[-1])[:1]]
    words = list(_divided("".join(pieces), letters))
    return before + 1 + ends.index(len(words[0])) if len(words) == 2 and len(words[0]) in ends else None


def _marks(written: str) -> list[int]:
    """Return the places of what is said of a reading: its letters and digits, or all of its signs if it has none."""
    letters = [i for i, c in enumerate(written) if c.isalnum()]
    return letters or [i for i, c in enumerate(written) if not c.isspace()]


def in_order(words: Iterable[Word], end_s: float = inf) -> list[Word]:
    """None begins before the former one does, none ends after the next one begins, and all by `end_s`."""
    words = list(words)
    starts = list(accumulate((min(word.start_s, end_s) for word in words), max))
    return [
        replace(word, start_s=start, end_s=max(start, min(word.end_s, following)))
        for word, start, following in zip(words, starts, [*starts, end_s][1:], strict=True)
    ]


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def _spelled(word: Word) -> Iterator[Word]:
    """Yield a word letter by letter, all of one length."""
    letters = _letters(word.text)
    for i, letter in enumerate(letters):
        lasts_s = (word.end_s - word.start_s) / len(letters)
        yield Word(letter, word.start_s + i * lasts_s, word.start_s + (i + 1) * lasts_s, word.probability)


def _part(heard: Sequence[Word], place: range, part: int, parts: int) -> Word:
    """Return one of so many equal parts of the letters at a place."""
    start, begun = divmod(len(place) * part, parts)
    end, left = divmod(len(place) * (part + 1) - 1, parts)
    first, last = heard[place[start]], heard[place[end]]
    start_s = first.start_s + (first.end_s - first.start_s) * begun / parts
    end_s = last.start_s + (last.end_s - last.start_s) * (left + 1) / parts
    return Word("", start_s, end_s, first.probability)


def _places(pieces: Sequence[str], said: str) -> list[range]:
    """Return where the letters of each piece stand in what is said; nowhere for one that was dropped."""
    # Letters of a dropped piece may pass for the first of its neighbour: they are matched anew without it.
    found = _matched(pieces, said)
    kept = [piece if 2 * len(places) >= len(piece) else "" for piece, places in zip(pieces, found, strict=True)]
    return [range(int(places[0]), int(places[-1]) + 1) if len(places) else range(0) for places in _matched(kept, said)]


def _matched(pieces: Sequence[str], said: str) -> list[NDArray[np.int64]]:
    """Return the places, in what is said, of those letters of each piece that are there."""
    from rapidfuzz.distance import Levenshtein

    text = "".join(pieces)
    places = np.full(len(text), -1)
    for block in Levenshtein.editops(text, said).as_matching_blocks():
        places[block.a : block.a + block.size] = np.arange(block.b, block.b + block.size)
    stops = accumulate(map(len, pieces), initial=0)
    return [within[within >= 0] for within in (places[i:j] for i, j in pairwise(stops))]
