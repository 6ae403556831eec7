from pathlib import Path

import pytest
from support.fake_trials import Fake

from inrhw.base.errors import InputError
from inrhw.sweeps.folder import SweepFolder, begin_sweep, open_sweep

ASKED = "[search]\ntrials = 3\n[shape]\nwidth = [1, 2]\n"


def begun(tmp_path: Path, text: str, storage: str = "") -> SweepFolder[Fake]:
    """Return the sweep that a text asks for."""
    (tmp_path / "asked.toml").write_text(text)
    return begin_sweep(tmp_path / "asked.toml", tmp_path / "one", Fake, scheduler="", storage=storage)


def test_a_folder_holds_one_sweep(tmp_path: Path) -> None:
    begun(tmp_path, ASKED)
    begun(tmp_path, ASKED.replace("3", "30"))
    with pytest.raises(InputError, match="holds another sweep: fields differ; give another folder"):
        begun(tmp_path, ASKED.replace("[1, 2]", "[1, 3]"))
    with pytest.raises(InputError, match="method and depth differ"):
        begun(tmp_path, ASKED.replace("trials", "method = 'tpe'\ndepth = 'plan'\ntrials"))


def test_a_sweep_remembers_its_storage(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'other.db'}"
    begun(tmp_path, ASKED, url)
    assert open_sweep(tmp_path / "one", Fake).orders.workers.storage == url


def test_one_process_a_sweep(tmp_path: Path) -> None:
    sweep = begun(tmp_path, ASKED)
    with (
        sweep.held(),
        pytest.raises(InputError, match=r"is being swept; see `inrhw sweep .* --watch`"),
        sweep.held(),
    ):
        pass
    with sweep.held():
        pass


def test_no_sweep_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no sweep"):
        open_sweep(tmp_path, Fake)


@pytest.mark.parametrize(
    ("storage", "sentence"),
    [
        ("nonsense", "storage must be the URL of a database"),
        ("sqlite:////nowhere/at/all.db", "the database sqlite:////nowhere/at/all.db cannot be used"),
        (
            "postgresql+psycopg://me:secret@127.0.0.1:1/none",
            r"me:\*\*\*@127.0.0.1:1/none cannot be used \(conn",
        ),
    ],
)
def test_a_database_that_cannot_be_used_is_a_sentence(tmp_path: Path, storage: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as error:
        begun(tmp_path, ASKED, storage).rows()
    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)
