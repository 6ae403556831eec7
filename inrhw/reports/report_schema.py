"""JSON Schema of report.json."""

from inrhw.artifact.manifest_parts import Stage
from inrhw.base.board import RESOURCE_UNITS
from inrhw.base.figure import Figure
from inrhw.base.typed_json import DIALECT, Schema, array, schema_of, table
from inrhw.signals.registry import kinds
from inrhw.synthesis.synthesis import NODE_RESOURCES
from inrhw.verification.ladder import Rung

#: Format of the file: it changes when a key is removed or changes its meaning, and not for a new key.
FORMAT = 2

_TEXT, _INTEGER, _NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}
_FIGURE, _BAND = {"$ref": "#/$defs/figure"}, {"$ref": "#/$defs/band"}
_FIGURES = {"type": "object", "additionalProperties": _FIGURE}
_TEXTS = {"type": "object", "additionalProperties": _TEXT}


def schema_of_report() -> Schema:
    """Return the schema of the format that this version writes.

    Sections that only some builds have are described and not required; another version may add sections.
    """
    required, optional = _always(), _sections()
    return {
        "$schema": DIALECT,
        "$id": f"urn:inrhw:report:{FORMAT}",
        "title": "report.json of inrhw",
        "type": "object",
        "properties": required | optional,
        "required": [*required],
        "$defs": {
            "figure": schema_of(Figure) | {"description": "A number, its unit, and where it comes from."},
            "band": table(dict.fromkeys(("low", "nominal", "high"), _FIGURE)),
            "distribution": table({"kurtosis": _FIGURE, "peak": _FIGURE, "counts": array(_INTEGER)}),
        },
    }


def _always() -> dict[str, Schema]:
    """Return what every report has."""
    quality = table(dict.fromkeys(("float", "quantized", "rtl"), _FIGURE), optional={"rounded": _FIGURE})
    shape = {"name": _TEXT, "layers": _TEXT, "parameters": _INTEGER, "omega_0": _NUMBER}
    return {
        "format": {"const": FORMAT},
        "name": _TEXT | {"description": "Name of the top module."},
        "created_by": _TEXT | {"description": "Version of inrhw."},
        "created_at": {"type": "string", "format": "date-time", "description": "When, in UTC."},
        "verdict": {"enum": ["pass", "fail", "unverified"]},
        "model": table(
            shape,
            optional={
                "projection": _TEXT,
                "macs_per_sample": _NUMBER,
                "bits_a_weight": _NUMBER,
                "signed_digits": _INTEGER,
            },
        ),
        "core": table(
            dict.fromkeys(("source", "size", "control", "window"), _TEXT), optional={"patch": _TEXT}
        ),
        "psnr_db": quality,
        "signal": table({"kind": _TEXT, "measures": _TEXTS}) | {"description": "Kind, and measures."},
        "weight_bits_total": _FIGURE,
        "bits_per_sample": _FIGURE,
        "latency": table({"cycles": _FIGURE, "ns": _FIGURE}),
        "pipeline": array(schema_of(Stage)),
        "tools": _TEXTS | {"description": "Versions."},
        "files": _TEXTS | {"description": "Names of files beside the report."},
        "times_s": {"type": "object", "additionalProperties": _NUMBER, "description": "Seconds a stage."},
        "settings": {"type": "object", "description": "The recipe, group by group."},
    }


def _sections() -> dict[str, Schema]:
    """Return what only some reports have."""
    resources = table(dict.fromkeys(RESOURCE_UNITS, _FIGURE)) | {"additionalProperties": _FIGURE}
    node = {"type": "object", "description": "What each node of the pipeline takes."}
    quality = table(dict.fromkeys(("float", "quantized", "rtl"), _FIGURE), optional={"rounded": _FIGURE})
    return {
        "command": _TEXT | {"description": "The commands that made the build, one on each line."},
        "verify": array(schema_of(Rung)),
        "board": table({"name": _TEXT, "title": _TEXT, "part": _TEXT}),
        "resources": resources,
        "resource_nodes": {
            "type": "object",
            "description": "LUT, FF, DSP, BRAM and URAM of each node of the pipeline, biggest first.",
            "additionalProperties": table(dict.fromkeys(NODE_RESOURCES, _NUMBER)),
        },
        "share": _FIGURES | {"description": "Of the board's resources, in percent."},
        "timing": table(
            {
                "fmax_mhz": _FIGURE,
                "estimate": {"type": "boolean"},
                "delay_ns": _FIGURE,
                "logic_levels": _FIGURE,
                "critical_path": array(_TEXT),
                "critical_nodes": array(_TEXT),
            }
        ),
        "throughput": table({"msamples_per_s": _FIGURE}),
        "power": table(
            {
                "clock_mhz": _FIGURE,
                "activity": _TEXT,
                "static_mw": _BAND,
                "dynamic_mw": _BAND,
                "parts_mw": {"type": "object", "additionalProperties": _BAND},
                "dynamic_nj": _BAND,
                "total_nj": _BAND,
                "nodes": node,
            }
        ),
        **{name: quality for kind in kinds().values() for name in kind.measures if name != "psnr_db"},
        "pictures": _TEXTS,
        "sounds": _TEXTS | {"description": "Files to play."},
        "error_gain": _NUMBER | {"description": "What the error is multiplied by in its picture."},
        "frames_psnr_db": {
            "type": "object",
            "additionalProperties": array({"type": ["number", "null"]}),
            "description": "PSNR in dB of each frame or slice, of each rendering.",
        },
        "learned_psnr_db": {
            "type": "object",
            "additionalProperties": array(array(_NUMBER)),
            "description": "Training steps and PSNR in dB of what they saw, in float and with quantization.",
        },
        "restarts": {
            "type": "integer",
            "description": "How often training diverged and started again, each time at 0.7 of the rate.",
        },
        "rounded_psnr_db": array(array(_NUMBER))
        | {"description": "Bits of all weights, and PSNR in dB with them before fine-tuning."},
        "distributions": array(_distributions()),
        "folding": _folding(),
        "allotment": _allotment(),
        "tiles": {"type": "object", "description": "Grid, PSNR of each tile, seams; of a core of tiles."},
        "shared": {"type": "object", "description": "Each picture, and what sharing saves."},
        "asic": {"type": "object", "description": "Area, delay and power in standard cells."},
        "bitstream": {"type": "object", "description": "What place and route said of the board's design."},
        "vivado": {"type": "object", "description": "Vivado's figures beside ours."},
    }


def _distributions() -> Schema:
    told = {"$ref": "#/$defs/distribution"}
    layer = {"columns": _INTEGER, "rows": _INTEGER, "rotates": _TEXT}
    return table(
        layer, optional=dict.fromkeys(("inputs", "weights", "rotated_inputs", "rotated_weights"), told)
    )


def _allotment() -> Schema:
    bits: dict[str, Schema] = dict.fromkeys(("weight_bits", "value_bits"), _INTEGER)
    falls: dict[str, Schema] = dict.fromkeys(("weights_db", "values_db"), _NUMBER)
    said: dict[str, Schema] = {"layer_bits": _TEXT, "unit": {"enum": ["bits", "LUT"]}}
    counts: dict[str, Schema] = dict.fromkeys(("most", "used"), _INTEGER)
    return table(said | counts | {"layers": array(table(bits | falls))}) | {
        "description": "How layer_bits auto spread bits: its budget, and by how many dB PSNR falls if one "
        "layer alone is rounded so."
    }


def _folding() -> Schema:
    numbers = ("columns", "rows", "pe", "simd", "neuron_fold", "synapse_fold", "initiation_interval")
    return table(
        {
            "weights": {"enum": ["rom", "loadable"]},
            "initiation_interval": _FIGURE,
            "msamples_per_s": _FIGURE,
            "predicted": _FIGURES,
            "layers": array(table(dict.fromkeys(numbers, _INTEGER) | {"detail": _TEXT})),
        }
    )
