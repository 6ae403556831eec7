"""From one node to 28 nm: coefficients of Stillmaker and Baas, Integration 58 (2017) 74-81.

Polynomials of the supply in V, for high-performance processes; coefficients of energy at 65 and 32 nm are
those of the authors' erratum. They have no row for 28 nm: it comes from 32 and 20 nm, linear in logarithms.
"""

import math
from dataclasses import dataclass

from inrhw.base.errors import InputError

#: Where results are scaled to.
TARGET_NM, TARGET_V = 28, 0.9

#: Area of a gate equivalent at 28 nm in um^2, low, middle and high: NAND2 of ICsprout55 (7 tracks) by
#: (28/55)^2; about 0.5 as public code has it, without a source; a margin. No primary source was found.
GE_UM2 = (0.29, 0.49, 0.60)

#: Share by which a scaled figure may be off, up and down: area, over five routes from four nodes; time.
AREA_BAND, DELAY_BAND = 0.45, 0.30

#: Factor by which scaled energy or power may be off, up and down.
POWER_BAND = 1.8


@dataclass(frozen=True)
class _Node:
    """A node of the paper.

    Parameters
    ----------
    areas
        What its area becomes at 32 and 20 nm.
    delay
        Coefficients of time, of V^3 first.
    energy
        Coefficients of energy, of V^2 first.
    nominal_v
        Up to where the polynomial of time may be used. Both are used down to half of it: at 0.4 of it that of
        energy is 2.9 times what V^2 says at 65 nm, and below 0 at 180 nm.
    """

    areas: tuple[float, float]
    delay: tuple[float, float, float, float]
    energy: tuple[float, float, float]
    nominal_v: float


_NODES = {
    180: _Node((0.025, 0.011), (0, 97.09, -356.7, 406.5), (0, 24.64, -17.98), 1.8),
    130: _Node((0.072, 0.033), (-76.65, 334.9, -493.4, 275.8), (7.171, -6.709, 2.904), 1.2),
    90: _Node((0.16, 0.075), (-60.34, 262.5, -384.2, 210.9), (4.762, -4.781, 2.092), 1.1),
    65: _Node((0.31, 0.14), (-53.3, 230.4, -333.9, 178.6), (3.755, -4.398, 1.975), 1.1),
    45: _Node((0.46, 0.21), (-501.6, 1567, -1619, 566.1), (1.018, -0.3107, 0.1539), 1.0),
    32: _Node((1.0, 0.46), (-1047, 2982, -2797, 873.5), (0.8367, -0.4341, 0.1701), 0.9),
    20: _Node((2.2, 1.0), (0, 34.63, -66.37, 41.15), (0.373, -0.1582, 0.04104), 0.9),
    7: _Node((7.8, 3.6), (-28.58, 76.6, -70.26, 24.69), (0.1776, -0.09097, 0.02447), 0.7),
}

#: Nodes whose time and energy say something about 28 nm; up from 7 nm they are off by a factor of 4 to 6.
_ELECTRICAL = (180, 130, 90, 65, 45)


def check_node(node_nm: int) -> None:
    """Raise InputError unless there are coefficients for a node."""
    if node_nm not in _SCALED:
        known = ", ".join(map(str, _SCALED))
        raise InputError(f"node_nm must be one of {known}, not {node_nm}")


def area_factor(node_nm: int) -> float:
    """Return what an area of 1 becomes at 28 nm.

    Examples
    --------
    >>> [round(area_factor(node), 3) for node in (130, 65, 45, 7)]
    [0.058, 0.247, 0.368, 6.262]
    """
    return _between(*_NODES[node_nm].areas)


def delay_factor(node_nm: int, voltage_v: float) -> float | None:
    """Return what a time of 1 becomes at 28 nm and 0.9 V; None where the fit says nothing.

    Examples
    --------
    >>> round(delay_factor(130, 1.2), 3), round(delay_factor(45, 1.0), 2)
    (0.258, 0.69)
    >>> delay_factor(45, 1.1), delay_factor(7, 0.7)
    (None, None)
    """
    node = _NODES[node_nm]
    if node_nm not in _ELECTRICAL or not node.nominal_v / 2 <= voltage_v <= node.nominal_v:
        return None
    return _between(*(_polynomial(_NODES[k].delay, TARGET_V) for k in (32, 20))) / _polynomial(
        node.delay, voltage_v
    )


def energy_factor(node_nm: int, voltage_v: float) -> float | None:
    """Return what an energy of 1 becomes at 28 nm and 0.9 V; None where the fit says nothing.

    Examples
    --------
    >>> round(energy_factor(130, 1.2), 3), round(energy_factor(45, 1.1), 2), energy_factor(7, 0.7)
    (0.07, 0.35, None)
    """
    node = _NODES[node_nm]
    if node_nm not in _ELECTRICAL or voltage_v < node.nominal_v / 2:
        return None
    return _between(*(_polynomial(_NODES[k].energy, TARGET_V) for k in (32, 20))) / _polynomial(
        node.energy, voltage_v
    )


def _between(at_32: float, at_20: float) -> float:
    """Return the value at 28 nm between those at 32 and 20 nm."""
    share = math.log(32 / TARGET_NM) / math.log(32 / 20)
    return math.exp((1 - share) * math.log(at_32) + share * math.log(at_20))


def _polynomial(coefficients: tuple[float, ...], x: float) -> float:
    value = 0.0
    for coefficient in coefficients:
        value = value * x + coefficient
    return value


#: Nodes that can be scaled from.
_SCALED = (180, 130, 90, 65, 45, 7)
