"""Recordings are decoded in a process of their own: what a damaged or hostile one does to a decoder ends with it.

Knows how that process is started, asked, bounded and ended; what it does stands in `decoder.py`. One path for every
recording, wherever it comes from.
"""

from __future__ import annotations

import atexit
import logging
import math
import os
import signal
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from io import BufferedReader, BufferedWriter
from pathlib import Path
from typing import cast

import numpy as np

from voiceclone.errors import BadAudio
from voiceclone.types import Recording, Samples, Waveform

log = logging.getLogger(__name__)

READY = b"+"
"""What the process says before each request."""
REQUEST = struct.Struct("<QIdIQ")
"""A recording follows: its bytes, the wanted rate in Hertz, or 0 for all samples as they are; longest sound
and CPU time in seconds, memory in bytes."""
REPLY = struct.Struct("<?Q")
"""Whether sound follows, as float32, or what is wrong with the recording; and how many bytes that has."""
EXACT = struct.Struct("<III")
"""Before samples as they are: rate in Hertz, channels, bits of each sample."""
MOST_PER_S = 96_000
"""Samples as they are, for each second that a recording may have: two channels at 48 kHz."""
TOO_LARGE = 3
"""The status that the process ends with where its memory did not do."""

MEMORY = 400 * 2**20
"""What decoding may take beside the recording and its sound, in bytes."""
CPU_S = 4.0
"""What any recording may take of the CPU's time."""
PACE = 10.0
"""Beside that, it is decoded so many times faster than it is played."""
PATIENCE = 4
"""Times the CPU's time that is waited: others may use the CPU too."""
MAX_PROBLEM_BYTES = 1_000


class Decoder:
    """A process that decodes one recording at a time. It is kept, and replaced when it has died."""

    def __init__(self, memory: int = MEMORY, cpu_s: float = CPU_S) -> None:
        """`memory`, `cpu_s`: what any recording may take."""
        self._memory, self._cpu_s = memory, cpu_s
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Of the process, where there is one."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process where none is alive; it is waited for when it is needed."""
        with self._lock:
            self._started()

    def close(self) -> None:
        """End the process, and with it what it is about."""
        if self._process is not None:
            self._process.kill()
        with self._lock:
            self._end()

    def decode(self, data: bytes, sample_rate: int, max_duration_s: float, limit_s: float = math.inf) -> Waveform:
        """Decode a file of any format that people have, mix it to mono and resample it.

        What it holds decides, not a name. No more than `max_duration_s` is read, whatever the file holds or claims: a
        small one can hold hours of silence.

        Args:
            limit_s: how long it may take; a recording that takes absurdly long is given up in any case.

        Raises:
            BadAudio: not a sound file, empty, with samples that are not finite, or too much for the process.
            RuntimeError: the process does not start.
        """
        most = 4 * math.ceil((max_duration_s + 1) * sample_rate)
        answer = self._answer(data, sample_rate, max_duration_s, limit_s, most)
        samples: Samples = np.frombuffer(answer, np.float32)
        return Waveform(samples, sample_rate)

    def decode_exactly(self, data: bytes, max_duration_s: float, limit_s: float = math.inf) -> Recording:
        """Decode a file of any format, every sample as it is. Raises as `decode`, and BadAudio for a longer one."""
        most = EXACT.size + 4 * math.ceil(max_duration_s * MOST_PER_S)
        answer = self._answer(data, 0, max_duration_s, limit_s, most)
        rate, channels, bits = EXACT.unpack_from(answer)
        return Recording(np.frombuffer(answer, np.float32, offset=EXACT.size).reshape(-1, channels), rate, bits)

    def _answer(self, data: bytes, sample_rate: int, max_duration_s: float, limit_s: float, most: int) -> bytearray:
        """Return what the process answers to a request, of `most` bytes at most. Raises BadAudio, RuntimeError."""
        cpu_s = math.ceil(self._cpu_s + max_duration_s / PACE)
        memory = self._memory + 2 * len(data) + 3 * most
        request = REQUEST.pack(len(data), sample_rate, max_duration_s, cpu_s, memory)
        with self._lock:
            process = self._awaited()
            late = threading.Event()

            def give_up() -> None:
                late.set()
                process.kill()

            over = threading.Timer(min(limit_s, PATIENCE * cpu_s), give_up)
            over.start()
            try:
                fine, answer = _ask(process, request, data, most)
            except (OSError, EOFError) as e:
                raise self._died(late.is_set()) from e
            except BaseException:  # this process is being stopped: half an answer is not for the next request
                self._end()
                raise
            finally:
                over.cancel()
                over.join()
            if late.is_set():  # it was just in time
                self._end()
        if not fine:
            raise BadAudio(answer.decode())
        return answer

    def _started(self) -> subprocess.Popen[bytes]:
        """Return the process that is alive, a new one where there was none."""
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._end()
        # The modules as this process finds them, and none of its secrets.
        libraries = os.environ.get("LD_LIBRARY_PATH", "")
        paths = [str(Path(__file__).parents[2]), *map(os.path.abspath, filter(None, sys.path))]
        self._process = subprocess.Popen(  # noqa: S603 - nothing of it is a caller's
            [sys.executable, "-P", *["-B"] * sys.dont_write_bytecode, "-m", f"{__package__}.decoder", str(os.getpid())],
            env={"PYTHONPATH": os.pathsep.join(paths), "LD_LIBRARY_PATH": libraries, "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # a signal to the worker's group leaves the running job whole
        )
        return self._process

    def _awaited(self) -> subprocess.Popen[bytes]:
        """Return the process, ready for a request; one that has died in the meantime is replaced once."""
        for _ in range(2):
            process = self._started()
            if _output(process).read(len(READY)) == READY:
                return process
            self._end()
        raise RuntimeError("the decoder does not start: python -m voiceclone.audio.decoder tells why")

    def _died(self, late: bool) -> BadAudio:
        """End what is left of the process, start the next, and return why the recording could not be decoded."""
        status = self._end(1.0)
        self._started()
        if status == TOO_LARGE:
            why = "takes too much memory to decode"
        elif late or status == -signal.SIGXCPU:
            why = "takes too long to decode"
        else:
            why = "is damaged so that it cannot be decoded"
        log.warning("the decoder ended with %s: the recording %s", status, why)
        return BadAudio(f"the recording {why}: export it again, as WAV or FLAC with one or two channels")

    def _end(self, patience_s: float = 0.0) -> int | None:
        """Return the status that the process has ended with; it is killed if it does not end by itself in a while."""
        process, self._process = self._process, None
        if process is None:
            return None
        with suppress(OSError):  # what was not sent any more
            _input(process).close()
        _output(process).close()
        try:
            return process.wait(patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


def _ask(process: subprocess.Popen[bytes], request: bytes, data: bytes, most: int) -> tuple[bool, bytearray]:
    """Send a request and return the reply. Raises EOFError, OSError where the process ends or says too much."""
    requests = _input(process)
    requests.write(request)
    requests.write(data)
    requests.flush()
    fine, size = REPLY.unpack(_read(process, REPLY.size))
    if size > (most if fine else MAX_PROBLEM_BYTES):
        raise EOFError
    return fine, _read(process, size)


def _read(process: subprocess.Popen[bytes], size: int) -> bytearray:
    """Read so many bytes. Raises EOFError."""
    answer = bytearray(size)
    if _output(process).readinto(answer) < size:
        raise EOFError
    return answer


def _input(process: subprocess.Popen[bytes]) -> BufferedWriter:
    return cast("BufferedWriter", process.stdin)


def _output(process: subprocess.Popen[bytes]) -> BufferedReader:
    return cast("BufferedReader", process.stdout)


_decoder = Decoder()
decode = _decoder.decode
decode_exactly = _decoder.decode_exactly
start_decoder = _decoder.start
atexit.register(_decoder.close)
