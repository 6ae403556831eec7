"""Settings of a network; an `Architecture` is what they become for a signal."""

from dataclasses import dataclass
from typing import Annotated, Literal

from inrhw.base.errors import InputError
from inrhw.base.settings import Settings, at_least, over

#: Largest width of a hidden layer, and most layers between the first and the last.
_WIDEST, _MOST_LAYERS = 256, 16

#: Most banks in the memories of one core.
_MOST_TILES = 1 << 16

#: Leaves the size of tiles or patches, or the width of hidden layers, to be chosen.
AUTO = "auto"

#: Leaves the sizes of tiles to be chosen one by one.
QUADTREE = "quadtree"

#: What may follow the last layer.
FinalActivation = Literal["sigmoid", "tanh"]

#: What may stand between a picture's, or a tile's, first layer and the shared ones.
Projection = Literal["full", "low-rank", "diagonal"]


@dataclass(frozen=True)
class Network(Settings):
    """Shape of the network.

    Parameters
    ----------
    model
        The activation, which names the network: quadinr, siren, finer, gauss and others.
    hidden_features
        Width of the hidden layers, 1..256.
    hidden_layers
        Layers between the first and the last, 0..16.
    hidden_widths
        Width of each hidden layer where they differ, first to last, such as 64,32 for a network 2-64-32-3;
        hidden_features and hidden_layers then follow from it. "auto": one width for all, after short trials:
        the widest within max_lut and the target, or one wider with bits by layer if it is better, or the
        narrowest that reaches min_psnr_db; hidden_features is then not used. "": all have hidden_features.
    omega_0
        Frequency factor, f(omega_0 (W x + b)) in every layer. Without it: the activation's own.
    first_omega_0
        The same for the first layer: its initial weights set how fine the first details are. Without it:
        omega_0; for a sound that is trained here, omega_0 for every 512 samples.
    activation_impl
        Circuit of the activation, as `inrhw activations` names it; "auto": the one with the fewest LUTs on
        the board that errs by one unit of the last place at most. "": a table.
    final_activation
        What follows the last layer: sigmoid or tanh, with values from 0 to 1 or from -1 to 1, which become
        the signal's. Without it: nothing; of a module, and of ONNX, it is found.
    patch
        Samples that one evaluation of the network gives, such as 2x2 for a picture, 2x2x1 for a video and 4
        for a sound; they must divide the signal and its tiles. "auto": the smallest with which a core is
        planned to reach target_mpixels within the board and its limits. "": one.
    tiles
        Size of a tile in samples, such as 32x32 of a picture, 16x16x8 of a video and 1024 of a sound, to have
        a network for each tile of the signal. "auto": the best size after a short trial of those that fit the
        board and its limits. "quadtree": large and small tiles, chosen by their error after a short trial.
        64x64:01111 and the like: tiles chosen before, see docs/tiles.md. "": one network for the whole
        signal.
    shared_layers
        With tiles, the layers between the first and the last are the same in all of them.
    min_psnr_db
        PSNR in dB to reach: tiles auto takes the largest tiles that reach it, hidden_widths auto the
        narrowest network, patch auto the smallest patch. Without it: the best that fits.
    max_tiles
        Most tiles that tiles quadtree may make. Without it: as many as there are of 32x32, of a sound of 512,
        on three axes of 8x8x8, and at least 16.
    shared
        One core for several pictures, whose networks share their inner layers.
    projection
        With shared: the layer between a picture's first layer and the shared ones; without this setting full.
        With shared_layers: full puts a hidden layer for each tile in front of the shared ones.
    rank
        Rank of a low-rank projection. Without it: a quarter of the width.
    """

    model: str = "quadinr"
    hidden_features: Annotated[int, at_least(1, _WIDEST)] = 20
    hidden_layers: Annotated[int, at_least(0, _MOST_LAYERS)] = 2
    hidden_widths: str = ""
    omega_0: Annotated[float, at_least(1e-3, 1000)] | None = None
    first_omega_0: Annotated[float, at_least(1e-3, 100_000)] | None = None
    activation_impl: str = ""
    final_activation: FinalActivation | None = None
    patch: str = ""
    tiles: str = ""
    shared_layers: bool = False
    min_psnr_db: Annotated[float, over(0, 200)] | None = None
    max_tiles: Annotated[int, at_least(1, _MOST_TILES)] | None = None
    shared: bool = False
    projection: Projection | None = None
    rank: Annotated[int, at_least(1, _WIDEST)] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.widths
        if self.patch == AUTO and self.shared:
            raise InputError("patch auto works on one signal, and shared trains several; give its size")
        if self.tiles and self.shared:
            raise InputError("tiles works on one picture, and shared trains several; give one of them")
        if self.shared_layers and not self.tiles:
            raise InputError(
                "shared_layers needs tiles; give --tiles too, or --shared for pictures that share layers"
            )
        if self.hidden_widths == AUTO and (self.shared or self.tiles):
            raise InputError(
                "hidden_widths auto works on a single network; leave it out, or leave out shared and tiles"
            )
        if self.patch == self.hidden_widths == AUTO and self.min_psnr_db is None:
            raise InputError(
                "patch auto and hidden_widths auto together need min_psnr_db, since a small patch leaves "
                "room for a narrow network only; give it, or one of the two sizes"
            )
        if self.min_psnr_db is not None and AUTO not in (self.tiles, self.hidden_widths, self.patch):
            raise InputError(
                "min_psnr_db is a target for tiles auto, hidden_widths auto or patch auto; give one of them"
            )
        if self.max_tiles is not None and self.tiles != QUADTREE:
            raise InputError("max_tiles needs tiles of several sizes; give --tiles quadtree too")
        given = [name for name in ("projection", "rank") if getattr(self, name) is not None]
        if given and not (self.shared or self.shared_layers):
            raise InputError(
                f"{' and '.join(given)} can only be given for pictures that share layers; give --shared too"
            )
        if self.shared_layers and self.projection not in (None, "full"):
            raise InputError(f"projection must be full with tiles, not {self.projection}; or leave it out")
        if self.rank is not None and self.projection != "low-rank":
            raise InputError("rank needs a low-rank projection; give --projection low-rank too")

    @property
    def widths(self) -> tuple[int, ...]:
        """Width of each hidden layer, first to last.

        Raises
        ------
        InputError
            If `hidden_widths` names no possible widths.

        Examples
        --------
        >>> Network(hidden_features=20, hidden_layers=2).widths
        (20, 20, 20)
        >>> Network(hidden_widths="64,32").widths
        (64, 32)
        """
        if self.hidden_widths in ("", AUTO):
            return (self.hidden_features,) * (1 + self.hidden_layers)
        named = [width.strip() for width in self.hidden_widths.split(",")]
        widths = tuple(int(width) for width in named if width.isdecimal() and 1 <= int(width) <= _WIDEST)
        if len(widths) != len(named) or len(widths) > 1 + _MOST_LAYERS:
            raise InputError(
                f"hidden_widths must be 1 to {1 + _MOST_LAYERS} numbers from 1 to {_WIDEST}, such as 64,32, "
                f"not {self.hidden_widths[:40]!r}"
            )
        return widths
