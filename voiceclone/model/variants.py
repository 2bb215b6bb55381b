"""Other ways to compute what the network computes, which may be faster on a GPU.

Which of them a worker takes is decided where it warms up, by what they compute on its device.
"""

from __future__ import annotations

from collections.abc import Collection

from voiceclone.model.dit import DiT
from voiceclone.model.layers import Linear

GELU_IN_PRODUCT = "gelu_in_product"
"""cuBLAS computes GELU as it writes the product: one pass less over the widest tensor."""
ROWS_IN_CONVOLUTION = "rows_in_convolution"
"""cuDNN convolves channels that lie side by side, as the network has them: nothing is transposed."""
VARIANTS = (GELU_IN_PRODUCT, ROWS_IN_CONVOLUTION)
TAKEN: tuple[str, ...] = ()
"""What a worker tries: none has been measured yet."""


def use_variants(dit: DiT, names: Collection[str]) -> None:
    """Compute by these variants, of VARIANTS, and by no others. Raise ValueError for a name that is none.

    Steps that were recorded before may no longer be replayed.
    """
    if unknown := set(names) - set(VARIANTS):
        raise ValueError(f"no such variants: {', '.join(sorted(unknown))}")
    for layer in dit.modules():
        if isinstance(layer, Linear):
            layer.gelu_in_product = GELU_IN_PRODUCT in names
    for convolution in (dit.position.first, dit.position.second):
        convolution.use_rows(ROWS_IN_CONVOLUTION in names)
