"""f5-tts's side: `python -m benchmark.theirs '{"what": ..., ...}'`.

Peer `package` is the package in its own environment. Peer `classes` is the same code in this project's environment,
which lacks what f5-tts imports and does not use to speak: trainer, plots, speech recognition, silence detection.
"""

from __future__ import annotations

import importlib.resources
import importlib.util
import json
import logging
import os
import sys
import time
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from benchmark.side import Side, about, answer
from benchmark.work import FIRST_TEXT, TRANSCRIPT

if TYPE_CHECKING:
    from torch import Tensor

SAMPLE_RATE = 24_000
UNUSED = {
    "einx": (),
    "librosa.filters": ("mel",),
    "matplotlib": ("use",),
    "matplotlib.pylab": (),
    "pydub": ("AudioSegment", "silence"),
    "transformers": ("pipeline",),
}
"""What f5_tts.infer.utils_infer and what it needs import, and the names that they take from there."""


def load(options: dict[str, Any], api: Any) -> Any:
    """The package's own way, by its class F5TTS: it knows the network by its own config's name."""
    model = options["model"]
    return api(
        options["arch"],
        ckpt_file=f"{model}/model.safetensors",
        vocoder_local_path=f"{model}/vocos",
        device=options["device"],
    )


def cold(options: dict[str, Any]) -> None:
    """Import, load and speak, and say when each was done."""
    from f5_tts.api import F5TTS  # type: ignore[import-untyped]

    imported = time.monotonic()
    f5 = load(options, F5TTS)
    loaded = time.monotonic()
    import torchaudio

    torchaudio.load = read_wav
    f5.infer(options["reference"], TRANSCRIPT, FIRST_TEXT, show_info=_ignore, progress=None, nfe_step=options["steps"])
    answered, cpu_s = time.monotonic(), time.process_time()
    dtype = next(f5.ema_model.parameters()).dtype
    told = {"imported": imported, "loaded": loaded, "answered": answered, "cpu_s": cpu_s}
    answer({**told, "about": about(options["device"], dtype)})


def import_without_the_rest() -> None:
    """Let f5_tts.infer.utils_infer be imported where only the network's requirements are installed, and sooner."""
    for name in UNUSED.keys() - sys.modules.keys():
        sys.modules[name] = module = ModuleType(name)
        vars(module).update(dict.fromkeys(UNUSED[name], _ignore))
    spec = importlib.util.find_spec("f5_tts")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("f5_tts is not installed")
    package: Any = ModuleType("f5_tts.model")  # its own imports the trainer
    package.__path__ = [f"{next(iter(spec.submodule_search_locations))}/model"]
    sys.modules["f5_tts.model"] = package
    from f5_tts.model.cfm import CFM  # type: ignore[import-untyped]

    package.CFM = CFM


def read_wav(path: str) -> tuple[Tensor, int]:
    """In place of torchaudio.load, which needs FFmpeg's libraries and a torchcodec that fits torch."""
    import soundfile
    import torch

    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return torch.from_numpy(samples.T.copy()), rate


class Theirs(Side):
    """f5-tts, as its users ask it."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.f5 = None
        if options["peer"] == "package":
            from f5_tts.api import F5TTS

            self.f5 = load(options, F5TTS)
            self.model, self.vocoder = self.f5.ema_model, self.f5.vocoder
        else:
            import_without_the_rest()
        import torchaudio
        from f5_tts.infer import utils_infer  # type: ignore[import-untyped]

        torchaudio.load = read_wav
        self.infer = utils_infer
        self.device, self.reference = options["device"], options["reference"]
        if self.f5 is None:
            self._load_classes(Path(options["model"]))
        self.dtype = next(self.model.parameters()).dtype

    def _load_classes(self, model: Path) -> None:
        """What F5TTS does, with the checkpoint's own config."""
        import yaml
        from f5_tts.model.backbones.dit import DiT  # type: ignore[import-untyped]

        arch = yaml.safe_load((model / "config.yaml").read_text())["model"]["arch"]
        self.vocoder = self.infer.load_vocoder("vocos", True, str(model / "vocos"), self.device)
        weights, vocabulary = str(model / "model.safetensors"), str(model / "vocab.txt")
        self.model = self.infer.load_model(DiT, arch, weights, vocab_file=vocabulary, device=self.device)

    def chunk(self, text: str, steps: int) -> float:
        audio = read_wav(self.reference)
        spoken = self.infer.infer_batch_process(
            audio, TRANSCRIPT, [text], self.model, self.vocoder, progress=None, nfe_step=steps, device=self.device
        )
        samples, rate, _ = next(spoken)
        return len(samples) / rate

    def text(self, text: str, steps: int) -> float:
        if self.f5 is not None:
            samples, rate, _ = self.f5.infer(
                self.reference, TRANSCRIPT, text, show_info=_ignore, progress=None, nfe_step=steps, seed=0
            )
        else:  # F5TTS.infer without the search for silence in the reference
            from f5_tts.model.utils import seed_everything  # type: ignore[import-untyped]

            seed_everything(0)
            samples, rate, _ = self.infer.infer_process(
                self.reference,
                TRANSCRIPT,
                text,
                self.model,
                self.vocoder,
                show_info=_ignore,
                progress=None,
                nfe_step=steps,
                device=self.device,
            )
        return len(samples) / rate


def serve_socket(options: dict[str, Any]) -> None:
    """Serve as f5-tts's socket server does. Its own start fetches model and vocoder from the hub: here they are given.

    Its number of steps is 32 and cannot be asked for: the option's is put there.
    """
    import torch
    import torchaudio
    from f5_tts import socket_server  # type: ignore[import-untyped]
    from safetensors.torch import load_file
    from vocos import Vocos  # type: ignore[import-untyped]

    torchaudio.load = read_wav
    logging.getLogger().setLevel(logging.WARNING)
    socket_server.infer_batch_process = partial(socket_server.infer_batch_process, nfe_step=options["steps"])

    class Processor(socket_server.TTSStreamingProcessor):  # type: ignore[misc]
        def load_vocoder_model(self) -> Any:
            vocoder = Vocos.from_hparams(options["vocoder_config"])
            weights = options["vocoder_weights"]
            found = load_file(weights) if weights.endswith(".safetensors") else torch.load(weights)
            vocoder.load_state_dict(found, strict=False)  # what its mel is made with is no weight, and may be missing
            return vocoder.eval().to(self.device)

    configs = Path(str(importlib.resources.files("f5_tts") / "configs"))
    config = os.path.relpath(configs / options["config"], configs).removesuffix(".yaml")  # it looks there
    os.chdir(options["directory"])  # it writes what it speaks to ./output.wav
    asked = (options[name] for name in ("weights", "vocab", "reference", "transcript", "device"))
    processor = Processor(config, *asked)
    answer(about(options["device"], next(processor.model.parameters()).dtype))
    socket_server.start_server("127.0.0.1", options["port"], processor)


def _ignore(*_: object) -> None:
    """Progress messages."""


def main() -> None:
    options = json.loads(sys.argv[1])
    match options["what"]:
        case "cold":
            cold(options)
        case "socket":
            serve_socket(options)
        case _:
            Theirs(options).serve()


if __name__ == "__main__":
    main()
