"""What is secret is in nothing that is told, and the rest stays as it is."""

from __future__ import annotations

import subprocess
import sys

import pytest

from voiceclone.hiding import HIDDEN, hider, without_addresses

SIGNED = "X-Amz-Signature=hidden-part"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("see https://a.b/c.wav?X-Amz-Signature=1&x=2, then", f"see https://a.b{HIDDEN}"),
        ("http://user:pass@127.0.0.1:9000 cannot be reached", f"http://127.0.0.1:9000{HIDDEN} cannot be reached"),
        ("http://127.0.0.1:9000 cannot be reached", "http://127.0.0.1:9000 cannot be reached"),
        ("https://a.b: check the network", "https://a.b: check the network"),
        ("http://[::1]:80/x", f"http://[::1]:80{HIDDEN}"),
        ("https://u:hidden/x@h/", f"https://{HIDDEN}"),
        ("https://u:hid den@h/", f"https://{HIDDEN}"),
        (f"https://{'hidden' * 100}@h/", f"https://{HIDDEN}"),
        ("https:/h/x?hidden", f"https:/h{HIDDEN}"),
        ("HTTP:h/x?hidden", f"HTTP:h{HIDDEN}"),
        ("https:/u:hidden@h/x", f"https:/h{HIDDEN}"),
        ("https:///hidden", f"https://{HIDDEN}"),
        (r"https:\\h\hidden", rf"https:\\h{HIDDEN}"),
        (r'{"a": "https:\/\/h\/hidden"}', rf'{{"a": "https:\/\/h{HIDDEN}'),
        (r"https:\\/\\/u:hidden@h\\/x", rf"https:\\/\\/h{HIDDEN}"),
        (r"https:\u002F\u002fh\u002fhidden", rf"https:\u002F\u002fh{HIDDEN}"),
        (r"https\u003a\u002f\u002fu\u003ahidden\u0040h", rf"https\u003a\u002f\u002f{HIDDEN}"),
        ("https%3A%2F%2Fh%2Fhidden", f"https%3A%2F%2Fh{HIDDEN}"),
        ("s3%253a%252f%252fh%252fhidden", f"s3%253a%252f%252fh{HIDDEN}"),
        ("https%3A%2F%2Fu%3Ahidden%40h%2Fx", f"https%3A%2F%2F{HIDDEN}"),
        ("https&#58;&#47;&#x2F;h&#47;hidden", f"https&#58;&#47;&#x2F;h{HIDDEN}"),
        ("https&colon;&sol;&sol;u&colon;hidden@h", f"https&colon;&sol;&sol;h{HIDDEN}"),
        ("<img src=//h/hidden", f"<img src=//h{HIDDEN}"),
        ("to //u:hidden@h/x", f"to //h{HIDDEN}"),
        ("1://h/hidden", f"1://h{HIDDEN}"),
        (r"\/\/h\/hidden", rf"\/\/h{HIDDEN}"),
        ("url=%2F%2Fh%2Fhidden", f"url=%2F%2Fh{HIDDEN}"),
        ("a//b/c, half a/b, C:/d/e, at:/d/e", "a//b/c, half a/b, C:/d/e, at:/d/e"),
        ("http: no, 'https:' no, s3:GetObject // or", "http: no, 'https:' no, s3:GetObject // or"),
        ("is it? yes", "is it? yes"),
        ("half a/b and c/d", "half a/b and c/d"),
    ],
)
def test_of_addresses_hosts_are_left_and_all_else_stays(line, told):
    assert without_addresses(line) == told


def test_the_values_of_secrets_are_hidden_and_no_others():
    assert (
        hider({"AWS_REGION": "the region", "MY_KEY": "is", "A_TOKEN": "long-enough"})("the region is long-enough")
        == f"the region is {HIDDEN}"
    )


@pytest.mark.parametrize(
    "told", [f"Max retries exceeded with url: /x y/{SIGNED} (Caused by it)", f'GET /x.wav?a="{SIGNED} HTTP/1.1']
)
def test_a_path_that_a_library_tells_is_not_logged(told):
    assert "hidden-part" not in without_addresses(told)


UNITS = [
    *("/", "a://", "a:/", "?", "url: /", "/a?", "http", "@", "https://a@", "%", "\\", "\\/", "%25", "%2f", "https:"),
    *("https%3a", "&#0", " //a", " //a@", "http:a", "[", "http:[", "\\u00"),
]


@pytest.mark.parametrize("unit", UNITS)
def test_hiding_takes_time_as_the_text_grows(unit):
    """A tenth of a second of work is allowed for what takes a hundredth, and a square would take minutes."""
    script = "import sys; from voiceclone.hiding import without_addresses; without_addresses(sys.argv[1] * 200_000)"
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_CPU, (20, 20)); {script}"
    subprocess.run([sys.executable, "-c", limited, unit], check=True)
