from amaranth.back import rtlil
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.artifact.hierarchy import merge_equal_modules


class Add(wiring.Component):
    def __init__(self, constant: int) -> None:
        self.constant = constant
        super().__init__({"i": In(8), "o": Out(8)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.sync += self.o.eq(self.i + self.constant)
        return m


class Row(wiring.Component):
    def __init__(self, constants: tuple[int, ...]) -> None:
        self.constants = constants
        super().__init__({"i": In(8), "o": Out(8)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        value = self.i
        for k, constant in enumerate(self.constants):
            m.submodules[f"add{k}"] = add = Add(constant)
            m.d.comb += add.i.eq(value)
            value = Signal(8, name=f"v{k}")
            m.d.comb += value.eq(add.o)
        m.d.comb += self.o.eq(value)
        return m


class Top(wiring.Component):
    def __init__(self) -> None:
        super().__init__({"i": In(8), "o": Out(8)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        value = self.i
        for name, constants in (("row0", (1, 1, 2)), ("row1", (1, 1, 2)), ("tail", (3,))):
            m.submodules[name] = row = Row(constants)
            m.d.comb += row.i.eq(value)
            value = row.o
        m.d.comb += self.o.eq(value)
        return m


def merged() -> str:
    return merge_equal_modules(rtlil.convert(Top(), name="top", emit_src=False))


def modules(text: str) -> list[str]:
    return [line.removeprefix("module \\") for line in text.splitlines() if line.startswith("module ")]


def test_equal_modules_are_written_once_and_named_after_what_they_share() -> None:
    # Adders of 1 and of 2 lie in both rows; the rows themselves are equal then too.
    expected = ["top", "top__add", "top__add_2", "top__row", "top__tail", "top__tail__add0"]
    assert sorted(modules(merged())) == expected


def test_modules_that_differ_in_one_connection_stay_apart() -> None:
    """Two inputs that change places make another circuit, though both texts have the same lines."""

    class Subtract(wiring.Component):
        def __init__(self, swap: bool) -> None:
            self.swap = swap
            super().__init__({"a": In(8), "b": In(8), "o": Out(8)})

        def elaborate(self, platform: object) -> Module:
            m = Module()
            left, right = (self.b, self.a) if self.swap else (self.a, self.b)
            m.d.comb += self.o.eq(left - right)
            return m

    class Pair(wiring.Component):
        def __init__(self) -> None:
            super().__init__({"a": In(8), "b": In(8), "o": Out(8)})

        def elaborate(self, platform: object) -> Module:
            m = Module()
            for k in range(2):
                m.submodules[f"subtract{k}"] = subtract = Subtract(bool(k))
                m.d.comb += [subtract.a.eq(self.a), subtract.b.eq(self.b)]
                if k:
                    m.d.comb += self.o.eq(subtract.o)
            return m

    text = merge_equal_modules(rtlil.convert(Pair(), name="top", emit_src=False))
    assert {"top__subtract0", "top__subtract1"} & set(modules(text))


def test_every_cell_names_a_module_that_is_there() -> None:
    text = merged()
    cells = {line.split()[1][1:] for line in text.splitlines() if line.strip().startswith("cell \\")}
    assert cells
    assert cells <= set(modules(text))
    assert len(set(modules(text))) == len(modules(text))


def test_a_design_without_equal_modules_keeps_its_paths() -> None:
    text = rtlil.convert(Row((1, 2)), name="top", emit_src=False)
    assert modules(merge_equal_modules(text)) == ["top", "top__add0", "top__add1"]
