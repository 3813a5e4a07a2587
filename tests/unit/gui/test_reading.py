"""What is made ready before the first film."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gui.films.reading import get_ready_to_read, may_need_decoder
from imaging.read.child import DecoderPool
from imaging.read.decode import decode
from imaging.study import ImageRef
from tests.dicom_files import film


@pytest.mark.parametrize(
    ("names", "needed"),
    [([], True), (["film.dcm"], False), (["1.DCM", "2.dcm"], False), (["film.png"], True), (["1.dcm", "folder"], True)],
)
def test_the_decoding_process_starts_ahead_unless_all_films_are_ordinary_ones(names: list[str], needed: bool) -> None:
    assert may_need_decoder([Path(name) for name in names]) is needed


def test_the_first_picture_finds_the_process_that_was_started_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = film(20, 30, bits=8)
    Image.fromarray(pixels).save(tmp_path / "film.png")
    pool = DecoderPool(1)
    for place in ("imaging.read.child.POOL", "imaging.read.raster.POOL"):
        monkeypatch.setattr(place, pool)
    others = set(multiprocessing.active_children())
    try:
        get_ready_to_read(awaited=True, decoder=False)
        assert set(multiprocessing.active_children()) == others
        get_ready_to_read(awaited=True, decoder=True)
        (child,) = set(multiprocessing.active_children()) - others
        np.testing.assert_array_equal(decode(ImageRef(tmp_path / "film.png")).pixels, pixels)
        assert set(multiprocessing.active_children()) - others == {child}
    finally:
        pool.close()
