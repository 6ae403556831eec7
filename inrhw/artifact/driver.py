"""A core's registers from Python: on a board through whatever maps them, in a simulation through its bus."""

import struct
import time
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path

from inrhw.artifact.manifest import Manifest
from inrhw.base.errors import InputError, InrhwError
from inrhw.core.registers.control_map import (
    CONTROL_FIELDS,
    CONTROL_ID,
    ERROR_FIELDS,
    WINDOW_REGISTERS,
    ControlRegister,
    control_fields,
)
from inrhw.core.registers.loader_map import FIELDS, Refusal, Register, State
from inrhw.core.registers.picture_map import PICTURES_ID, SIZE_FIELDS, PictureRegister
from inrhw.core.registers.weight_file import FRAME_WORDS, MAGIC, TILE_FRAME_WORDS, TILE_MAGIC
from inrhw.signals.window import Window


class CoreDriver:
    """A core that was emitted with ``--control``, ``--weights loadable`` or ``--shared``.

    Parameters
    ----------
    folder
        Where it was emitted; its manifest says which registers it has.
    read
        Returns the 32-bit register at a byte address.
    write
        Writes one.

    Raises
    ------
    InputError
        The core has no registers, or what answers is not this core.

    Examples
    --------
    On a board, with the registers mapped by pynq (any two functions will do)::

        mmio = pynq.MMIO(base_address, 128)
        core = CoreDriver("rtl_out/photo", mmio.read, mmio.write)
        core.continuous = False
        core.start()
        core.wait()
    """

    def __init__(
        self, folder: Path | str, read: Callable[[int], int], write: Callable[[int, int], None]
    ) -> None:
        self._read, self._write = read, write
        manifest = Manifest.load(Path(folder))
        self._pages, self._counts_errors = _pages(manifest), manifest.counts_errors
        self._sizes = manifest.picture_sizes
        self._window_limits = _window_limits(manifest)
        if not self._pages:
            raise InputError(f"the core in {folder} has no registers; emit it with --control")
        for page in self._pages:
            address, wanted = _IDS[page]
            if (found := read(address)) != wanted:
                raise InputError(f"at 0x{address:02x} the bus gives 0x{found:08x}, not the core of {folder}")

    @property
    def running(self) -> bool:
        """Whether pixels are made at all; False pauses after any pixel."""
        return bool(self._control("run"))

    @running.setter
    def running(self, value: bool) -> None:
        self._set(run=value)

    @property
    def continuous(self) -> bool:
        """Whether frame follows frame; if not, each waits for `start`."""
        return bool(self._control("continuous"))

    @continuous.setter
    def continuous(self, value: bool) -> None:
        self._set(continuous=value)

    @property
    def interrupts(self) -> bool:
        """Whether the end of a frame raises the interrupt line."""
        return bool(self._control("interrupt"))

    @interrupts.setter
    def interrupts(self, value: bool) -> None:
        self._set(interrupt=value)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels of a frame, of many pictures of the one that is shown."""
        word = self._page("control", ControlRegister.SIZE)
        width, height = (field.of(word) for field in SIZE_FIELDS.values())
        return width, height

    @property
    def status(self) -> dict[str, bool]:
        """Fields of STATUS by name, see docs/control.md."""
        word = self._page("control", ControlRegister.STATUS)
        fields = control_fields(ControlRegister.STATUS, self._counts_errors)
        return {name: bool(field.of(word)) for name, field in fields.items()}

    @property
    def counts(self) -> dict[str, int]:
        """Frames and pixels handed over and clocks since `clear`, modulo 2**32."""
        return {
            register.name.lower(): self._page("control", register)
            for register in (ControlRegister.FRAMES, ControlRegister.PIXELS, ControlRegister.CYCLES)
        }

    @property
    def alarms(self) -> bool:
        """Whether a word of a memory that cannot be corrected raises the interrupt line."""
        self._counting()
        return bool(self._control("alarm"))

    @alarms.setter
    def alarms(self, value: bool) -> None:
        self._counting()
        self._set(alarm=value)

    @property
    def errors(self) -> dict[str, int]:
        """Errors that were corrected and that could not be since `clear`, each modulo 2**16.

        With --weight-ecc scrub words of memories, 32 bits of each; else frames in which one was read.
        """
        self._counting()
        word = self._read(ControlRegister.ERRORS)
        return {name: field.of(word) for name, field in ERROR_FIELDS[ControlRegister.ERRORS].items()}

    def clear(self) -> None:
        """Set the counts to zero and forget what STATUS remembers."""
        self._set(clear=1)
        self._write(ControlRegister.STATUS, 0xFFFFFFFF)

    def start(self) -> None:
        """Ask for one frame, the next to begin, and forget that another is done."""
        self._page("control", ControlRegister.STATUS)
        self._write(ControlRegister.STATUS, CONTROL_FIELDS[ControlRegister.STATUS]["frame_done"].mask)
        self._set(start=1)

    def wait(self, deadline_s: float = 10.0) -> None:
        """Wait until the frame of the last `start` is done: one that began after it, in any mode.

        Raises
        ------
        InrhwError
            That takes longer.
        """
        self._until(lambda: not self.status["asked"], deadline_s, "the frame that was asked for is not done")

    @property
    def picture(self) -> int:
        """Of a core of many pictures, the one of the next frame."""
        return self._page("pictures", PictureRegister.PICTURE)

    @picture.setter
    def picture(self, number: int) -> None:
        count = self._page("pictures", PictureRegister.PICTURES)
        if not 0 <= number < count:
            raise InputError(f"picture must be from 0 to {count - 1}, not {number}")
        self._write(PictureRegister.PICTURE, number)

    @property
    def sizes(self) -> list[tuple[int, ...]]:
        """Width and height of each picture in pixels."""
        return list(self._sizes)

    @property
    def window(self) -> Window:
        """Of a core with a window, what is shown from the next frame on."""
        x, y, step = (self._page("window", register) for register in WINDOW_REGISTERS)
        return Window(_signed(x), _signed(y), step)

    @window.setter
    def window(self, window: Window) -> None:
        self._page("window", ControlRegister.STEP)
        for name, (lo, hi) in self._window_limits.items():  # else half of it would be written
            if not lo <= (value := getattr(window, name)) <= hi:
                raise InputError(f"{name} of the window must be from {lo} to {hi}, not {value}")
        for register, value in zip(WINDOW_REGISTERS, astuple(window), strict=True):
            self._write(register, value % (1 << 32))

    def load(self, file: bytes, deadline_s: float = 10.0) -> None:
        """Load a file of weights, shown from the next frame on.

        Parameters
        ----------
        file
            What `inrhw weights` writes, of a picture or of one tile.
        deadline_s
            How long the picture before the last may stay in use.

        Raises
        ------
        InputError
            The file is refused: the message says why.
        InrhwError
            The core takes no file in time.
        """
        words = struct.unpack(f"<{len(file) // 4}I", file[: len(file) // 4 * 4])
        around = TILE_FRAME_WORDS if words[:1] == (TILE_MAGIC,) else FRAME_WORDS
        if len(file) < 4 * around or len(file) != 4 * (words[2] + around):
            raise InputError(f"the file is damaged: its {len(file)} bytes are not the number in its header")
        control = FIELDS[Register.CONTROL]
        running = self._page("weights", Register.CONTROL) & control["run"].mask
        self._write(Register.CONTROL, running | control["abort"].mask)
        self._until(
            lambda: self._loading("ready") == 1, deadline_s, "the picture before the last is still in use"
        )
        for word in words:
            self._write(Register.DATA, word)
            if error := self._loading("error"):
                reason = Refusal(error).name.lower().replace("_", " ")
                raise InputError(f"the core refuses the file: wrong {reason}")
        self._until(lambda: self._loading("state") != State.LOADING, deadline_s, "the file is still loading")

    def _loading(self, field: str) -> int:
        """Return a field of STATUS on the page of weights."""
        return FIELDS[Register.STATUS][field].of(self._read(Register.STATUS))

    def _until(self, true: Callable[[], bool], deadline_s: float, otherwise: str) -> None:
        """Poll until something is so; raise InrhwError if that takes too long."""
        end = time.monotonic() + deadline_s
        while not true():
            if time.monotonic() > end:
                raise InrhwError(f"after {deadline_s:g} s {otherwise}")

    def _control(self, field: str) -> int:
        word = self._page("control", ControlRegister.CONTROL)
        return control_fields(ControlRegister.CONTROL, self._counts_errors)[field].of(word)

    def _counting(self) -> None:
        """Raise InputError unless the core's memories are protected and it can tell of them."""
        if not self._counts_errors or "control" not in self._pages:
            raise InputError("this core counts no errors; emit it with --weight-ecc and --control")

    def _set(self, **values: int) -> None:
        word = self._page("control", ControlRegister.CONTROL)
        for name, value in values.items():
            field = control_fields(ControlRegister.CONTROL, self._counts_errors)[name]
            word = word & ~field.mask | int(value) << field.low
        self._write(ControlRegister.CONTROL, word)

    def _page(self, page: str, register: int) -> int:
        """Return a register of a page that the core must have."""
        if page not in self._pages:
            raise InputError(f"this core has no {page} registers; it has {' and '.join(self._pages)}")
        return self._read(register)


#: Address and value of the ID of each page.
_IDS = {
    "weights": (Register.ID, MAGIC),
    "pictures": (PictureRegister.ID, PICTURES_ID),
    "control": (ControlRegister.ID, CONTROL_ID),
    "window": (ControlRegister.ID, CONTROL_ID),
}


def _signed(word: int) -> int:
    """Return what a word says in two's complement."""
    return word - (word >> 31 << 32)


def _window_limits(manifest: Manifest) -> dict[str, tuple[int, int]]:
    """Return the least and the largest value of each of a window's numbers; none without a window."""
    if manifest.window is None:
        return {}
    half, steps = 1 << manifest.window.position_bits - 1, 1 << manifest.window.step_bits
    return {"x": (-half, half - 1), "y": (-half, half - 1), "step": (0, steps - 1)}


def _pages(manifest: Manifest) -> list[str]:
    """Return the pages of registers that a core has, by their names in messages."""
    has = {
        "weights": manifest.loadable,
        "pictures": manifest.chooses_pictures,
        "control": bool(manifest.control),
        "window": bool(manifest.control and manifest.window),
    }
    return [page for page, there in has.items() if there]
