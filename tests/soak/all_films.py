"""The table of all films of a folder: shown, shown as incomplete, or refused with its code; what a peer makes of it.

    python -m tests.soak.all_films [FOLDER]

Without a folder: the public films of ../shared/data/dicom. The peer is pydicom with all decoders that are installed: a
film that it reads and we refuse ends the command with status 1, and so does whatever is no refusal.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections import Counter
from pathlib import Path

from tests.soak.corpus import SHARED
from tests.soak.outcome import INCOMPLETE, SHOWN, outcome_of


def peer_reads(path: Path) -> bool | None:
    """Whether pydicom decodes the first frame; None where it takes the file for no DICOM file."""
    import pydicom
    from pydicom.pixels.utils import pixel_array

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = pydicom.dcmread(path, force=True)
            if "Rows" not in dataset:
                return None
            return bool(pixel_array(dataset, index=0).size)
        except Exception:  # whatever it is: the peer does not read it
            return False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=SHARED)
    folder = parser.parse_args().folder
    counts: Counter[str] = Counter()
    lost = 0
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        outcome, peer = outcome_of(path), peer_reads(path)
        counts[outcome.what] += 1
        is_lost = bool(peer) and outcome.what not in (SHOWN, INCOMPLETE)
        lost += is_lost
        told = {True: "", False: "not read by pydicom", None: "no DICOM image"}[peer]
        name = path.relative_to(folder).as_posix()
        print(
            f"{outcome.what:<20} {outcome.seconds * 1e3:7.0f} ms  {name}  {outcome.said}{'LOST' if is_lost else told}"
        )
    print("\n" + "\n".join(f"{count:>6}  {what}" for what, count in counts.most_common()))
    print(f"{lost:>6}  refused though pydicom reads them")
    return int(lost > 0)


if __name__ == "__main__":
    sys.exit(main())
