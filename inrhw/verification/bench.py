"""The bench in `sim/bench.py` on one artifact."""

import contextlib
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from inrhw.artifact.manifest import Manifest
from inrhw.base.errors import InputError
from inrhw.base.files import bench_folder
from inrhw.base.progress import OnProgress, silent
from inrhw.verification.simulator.run import BenchResult, run_tests
from inrhw.verification.simulator.selftest import self_test
from inrhw.verification.simulator.simulation import Simulation, build

#: Where the tests of the bench are.
_MODULES = "bench,bench_bus,bench_loading,bench_registers,bench_repair"

#: Clocks of a simulation for which C++ is optimized: that takes seconds, and saves half of its time.
_MANY_CLOCKS = 60_000

#: The tests of the bench, in the order in which they run. There are more of loadable cores, of stream cores
#: that take any coordinate, of raster cores of many pictures, with a window, and with control registers.
TESTS = ("whole_frame", "random_gaps", "reset_mid_frame")
ANY_TEST = "any_coordinate"
LOAD_TEST = "load_weights"
CHOOSE_TEST = "choose_pictures"
MOVE_TEST = "move_window"
CONTROL_TEST = "control_frames"
BUS_TEST = "use_bus"
COUNT_TEST = "count_frames"
REFUSE_TEST = "refuse_files"
GIVE_UP_TEST = "give_up_files"
TILE_TEST = "load_tiles"
REPAIR_TEST = "repair_words"
ERROR_TEST = "count_errors"

#: All of them.
ALL_TESTS = (
    *TESTS,
    ANY_TEST,
    BUS_TEST,
    COUNT_TEST,
    LOAD_TEST,
    REFUSE_TEST,
    GIVE_UP_TEST,
    TILE_TEST,
    CHOOSE_TEST,
    MOVE_TEST,
    CONTROL_TEST,
    REPAIR_TEST,
    ERROR_TEST,
)


def run_bench(
    simulator: str,
    sources: Sequence[Path],
    folder: Path,
    work: Path,
    *,
    tests: Sequence[str] | None = None,
    deadline_s: float = 600.0,
    beats: int | None = None,
    seed: int = 0,
    waves: bool = False,
    arguments: Sequence[str] = (),
    to_the_end: bool = True,
    on_progress: OnProgress = silent,
) -> list[BenchResult]:
    """Simulate a core and compare every beat with the golden vectors.

    Parameters
    ----------
    simulator
        "verilator" or "icarus".
    sources
        The Verilog of the core, as emitted or as a netlist with Yosys' `cells_sim.v`.
    folder
        The artifact: `manifest.json` and `vectors.npz`, see sim/README.md.
    work
        Folder for the build, one a set of `sources`; the same sources are not built twice.
        The results go to `work/<simulator>/results`: `whole_frame.npy` holds the pixels that the core gave,
        [beats, channels] in the type that holds them.
    tests
        Some of `TESTS`, of a stream core of one network `ANY_TEST`, of a loadable one `LOAD_TEST`, of a
        raster core of many pictures `CHOOSE_TEST`, of one with a window `MOVE_TEST`, of one with control
        registers `CONTROL_TEST`, of one that repairs its memories too `REPAIR_TEST`; all that apply if None.
    deadline_s
        Seconds that each program may run: the build's and the simulation.
    beats
        Pixels that each test checks; a whole frame if None (`whole_frame` of a raster core then checks two).
        The others always take some frames, `CHOOSE_TEST` and `MOVE_TEST` some of each picture or window.
    seed
        For the random tests.
    waves
        Whether to write all signals of the core to `waves.vcd`, with the results. Icarus only.
    arguments
        Further arguments of the simulation: plusargs.
    to_the_end
        Whether tests go on after one that did not pass; else its result is the last.
    on_progress
        Called with checked beats and their total.

    Returns
    -------
    One result for each test. A wrong core is a result that did not pass, not an exception.

    Raises
    ------
    InputError
        The artifact or its Verilog lacks something that the bench needs.
    ToolNotFound
        The simulator or its C++ compiler is not installed.
    ToolFailed
        The Verilog does not compile, or the simulation crashed.
    InrhwError
        The deadline passed, or the simulator fails its self-test.
    """
    manifest = _complete(folder)
    applying = tests_of(manifest)
    tests = applying if tests is None else tests
    if unknown := set(tests) - set(applying):
        raise InputError(f"tests must be among {', '.join(applying)}, not {', '.join(sorted(unknown))}")
    frame = manifest.beats
    beats = frame if beats is None else beats
    if beats < 1:
        raise InputError(f"beats must be at least 1, not {beats}")
    if waves and simulator != "icarus":
        raise InputError(f"waves need --simulator icarus, not {simulator}")
    self_test(simulator)
    clocks = beats * len(tests) * manifest.clocks_a_beat
    simulation = build_bench(
        simulator, sources, manifest, work / simulator, deadline_s, waves=waves, long=clocks > _MANY_CLOCKS
    )
    simulation = replace(simulation, command=(*simulation.command, *arguments))
    output = simulation.folder / "results"
    progress = output / "progress"
    total = beats * len(tests)

    def poll() -> None:
        with contextlib.suppress(FileNotFoundError):
            on_progress(int(progress.read_text()), total)

    settings = {
        "INRHW_ARTIFACT": str(folder.resolve()),
        "INRHW_OUTPUT": str(output),
        "INRHW_BEATS": str(beats),
        "INRHW_SEED": str(seed),
    }
    if not to_the_end:
        settings["COCOTB_MAX_FAILURES"] = "1"
    progress.unlink(missing_ok=True)
    results = run_tests(simulation, _MODULES, list(tests), output, deadline_s, settings=settings, poll=poll)
    on_progress(total, total)
    return results


def build_bench(
    simulator: str,
    sources: Sequence[Path],
    manifest: Manifest,
    work: Path,
    deadline_s: float,
    *,
    waves: bool = False,
    long: bool = False,
) -> Simulation:
    """Build the harness around the core. Parameters and errors as in `run_bench` and `build`."""
    if not sources:
        raise InputError(f"there is no Verilog to simulate for {manifest.name!r}")
    for source in sources:
        if not source.is_file():
            raise InputError(f"there is no Verilog file {source}")
    text = "\n".join(source.read_text() for source in sources if source.name != "cells_sim.v")
    pixel_bits = port_width(text, "m_axis_tdata")
    values = len(manifest.tdata_order)
    if pixel_bits < manifest.value.bits_per_channel * values:
        raise InputError(
            f"m_axis_tdata of {manifest.name} has {pixel_bits} bits, too few for {values} channels"
        )
    defines = {"INRHW_TOP": manifest.name, "INRHW_OUT_BITS": str(pixel_bits)}
    if manifest.source == "stream":
        coordinate_bits = port_width(text, "s_axis_tdata")
        if coordinate_bits < len(manifest.sides) * manifest.coordinate.bits_per_axis:
            raise InputError(
                f"s_axis_tdata of {manifest.name} has {coordinate_bits} bits, "
                f"too few for {len(manifest.sides)} coordinates"
            )
        defines |= {"INRHW_STREAM": "1", "INRHW_IN_BITS": str(coordinate_bits)}
    if manifest.loadable:
        defines["INRHW_LOADABLE"] = "1"
    if manifest.has_registers:
        defines["INRHW_ADDRESS_BITS"] = str(port_width(text, "s_axi_awaddr"))
    if manifest.control:
        defines["INRHW_INTERRUPT"] = "1"
    if manifest.pictures > 1 and manifest.source == "stream":
        defines["INRHW_UNKNOWN"] = "1"
    if manifest.pictures > 1:
        defines["INRHW_ID_BITS"] = str((manifest.pictures - 1).bit_length())
    defines |= _window_defines(manifest)
    if waves:
        defines["INRHW_WAVES"] = "1"
    flips = bool(manifest.control) and manifest.counts_errors and simulator == "verilator"
    own = ("memories.vlt", "harness.v") if flips else ("harness.v",)
    verilog = [*(bench_folder() / name for name in own), *sources]
    return build(simulator, verilog, "inrhw_harness", work, defines=defines, deadline_s=deadline_s, long=long)


def _window_defines(manifest: Manifest) -> dict[str, str]:
    """Return the macros for the ports of a window; none if it has no ports."""
    defines = {}
    for port, value in manifest.resting_inputs.items():
        defines[f"INRHW_{port.upper()}_BITS"] = str(manifest.widths[port])
        defines[f"INRHW_{port.upper()}"] = str(value)
    return defines


def tests_of(manifest: Manifest) -> tuple[str, ...]:
    """Return all tests that apply to a core."""
    more = {
        ANY_TEST: manifest.takes_any_coordinate,
        LOAD_TEST: manifest.loadable,
        REFUSE_TEST: manifest.loadable,
        GIVE_UP_TEST: manifest.loadable,
        TILE_TEST: manifest.takes_tiles,
        CHOOSE_TEST: manifest.chooses_pictures,
        MOVE_TEST: manifest.window is not None,
        CONTROL_TEST: bool(manifest.control),
        BUS_TEST: manifest.has_registers,
        COUNT_TEST: bool(manifest.control),
        REPAIR_TEST: bool(manifest.control) and manifest.scrubs,
        ERROR_TEST: bool(manifest.control) and manifest.counts_errors and not manifest.scrubs,
    }
    return (*TESTS, *(test for test, applies in more.items() if applies))


def port_width(verilog: str, port: str) -> int:
    """Return the bits of a port, read from the Verilog.

    Examples
    --------
    >>> port_width("module m(output [23:0] m_axis_tdata);", "m_axis_tdata")
    24
    """
    ports = re.search(rf"\[\s*(\d+)\s*:\s*0\s*\]\s*{port}\b", verilog)
    if ports is None:
        raise InputError(f"the Verilog declares no port {port} with a range of plain numbers such as [23:0]")
    return int(ports[1]) + 1


def _complete(folder: Path) -> Manifest:
    """Return the manifest of an artifact, or raise InputError if a file for the bench is missing."""
    manifest = Manifest.load(folder)
    for name in ("vectors.npz", *manifest.weights_files):
        if not (folder / name).is_file():
            raise InputError(f"{folder} has no {name}; run `inrhw emit` again")
    return manifest
