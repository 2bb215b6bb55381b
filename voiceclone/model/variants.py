"""Other ways to compute what the network computes, which may be faster on a GPU.

Which of them a worker takes is decided where it warms up, by what they compute on its device.
"""

from __future__ import annotations

from collections.abc import Collection

from voiceclone.model import kernels, positions
from voiceclone.model.dit import Block, DiT, gate_and_norm
from voiceclone.model.layers import Linear

GELU_IN_PRODUCT = "gelu_in_product"
"""cuBLAS computes GELU as it writes the product: one pass less over the widest tensor."""
ROWS_IN_CONVOLUTION = "rows_in_convolution"
"""cuDNN convolves channels that lie side by side, as the network has them: nothing is transposed."""
ROTATION_IN_KERNEL = "rotation_in_kernel"
"""One kernel of our own in place of four."""
GATE_WITH_NORM = "gate_with_norm"
"""What a gate adds is normalised as it is added, by one kernel of our own in place of two."""
VARIANTS = (GELU_IN_PRODUCT, ROWS_IN_CONVOLUTION, ROTATION_IN_KERNEL, GATE_WITH_NORM)
TAKEN: tuple[str, ...] = ()
"""What a worker tries: none has been measured yet."""


def use_variants(dit: DiT, names: Collection[str]) -> None:
    """Compute by these variants, of VARIANTS, and by no others. Raise ValueError for a name that is none.

    Steps that were recorded before may no longer be replayed.
    """
    if unknown := set(names) - set(VARIANTS):
        raise ValueError(f"no such variants: {', '.join(sorted(unknown))}")
    for module in dit.modules():
        if isinstance(module, Linear):
            module.gelu_in_product = GELU_IN_PRODUCT in names
        elif isinstance(module, Block):
            module.rotate = kernels.rotate if ROTATION_IN_KERNEL in names else positions.rotate
    for convolution in (dit.position.first, dit.position.second):
        convolution.use_rows(ROWS_IN_CONVOLUTION in names)
    dit.gate_and_norm = kernels.gate_and_norm if GATE_WITH_NORM in names else gate_and_norm
