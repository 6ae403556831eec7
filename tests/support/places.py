"""Where things lie in the repository."""

from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs"
RESULTS = REPOSITORY / "benchmarks" / "results"
VERILOG = Path(__file__).parent / "verilog"
VIVADO = Path(__file__).parent / "vivado"
