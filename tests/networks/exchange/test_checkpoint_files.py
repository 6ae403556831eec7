"""Files of weights: whatever is in them is read, or refused in one sentence, and never run."""

import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor, nn

from inrhw.base.errors import InputError
from inrhw.networks.architecture import Architecture
from inrhw.networks.exchange.checkpoint import linear_layers, read_checkpoint, stack_in
from inrhw.networks.exchange.imported import Imported
from inrhw.networks.exchange.start import start_of
from inrhw.networks.network import Network
from inrhw.networks.precision import Precision
from inrhw.networks.training.fitted import WEIGHTS, Training, fit
from inrhw.signals.kinds.picture import Picture

STATE = nn.Sequential(nn.Linear(2, 6), nn.Identity(), nn.Linear(6, 5), nn.Linear(5, 3)).state_dict()


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".safetensors"])
def test_files_of_torch_and_safetensors_are_read(tmp_path: Path, suffix: str) -> None:
    state, path = STATE, tmp_path / f"net{suffix}"
    save_file(state, path) if suffix == ".safetensors" else torch.save(state, path)
    found = read_checkpoint(path)
    assert all(torch.equal(found[name], state[name]) for name in state)
    names = [layer.name for layer in linear_layers(found, "here")]
    assert names == ["0", "2", "3"]


@pytest.mark.parametrize("wrapper", ["state_dict", "model_state_dict", "model"])
def test_weights_beside_other_things_are_found(tmp_path: Path, wrapper: str) -> None:
    torch.save({"epoch": 3, wrapper: {"net": STATE}}, tmp_path / "net.pt")
    assert len(linear_layers(read_checkpoint(tmp_path / "net.pt"), "here")) == 3


FORMS: dict[str, Callable[[Tensor], Tensor]] = {
    "half": Tensor.half,
    "bfloat16": Tensor.bfloat16,
    "float8": lambda value: value.to(torch.float8_e4m3fn),
    "integers": lambda value: (10 * value).to(torch.int8),
    "sparse": Tensor.to_sparse,
}


@pytest.mark.parametrize("form", FORMS)
def test_numbers_are_read_however_they_are_stored(form: str) -> None:
    stored = {name: FORMS[form](value) for name, value in STATE.items()}
    for layer in linear_layers(stored, "here"):
        assert torch.equal(layer.weight, stored[f"{layer.name}.weight"].to_dense().double())


@pytest.mark.parametrize("name", ["a\nb.weight", "9" * 5000 + ".weight"])
def test_a_name_that_is_no_text_is_one_sentence(tmp_path: Path, name: str) -> None:
    torch.save({name: torch.zeros(4, 2)}, tmp_path / "net.pt")
    with pytest.raises(InputError, match="with an unusable name") as caught:
        read_checkpoint(tmp_path / "net.pt")
    assert "\n" not in str(caught.value)


class Evil:
    """What a pickle may run."""

    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("ran",)


def test_code_in_a_checkpoint_is_never_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"net": Evil()}, tmp_path / "evil.pt")
    with pytest.raises(InputError, match="holds code, which is never run"):
        read_checkpoint(tmp_path / "evil.pt")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("keep", [0, 10, -40])
def test_a_file_that_is_cut_off_is_one_sentence(tmp_path: Path, keep: int) -> None:
    torch.save(STATE, tmp_path / "net.pt")
    data = (tmp_path / "net.pt").read_bytes()
    (tmp_path / "net.pt").write_bytes(data[:keep])
    with pytest.raises(InputError, match=r"net\.pt") as caught:
        read_checkpoint(tmp_path / "net.pt")
    assert "\n" not in str(caught.value)


@settings(max_examples=100)
@given(
    st.booleans(), st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=3)), max_size=4)
)
def test_a_file_that_is_damaged_is_read_or_one_sentence(
    zipped: bool, damages: list[tuple[float, bytes]]
) -> None:
    buffer = io.BytesIO()
    torch.save(STATE, buffer, _use_new_zipfile_serialization=zipped)
    data = bytearray(buffer.getvalue())
    for place, put in damages:
        at = int(place * len(data))
        data[at : at + max(1, len(put))] = put
    with tempfile.TemporaryDirectory() as folder:
        (path := Path(folder, "net.pt")).write_bytes(data)
        try:
            stack_in(read_checkpoint(path), Imported(), 2, "it")
        except InputError as error:
            assert "\n" not in str(error)


def test_what_fit_wrote_is_a_checkpoint(tmp_path: Path) -> None:
    """The network in float, which takes the centres of samples, x first."""
    noise = Picture("noise", np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8))
    fitted = fit(noise, Architecture("quadinr", (5, 4), 3, 4, 1), Training(steps=2, finetune=1))
    fitted.save(tmp_path)
    imported = Imported(coordinates="centres", axes="xy")
    stack = stack_in(read_checkpoint(tmp_path / WEIGHTS), imported, 2, "it")
    start = start_of(stack, Network("quadinr"), Precision(), imported, sides=(5, 4))
    assert np.array_equal(start.float().render(), fitted.float_model.render())
