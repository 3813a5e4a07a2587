"""`DecodedImage`: the stored values of one film, with everything that is needed to show them right."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from imaging.study import ImageRef

if TYPE_CHECKING:
    import numpy.typing as npt

Pixels: TypeAlias = "npt.NDArray[Any]"
VoiFunction = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]
SpacingSource = Literal["patient", "calibrated", "detector", "magnified", "scanner", "stated", "user"]
Calibration = Literal["", "GEOMETRY", "FIDUCIAL"]


@dataclass(frozen=True, slots=True)
class Rescale:
    """Modality rescale (PS3.3 C.11.1.1.2): output = slope * stored + intercept."""

    slope: float = 1.0
    intercept: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class ModalityLut:
    """Modality LUT (PS3.3 C.11.1.1.1). `values` is uint16 [N]; `first` is the stored value mapped to values[0]."""

    first: int
    bits: int
    values: Pixels


@dataclass(frozen=True, slots=True)
class Window:
    """A VOI window in modality units (PS3.3 C.11.2.1.2 and C.11.2.1.3)."""

    center: float
    width: float
    function: VoiFunction = "LINEAR"
    explanation: str = ""


AS_STORED = Window(127.5, 255.0, "LINEAR_EXACT", "as stored")  # 8 bits that are a finished picture: 0 black, 255 white


@dataclass(frozen=True, slots=True, eq=False)
class VoiLut:
    """A VOI LUT item (PS3.3 C.11.2.1.1). `values` is uint16 [N]; `bits` is the depth of its entries."""

    first: int
    bits: int
    values: Pixels
    explanation: str = ""


Voi = Window | VoiLut


@dataclass(frozen=True, slots=True)
class Spacing:
    """Millimetres a pixel, down and across, and where the figure comes from.

    `patient`: in the plane of a slice. `calibrated`: in the patient, by `calibration` where the file names the way.
    `detector`, `scanner`: in the plane of the detector or of the scanned film, where the patient is larger than life.
    `magnified`: the detector's, divided by `magnification`. `stated`: the file doesn't say in which plane.
    """

    row_mm: float
    column_mm: float
    source: SpacingSource
    calibration: Calibration = ""
    magnification: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Graphics:
    """What the file draws over the film, never part of its pixels. `packed` is uint8 [H, ceil(W / 8)]: a bit a pixel of
    the film, the leftmost in the highest bit. `names` are the file's own words for it.
    """

    packed: Pixels
    width_px: int
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.packed.setflags(write=False)

    def mask(self) -> Pixels:
        """uint8 [H, W]: 255 where something is drawn, else 0."""
        import numpy as np

        return np.unpackbits(self.packed, axis=1, count=self.width_px) * np.uint8(255)


@dataclass(frozen=True, slots=True)
class Header:
    """What the corner text and the list show. Empty text where the file says nothing.

    `orientation` is Patient Orientation (0020,0020): the direction of the rows, then of the columns, as in ("L", "F").
    """

    patient_name: str = ""
    patient_id: str = ""
    birth_date: str = ""
    sex: str = ""
    age: str = ""
    study_uid: str = ""
    study_date: str = ""
    study_description: str = ""
    series_uid: str = ""
    series_number: str = ""
    series_description: str = ""
    instance_number: str = ""
    modality: str = ""
    body_part: str = ""
    view_position: str = ""
    laterality: str = ""
    orientation: tuple[str, str] = ("", "")
    institution: str = ""
    transfer_syntax: str = ""
    icc: bool = False  # an ICC profile came with the film; it is not applied
    lossy: str = ""  # 'Lossy 12:1' or 'Lossy', empty where the file was never compressed with loss


@dataclass(frozen=True, slots=True, eq=False)
class DecodedImage:
    """The stored values of one frame and its way to the screen. Arrays are read-only.

    `pixels` is uint8, int8, uint16, int16, int32, uint32 or float32 [H, W] (stored values) or uint8 [H, W, 3] (RGB).
    `bits` is Bits Stored. `inverted` is True for MONOCHROME1 or an INVERSE presentation LUT: the display is turned
    round after the VOI. `voi` holds the file's own transformations in the order of preference, LUTs before windows.
    `padding` is the range of stored values that are no part of the picture. `pixel_aspect` is the height of a pixel
    over its width, for whoever paints it; the network and `render` take the pixels as they are stored. `full_size_px`
    is (height, width) of the film itself, which differs from the array where it was decoded at a reduced scale.
    `complete` is the share of the picture that the file holds, 1.0 for a whole one.
    """

    ref: ImageRef
    pixels: Pixels
    bits: int
    inverted: bool = False
    modality: Rescale | ModalityLut = field(default_factory=Rescale)
    voi: tuple[Voi, ...] = ()
    padding: tuple[float, float] | None = None
    spacing: Spacing | None = None
    pixel_aspect: float = 1.0
    graphics: Graphics | None = None
    header: Header = field(default_factory=Header)
    frames: int = 1
    full_size_px: tuple[int, int] = (0, 0)
    complete: float = 1.0

    def __post_init__(self) -> None:
        self.pixels.setflags(write=False)
        if self.full_size_px == (0, 0):
            object.__setattr__(self, "full_size_px", (int(self.pixels.shape[0]), int(self.pixels.shape[1])))

    @property
    def is_colour(self) -> bool:
        return self.pixels.ndim == 3

    @property
    def is_signed(self) -> bool:
        return self.pixels.dtype.kind == "i"
