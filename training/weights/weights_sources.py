"""Tensors from where starting weights come from: torchvision's published files, a file of the user's."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from imaging.progress import CancelToken, Progress, no_progress
from training.weights.weights_convert import convert
from training.weights.weights_download import DEFAULT_DOWNLOAD, DownloadLimits, download
from training.weights.weights_limits import DEFAULT_LIMITS, WeightsError, WeightsLimits
from training.weights.weights_store import (
    Weights,
    file_sha256,
    hash_in_name,
    keep,
    kept,
    key,
    parsed,
    part_file,
    read_capped,
    weights_folder,
)

STRAIGHT = ".safetensors"
PICKLES = (".pth", ".pt", ".bin", ".ckpt")


class ConsentNeededError(WeightsError):
    """Weights would have to be downloaded, and the user has not agreed to it; `url` is from where."""

    def __init__(self, message: str, url: str) -> None:
        super().__init__(message)
        self.url = url


@dataclass(frozen=True, slots=True)
class Work:
    """What a long piece of work is given: how to give it up, whom to tell, and its caps."""

    token: CancelToken
    progress: Progress = no_progress
    limits: WeightsLimits = DEFAULT_LIMITS
    download: DownloadLimits = DEFAULT_DOWNLOAD


def published_weights(url: str, work: Work, *, consent: bool) -> Weights:
    """The weights published at a URL: kept from an earlier time, brought by hand, or downloaded where the user agreed.

    The file's name states the beginning of its sha256. Raises ConsentNeededError, WeightsError, Cancelled.
    """
    name = PurePosixPath(urlsplit(url).path).name
    prefix = hash_in_name(name)
    if not prefix:
        raise WeightsError("The address of the published weights states no hash, so that they can't be checked.")
    folder = weights_folder()
    found = kept(folder, key(name, prefix), prefix, work.limits)
    if found is not None:
        return found
    if (folder / name).is_file():
        sha256 = file_sha256(folder / name, work.token, work.limits)
        _check_hash(sha256, prefix)
        return _converted(folder, folder / name, name, sha256, work)
    by_hand = f"the file {name} can also be brought by hand from {url} into the folder {folder}."
    if not consent:
        raise ConsentNeededError(f"The published weights are not on this machine yet; {by_hand}", url)
    return _downloaded(folder, url, by_hand, work)


def _downloaded(folder: Path, url: str, by_hand: str, work: Work) -> Weights:
    name = PurePosixPath(urlsplit(url).path).name
    with part_file(folder) as part:
        try:
            sha256 = download(url, part, work.token, work.progress, work.download)
            _check_hash(sha256, hash_in_name(name))
        except WeightsError as error:
            raise WeightsError(f"{error.message.rstrip('.')}; {by_hand}", detail=error.detail) from error
        return _converted(folder, part, name, sha256, work)


def imported_weights(path: Path, work: Work) -> Weights:
    """The weights in a file of the user's: safetensors are read, pickles go through the converter and are kept.

    Raises WeightsError, Cancelled.
    """
    suffix = path.suffix.lower()
    if suffix == STRAIGHT:
        content = read_capped(path, work.limits)
        return Weights(parsed(content, work.limits), hashlib.sha256(content).hexdigest())
    if suffix not in PICKLES:
        raise WeightsError("Starting weights are read from .safetensors and .pth files.")
    sha256 = file_sha256(path, work.token, work.limits)
    _check_hash(sha256, hash_in_name(path.name))
    folder = weights_folder()
    found = kept(folder, key(path.name, sha256), sha256, work.limits)
    return found or _converted(folder, path, path.name, sha256, work)


def _converted(folder: Path, source: Path, name: str, sha256: str, work: Work) -> Weights:
    with part_file(folder) as part:
        convert(source, sha256, part, token=work.token, limits=work.limits)
        return keep(folder, part, key(name, sha256), sha256, work.limits)


def _check_hash(sha256: str, prefix: str) -> None:
    if not sha256.startswith(prefix):
        raise WeightsError("The file of weights is not the published one: its content does not fit its hash.")
