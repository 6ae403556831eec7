"""The numbers behind the power estimate of UltraScale+, each with its source."""

from dataclasses import dataclass

#: The words beside every figure: what benchmarks/power.py found, see docs/power.md.
BAND = (
    "estimate, not measured: from resource counts and default rates it was off by a factor of 2.6 in the "
    "median of 785 measured designs (90 % within 5.9), and of 1.5 (90 % within 2.6) in those over 100 mW; "
    "with simulated toggles it has not been compared with a measurement"
)

#: Toggles of a net in a clock where no simulation says more: Vivado's default, between, random data.
DEFAULT_RATES = {"low": 0.125, "nominal": 0.23, "high": 0.42}
DEFAULT_SOURCE = (
    "default rates, no simulation: 0.125 toggles a clock (Vivado's default), 0.23 (geometric mean), 0.42 (a "
    "LUT netlist of multiply-accumulates on random data, measured for inrhw)"
)


@dataclass(frozen=True)
class Energy:
    """An energy of the table, at 0.85 V in 16 nm.

    Parameters
    ----------
    fj
        Femtojoules.
    spread
        Likely range of the true value, as a factor up and down.
    part
        Its part of the dynamic power.
    source
        Its source.
    """

    fj: float
    spread: float
    part: str
    source: str

    @property
    def band_fj(self) -> dict[str, float]:
        """Low, nominal and high, in femtojoules."""
        return {"low": self.fj / self.spread, "nominal": self.fj, "high": self.fj * self.spread}


_U50 = "Vivado report of a regex engine on an Alveo U50 (XCU50, 180 MHz, vectorless, confidence medium)"
_AT_DEFAULT = f"{_U50}, at 0.125 toggles a clock"
_XPE_NTT = (
    "3 pJ at 0.125 toggles a clock (XPE figures of the Butterfly accelerator, MICRO'22), 7 pJ on random data "
    "(fitted to board power of hardcaml_zprize NTT), a line between"
)

#: Energy of a unit of each kind of switching in `inrhw.estimates.power.fpga.Switching`.
ENERGIES = {
    "lut toggle": Energy(115, 2.0, "lut", f"{_AT_DEFAULT}: 1.235 W, 475,034 LUTs; output of a LUT"),
    "net toggle": Energy(130, 2.0, "routing", f"{_AT_DEFAULT}: 3.132 W, 1,062,891 nets"),
    "ff clock": Energy(22, 1.5, "ff", f"{_U50}: 0.137 W and clocks 2.464 W, 665,852 FF; a FF and clock"),
    "carry toggle": Energy(9, 2.0, "carry", f"{_AT_DEFAULT}: 0.029 W, 17,768 CARRY8; a sum bit"),
    "dsp clock": Energy(1670, 1.7, "dsp", _XPE_NTT),
    "dsp toggle": Energy(10_670, 1.7, "dsp", _XPE_NTT + "; times the mean toggles of an output bit"),
    "bram clock": Energy(20_000, 1.7, "bram", f"{_U50}: 1.532 W, 412.5 BRAM; an enabled clock of 36 kbit"),
    "uram clock": Energy(30_000, 2.5, "uram", "a guess: more than a block RAM; an enabled clock"),
    "lutram clock": Energy(272, 2.0, "lutram", f"{_U50}: 0.421 W, 8,613 LUTs as memory; a LUT and clock"),
    "srl clock": Energy(90, 2.0, "lutram", f"{_U50}: 0.072 W, 4,421 SRLs; a LUT and clock"),
}

#: Parts of the dynamic power, in the order in which they are shown, and their titles.
PARTS = {
    "lut": "LUT logic",
    "routing": "Routing",
    "ff": "Flip-flops and clock",
    "carry": "Carry chains",
    "dsp": "DSP",
    "bram": "Block RAM",
    "uram": "UltraRAM",
    "lutram": "LUT RAM and shift registers",
}

#: Static power in milliwatts for each LUT that the part has.
STATIC_MW_PER_LUT = {"low": 2500 / 1_303_680, "nominal": 2335 / 870_000, "high": 6000 / 1_303_680}
STATIC_SOURCE = (
    f"{_U50}: 2.335 W without HBM at a junction of 35 C, of 870,000 LUTs, in proportion to the LUTs of the "
    "part; 0.7 to 1.7 times that, more when hot"
)
