"""The DSP48E2, as far as inrhw's netlists use it; after sim/cells_xcup.v."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from inrhw.estimates.power.cells.part import Part, Values, drives_of, number, output, pin, pins_of
from inrhw.synthesis.netlist import Json, parameter

_REGISTERS = ("AREG", "BREG", "DREG", "ADREG", "MREG", "PREG", "OPMODEREG")
_FIXED = {
    **{"A_INPUT": "DIRECT", "B_INPUT": "DIRECT", "BMULTSEL": "B", "PREADDINSEL": "A"},
    **{"USE_MULT": "MULTIPLY", "USE_SIMD": "ONE48"},
}
_CLOCKED = {  # register: parameter that says whether it is there, enable, reset
    **{
        "a1": ("AREG", "A1", "A"),
        "a2": ("AREG", "A2", "A"),
        "b1": ("BREG", "B1", "B"),
        "b2": ("BREG", "B2", "B"),
    },
    **{"d": ("DREG", "D", "D"), "ad": ("ADREG", "AD", "D"), "m": ("MREG", "M", "M"), "p": ("PREG", "P", "P")},
    **{"onward": ("OPMODEREG", "CTRL", "CTRL"), "cascade": ("OPMODEREG", "CTRL", "CTRL")},
}
_INPUTS = {"A": 27, "B": 18, "D": 27, "PCIN": 48, "OPMODE": 9}


def dsp_parts(cell: Json) -> Iterator[Part]:
    """Yield the one part of a DSP48E2; none if its parameters have no model."""
    parameters = cell["parameters"]
    before_sum = parameters.get("AMULTSEL", "A") == "AD"
    registers = {key: parameter(cell, key, 1) for key in _REGISTERS}
    inverted = parameter(cell, "IS_OPMODE_INVERTED")
    mode = pin(cell, "OPMODE", 9)
    fixed = all((mode[k] ^ inverted >> k & 1) == (k in (0, 2)) for k in range(9) if k not in (4, 7))
    usual = fixed and all(parameters.get(key, value) == value for key, value in _FIXED.items())
    control = (*pin(cell, "ALUMODE", 4), *pin(cell, "CARRYINSEL", 3), *pin(cell, "CARRYIN", 1))
    wanted = (0, 0, before_sum, 0, 0)
    if not usual or any(control) or pin(cell, "INMODE", 5) != wanted or registers["BREG"] > 2:
        return
    reads: tuple[int, ...] = ()
    if not registers["PREG"]:
        reads += pin(cell, "PCIN", 48) + (() if registers["OPMODEREG"] else mode)
    if not registers["PREG"] and not registers["MREG"]:
        late = before_sum and registers["ADREG"]
        reads += () if registers["AREG"] or late else pin(cell, "A", 27)
        reads += pin(cell, "D", 27) if before_sum and not (registers["DREG"] or late) else ()
        reads += () if registers["BREG"] else pin(cell, "B", 18)
    drives = (*output(cell, "P", 48), *output(cell, "PCOUT", 48))
    yield Part((_Dsps, before_sum, inverted, *registers.items()), reads, drives, cell)


class _Dsps:
    """DSP48E2: P = (A or A + D) * B + (PCIN or 0) + (P or 0)."""

    def __init__(self, parts: Sequence[Part], copies: int) -> None:
        _, self._before_sum, self._inverted, *registers = parts[0].kind
        self._has: dict[str, int] = dict(registers)
        self._outputs = drives_of(parts)
        self._inputs = {name: pins_of(parts, name, width) for name, width in _INPUTS.items()}
        # Of each register in use the bits that enable and reset it.
        self._registers = {
            name: (pins_of(parts, f"CE{enable}")[0], pins_of(parts, f"RST{reset}")[0])
            for name, (there, enable, reset) in _CLOCKED.items()
            if self._has[there] and (self._before_sum or there not in ("DREG", "ADREG"))
        }
        self._state = {name: np.zeros((len(parts), copies), np.int64) for name in _CLOCKED}
        self._next = dict(self._state)

    def _signed(self, values: Values, name: str) -> NDArray[np.int64]:
        rows = values.take(self._inputs[name], 0)
        signed: NDArray[np.int64] = number(rows) - (rows[-1].astype(np.int64) << len(rows))
        return signed

    def _products(self, values: Values) -> dict[str, NDArray[np.int64]]:
        """Return what is between the registers now."""
        state, has = self._state, self._has
        a = state["a2"] if has["AREG"] else self._signed(values, "A")
        b = state["b2"] if has["BREG"] else self._signed(values, "B")
        d = state["d"] if has["DREG"] else self._signed(values, "D")
        added = ((a + d + (1 << 26)) & (1 << 27) - 1) - (1 << 26)
        factor = a if not self._before_sum else state["ad"] if has["ADREG"] else added
        product = factor * b
        mode = values.take(self._inputs["OPMODE"], 0)
        free = {
            name: mode[k].astype(np.int64) ^ self._inverted >> k & 1
            for name, k in (("onward", 7), ("cascade", 4))
        }
        chosen = {name: state[name] if has["OPMODEREG"] else now for name, now in free.items()}
        total = state["m"] if has["MREG"] else product
        total = total + chosen["cascade"] * number(values.take(self._inputs["PCIN"], 0))
        total = total + chosen["onward"] * state["p"] & (1 << 48) - 1
        return {"ad": added, "m": product, "p": total, **free}

    def evaluate(self, values: Values) -> None:
        if not self._has["PREG"]:
            self._put(values, self._products(values)["p"])

    def capture(self, values: Values) -> None:
        if not self._registers:
            return
        state, after = self._state, self._products(values)
        if self._has["AREG"]:
            a = self._signed(values, "A")
            after |= {"a1": a, "a2": state["a1"] if self._has["AREG"] == 2 else a}
        if self._has["BREG"]:
            b = self._signed(values, "B")
            after |= {"b1": b, "b2": state["b1"] if self._has["BREG"] == 2 else b}
        if "d" in self._registers:
            after["d"] = self._signed(values, "D")
        for name, (enable, reset) in self._registers.items():
            kept = np.where(values.take(enable, 0), after[name], state[name])
            self._next[name] = np.where(values.take(reset, 0), 0, kept)

    def commit(self, values: Values) -> None:
        self._state = dict(self._next)
        if self._has["PREG"]:
            self._put(values, self._state["p"])

    def _put(self, values: Values, p: NDArray[np.int64]) -> None:
        bits = p >> np.arange(48)[:, None, None] & 1
        values[self._outputs] = np.concatenate([bits, bits])
