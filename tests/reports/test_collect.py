"""The report says what the stages found, where each figure comes from, and what is unknown."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.builds import Build, report
from support.command import Inrhw, refused
from support.manifests import rewrite
from support.places import VIVADO

from inrhw.artifact.manifest import Manifest
from inrhw.base.board import load_board
from inrhw.base.errors import InputError
from inrhw.base.files import write_json
from inrhw.base.version import __version__
from inrhw.lowering.hardware import Hardware
from inrhw.signals.kinds.picture import load_picture
from inrhw.signals.likeness import psnr_db

#: Reports of a core called tiny.


def read(folder: Path, name: str) -> dict[str, Any]:
    return dict(json.loads((folder / name).read_text()))


def figures(item: object) -> list[dict[str, object]]:
    """Return everything that has a value, wherever it stands."""
    if isinstance(item, dict):
        own = [item] if "value" in item else []
        return own + [figure for part in item.values() for figure in figures(part)]
    return [figure for part in item for figure in figures(part)] if isinstance(item, list) else []


def test_what_is_returned_is_what_is_written(built: Path) -> None:
    found = report(built, command="inrhw build", times_s={"fit": 1.5})
    assert read(built, "report.json") == json.loads(json.dumps(found))
    assert (found["command"], found["times_s"]) == ("inrhw build", {"fit": 1.5})
    assert datetime.fromisoformat(found["created_at"]) <= datetime.now(UTC)
    assert found["tools"]["inrhw"].startswith(__version__)
    assert "<html" in (built / "report.html").read_text()


def test_every_figure_has_unit_and_source(built: Path) -> None:
    all_figures = figures(report(built))
    assert len(all_figures) > 20
    for figure in all_figures:
        assert set(figure) == {"value", "unit", "source"}
        assert figure["unit"] and figure["source"]


def test_the_quality_is_that_of_the_pictures(built: Path) -> None:
    original, rendered = (np.asarray(Image.open(built / f"{name}.png")) for name in ("original", "rtl"))
    found = report(built)
    assert found["psnr_db"]["rtl"]["value"] == psnr_db(original, rendered)
    assert found["psnr_db"]["rtl"]["value"] == pytest.approx(found["psnr_db"]["quantized"]["value"])
    assert "cocotb" in found["psnr_db"]["rtl"]["source"]
    assert found["ssim"]["rtl"]["value"] is None  # the picture is smaller than the window
    assert set(found["pictures"]) == {"original", "float", "quantized", "rtl", "error"}
    assert all((built / name).is_file() for name in found["pictures"].values())


def test_an_equal_picture_has_no_psnr_in_json(built: Path) -> None:
    (built / "rtl.png").write_bytes((built / "original.png").read_bytes())
    assert report(built)["psnr_db"]["rtl"]["value"] is None


def test_the_network_is_described(built: Path) -> None:
    found, fitted = report(built), read(built, "fit.json")
    model = found["model"]
    assert (model["name"], model["layers"]) == ("quadinr", "2-3-3")
    assert found["settings"]["training"]["steps"] == 3
    assert model["parameters"] == 2 * 3 + 3 + 3 * 3 + 3 == fitted["parameters"]
    assert found["bits_per_sample"]["value"] == found["weight_bits_total"]["value"] / 20
    assert found["weight_bits_total"]["value"] == fitted["weight_bits"]


def test_what_was_asked_of_the_core_is_told(built: Path) -> None:
    manifest = Manifest.load(built)
    size = f"{manifest.width}x{manifest.height}"
    assert report(built)["core"] == {"source": "raster", "size": size, "control": "no", "window": "no"}
    rewrite(built, control={"ID": 64}, pictures=2, sizes=((4, 3), (2, 5)))
    found = report(built)["core"]
    assert (found["size"], found["control"], found["window"]) == ("4x3, 2x5", "yes", "no")


def test_the_rates_follow_from_clock_and_cycles(built: Path) -> None:
    found = report(built)
    mhz = found["timing"]["fmax_mhz"]["value"]
    cycles = found["latency"]["cycles"]["value"]
    assert cycles == read(built, "manifest.json")["latency"]
    assert found["throughput"]["msamples_per_s"]["value"] == mhz
    assert found["latency"]["ns"]["value"] == pytest.approx(cycles / mhz * 1000)
    assert found["timing"]["fmax_mhz"]["source"] in found["latency"]["ns"]["source"]


def test_a_folded_core_is_described_layer_by_layer(built: Path) -> None:
    wish = Hardware(weights="loadable", target_mpixels=10, clock_mhz=90)
    Build(built).emit("raster", wish, load_board("vcu128"))
    found = report(built)
    folding, manifest = found["folding"], read(built, "manifest.json")
    assert folding["weights"] == "loadable"
    interval = folding["initiation_interval"]["value"]
    assert (
        interval
        == manifest["initiation_interval"]
        == max(k["initiation_interval"] for k in folding["layers"])
    )
    assert 1 < interval <= 9
    assert folding["msamples_per_s"]["value"] == 90 / interval >= 10
    assert [[layer["pe"], layer["simd"]] for layer in folding["layers"]] == manifest["folding"]["layers"]
    assert all("bits" in layer["detail"] for layer in folding["layers"])
    mhz = found["timing"]["fmax_mhz"]["value"]
    assert found["throughput"]["msamples_per_s"]["value"] == mhz / interval
    assert f"one pixel every {interval} clocks" in found["throughput"]["msamples_per_s"]["source"]
    assert {"loadable weights", "register map"} <= set(found["files"])


@pytest.mark.tools
@pytest.mark.parametrize("kind", ["sound", "picture"])
def test_a_sound_has_samples_and_a_picture_has_pixels(inrhw_: Inrhw, tmp_path: Path, kind: str) -> None:
    small = (
        "--kind",
        kind,
        "--size",
        "16" if kind == "sound" else "4x4",
        "--tiles",
        "4" if kind == "sound" else "2x2",
    )
    trained = ("--steps", "1", "--finetune", "0", "--hidden-features", "2", "--hidden-layers", "1")
    folded = ("--initiation-interval", "2", "--skip", "verify")
    assert inrhw_("build", *small, *trained, *folded, "-o", "core", "--activity", "default").status == 0
    found, word = read(tmp_path / "core", "report.json"), "sample" if kind == "sound" else "pixel"
    units = {figure["unit"] for figure in figures(found)}
    assert {f"bits/{word}", f"M{word}/s", f"nJ/{word}"} <= units
    assert not any(("sample" if word == "pixel" else "pixel") in str(unit) for unit in units)
    page = (tmp_path / "core" / "report.html").read_text()
    assert f"Energy a {word}" in page
    assert ("pixel/" in page, "sample/s" in page) == (kind == "picture", kind == "sound")


def test_a_baked_core_has_no_folding(built: Path) -> None:
    assert "folding" not in report(built)


def test_the_distributions_are_those_of_every_layer_but_the_first(built: Path) -> None:
    found, fitted = report(built), read(built, "fit.json")
    (layer,), (told,) = found["distributions"], fitted["distributions"]
    assert (layer["columns"], layer["rows"], layer["rotates"]) == (3, 3, "none")
    for what in ("weights", "rotated_weights", "inputs", "rotated_inputs"):
        assert layer[what]["kurtosis"]["value"] == told[what]["kurtosis"] >= 1
        assert layer[what]["counts"] == told[what]["counts"]
    assert sum(layer["inputs"]["counts"]) == 20 * 3


def test_resources_are_shares_of_the_board(built: Path) -> None:
    found, synthesized = report(built), read(built, "synth.json")
    assert found["board"] == {key: synthesized["board"][key] for key in ("name", "title", "part")}
    luts = found["resources"]["lut"]["value"]
    assert luts > 100
    total = synthesized["board"]["resources"]["lut"]
    assert found["share"]["lut"]["value"] == pytest.approx(100 * luts / total)
    assert found["share"]["lut"]["unit"] == "%"


def test_figures_of_a_chip_are_shown_when_there_are_any(built: Path) -> None:
    assert "asic" not in report(built)
    figures = {
        "gate_equivalents": {"value": 1234.5, "unit": "GE", "source": "cells of a library"},
        "delay_ns": {"value": None, "unit": "ns", "source": "no tables of delay"},
    }
    memory = {"name": "fifo", "words": 4, "width": 26, "written": True}
    step = {"cell": "u7", "kind": "NAND2", "net": "n3", "arrival_ns": 1.0}
    plain = {"library": "small", "figures": figures, "cells": {"NAND2": 3}}
    write_json(built / "asic.json", plain | {"memories": [memory], "path": [step]})
    assert report(built)["asic"] == {
        "library": "small",
        **figures,
        "by_cell": {"NAND2": 3},
        "memories": [memory],
        "critical_path": ["NAND2 u7"],
    }
    page = (built / "report.html").read_text()
    assert "As a chip" in page
    assert "1,234" in page
    assert "no tables of delay" in page


def test_a_bitstream_is_shown_when_there_is_one(built: Path) -> None:
    assert "bitstream" not in report(built)
    clock = {
        "wanted_mhz": {"value": 25.0, "unit": "MHz", "source": "PLL from 25 MHz"},
        "fmax_mhz": {"value": 123.4, "unit": "MHz", "source": "nextpnr, after routing"},
    }
    used = {"TRELLIS_COMB": {"value": 3078, "unit": "TRELLIS_COMB", "source": "nextpnr"}}
    shares: dict[str, dict[str, Any]] = {
        "lut": {"value": 0.0375, "unit": "1", "source": "Yosys; of 83,640"},
        "dsp": {"value": 0.0, "unit": "1", "source": "Yosys; of 156"},
    }
    write_json(
        built / "bitstream.json",
        {
            "board": "ulx3s",
            "file": "tiny_ulx3s.bit",
            "bytes": 3,
            "verilog": "tiny_ulx3s.v",
            "screen": {"width": 640, "height": 480},
            "picture": {"width": 5, "height": 4, "scale": 120},
            "clocks": {"pixel": clock},
            "used": used,
            "resources": {},
            "shares": shares,
            "seconds": {"value": 9.0, "unit": "s", "source": "measured on this machine"},
        },
    )
    found = report(built)
    assert found["bitstream"] == {
        "board": "ulx3s",
        "file": "tiny_ulx3s.bit",
        "screen": "640x480, 120 times the picture's size",
        "clocks": {"pixel": clock},
        "used": used,
        "share": {
            name: share | {"value": 100 * share["value"], "unit": "%"} for name, share in shares.items()
        },
    }
    assert found["files"]["bitstream"] == "tiny_ulx3s.bit"
    page = (built / "report.html").read_text()
    for words in (
        "On a monitor",
        "ulx3s",
        "tiny_ulx3s.bit",
        "123.4",
        "3,078",
        "nextpnr, after routing",
        "3.75",
    ):
        assert words in page
    assert "Multipliers, of the board" not in page


def test_without_synthesis_its_figures_are_left_out(built: Path) -> None:
    (built / "synth.json").unlink()
    (built / "tiny_netlist.v").unlink()
    found = report(built)
    assert not {"board", "resources", "share", "timing", "throughput"} & set(found)
    assert found["latency"]["ns"]["value"] is None
    assert "netlist" not in found["files"]


def test_without_a_picture_of_the_verilog_its_quality_is_unknown(built: Path) -> None:
    (built / "rtl.png").unlink()
    found = report(built)
    assert found["psnr_db"]["rtl"]["value"] is None
    assert found["ssim"]["rtl"]["value"] is None
    assert not {"rtl", "error"} & set(found["pictures"])
    assert "error_gain" not in found
    assert "rendered" not in found["files"]


def test_an_unknown_clock_gives_unknown_rates(built: Path) -> None:
    plain = read(built, "synth.json")
    plain["timing"]["fmax_mhz"]["value"] = None
    write_json(built / "synth.json", plain)
    found = report(built)
    assert found["throughput"]["msamples_per_s"]["value"] is None
    assert found["latency"]["ns"]["value"] is None
    reason = plain["timing"]["fmax_mhz"]["source"]
    assert found["throughput"]["msamples_per_s"]["source"] == found["latency"]["ns"]["source"] == reason
    assert found["timing"]["estimate"] is False


def test_an_unknown_clock_of_a_part_that_can_be_placed_says_how(built: Path) -> None:
    plain = read(built, "synth.json")
    plain["timing"]["fmax_mhz"] |= {"value": None, "source": "no delays"}
    plain["board"]["nextpnr"] = ["--85k"]
    write_json(built / "synth.json", plain)
    assert report(built)["timing"]["fmax_mhz"]["source"] == "no delays; use --place"


def test_carry_cells_are_listed_once(built: Path) -> None:
    assert "carry4" in report(built)["resources"]  # beside CARRY8
    plain = read(built, "synth.json")
    plain["resources"]["carry"]["unit"] = "CARRY4"
    write_json(built / "synth.json", plain)
    assert "carry4" not in report(built)["resources"]


def test_an_unknown_command_is_left_out(built: Path) -> None:
    assert "command" not in report(built)


def test_the_verdict_and_rungs_are_those_of_verify(built: Path) -> None:
    plain = read(built, "verify.json")
    write_json(built / "verify.json", plain | {"verdict": "fail"})
    found = report(built)
    assert (found["verdict"], found["verify"]) == ("fail", plain["verify"])


def test_all_named_files_are_there(built: Path) -> None:
    found = report(built)
    names = {"verilog", "example bench", "manifest", "weights", "vectors", "netlist", "activity", "rendered"}
    assert set(found["files"]) == names
    assert all((built / name).is_file() for name in found["files"].values())


def test_vivado_s_figures_stand_beside_ours(built: Path) -> None:
    found = report(built, vivado=VIVADO)
    assert (found["vivado"]["device"], found["board"]["part"]) == ("xcvu37p-fsvh2892-2L-e",) * 2
    rows = {row["name"]: row for row in found["vivado"]["rows"]}
    for name in ("lut", "ff", "carry"):
        assert rows[name]["ours"] == found["resources"][name]
        assert (
            rows[name]["ratio"]["value"] == found["resources"][name]["value"] / rows[name]["vivado"]["value"]
        )
    assert rows["fmax_mhz"]["ours"] == found["timing"]["fmax_mhz"]
    assert rows["fmax_mhz"]["ratio"]["value"] == pytest.approx(found["timing"]["fmax_mhz"]["value"] / 400)
    assert (rows["uram"]["vivado"]["value"], rows["uram"]["ratio"]["value"]) == (0, None)
    assert (rows["power_mw"]["ours"]["value"], rows["power_mw"]["ratio"]["value"]) == (None, None)
    assert rows["power_mw"]["vivado"]["value"] == 2795
    page = (built / "report.html").read_text()
    assert "Beside Vivado" in page
    assert "Vivado v.2023.2 (lin64) Build 4029153" in page
    assert "vivado" not in report(built)


def test_without_synthesis_ours_is_unknown_beside_vivado(built: Path) -> None:
    (built / "synth.json").unlink()
    rows = report(built, vivado=VIVADO)["vivado"]["rows"]
    assert {row["ours"]["value"] for row in rows} == {row["ratio"]["value"] for row in rows} == {None}


def test_reports_of_another_core_leave_the_old_report(built: Path, inrhw_: Inrhw) -> None:
    before = (built / "report.json").read_bytes()
    refused(inrhw_("report", built, "--vivado", built / "none"), "there is no folder")
    assert (built / "report.json").read_bytes() == before
    assert inrhw_("report", built, "--vivado", VIVADO).status == 0
    before = (built / "report.json").read_bytes()
    assert b"Vivado v.2023.2" in before
    rewrite(built, name="other")
    with pytest.raises(InputError, match="reports on tiny, not on other"):
        report(built, vivado=VIVADO)
    assert (built / "report.json").read_bytes() == before


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", "3", "null"])
@pytest.mark.parametrize(
    "name", ["fit.json", "manifest.json", "verify.json", "synth.json", "power.json", "plan.json"]
)
def test_damaged_json_is_refused_and_the_old_report_stays(built: Path, name: str, text: str) -> None:
    before = {path: path.read_bytes() for path in built.glob("report.*")}
    (built / name).write_text(text)
    with pytest.raises(InputError, match=r"run `inrhw \w+` again") as caught:
        report(built)
    assert "\n" not in str(caught.value)
    assert before == {path: path.read_bytes() for path in built.glob("report.*")}


def test_a_larger_rendering_is_shown_and_has_no_quality(built: Path) -> None:
    work = Build(built)
    work.emit("raster", scale=2)
    assert work.verify()
    found = report(built)
    rendered = load_picture(built / found["pictures"]["rtl"])
    assert (rendered.width, rendered.height) == (10, 8)
    assert found["psnr_db"]["rtl"] == {
        "value": None,
        "unit": "dB",
        "source": "the Verilog renders 2 times the size; there is no original of that size",
    }
    assert found["psnr_db"]["quantized"]["value"] is not None
    assert "error" not in found["pictures"]
    assert found["bits_per_sample"]["value"] == found["weight_bits_total"]["value"] / 20
