"""What is secret is in nothing that is told, and the rest stays as it is."""

from __future__ import annotations

import pytest

from voiceclone.hiding import HIDDEN, hider


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("see https://a.b/c.wav?X-Amz-Signature=1&x=2, then", f"see https://a.b/c.wav?{HIDDEN} then"),
        ('{"url": "https://a/b?t=1"}', f'{{"url": "https://a/b?{HIDDEN}"}}'),
        ("is it? yes", "is it? yes"),
        ("the region is eu", "the region is eu"),
    ],
)
def test_queries_are_hidden_and_nothing_else(line, told):
    assert hider({"AWS_REGION": "the region", "MY_KEY": "is"})(line) == told
