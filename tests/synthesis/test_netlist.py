"""Which part of the core a net belongs to, and what drives it."""

from pathlib import Path

import pytest
from support import netlists
from support.netlists import cell, flip_flop, lut, module, port

from inrhw.base.errors import InputError
from inrhw.synthesis.netlist import Netlist, resource_of, stays_in_slice, top_module

#: Anonymous LUTs: in front of layer0's register, between that and the FIFO, and one that leads nowhere.
CELLS = {
    "l": lut(1, [2], 3),
    "a": flip_flop(3, 4),
    "m": lut(1, [4], 5),
    "b": flip_flop(5, 6),
    "n": lut(1, [6], 7),
}
NAMES = {2: "i", 3: "$abc$1$o3", 4: "network.layer0_sine.y", 5: "$abc$1$o5", 6: "fifo.level", 7: "$abc$1$o7"}
MODULE = module(CELLS, {"i": port("input", 2), "o": port("output", 6)}, NAMES)


def test_a_net_without_a_name_belongs_to_what_it_leads_to() -> None:
    wanted = {2: "layer0_sine", 3: "layer0_sine", 4: "layer0_sine", 5: "fifo", 6: "fifo"}
    assert Netlist(MODULE).nodes == wanted


def test_only_nets_that_are_read_count() -> None:
    assert Netlist(MODULE).drivers == {2: "input", 3: "LUT1", 4: "FDRE", 5: "LUT1", 6: "FDRE"}


def test_wires_between_nodes_name_none() -> None:
    names = {2: "i", 3: "network.i__payload$1"}
    top = module({"l": lut(1, [2], 3)}, {"o": port("output", 3)}, names)
    assert set(Netlist(top).nodes.values()) == {"top"}


@pytest.mark.parametrize(
    ("kind", "resource"),
    [("LUT6", "lut"), ("MUXF8", "lut"), ("FDSE", "ff"), ("CARRY4", "carry"), ("DSP48E2", "dsp"),
     ("RAMB36E2", "bram"), ("URAM288", "uram"), ("RAM32M16", "lutram"), ("SRL16E", "srl"),
     ("input", "input")],
)  # fmt: skip
def test_every_cell_is_a_resource(kind: str, resource: str) -> None:
    assert resource_of(kind) == resource


def test_wires_of_a_slice() -> None:
    assert stays_in_slice("LUT3", "FDRE", "D")
    assert stays_in_slice("LUT2", "CARRY4", "S")
    assert not stays_in_slice("LUT3", "FDRE", "CE")
    assert not stays_in_slice("FDRE", "FDRE", "D")


def test_a_netlist_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "n.json"
    with pytest.raises(InputError, match="does not exist"):
        top_module(path)
    for text in ("{}", "[]", "[" * 100_000, '{"modules": [', '{"modules": []}', '{"modules": {"a": 1}}'):
        path.write_text(text)
        with pytest.raises(InputError, match=r"n\.json cannot be read .*; run `inrhw synth` again"):
            top_module(path)
    other = module({"x": cell("INV", I=2, O=3)}) | {"attributes": {}}
    with pytest.raises(InputError, match="one top module, not 0"):
        top_module(netlists.write(path, other))
