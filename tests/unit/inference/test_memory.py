"""A million films have to fit where a hundred do."""

from __future__ import annotations

from pathlib import Path

from imaging.study import ImageRef
from inference.bundles.bundle import ModelBundle
from inference.screening.screen_lines import Known, film_key
from tests.memory import links, slope, watched


def test_memory_stays_flat_over_many_films(bundle: ModelBundle, tmp_path: Path) -> None:
    """Keeping a film as the network sees it would be 4,096 bytes; this allows what an allocator does."""
    archive = links(tmp_path / "archive", 2000)
    watched(bundle, archive / "0", tmp_path / "first.jsonl", 100)
    watch = watched(bundle, archive, tmp_path / "r.jsonl", 100)
    assert len(watch.points) == 19  # each noted before the next line
    assert slope(watch.points) < 1500


def test_films_that_are_done_are_known_by_few_bytes() -> None:
    names = [f"archive/a rather long name of a film, as they are/{index}.dcm" for index in range(1000)]
    known = Known(b"".join(film_key(name, 0) for name in [*names, names[7]]))
    assert known.nbytes == 17 * 1001
    refs = [ImageRef(Path(name)) for name in names]
    assert all(known.take(ref) for ref in refs)
    assert known.take(refs[7])  # it was named twice
    assert not any(known.take(ref) for ref in refs)
    assert not known.take(ImageRef(Path(names[0]), 1))
    assert not Known().take(refs[0])
