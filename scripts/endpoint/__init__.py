"""What `say.py` and `narrate.py` are made of.

    errors.py      what can go wrong, and the exit status of each
    place.py       what is asked of whoever answers jobs
    client.py      an endpoint, over the platform's API
    local.py       the worker in this process
    results.py     audio and subtitles of a reply
    options.py     the options of both, and the request that they make
    bar.py         how far a job is, on a terminal
    cards.py       replies for a person to read

Only narrate:

    chapters.py    what a book is
    books.py       a text, Markdown or EPUB file as chapters
    pages.py       HTML as paragraphs and headings
    epub.py        an EPUB's pages, titles and cover
    parts.py       chapters as jobs
    manifest.py    which of them are sent and made, on the disk
    narration.py   the jobs spread over the workers
    estimate.py    how long it will be, take and cost
    joining.py     the parts as one audiobook with its subtitles
"""
