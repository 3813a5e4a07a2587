"""Published weights from a real server: fetched once and only with consent; whatever goes wrong leaves nothing."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from imaging.progress import Cancelled, CancelToken, no_progress
from imaging.site import VARIABLE
from tests.unit.training.weights_server import Served, serving
from training.weights.weights_convert import SOURCE_KEY
from training.weights.weights_download import DownloadLimits, download
from training.weights.weights_limits import WeightsError, WeightsLimits
from training.weights.weights_sources import ConsentNeededError, Work, imported_weights, published_weights
from training.weights.weights_store import keep, part_file, weights_folder

QUICK = DownloadLimits(bytes=1 << 20, timeout_s=0.5, total_s=10.0)


def content_of(seed: int = 1, values: int = 1000) -> bytes:
    stream = BytesIO()
    torch.save({"features.0.weight": torch.full((values,), float(seed))}, stream)
    return stream.getvalue()


@pytest.fixture
def server() -> Iterator[Served]:
    with serving() as served:
        yield served


def publish(server: Served, content: bytes, sha256: str | None = None) -> str:
    prefix = (sha256 or hashlib.sha256(content).hexdigest())[:8]
    server.files[f"/models/net-{prefix}.pth"] = content
    return f"{server.url}/models/net-{prefix}.pth"


def prefix_of(url: str) -> str:
    return url[-12:-4]


def work(token: CancelToken | None = None, caps: DownloadLimits = QUICK) -> Work:
    return Work(token or CancelToken(), download=caps)


def in_store() -> list[str]:
    return sorted(path.name for path in weights_folder().iterdir())


def test_the_right_file_is_fetched_once_and_kept(server: Served) -> None:
    content = content_of(3)
    published = publish(server, content)
    told: list[tuple[int, int | None]] = []
    watched = Work(CancelToken(), lambda done, total=None: told.append((done, total)), download=QUICK)
    found = published_weights(published, watched, consent=True)
    assert found.source_sha256 == hashlib.sha256(content).hexdigest()
    assert found.tensors["features.0.weight"].tolist() == [3.0] * 1000
    assert told[-1] == (len(content), len(content))
    (name,) = in_store()
    assert name.startswith(f"net-{prefix_of(published)}.")
    again = published_weights(published, work(), consent=False)
    assert torch.equal(again.tensors["features.0.weight"], found.tensors["features.0.weight"])
    assert again.source_sha256 == found.source_sha256
    assert len(server.asked) == 1


def test_without_consent_nothing_is_asked_of_any_server(server: Served) -> None:
    published = publish(server, content_of())
    with pytest.raises(ConsentNeededError) as caught:
        published_weights(published, work(), consent=False)
    assert caught.value.url == published
    assert published in caught.value.message
    assert str(weights_folder()) in caught.value.message
    assert server.asked == []
    assert in_store() == []


def test_damage_in_the_store_is_found(server: Served) -> None:
    published = publish(server, content_of())
    folder, wanted, sha256 = weights_folder(), f"net-{prefix_of(published)}", prefix_of(published) + "0" * 56
    with part_file(folder) as part:
        save_file({"a": torch.ones(2)}, part, metadata={SOURCE_KEY: sha256})
        keep(folder, part, wanted, sha256)
    assert published_weights(published, work(), consent=False).source_sha256 == sha256
    (name,) = in_store()
    damaged = bytearray((folder / name).read_bytes())
    damaged[-1] ^= 1
    (folder / name).write_bytes(damaged)
    with pytest.raises(ConsentNeededError):
        published_weights(published, work(), consent=False)


def _wrong_hash(server: Served) -> str:
    return publish(server, content_of(), sha256="0" * 64)


def _truncated(server: Served) -> str:
    content = content_of()
    published = publish(server, content[: len(content) // 2], sha256=hashlib.sha256(content).hexdigest())
    server.stated_length = len(content)
    return published


def _not_there(server: Served) -> str:
    return f"{server.url}/models/net-00000000.pth"


def _hanging(server: Served) -> str:
    server.hang_after = 100
    return publish(server, content_of())


def _too_large(server: Served) -> str:
    return publish(server, bytes(QUICK.bytes + 1))


def _larger_than_it_says(server: Served) -> str:
    published = publish(server, bytes(QUICK.bytes + 1))
    server.stated_length = 1000
    return published


def _claiming_to_be_too_large(server: Served) -> str:
    server.stated_length = QUICK.bytes + 1
    return publish(server, content_of())


def _redirect(server: Served, place: str) -> str:
    server.redirects["/models/net-00000000.pth"] = place
    return _not_there(server)


def _to_another_host(server: Served) -> str:
    return _redirect(server, server.url.replace("127.0.0.1", "localhost") + "/models/other")


def _to_http(server: Served) -> str:
    return _redirect(server, "http://example.com/net-00000000.pth")


def _to_a_file(server: Served) -> str:
    return _redirect(server, "file:///etc/hostname")


def _in_a_circle(server: Served) -> str:
    return _redirect(server, "/models/net-00000000.pth")


def _nobody_there(server: Served) -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    return f"http://127.0.0.1:{port}/net-00000000.pth"


def _no_such_host(server: Served) -> str:
    return "https://weights.invalid/net-00000000.pth"


def _plain_http_elsewhere(server: Served) -> str:
    return "http://example.com/net-00000000.pth"


def _another_scheme(server: Served) -> str:
    return "ftp://127.0.0.1/net-00000000.pth"


def _a_name_in_the_address(server: Served) -> str:
    return "https://somebody:secret@weights.invalid/net-00000000.pth"


FAULTS = [
    (_wrong_hash, "is not the published one"),
    (_truncated, "broke off"),
    (_not_there, "status 404"),
    (_hanging, "broke off|does not answer"),
    (_too_large, "larger than"),
    (_larger_than_it_says, "is not the published one"),
    (_claiming_to_be_too_large, "larger than"),
    (_to_another_host, "sends on to another address"),
    (_to_http, "sends on to another address"),
    (_to_a_file, "sends on to another address"),
    (_in_a_circle, "sends on to another address"),
    (_nobody_there, "can't be reached"),
    (_no_such_host, "can't be reached|secure|status"),
    (_plain_http_elsewhere, "not a safe one"),
    (_another_scheme, "not a safe one"),
    (_a_name_in_the_address, "not a safe one"),
]


@pytest.mark.parametrize(("fault", "words"), FAULTS, ids=[fault.__name__ for fault, _ in FAULTS])
def test_a_download_that_fails_is_one_sentence_and_leaves_nothing(server: Served, fault: object, words: str) -> None:
    assert callable(fault)
    published = fault(server)
    with pytest.raises(WeightsError, match=words) as caught:
        published_weights(published, work(), consent=True)
    assert published in caught.value.message
    assert f"into the folder {weights_folder()}." in caught.value.message
    assert in_store() == []


def test_a_download_can_be_cancelled(server: Served) -> None:
    published = publish(server, content_of(values=200_000))
    token = CancelToken()
    stopping = Work(token, lambda done, total=None: token.cancel(), download=QUICK)
    with pytest.raises(Cancelled):
        published_weights(published, stopping, consent=True)
    assert in_store() == []


def test_a_server_that_drips_is_given_up(server: Served) -> None:
    published = publish(server, content_of())
    with pytest.raises(WeightsError, match="took too long"):
        published_weights(published, work(caps=DownloadLimits(total_s=0.0)), consent=True)


def test_a_file_brought_by_hand_needs_no_network(server: Served) -> None:
    content = content_of(5)
    published = publish(server, content)
    name = f"net-{prefix_of(published)}.pth"
    (weights_folder() / name).write_bytes(content)
    found = published_weights(published, work(), consent=False)
    assert found.tensors["features.0.weight"][0] == 5.0
    assert server.asked == []
    assert (weights_folder() / name).is_file()  # it is the user's


def test_a_damaged_file_brought_by_hand_is_said(server: Served) -> None:
    content = content_of()
    published = publish(server, content)
    (weights_folder() / f"net-{prefix_of(published)}.pth").write_bytes(content[:-1])
    with pytest.raises(WeightsError, match="does not fit its hash"):
        published_weights(published, work(), consent=False)


def test_a_proxy_is_not_asked_for_this_machine(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with pytest.raises(WeightsError, match="status 404"):
        published_weights(_not_there(server), work(), consent=True)
    assert len(server.asked) == 1


def test_an_imported_pth_has_to_fit_the_hash_in_its_name(tmp_path: Path) -> None:
    (tmp_path / "net-0123abcd.pth").write_bytes(content_of())
    with pytest.raises(WeightsError, match="does not fit its hash"):
        imported_weights(tmp_path / "net-0123abcd.pth", work())


def test_a_file_too_large_is_refused_before_it_is_read_whole(tmp_path: Path) -> None:
    small = Work(CancelToken(), limits=WeightsLimits(bytes=1000))
    for name in ("a.pth", "a.safetensors"):
        (tmp_path / name).write_bytes(bytes(1001))
        with pytest.raises(WeightsError, match="larger than"):
            imported_weights(tmp_path / name, small)


def test_an_address_that_states_no_hash_is_not_fetched(server: Served) -> None:
    server.files["/models/net.pth"] = content_of()
    with pytest.raises(WeightsError, match="states no hash"):
        published_weights(f"{server.url}/models/net.pth", work(), consent=True)
    assert server.asked == []


def test_an_administrator_can_turn_downloads_off(
    server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site.json").write_text('{"schema": 1, "downloads": false}', encoding="utf-8")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "site.json"))
    with pytest.raises(WeightsError, match="administrator"):
        download(publish(server, content_of()), tmp_path / "weights.pth", CancelToken(), no_progress)
    assert not (tmp_path / "weights.pth").exists()
    assert server.asked == []
