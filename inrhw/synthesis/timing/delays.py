"""The numbers behind the timing estimate of UltraScale+, each with its source."""

from dataclasses import dataclass

#: What a clock may be times its estimate, one standard deviation: 35 routed netlists, an earlier program with
#: this table.
BAND_FACTORS = (0.75, 1.35)

#: The words beside every number.
BAND = (
    f"estimate, not place and route; {100 * BAND_FACTORS[0] - 100:+.0f} %/"
    f"{100 * BAND_FACTORS[1] - 100:+.0f} % (one standard deviation)"
)


@dataclass(frozen=True)
class Delay:
    """A delay of the table.

    Parameters
    ----------
    ps
        Picoseconds at `speed`.
    speed
        Its speed grade.
    source
        Its source.
    """

    ps: float
    speed: str
    source: str


_VIVADO = "routed Vivado 2021.2 reports of xczu3eg-1 in gussmith23/lakeroad-evaluation, mean or median"
_FLOPOCO = "FloPoCo target VirtexUltrascalePlus, xcvu3p-2"

#: Every delay in use.
DELAYS = {
    "lut": Delay(120, "-1", _VIVADO),
    "lut o5": Delay(
        120 + 82, "-1", _VIVADO + "; O5 leaves through the multiplexers of the slice: MUXF7 added"
    ),
    "mux": Delay(82, "-1", _VIVADO + "; MUXF8 and MUXF9 taken like MUXF7"),
    "carry s->co": Delay(238, "-1", _VIVADO + "; DI and CYINIT taken like S"),
    "carry s->o": Delay(250, "-1", _VIVADO + "; DI and CYINIT taken like S"),
    "carry ci->o": Delay(138, "-1", _VIVADO),
    "carry ci->co": Delay(23 / 2, "-1", _VIVADO + "; half a CARRY8"),
    "ff clock->q": Delay(96, "-1", _VIVADO),
    "ff setup d": Delay(0, "-1", _VIVADO),
    "ff setup ce": Delay(43, "-1", _VIVADO),
    "ff setup r": Delay(72, "-1", _VIVADO),
    "lutram clock->o": Delay(1000, "-2", _FLOPOCO + ", marked TODO there; shift registers taken like it"),
    "bram clock->o": Delay(1000, "-2", _FLOPOCO + ", marked TODO there"),
    "bram clock->o registered": Delay(280, "-1", "AMD DS958 v1.11 (Versal at 0.80 V): the nearest found"),
    "dsp input": Delay(263, "-1", _VIVADO),
    "dsp multiply": Delay(737 + 59, "-1", _VIVADO),
    "dsp add": Delay(699, "-1", _VIVADO),
    "dsp output": Delay(141, "-1", _VIVADO),
    "net carry": Delay(26 / 2, "-2", _FLOPOCO + "; half a step from CARRY8 to CARRY8"),
    "net in slice": Delay(11, "-2", _FLOPOCO),
    "net fanout 1": Delay(170, "-1", _VIVADO),
    "net fanout 2..4": Delay(215, "-1", _VIVADO),
    "net fanout 5..16": Delay(240, "-1", _VIVADO),
    "net fanout 17..": Delay(373, "-1", _VIVADO),
}

#: Delay of a speed grade against -1: the ratio of DS923's DSP48 limits.
SPEEDS = {"-1": 1.0, "-2": 645 / 775, "-3": 645 / 891}

#: Limits of the part in MHz at -1, -2, -3 and VCCINT 0.85 V (-3: 0.90 V), whatever the path says.
LIMITS = {
    "clock network": ({"-1": 667, "-2": 775, "-3": 891}, "AMD DS922 v1.18, BUFG"),
    "block RAM": ({"-1": 645, "-2": 738, "-3": 825}, "AMD DS923, not confirmed"),
    "DSP": ({"-1": 645, "-2": 775, "-3": 891}, "AMD DS923 v1.20, all registers"),
    "DSP without MREG": ({"-1": 456, "-2": 544, "-3": 635}, "AMD DS923 v1.20, two-register multiply"),
}
