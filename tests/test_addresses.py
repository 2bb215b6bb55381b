"""Links lead to the internet, into this network where that is asked for, and never to a machine's own secrets."""

from __future__ import annotations

import pytest

from voiceclone.addresses import may_lead_to

PUBLIC = ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
INSIDE = [
    *("127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "198.18.0.1"),
    *("::1", "fd00::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1"),
]
NOBODYS = [
    *("169.254.169.254", "169.254.170.2", "168.63.129.16", "100.100.100.200", "192.0.0.192"),
    *("0.0.0.0", "0.1.2.3", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.88.99.1"),
    *("::", "::169.254.169.254", "::ffff:0:a9fe:a9fe", "fe80::1", "fe80::1%1", "ff02::1", "fd00:ec2::254"),
    *("fd20:ce::254", "2001::1", "2002:7f00:1::", "4000::1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"),
    "64:ff9b:1::a9fe:a9fe",
]


@pytest.mark.parametrize(
    ("addresses", "outside", "inside"), [(PUBLIC, True, True), (INSIDE, False, True), (NOBODYS, False, False)]
)
def test_where_a_link_may_lead(addresses, outside, inside):
    assert [may_lead_to(address) for address in addresses] == [outside] * len(addresses)
    assert [may_lead_to(address, inside=True) for address in addresses] == [inside] * len(addresses)
