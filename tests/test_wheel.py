"""What is published: the wheel, made from the source distribution, has `sim` and `boards` in it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.places import REPOSITORY

BUILD = """
import sys, inrhw, inrhw.cli.app
assert inrhw.__file__.startswith(sys.argv[1]), inrhw.__file__
sys.argv[1:] = "build --size 8x8 --hidden-features 4 --hidden-layers 0 --steps 20".split()
inrhw.cli.app.main()
"""


@pytest.mark.slow
def test_an_installed_wheel_builds_in_an_empty_folder(tmp_path: Path) -> None:
    installed, empty = tmp_path / "installed", tmp_path / "empty"
    empty.mkdir()
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    sdist = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)]
    subprocess.run(sdist, cwd=REPOSITORY, check=True)
    (source,) = tmp_path.glob("*.tar.gz")
    for arguments in (
        ["wheel", "--no-deps", "--wheel-dir", str(tmp_path), str(source)],
        [
            "install",
            "--no-deps",
            "--no-index",
            "--find-links",
            str(tmp_path),
            "--target",
            str(installed),
            "inrhw",
        ],
    ):
        subprocess.run([*pip, *arguments], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    published = map(str, (source, wheel))
    subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *published], check=True)
    environment = os.environ | {"PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", BUILD, str(installed)],
        cwd=empty,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert "PASS" in done.stdout
