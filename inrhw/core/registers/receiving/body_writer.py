"""Puts 32-bit pieces together to words of memories, in the order of a weight file."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Module, Mux, Signal, Value, ValueLike
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.core.registers.weight_file import chunks
from inrhw.gateware.memories.contents import MAX_WIDTH, Contents, address_bits
from inrhw.gateware.selection import lookup


@dataclass(frozen=True)
class _Run:
    """Memories in a row that are alike: of equal depth and words, and of equal words of a tile."""

    first_memory: int
    last_memory: int
    last_address: int
    last_chunk: int
    part: int

    @property
    def last_of_part(self) -> int:
        """Last address of a tile's own words."""
        return max(0, self.part - 1)


def _runs(contents: Sequence[Contents]) -> list[_Run]:
    def alike(item: tuple[int, Contents]) -> tuple[int, int, int]:
        return item[1].depth, chunks(item[1].width), item[1].part

    found = []
    for (depth, n_chunks, part), group in itertools.groupby(enumerate(contents), key=alike):
        numbers = [number for number, _ in group]
        found.append(_Run(numbers[0], numbers[-1], depth - 1, n_chunks - 1, part))
    return found


class BodyWriter(wiring.Component):
    """Counts through all memories, or through those words of them that are a tile's.

    Parameters
    ----------
    contents
        The memories, in the order of their numbers.

    Attributes
    ----------
    rest
        Begin anew with the next piece.
    step, piece
        A piece comes.
    chunk
        Which one of its word.
    write, memory, address
        With `step`: it is the last of its word, which goes there.
    data
        The word, in the cycle behind.
    ends
        With `step`: it is the last of all.
    of_tile, tile
        Take the words of a tile only, and of which, from a cycle with `rest` on; where memories have tiles.
    """

    def __init__(self, contents: Sequence[Contents]) -> None:
        self._contents = contents
        self._tiles = max(memory.parts for memory in contents)
        super().__init__(
            {
                "rest": In(1),
                "step": In(1),
                "piece": In(32),
                "chunk": Out(range(chunks(MAX_WIDTH))),
                "write": Out(1),
                "memory": Out(range(len(contents))),
                "address": Out(range(max(memory.depth for memory in contents))),
                "data": Out(MAX_WIDTH),
                "ends": Out(1),
                **({"of_tile": In(1), "tile": In(range(self._tiles))} if self._tiles else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Count pieces, addresses and memories; the ends of each are looked up by the run of memories."""
        m = Module()
        self._table = runs = _runs(self._contents)
        self._run = run = Signal(range(len(runs)))
        place = Signal.like(self.address)
        last_run = len(runs) - 1
        memory_follows, run_follows = self.memory + 1, run + 1
        last_place = self._of_run("last_address", len(place))
        ends: Value = run == last_run
        start: tuple[ValueLike, ValueLike] = (0, 0)
        m.d.comb += self.address.eq(place)
        if self._tiles:
            last_place = Mux(self.of_tile, self._of_run("last_of_part", len(place)), last_place)
            m.d.comb += self.address.eq(place | Mux(self.of_tile, self._first_of_tile(), 0))
            run_follows = Mux(self.of_tile, self._looked_up(self._following(), len(run)), run_follows)
            firsts = [runs[follower].first_memory for follower in self._following()]
            memory_of_tile = self._looked_up(firsts, len(self.memory))
            own = [k for k, each in enumerate(runs) if each.part]
            ends = run == Mux(self.of_tile, own[-1], last_run)
            if own[0]:
                start = Mux(self.of_tile, own[0], 0), Mux(self.of_tile, runs[own[0]].first_memory, 0)
        word_ends, memory_ends, run_ends = Signal(), Signal(), Signal()
        m.d.comb += [
            word_ends.eq(self.chunk == self._of_run("last_chunk", len(self.chunk))),
            memory_ends.eq(word_ends & (place == last_place)),
            run_ends.eq(memory_ends & (self.memory == self._of_run("last_memory", len(self.memory)))),
            self.write.eq(self.step & word_ends),
            self.ends.eq(run_ends & ends),
        ]
        if self._tiles:
            memory_follows = Mux(self.of_tile & run_ends, memory_of_tile, memory_follows)
        with m.If(self.rest):
            m.d.sync += [self.chunk.eq(0), place.eq(0), run.eq(start[0]), self.memory.eq(start[1])]
        with m.Elif(self.step):
            m.d.sync += [
                self.chunk.eq(Mux(word_ends, 0, self.chunk + 1)),
                place.eq(Mux(memory_ends, 0, place + word_ends)),
                self.memory.eq(Mux(memory_ends, memory_follows, self.memory)),
                run.eq(Mux(run_ends, run_follows, run)),
            ]
        data = Signal(MAX_WIDTH, name="staged", reset_less=True)
        for k in range(chunks(MAX_WIDTH)):
            with m.If(self.step & (self.chunk == k)):
                m.d.sync += data[32 * k : 32 * k + 32].eq(self.piece)
        m.d.comb += self.data.eq(data)
        return m

    def _of_run(self, name: str, width: int) -> Value:
        return self._looked_up([getattr(each, name) for each in self._table], width)

    def _looked_up(self, table: Sequence[int], width: int) -> Value:
        """Return the entry of the current run."""
        unused = (1 << len(self._run)) - len(table)
        return lookup([*table, *[table[-1]] * unused], self._run, width)

    def _following(self) -> list[int]:
        """Return the run with words of a tile that follows each run; behind the last one any."""
        count = len(self._table)
        return [
            next((j for j in range(k + 1, count) if self._table[j].part), count - 1) for k in range(count)
        ]

    def _first_of_tile(self) -> Value:
        """Return the first address of the tile in the memories of the run."""
        bits = [address_bits(each.part) if each.part else 0 for each in self._table]
        found = self.tile << bits[0]
        for each in sorted(set(bits) - {bits[0]}):
            found = Mux(self._looked_up([int(own == each) for own in bits], 1), self.tile << each, found)
        return found
