"""Faults are drawn over all tables and input pins of a netlist, each changes one bit."""

import json

from support.netlists import flip_flop, lut

from inrhw.verification.mutation.netlist import draw

NETLIST = {"modules": {"top": {"cells": {"table": lut(0b1000, [2, 3], 4), "store": flip_flop(4, 5)}}}}


def test_each_fault_changes_one_bit_and_leaves_the_netlist_alone() -> None:
    before = json.dumps(NETLIST)
    places = draw(NETLIST, "top", 1000, 0)
    # Four bits of the table and two values of its two pins, and those that the pins of the other do not have.
    assert len(places) == 4 + 2 * 2 + sum(1 if net in "01" else 2 for net in ("0", "1", "0", "x"))
    for mutant in places:
        wrong = json.dumps(mutant.planted(NETLIST, "top"))
        assert json.dumps(NETLIST) == before
        assert wrong != before


def test_the_same_seed_draws_the_same_faults() -> None:
    assert draw(NETLIST, "top", 5, 1) == draw(NETLIST, "top", 5, 1) != draw(NETLIST, "top", 5, 2)
