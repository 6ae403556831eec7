"""The order in which patches leave a core: each as a beat, or line by line from a buffer."""

from inrhw.base.errors import InputError
from inrhw.gateware.patch_buffer import PatchBuffer
from inrhw.lowering.hardware import Hardware
from inrhw.networks.architecture import Architecture
from inrhw.signals.patches import Patches


def check_patches(
    patches: Patches, patch_order: bool, source: str, sizes: int, *, window: bool, scrubs: bool
) -> None:
    """Raise InputError unless patches, of pictures of `sizes` sizes, can leave a core in the given order."""
    if patches.samples == 1:
        if patch_order:
            raise InputError("patch_order needs patches; give patch too, or leave it out")
        return
    if window:
        raise InputError(
            "a window zooms between samples, and those of a patch stay as far apart as in training; "
            "leave out window, or patch"
        )
    if patch_order:
        return
    if sizes > 1:
        raise InputError(
            "line buffers are as wide as one size, and pictures with patches on one core have several; give "
            "patch_order too, or one size"
        )
    if source != "raster":
        raise InputError("a stream core gives one patch a beat; give patch_order too")
    if scrubs:
        raise InputError(
            "weight_ecc scrub repairs between frames, while line buffers still hold the last one; "
            "give patch_order too, or weight_ecc ecc"
        )
    PatchBuffer.of(patches, 1)


def line_buffer(architecture: Architecture, hardware: Hardware, pictures: int = 1) -> PatchBuffer | None:
    """Return the buffer that turns patches into lines, if the core, of one or more pictures, has one."""
    if not architecture.patch or hardware.patch_order:
        return None
    bits = -(-architecture.value.width // 8) * 8 * architecture.channels
    return PatchBuffer.of(architecture.patches, bits, pictures)
