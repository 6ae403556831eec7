"""What synthesis and the stages after it add to a report, from the JSON that each left."""

from dataclasses import fields
from typing import Any

from inrhw.estimates.power.fpga import Power
from inrhw.reports.words import Report, figure, sample_word
from inrhw.synthesis.timing.path import nodes_of

#: What power.json holds.
_POWER = tuple(field.name for field in fields(Power))


def verify_section(verified: dict[str, Any], report: Report) -> Report:
    """Return verdict, rungs and measured latency, from what verify.json holds."""
    latency = report["latency"] | {"cycles": verified["latency"]}
    return {"verdict": verified["verdict"], "verify": verified["verify"], "latency": latency}


def synthesis_sections(synth: dict[str, Any], clocks_a_sample: float, report: Report) -> Report:
    """Return resources, timing, throughput and latency, from what synth.json holds."""
    timing, resources, latency = synth["timing"], synth["resources"], report["latency"]
    cycles, interval = latency["cycles"]["value"], clocks_a_sample
    rate = ns = None
    sample = sample_word(report)
    if mhz := timing["fmax_mhz"]["value"]:
        clock = timing["fmax_mhz"]
        rate = mhz / interval
        pace = f"one {sample} " + ("a clock" if interval == 1 else f"every {interval:g} clocks")
        ns = cycles * 1000 / mhz if cycles else None
        rate_source, ns_source = f"{pace} at {clock['source']}", f"cycles at {clock['source']}"
    else:
        clock = _unknown_clock(synth)
        rate_source = ns_source = clock["source"]
    return {
        "board": {key: synth["board"][key] for key in ("name", "title", "part")},
        # A family whose carry cell is CARRY4 counts it twice: by its role and by its name.
        "resources": {
            name: used
            for name, used in resources.items()
            if name != "carry4" or resources["carry"]["unit"] != "CARRY4"
        },
        "share": _percent(synth["shares"]),
        "resource_nodes": synth["nodes"],
        "timing": {
            "fmax_mhz": clock,
            "estimate": bool(mhz) and not synth["placed"],
            "delay_ns": timing["delay_ns"],
            "logic_levels": timing["logic_levels"],
            "critical_path": [f"{hop['kind']} {hop['net']}" for hop in timing["path"]],
            "critical_nodes": nodes_of(hop["net"] for hop in timing["path"]),
        },
        "throughput": {"msamples_per_s": figure(rate, f"M{sample}/s", rate_source)},
        "latency": latency | {"ns": figure(ns, "ns", ns_source)},
    }


def _percent(shares: dict[str, Any]) -> dict[str, Any]:
    return {
        name: figure(None if share["value"] is None else 100 * share["value"], "%", share["source"])
        for name, share in shares.items()
    }


def power_section(power: dict[str, Any], report: Report) -> Report:
    """Return what power.json holds; the report calls a sample by the signal's word."""
    unit = {"unit": f"nJ/{sample_word(report)}"}
    energies = {
        key: {level: each | unit for level, each in power[key].items()} for key in ("dynamic_nj", "total_nj")
    }
    return {"power": {key: power[key] for key in _POWER} | energies}


def asic_section(asic: dict[str, Any]) -> Report:
    """Return area, delay and power of a chip, from what asic.json holds."""
    return {"asic": _chip(asic)}


def _chip(asic: dict[str, Any]) -> dict[str, Any]:
    return {
        "library": asic["library"],
        **asic["figures"],
        "by_cell": asic["cells"],
        "memories": asic["memories"],
        "critical_path": [f"{hop['kind']} {hop['cell']}" for hop in asic["path"]],
    }


def bitstream_section(made: dict[str, Any], report: Report) -> Report:
    """Return what place and route said of the core on a board, and the logic that shows the picture there."""
    return {"bitstream": _on_board(made), "files": report["files"] | {"bitstream": made["file"]}}


def _on_board(made: dict[str, Any]) -> dict[str, Any]:
    screen, picture = made["screen"], made["picture"]
    return {
        "board": made["board"],
        "file": made["file"],
        "screen": f"{screen['width']}x{screen['height']}, {picture['scale']} times the picture's size",
        "clocks": made["clocks"],
        "used": made["used"],
        "share": _percent(made["shares"]),
    }


def _unknown_clock(synth: dict[str, Any]) -> dict[str, Any]:
    """Return an unknown clock with the reason and, where possible, how to find it."""
    clock: dict[str, Any] = synth["timing"]["fmax_mhz"]
    hint = "; use --place" if synth["board"]["nextpnr"] and not synth["placed"] else ""
    return clock | {"source": clock["source"] + hint}
