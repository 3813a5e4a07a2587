"""Do the heat maps of the practice model mean something? Where their peaks lie on films with known opacities, and what
is left of them when the weights are randomised (Adebayo et al., Sanity Checks for Saliency Maps, NeurIPS 2018).

Counted on found cases: unseen films with planted opacities that the model flags at its recommended operating point. A
peak lies in an opacity when the hottest pixel of the painted map lies within the planted ellipse (strict); the looser
reading, that the hottest cell overlaps the ellipse, stands beside it. Of several opacities the peak must lie in one.

usage: OMP_NUM_THREADS=1 python -m tests.benchmarks.bench_maps [--films N] [--occlusion N] [--model ID]  (five minutes)
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from imaging.heatmap import Heatmap
from imaging.phantom import Opacity, make_phantom, to_image
from imaging.progress import CancelToken
from imaging.show.heatmap import hottest
from inference.bundles.bundle import ModelBundle
from inference.bundles.models_dir import find
from inference.engines.device import choose_engine
from inference.engines.engine import Engine, Floats
from inference.engines.torch_engine import load_network
from inference.maps.cells import cells_rect
from inference.maps.explain import explain
from inference.networks.network import FilmNetwork
from inference.scoring.operating import recommended_points, wilson
from inference.scoring.preprocess import Grey, grid_rect, network_grey, to_input
from inference.scoring.scores import probabilities

FIRST_SEED = 900_000  # far from the seeds of training, of validation and of the example films
FILM_PX = 512
BATCH = 50
Bools = npt.NDArray[np.bool_]
Places = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A found film: what the network sees, its opacities, and its map."""

    grey: Grey
    opacities: tuple[Opacity, ...]
    heatmap: Heatmap


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=500, help="films with one opacity, and as many with two or three")
    parser.add_argument("--occlusion", type=int, default=50, help="films on which occlusion is tried too")
    parser.add_argument("--model", default="practice")
    options = parser.parse_args()
    bundle = find(options.model)
    engine = choose_engine(bundle, "onnx", "cpu", threads=1)
    torch.set_num_threads(1)
    single = found_cases(bundle, engine, [1] * options.films, FIRST_SEED)
    several = found_cases(bundle, engine, [2 + number % 2 for number in range(options.films)], FIRST_SEED + 50_000)
    rows, columns = single[0].heatmap.raw.shape
    print(
        f"{bundle.id}: peaks in opacities, found cases of {options.films} films each; maps of {rows}x{columns} cells\n"
    )
    print(f"{'':42s}{'peak in the ellipse':>30s}{'peak cell overlaps it':>30s}")
    show("Grad-CAM, one opacity", single)
    show("Grad-CAM, two or three opacities", several)
    show("occlusion, one opacity", by_occlusion(bundle, engine, single[: options.occlusion]))
    print(by_chance(single))
    print("\nWeights randomised from the head down, one opacity: Pearson's r with the maps before, and where peaks lie")
    for name, network in randomised(load_network(bundle)):
        maps = class_maps(network, single)
        drawn = [replaced(case, raw) for case, raw in zip(single, maps, strict=True)]
        raw_r = correlation([case.heatmap.raw for case in single], maps)
        show(f"{name:26s} r = {raw_r:5.2f}", drawn)


def found_cases(bundle: ModelBundle, engine: Engine, counts: Sequence[int], first_seed: int) -> list[Case]:
    """Films with so many opacities each that the model flags."""
    (label,) = bundle.card.findings
    phantoms = [make_phantom(first_seed + number, (FILM_PX, FILM_PX), count) for number, count in enumerate(counts)]
    greys = np.stack([network_grey(to_image(phantom), bundle.card.preprocess) for phantom in phantoms])
    outputs = [engine.run(to_input(greys[start : start + BATCH])) for start in starts(greys)]
    scores = np.concatenate([probabilities(bundle.card, output.logits)[:, 0] for output in outputs])
    maps = np.concatenate([output.class_maps[:, 0] for output in outputs])
    rect, scale = grid_rect(bundle.card.preprocess, (FILM_PX, FILM_PX)), bundle.card.heat_scale[label]
    cells = cells_rect(bundle.card, maps.shape[1:])
    return [
        Case(grey, phantom.opacities, Heatmap(label, raw, scale, rect, cells))
        for grey, phantom, raw, score in zip(greys, phantoms, maps, scores, strict=True)
        if score >= recommended_points(bundle.card)[label]
    ]


def by_occlusion(bundle: ModelBundle, engine: Engine, cases: Sequence[Case]) -> list[Case]:
    def hidden(case: Case) -> Heatmap:
        return explain(bundle, engine, case.grey, case.heatmap.label, "occlusion", token=CancelToken())

    return [Case(case.grey, case.opacities, hidden(case)) for case in cases]


def replaced(case: Case, raw: Floats) -> Case:
    return dataclasses.replace(case, heatmap=dataclasses.replace(case.heatmap, raw=raw))


def show(name: str, cases: Sequence[Case]) -> None:
    """One line of the table: shares with Wilson's intervals of 95 %."""
    line = f"{name:42s}"
    for hits in (sum(map(peak_in_ellipse, cases)), sum(map(peak_cell_overlaps, cases))):
        share = wilson(hits, len(cases))
        line += f"{hits:6d}/{len(cases)} {100 * share.value:5.1f} % ({100 * share.low:.1f}-{100 * share.high:.1f})"
    print(line, flush=True)


def peak_in_ellipse(case: Case) -> bool:
    x, y = hottest(case.heatmap)
    return bool(within(case.opacities, np.array(FILM_PX * x), np.array(FILM_PX * y)))


def peak_cell_overlaps(case: Case) -> bool:
    return bool(overlaps(case).ravel()[case.heatmap.raw.argmax()])


def overlaps(case: Case) -> Bools:
    """Which cells of the map overlap an opacity, bool [h, w]: those whose nearest point to its centre lies within."""
    (left, right), (top, bottom) = edges(case.heatmap)
    near = [
        within([opacity], np.clip(opacity.cx_px, left, right)[None, :], np.clip(opacity.cy_px, top, bottom)[:, None])
        for opacity in case.opacities
    ]
    return np.asarray(np.any(near, axis=0))


def edges(heatmap: Heatmap) -> tuple[tuple[Places, Places], tuple[Places, Places]]:
    """Where the columns begin and end, and the rows, in pixels of the film."""
    seen, cells, (rows, columns) = heatmap.rect, heatmap.cells, heatmap.raw.shape
    x = FILM_PX * (seen.left + seen.width * (cells.left + cells.width * np.arange(columns + 1) / columns))
    y = FILM_PX * (seen.top + seen.height * (cells.top + cells.height * np.arange(rows + 1) / rows))
    return (x[:-1], x[1:]), (y[:-1], y[1:])


def within(opacities: Sequence[Opacity], x_px: Places, y_px: Places) -> Bools:
    """Which points lie within one of the planted ellipses."""
    inside = [((x_px - o.cx_px) / o.rx_px) ** 2 + ((y_px - o.cy_px) / o.ry_px) ** 2 <= 1.0 for o in opacities]
    return np.asarray(np.any(inside, axis=0))


def by_chance(cases: Sequence[Case]) -> str:
    """How often a peak placed anywhere on the film would count: the mean share of the film, and of the cells."""
    at = np.arange(FILM_PX) + 0.5
    area = np.mean([within(case.opacities, at[None, :], at[:, None]).mean() for case in cases])
    cells = np.mean([overlaps(case).mean() for case in cases])
    return f"{'anywhere on the film, one opacity':42s}{100 * area:21.1f} %{100 * cells:24.1f} %"


def randomised(network: FilmNetwork, seed: int = 1) -> Iterator[tuple[str, FilmNetwork]]:
    """The network with more and more of its weights drawn anew, from the head to the first stage (cascading)."""
    network = copy.deepcopy(network).eval()
    yield "as trained", network
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for name, part in [("head", network.head), *reversed(list(network.features.named_children()))]:
            for module in part.modules():
                if callable(reset := getattr(module, "reset_parameters", None)):
                    reset()
            yield f"to {name}", network


def class_maps(network: FilmNetwork, cases: Sequence[Case]) -> Floats:
    """Raw maps of the only logit, float32 [N, h, w]."""
    greys = np.stack([case.grey for case in cases])
    with torch.inference_mode():
        parts = [network(torch.from_numpy(to_input(greys[start : start + BATCH])))[1][:, 0] for start in starts(greys)]
    return torch.cat(parts).numpy()


def starts(films: Grey) -> range:
    return range(0, len(films), BATCH)


def correlation(before: Sequence[Floats], after: Floats) -> float:
    """The mean over films of Pearson's r between two maps of the same film."""
    return float(np.mean([np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(before, after, strict=True)]))


if __name__ == "__main__":
    main()
