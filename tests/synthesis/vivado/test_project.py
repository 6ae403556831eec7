"""What is written for Vivado is Tcl that names only commands and options that Vivado documents.

There is no Vivado here: a real Tcl interpreter runs the scripts, with stubs that know every option.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from support.command import Inrhw, refused
from support.manifests import manifest

from inrhw.base.board import load_board
from inrhw.base.errors import InputError
from inrhw.synthesis.vivado.project import write_vivado

tkinter = pytest.importorskip("tkinter", reason="this Python has no Tcl")

#: Options of each command, and whether each takes a value (1 or 0); then how many other words it takes.
#: From the syntax in UG835 (2023.1 and 2023.2; opt_design 2022.2, create_clock 2021.2), of the implementation
#: commands in UG904 (2023.2). `-name -value -objects` of set_property is the form that Vivado's own
#: write_project_tcl writes.
LEGAL: dict[str, tuple[str, str, range]] = {
    "read_verilog": ("sv quiet verbose", "library", range(1, 99)),
    "read_xdc": ("quiet_diff_pairs unmanaged no_add quiet verbose", "cells ref mode", range(1, 2)),
    "synth_design": (
        "rtl lint no_lc lut_cascade keep_equivalent_registers no_srlextract assert no_timing_driven sfcu",
        "name part constrset top include_dirs generic verilog_define flatten_hierarchy directive mode "
        "fsm_extraction resource_sharing max_bram max_uram max_dsp shreg_min_size",
        range(1),
    ),
    "opt_design": ("retarget propconst sweep bram_power_opt remap quiet verbose", "directive", range(1)),
    "place_design": ("no_timing_driven timing_summary unplace quiet verbose", "directive", range(1)),
    "phys_opt_design": ("fanout_opt placement_opt retime quiet verbose", "directive", range(1)),
    "route_design": ("unroute preserve tns_cleanup timing_summary quiet verbose", "directive nets", range(1)),
    "report_utilization": (
        "append hierarchical slr no_primitives quiet verbose",
        "file cells name",
        range(1),
    ),
    "report_timing_summary": (
        "no_detailed_paths setup hold unique_pins report_unconstrained datasheet append quiet verbose",
        "file delay_type max_paths nworst path_type name",
        range(1),
    ),
    "report_power": (
        "no_propagation vid advisory append quiet verbose",
        "file hier name format xpe",
        range(1),
    ),
    "write_checkpoint": ("force logic_function_stripped encrypt quiet verbose", "cell key", range(2)),
    "create_project": ("force in_memory ip rtl_kernel quiet verbose", "part", range(3)),
    "add_files": ("norecurse force scan_for_includes quiet verbose", "fileset of_objects copy_to", range(99)),
    "set_property": ("quiet verbose", "dict name value objects", range(4)),
    "get_files": ("regexp nocase all quiet verbose", "filter of_objects", range(2)),
    "get_runs": ("regexp nocase quiet verbose", "filter", range(2)),
    "current_fileset": ("quiet verbose", "constrset simset", range(2)),
    "create_clock": ("add quiet verbose", "period name waveform", range(2)),
    "set_input_delay": ("clock_fall rise fall max min add_delay quiet verbose", "clock", range(2, 3)),
    "set_output_delay": ("clock_fall rise fall max min add_delay quiet verbose", "clock", range(2, 3)),
    "get_ports": ("regexp nocase quiet verbose", "filter of_objects match_style", range(2)),
    "all_outputs": ("quiet verbose", "", range(1)),
}

#: Commands whose last words, or a value of theirs, are files that must be there.
READS = ("read_verilog", "read_xdc", "add_files")


class Vivado:
    """Runs Tcl, keeps the commands of Vivado that it gave, and complains as Vivado would."""

    def __init__(self) -> None:
        self.tcl = tkinter.Tcl()
        self.given: list[tuple[str, dict[str, str], list[str]]] = []
        self.complaints: list[str] = []
        for name in LEGAL:
            self.tcl.createcommand(name, self._stub(name))

    def source(self, path: Path) -> "Vivado":
        self.tcl.eval(f"source {{{path}}}")
        assert not self.complaints
        return self

    def options(self, name: str) -> dict[str, str]:
        (found,) = [options for given, options, _ in self.given if given == name]
        return found

    @property
    def names(self) -> list[str]:
        return [name for name, _, _ in self.given]

    def _stub(self, name: str) -> Callable[..., str]:
        flags, valued, n_others = LEGAL[name]

        def run(*words: str) -> str:
            options, others, rest = {}, [], list(words)
            while rest:
                word = rest.pop(0)
                key = word.removeprefix("-")
                if key == word:
                    others.append(word)
                elif key in flags.split():
                    options[key] = ""
                elif key in valued.split() and rest:
                    options[key] = rest.pop(0)
                else:
                    self.complaints.append(f"{name} has no option {word}")
            if len(others) not in n_others:
                self.complaints.append(f"{name} does not take {others}")
            if name in READS:
                self.complaints += [f"there is no {file}" for file in others if not Path(file).is_file()]
            if "file" in options:
                Path(options["file"]).write_text(name)
            self.given.append((name, options, others))
            return f"<{name} {' '.join(others)}>"

        return run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An emitted core, as far as Vivado cares."""
    monkeypatch.chdir(tmp_path)  # the scripts change the folder; this changes it back
    core = tmp_path / "a core [exit]"
    core.mkdir()
    (core / "manifest.json").write_bytes(manifest(name="tiny").to_bytes())
    (core / "tiny.v").write_text("module tiny(); endmodule\n")
    return core


def test_build_goes_from_verilog_to_reports_of_the_routed_design(folder: Path) -> None:
    write_vivado(folder, load_board("vcu128"))
    run = Vivado().source(folder / "vivado" / "build.tcl")
    assert run.names == [
        *("read_verilog", "read_xdc", "synth_design", "opt_design", "place_design", "phys_opt_design"),
        *("route_design", "report_utilization", "report_timing_summary", "report_power", "write_checkpoint"),
    ]
    assert run.options("synth_design") == {
        "top": "tiny",
        "part": "xcvu37p-fsvh2892-2L-e",
        "mode": "out_of_context",
    }
    written = {path.read_text() for path in (folder / "vivado" / "reports").iterdir()}
    assert written == {"report_utilization", "report_timing_summary", "report_power"}


def test_the_project_has_all_files_and_is_synthesized_out_of_context(folder: Path) -> None:
    write_vivado(folder, load_board("arty_a7"))
    run = Vivado().source(folder / "vivado" / "project.tcl")
    assert run.options("create_project")["part"] == "xc7a35ticsg324-1L"
    added = [others for name, _, others in run.given if name == "add_files"]
    assert added == [["../tiny.v"], ["tiny.xdc"]]
    properties = [(options, others) for name, options, others in run.given if name == "set_property"]
    assert properties == [
        ({}, ["USED_IN", "synthesis implementation out_of_context", "<get_files tiny.xdc>"]),
        ({}, ["top", "tiny", "<current_fileset >"]),
        (
            {
                "name": "STEPS.SYNTH_DESIGN.ARGS.MORE OPTIONS",
                "value": "-mode out_of_context",
                "objects": "<get_runs synth_1>",
            },
            [],
        ),
    ]


@pytest.mark.parametrize("clock_mhz", [1, 33.333, 300, 1000])
def test_the_clock_is_never_slower_than_asked_for_and_all_ports_are_timed(
    folder: Path, clock_mhz: float
) -> None:
    write_vivado(folder, load_board("vcu128"), clock_mhz)
    run = Vivado().source(folder / "vivado" / "tiny.xdc")
    period_ns = float(run.options("create_clock")["period"])
    assert 1000 / clock_mhz - 0.001 <= period_ns <= 1000 / clock_mhz
    filters = [options["filter"] for name, options, _ in run.given if name == "get_ports" and options]
    assert filters == ["DIRECTION == IN && NAME != aclk"]  # aresetn among them
    for name in ("set_input_delay", "set_output_delay"):
        (delay,) = [others[0] for given, _, others in run.given if given == name]
        assert 0 < float(delay) < period_ns / 2
        assert run.options(name) == {"clock": "aclk"}


def test_the_clock_is_the_planned_one_unless_given(folder: Path) -> None:
    def period() -> str:
        return str(re.findall(r"-period (\S+)", (folder / "vivado" / "tiny.xdc").read_text())[0])

    write_vivado(folder, load_board("vcu128"))
    assert period() == "3.333"
    (folder / "plan.json").write_text(json.dumps({"target": {"clock_mhz": 250.0}}))
    write_vivado(folder, load_board("vcu128"))
    assert period() == "4.000"
    write_vivado(folder, load_board("vcu128"), 500)
    assert period() == "2.000"
    (folder / "plan.json").write_text(json.dumps({"target": None}))
    with pytest.raises(InputError, match=r"plan\.json cannot be read .*; run `inrhw emit` again"):
        write_vivado(folder, load_board("vcu128"))


def test_the_files_are_the_same_in_another_folder(folder: Path) -> None:
    first = {path.name: path.read_bytes() for path in write_vivado(folder, load_board("vcu128"))}
    moved = folder.rename(folder.with_name("moved"))
    again = {path.name: path.read_bytes() for path in write_vivado(moved, load_board("vcu128"))}
    assert first == again
    assert set(first) == {"build.tcl", "project.tcl", "tiny.xdc"}
    assert not any(str(folder.parent).encode() in text for text in first.values())


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("-mode", "-modus", "synth_design has no option -modus"),
        ("route_design", "route_design -fast", "route_design has no option -fast"),
        ("../tiny.v", "../other.v", "there is no ../other.v"),
        ("opt_design\n", "opt_design all\n", "opt_design does not take ['all']"),
    ],
)
def test_a_wrong_script_would_be_found(folder: Path, old: str, new: str, complaint: str) -> None:
    write_vivado(folder, load_board("vcu128"))
    script = folder / "vivado" / "build.tcl"
    script.write_text(script.read_text().replace(old, new))
    run = Vivado()
    with pytest.raises(AssertionError):
        run.source(script)
    assert complaint in run.complaints


def test_a_board_that_vivado_does_not_know_is_refused(folder: Path) -> None:
    with pytest.raises(
        InputError, match=r"LFE5U-85F-6BG381C of ulx3s; it knows the parts of arty_a7, vcu128"
    ):
        write_vivado(folder, load_board("ulx3s"))
    assert not (folder / "vivado").exists()


def test_bad_input_is_one_sentence(inrhw_: Inrhw, folder: Path) -> None:
    refused(inrhw_("vivado", folder, "--clock-mhz", 0), r"clock-mhz must be 1\.\.1000, not 0")
    refused(inrhw_("vivado", folder, "--clock-mhz", "nan"), r"clock-mhz must be 1\.\.1000, not nan")
    refused(inrhw_("vivado", folder.parent / "none"), r"manifest.json does not exist; run `inrhw emit`")
    (folder / "tiny.v").unlink()
    refused(inrhw_("vivado", folder), r"tiny.v does not exist; run `inrhw emit` first")
    (folder / "manifest.json").write_text('{"name": "tiny"}')
    refused(
        inrhw_("ip", folder),
        r"manifest.json was written by another version of inrhw .*; run `inrhw emit` again",
    )
    assert not (folder / "vivado").exists()


def test_the_command_says_what_it_wrote(inrhw_: Inrhw, folder: Path) -> None:
    result = inrhw_("vivado", folder, "--board", "arty_a7", "--clock-mhz", "100")
    assert result.status == 0
    assert [Path(line).name for line in result.out.splitlines()] == ["tiny.xdc", "build.tcl", "project.tcl"]
    xdc = (folder / "vivado" / "tiny.xdc").read_text()
    assert "100 MHz, LVCMOS33, at E3" in xdc
    assert "-period 10.000" in xdc
