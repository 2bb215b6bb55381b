"""What `gpu_check.py` is made of.

registry.py   the parts, in their order, each with its limit of time; runs one of them
check.py      what each part is given
results.py    the rows, and the table made of them
kernels.py    parts: the machine, convolutions
network.py    parts: the engine in this process
processes.py  parts: what is started beside, as `first_job.py`, `bench.py` and the tests
upstream.py   part: f5-tts's own network and vocoder
"""
