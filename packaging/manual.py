"""Build the manual: `python packaging/manual.py` draws its pictures and writes the static site dist/manual.

The pictures are made by the program itself, from drawn practice films alone, into docs/manual/pictures, where the help
window and the frozen program look for them. quick-card.pdf is for printing. `--pages` leaves the pictures as they are.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gui.manual.pages import Page

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
MANUAL = ROOT / "docs" / "manual"
SITE = ROOT / "dist" / "manual"
COMMIT = "commit.txt"
TIMEOUT_S = 900
# The run that a picture shows, as on the page Commands.
TRAIN = (
    *("train", "--run", "runs/practice", "--data", "labelled practice films", "--recipe", "quick"),
    *("--backbone", "tiny_fine", "--set", "network.start.bundle=practice", "--set", "preprocess.size_px=128"),
)
STYLE = """
body { margin: 0; background: #0d0f12; color: #d9dee6; font: 16px/1.55 Inter, system-ui, sans-serif; }
nav { position: fixed; top: 0; bottom: 0; width: 240px; padding: 24px 16px; background: #15181d; overflow: auto }
nav a { display: block; padding: 6px 10px; color: #d9dee6; border-radius: 6px }
nav a.here { background: #1f364c }
main { margin-left: 272px; max-width: 52rem; padding: 24px 32px 64px }
a { color: #5db0ff; text-decoration: none }
h1, h2, h3 { color: #f3f6fa; line-height: 1.25 }
img { max-width: 100%; border: 1px solid #272c35; border-radius: 6px }
table { border-collapse: collapse } th { color: #8b94a3 }
th, td { text-align: left; vertical-align: top; padding: 6px 12px 6px 0; border-bottom: 1px solid #272c35 }
code, pre { background: #1c2027; border-radius: 4px } code { padding: 1px 4px } pre { padding: 12px; overflow: auto }
blockquote { margin: 12px 0; padding: 2px 16px; border-left: 3px solid #f2a65a; color: #f2a65a }
@media (max-width: 800px) { nav { position: static; width: auto } main { margin: 0; padding: 16px } }
@media print {
  nav { display: none } main { margin: 0; max-width: none; padding: 0 }
  body, h1, h2, h3, th, blockquote { background: white; color: black; font-size: 10pt } h1 { font-size: 15pt }
  code, pre { background: white } th, td { padding: 3px 8px 3px 0; border-color: #999 }
}
@page { size: A4 portrait; margin: 14mm }
"""


def main() -> int:
    """Make the pictures, then the pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", action="store_true", help="leave the pictures as they are")
    if not parser.parse_args().pages:
        make_pictures(MANUAL / "pictures")
    make_site(SITE)
    print(f"{SITE.relative_to(ROOT)}/index.html")
    return 0


def picture_table() -> dict[str, list[str]]:
    """By the name of each picture, the words of its `snapshot` command without --out."""
    table: dict[str, list[str]] = json.loads((MANUAL / "pictures.json").read_text(encoding="utf-8"))
    return table


def make_pictures(target: Path, commit: str = "") -> None:
    """Draw the practice films, train on them, and picture the windows: all of them, or none is changed. `commit` is
    written beside them. Raises CalledProcessError, OSError.
    """
    from imaging.phantom_files import write_examples
    from imaging.phantom_labelled import FOLDER, write_labelled

    with tempfile.TemporaryDirectory(prefix="negatoscope-manual-") as place:
        work = Path(place)
        write_examples(work / "films")
        write_labelled(work / FOLDER)
        run(work, *TRAIN)
        made = work / "pictures"
        made.mkdir()
        for name, words in picture_table().items():
            run(work, "snapshot", *words, "--out", str(made / f"{name}.png"))
            print(f"pictures/{name}.png", flush=True)
        (made / COMMIT).write_text(f"{commit}\n", encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(made, target)


def are_made(target: Path, commit: str) -> bool:
    """Whether the pictures of this commit are there: those of another would go stale, and a build that was broken off
    leaves none.
    """
    stamp = target / COMMIT
    return bool(commit) and stamp.is_file() and stamp.read_text(encoding="utf-8").strip() == commit


def run(work: Path, *words: str) -> None:
    """One command of the program in `work`, with a data folder of its own there."""
    own = {"NEGATOSCOPE_DATA": str(work / "data"), "NEGATOSCOPE_CPU_ENGINE": "onnx", "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, str(ROOT / "main.py"), *words]
    environment = {**os.environ, **own}
    subprocess.run(command, cwd=work, env=environment, check=True, timeout=TIMEOUT_S, stderr=subprocess.DEVNULL)


def make_site(target: Path) -> None:
    """Write one HTML file for each page, with the style and the pictures beside them."""
    from gui.manual.pages import PICTURES, read_manual

    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    pages = read_manual(MANUAL, lambda target: target.replace(".md", ".html"))
    (target / "style.css").write_text(STYLE, encoding="utf-8")
    for page in pages.values():
        links = "".join(
            f'<a href="{other.name}.html"{" class=here" if other is page else ""}>{escape(other.title)}</a>'
            for other in pages.values()
        )
        html = (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(page.title)}</title>'
            f'<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="style.css">'
            f"<nav>{links}</nav><main>{page.html}</main></html>\n"
        )
        (target / f"{page.name}.html").write_text(html, encoding="utf-8")
    (target / "quick-card.pdf").write_bytes(printed(pages["quick-card"]))
    if (MANUAL / PICTURES).is_dir():
        shutil.copytree(MANUAL / PICTURES, target / PICTURES)


def printed(page: Page) -> bytes:
    """A page as a PDF file, in the program's own typeface."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from gui.app import make_application
    from gui.manual.printed import as_pdf

    make_application()
    return as_pdf(page, {})


if __name__ == "__main__":
    raise SystemExit(main())
