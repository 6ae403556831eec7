"""The layer in front of the trained ones ("ReLU")."""


def encoding(axes: int, longest: int) -> tuple[list[list[float]], list[float]]:
    """Return weights and biases, in turns."""
    n = 1
    while 4 * 2 ** (n + 1) <= longest:
        n += 1
    of_axis = [(0.25, 0.0), *((2.0 ** (k - 1), quarter) for k in range(n) for quarter in (0.0, 0.25))]
    rows = [(axis, factor, phase) for axis in range(axes) for factor, phase in of_axis]
    weight = [[factor if axis == other else 0.0 for other in range(axes)] for axis, factor, _ in rows]
    return weight, [phase for _, _, phase in rows]
