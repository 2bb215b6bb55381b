# The worker's image: code and dependencies. Models are never in it: they are loaded from the volume at runtime.
# The Hub wants a file of its own named Dockerfile: after a change here, `cp Dockerfile.runpod Dockerfile`.
# Dependabot keeps the digest new; BASE_IMAGE takes another image in its place, as a mirror's.
ARG BASE_IMAGE=base
FROM python:3.11-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b AS base
FROM ${BASE_IMAGE}

LABEL org.opencontainers.image.title="F5-TTS voice cloning on RunPod serverless" \
      org.opencontainers.image.description="Speaks text in a cloned voice; models come from the network volume" \
      org.opencontainers.image.licenses="MIT AND Apache-2.0 AND BSD-2-Clause AND BSD-3-Clause AND BSD-3-Clause-Clear AND ISC AND Zlib AND PSF-2.0 AND MPL-2.0 AND LGPL-2.0-or-later AND LGPL-2.1-only AND LGPL-2.1-or-later AND LGPL-3.0-or-later AND GPL-2.0-or-later AND GPL-3.0-or-later AND LicenseRef-NVIDIA-Proprietary AND LicenseRef-Intel-Simplified"

# No bytecode at runtime: the worker may be any user. CTranslate2, which recognises speech, opens cuBLAS by its bare name,
# as do cuDNN's parts each other; torch finds its libraries by itself. The SDK's own checks at the start are left out, as
# the worker has spoken before: they start nvidia-smi five times, and end a good worker that cannot reach 8.8.8.8.
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LD_LIBRARY_PATH=/opt/nvidia/cublas/lib:/opt/nvidia/cudnn/lib \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    RUNPOD_SKIP_AUTO_SYSTEM_CHECKS=true \
    RUNPOD_SKIP_GPU_CHECK=true \
    RUNPOD_VOLUME=/runpod-volume \
    HF_HOME=/runpod-volume/models \
    HF_HUB_CACHE=/runpod-volume/models/hub \
    TORCH_HOME=/runpod-volume/models/torch

WORKDIR /app

# In one layer, or what is trimmed would still be pulled. Loading with every name bound shows that nothing needed is gone.
COPY requirements.txt ./
COPY scripts/trim_packages ./scripts/
RUN pip install --no-cache-dir --root-user-action=ignore --no-deps --require-hashes -r requirements.txt \
    && packages=$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') \
    && scripts/trim_packages "$packages" \
    && ln -s "$packages/nvidia" /opt/nvidia \
    && LD_BIND_NOW=1 python -c 'import torch, torchaudio, ctranslate2' \
    && python -c 'import ctypes; ctypes.CDLL("libcublas.so.12")'

# Off the platform, audio is written here by whoever the worker is.
RUN mkdir -m 1777 output

COPY voiceclone ./voiceclone
COPY LICENSE THIRD_PARTY.md s3_utils.py runpod-handler.py ./

ARG VERSION=0.1.0
LABEL org.opencontainers.image.version="${VERSION}"

CMD ["python", "runpod-handler.py"]
