"""What `bench.py` is made of.

    work.py     what is said, and how much work that is
    side.py     what either side answers, in a process of its own: ours.py, theirs.py
    process.py  how those processes are started and asked
    measure.py  the rounds
    serving.py  the rounds of callers who ask a server: servers.py starts it, locustfile.py asks, playback.py listens
    hearing.py  what is heard of speech
    figures.py  samples, tables, costs
    plot.py     a picture of them

work.py, side.py and theirs.py run in f5-tts's environment too, locustfile.py and playback.py in locust's.
"""
