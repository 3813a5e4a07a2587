"""What a film's file says of it before anyone looks at the picture: modality, body part, view, colour, size."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from imaging.image import DecodedImage


def _terms(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Defined terms of Modality (PS3.3 C.7.3.1.1.1) that are no plain X-ray film. OT, SC and unknown ones say nothing.
_NO_FILM = _terms(
    "ANN AR ASMT AU BDUS BI BMD CFM CT CTPROTOCOL DG DOC ECG EEG EMG EOG EPS ES FID GM HD IO IOL IVOCT IVUS KER KO LEN "
    "LS M3D MG MR NM OAM OCT OP OPM OPT OPTBSV OPTENF OPV OSS PA PLAN POS PR PT PX REG RESP RTDOSE RTIMAGE RTPLAN "
    "RTRECORD RTSTRUCT RWV SEG SM SMR SR SRF STAIN TEXTUREMAP TG US VA XAPROTOCOL XC "
    "CD CF CP CS DD DM DS EC FA FS LP MA MS OPR ST VF"
)
_CHEST = re.compile("CHEST|THORA|TORAX|LUNG|PULM|RIB|HEART|CARD")
_OTHER_PARTS = _terms(
    "ABDOMEN ANKLE ARM BRAIN BREAST CALCANEUS CLAVICLE COCCYX CERVICAL EAR ELBOW EXTREMITY EYE FACE FEMUR "
    "FINGER FOOT FOREARM HAND HEAD HEEL HIP HUMERUS JAW KNEE LEG LUMBAR MANDIBLE MAXILLA NECK NOSE ORBIT PATELLA "
    "PELVIS RADIUS SACRUM SCAPULA SHOULDER SINUS SKULL TEETH THIGH THUMB TIBIA TOE TONGUE TOOTH "
    "ULNA WRIST ZYGOMA"
)
_SIDE_VIEWS = _terms(
    "LL RL LAT LATERAL LLAT RLAT LLO RLO LAO RAO LPO RPO OBL OBLIQUE AXIAL LEFTLATERAL RIGHTLATERAL CC MLO"
)
_SAMPLE_PX = 256
_COLOUR_STEP = 20  # grey levels of colour that no grey film has, however it was scanned or compressed
_COLOURED_SHARE = 0.04
_NARROW = 3.5
_FEWEST_PX = 64


@dataclass(frozen=True, slots=True)
class FilmFacts:
    """What the file says of a film, empty where it says nothing. `complete` is the share of the picture that it holds.

    `rows_towards` is where the rows run, the first of Patient Orientation: 'L' or 'R' on a frontal film. `is_colour`:
    the picture has colours, and not merely three channels or a tint. `size_px` (height, width), (0, 0) if unknown.
    """

    modality: str = ""
    body_part: str = ""
    view_position: str = ""
    rows_towards: str = ""
    is_colour: bool = False
    complete: float = 1.0
    size_px: tuple[int, int] = (0, 0)


def film_facts(image: DecodedImage) -> FilmFacts:
    """The facts of a decoded film."""
    header = image.header
    return FilmFacts(
        modality=header.modality.strip().upper(),
        body_part=header.body_part,
        view_position=header.view_position,
        rows_towards=header.orientation[0],
        is_colour=image.is_colour and has_colours(image.pixels),
        complete=image.complete,
        size_px=image.full_size_px,
    )


def has_colours(rgb: npt.NDArray[np.uint8]) -> bool:
    """Whether uint8 [H, W, 3] is a picture in colour. A tint goes with the grey level, a colour does not.

    A written line in yellow is too small a share to count.
    """
    step = max(1, min(rgb.shape[:2]) // _SAMPLE_PX)
    sample = rgb[::step, ::step].reshape(-1, 3).astype(np.float32)
    grey = sample @ np.array([0.299, 0.587, 0.114], np.float32)
    level = np.minimum(grey / 16, 15).astype(np.int64)
    distance = np.zeros(len(grey), np.float32)
    for at in np.unique(level):
        here = level == at
        differences = sample[here][:, ::2] - grey[here, None]  # red and blue; the median is the tint, marks or none
        distance[here] = np.abs(differences - np.median(differences, axis=0)).max(axis=1)
    strong = sample.max(axis=1) - sample.min(axis=1) > 5 * _COLOUR_STEP
    return bool((distance > _COLOUR_STEP).mean() > _COLOURED_SHARE or strong.mean() > 0.5)


def against(facts: FilmFacts) -> str:
    """Why the file itself says that this is no frontal chest film, one sentence; empty where it says no such thing."""
    complaints = (
        (facts.modality in _NO_FILM, f"The file says that it is no X-ray film: its modality is {facts.modality}."),
        (_is_other_part(facts.body_part), f"The file says that it shows another part: {_short(facts.body_part)}."),
        (_is_side_view(facts), "The file says that it is no frontal view."),
        (facts.is_colour, "It is a picture in colour."),
        (max(facts.size_px) > _NARROW * min(facts.size_px), "It is a narrow strip."),
    )
    return next((words for holds, words in complaints if holds), "")


def _is_other_part(body_part: str) -> bool:
    part = body_part.upper()
    words = _words(part)
    is_spine = any(word.endswith("SPINE") for word in words)  # the thoracic one too
    return is_spine or (bool(words & _OTHER_PARTS) and not _CHEST.search(part))


def _is_side_view(facts: FilmFacts) -> bool:
    view = facts.view_position.upper()
    said = bool(_words(view) & _SIDE_VIEWS) and "DECUB" not in view
    return said or facts.rows_towards[:1].upper() in ("A", "P")


def spoilt(facts: FilmFacts) -> str:
    """Why the file is too poor to judge, one sentence; empty where it is not."""
    if facts.complete < 1.0:
        return f"Only {int(facts.complete * 100)} % of the picture is in the file."
    height, width = facts.size_px
    if 0 < min(height, width) < _FEWEST_PX:
        return f"The picture has only {width} × {height} pixels."
    return ""


def _words(text: str) -> frozenset[str]:
    """The words of a term in capitals, and all of them as one: 'C SPINE' is 'CSPINE' too."""
    parts = re.findall("[A-Z]+", text)
    return frozenset(parts) | {"".join(parts)}


def _short(text: str) -> str:
    """A term of the header as it may be shown: no more than a few printable words."""
    return "".join(char for char in text if char.isprintable())[:32]
