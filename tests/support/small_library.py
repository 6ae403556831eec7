"""A library of few cells whose delays and energies a reader can add up in the head."""

from pathlib import Path

from inrhw.estimates.asic.gate_netlist import GateNetlist, Instance
from inrhw.estimates.asic.library import Library
from inrhw.estimates.asic.reading import load_library

_INV = """
  cell (INV) {
    area : 1; cell_leakage_power : 2;
    pin (A) { direction : input; capacitance : 0.5; }
    pin (Y) {
      direction : output; function : "A'";
      timing () {
        related_pin : "A"; timing_sense : negative_unate;
        cell_rise (delay) { values ("1, 2", "1, 2"); }
        cell_fall (delay) { values ("2, 3", "2, 3"); }
        rise_transition (scalar) { values ("0.5"); }
        fall_transition (scalar) { values ("0.5"); }
      }
      internal_power () {
        related_pin : "A";
        rise_power (scalar) { values ("3"); }
        fall_power (scalar) { values ("5"); }
      }
    }
  }
"""
_BUF = (
    _INV.replace("INV", "BUF")
    .replace("A'", "A")
    .replace("negative", "positive")
    .replace("area : 1", "area : 1.5")
)
_NAND2 = """
  cell (NAND2) {
    area : 2; cell_leakage_power : 4;
    pin (A) { direction : input; capacitance : 0.5; }
    pin (B) { direction : input; capacitance : 0.5; }
    pin (Y) {
      direction : output; function : "(A*B)'";
      timing () {
        related_pin : "A B"; timing_sense : negative_unate;
        cell_rise (delay) { values ("1, 2", "2, 3"); }
        cell_fall (delay) { values ("1, 2", "2, 3"); }
        rise_transition (scalar) { values ("0.5"); }
        fall_transition (scalar) { values ("0.5"); }
      }
    }
  }
"""
_NOR2 = _NAND2.replace("NAND2", "NOR2").replace("A*B", "A+B")  # abc wants three gates or more, and a buffer

#: Delays are a number plus the load; D must be there 0.125 ns before the clock.
SMALL = (
    """
library (small) {
  delay_model : table_lookup;
  time_unit : "1ns"; capacitive_load_unit (1, pf); voltage_unit : "1V"; leakage_power_unit : "1nW";
  nom_voltage : 1.0;
  lu_table_template (delay) {
    variable_1 : input_net_transition; variable_2 : total_output_net_capacitance;
    index_1 ("0, 1"); index_2 ("0, 1");
  }"""
    + _INV
    + _BUF
    + _NAND2
    + _NOR2
    + """
  cell (DFF) {
    area : 8; cell_leakage_power : 10;
    ff (IQ, IQN) { clocked_on : "C"; next_state : "D"; }
    pin (C) {
      direction : input; clock : true; capacitance : 0.125;
      internal_power () { rise_power (scalar) { values ("1"); } fall_power (scalar) { values ("3"); } }
    }
    pin (D) {
      direction : input; capacitance : 0.25;
      timing () {
        related_pin : "C"; timing_type : setup_rising;
        rise_constraint (scalar) { values ("0.125"); }
        fall_constraint (scalar) { values ("0.125"); }
      }
    }
    pin (Q) {
      direction : output; function : "IQ";
      timing () {
        related_pin : "C"; timing_type : rising_edge;
        cell_rise (delay) { values ("0.25, 1.25", "0.25, 1.25"); }
        cell_fall (delay) { values ("0.25, 1.25", "0.25, 1.25"); }
        rise_transition (scalar) { values ("0.5"); }
        fall_transition (scalar) { values ("0.5"); }
      }
    }
  }
}
"""
)


def small_library(folder: Path) -> Library:
    """Return the library."""
    (folder / "small.lib").write_text(SMALL)
    return load_library([folder / "small.lib"])


def toggler(library: Library) -> GateNetlist:
    """Return a register (net 2) that inverts itself (net 3); the clock is net 1."""
    return GateNetlist(
        "toggler",
        {"clk": (1,)},
        {"q": (2,)},
        (
            Instance("u0", library.cells["DFF"], {"C": 1, "D": 3, "Q": 2}),
            Instance("u1", library.cells["INV"], {"A": 2, "Y": 3}),
        ),
    )
