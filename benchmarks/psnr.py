"""PSNR of the float model, the quantized model and the RTL's own frame, for pictures and models.

    python benchmarks/psnr.py ../shared/kodak/kodim0[1357].png --size 128x128 --hidden-features 32

Prints a row a run and writes benchmarks/results/psnr.json. What is done is not done again.
"""

import argparse
import json
from pathlib import Path

from inrhw import Architecture, Training, load_picture
from inrhw.base.files import read_json, write_json
from inrhw.cli.build_folder import BuildFolder
from inrhw.cli.commands.emit import Emit
from inrhw.cli.commands.fit import Fit
from inrhw.cli.commands.report import write
from inrhw.cli.commands.verify import Verify
from inrhw.signals.kinds.picture import parse_size


def main() -> None:
    """Fit, emit and verify every picture with every model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--models", nargs="+", default=["quadinr", "siren"])
    parser.add_argument("--size", default="128x128")
    parser.add_argument("--hidden-features", type=int, default=32)
    parser.add_argument("--hidden-layers", type=int, default=2)
    parser.add_argument("--steps", type=int, default=Training.steps)
    parser.add_argument("--work", type=Path, default=Path("rtl_out/benchmark_psnr"))
    options = parser.parse_args()
    rows = []
    for path in options.pictures:
        for model in options.models:
            rows.append(run(path, model, options))
            print(json.dumps(rows[-1]), flush=True)
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    write_json(results / "psnr.json", rows)


def run(path: Path, model: str, options: argparse.Namespace) -> dict[str, object]:
    """Return one row."""
    picture = load_picture(path, parse_size(options.size))
    architecture = Architecture(
        model,
        (picture.width, picture.height),
        picture.channels,
        options.hidden_features,
        options.hidden_layers,
    )
    build = BuildFolder(options.work / f"{picture.name}_{model}", command="benchmarks/psnr.py")
    build.run(Fit([picture], [architecture], Training(options.steps)))
    build.run(Emit())
    build.run(Verify())
    found = write(build)
    psnr = {key: round(figure["value"], 2) for key, figure in found["psnr_db"].items()}
    seconds = read_json(build.folder / "stages.json", "fit")["fit"]["seconds"]
    return {
        "picture": picture.name,
        "model": model,
        "layers": found["model"]["layers"],
        "size": options.size,
        "verdict": found["verdict"],
        **psnr,
        "loss": round(psnr["float"] - psnr["rtl"], 2),
        "fit_s": seconds,
    }


if __name__ == "__main__":
    main()
