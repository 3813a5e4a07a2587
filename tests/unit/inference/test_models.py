from __future__ import annotations

import argparse
import io
import json
import os
import shutil
from pathlib import Path

import jsonschema
import pytest

from imaging.paths import DATA_VARIABLE, resource_path
from imaging.site import VARIABLE
from inference import doctor, models_command
from inference.bundles.bundle import ModelBundle, export_zip
from inference.bundles.card import BundleError
from inference.bundles.card_text import parse_card
from inference.bundles.models_dir import Installed, Unusable, find, installed, model_folders, survey, user_models_folder
from tests.bundles import card_of, write_trial_bundle
from tests.commands import Said, commanded


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Bundled models: trial@2; a user's: trial@10, another trial@2, a damaged one and a half-written one."""
    bundled, own = tmp_path_factory.mktemp("bundled"), tmp_path_factory.mktemp("own")
    write_trial_bundle(bundled / "trial@2", card_of(version=2, title="Bundled"))
    write_trial_bundle(own / "trial@10", card_of(version=10))
    write_trial_bundle(own / "impostor", card_of(version=2, title="Impostor"), seed=2)
    (own / "damaged").mkdir()
    shutil.copytree(own / "trial@10", own / ".trial@11.tmp")
    (own / "readme.txt").touch()
    return bundled, own


def test_a_name_means_its_newest_version(folders: tuple[Path, Path]) -> None:
    assert find("trial", folders).id == "trial@10"
    assert find("trial@2", folders).id == "trial@2"


def test_a_name_is_found_without_reading_the_cards_of_others(folders: tuple[Path, Path], tmp_path: Path) -> None:
    for number in range(3):
        write_trial_bundle(tmp_path / f"other@{number}", card_of(name=f"other{number}"))
    parse_card.cache_clear()
    assert find("trial@2", (*folders, tmp_path)).id == "trial@2"
    assert parse_card.cache_info().misses == 3  # trial@10, trial@2, and the impostor


def test_a_user_can_not_replace_a_bundled_model(folders: tuple[Path, Path]) -> None:
    assert find("trial@2", folders).card.title == "Bundled"


def test_a_path_names_a_bundle_too(folders: tuple[Path, Path], tmp_path: Path) -> None:
    export_zip(find("trial", folders), tmp_path / "trial.zip")
    assert find(str(tmp_path / "trial.zip"), folders).id == "trial@10"
    assert find(str(folders[1] / "impostor"), folders).card.title == "Impostor"


def test_what_is_not_there_is_said_with_what_is(folders: tuple[Path, Path]) -> None:
    for name in ("unheard-of", "trial@3", "trial@", "../trial", ""):
        with pytest.raises(BundleError, match="installed: trial@10, trial@2"):
            find(name, folders)


def test_every_folder_is_accounted_for(folders: tuple[Path, Path]) -> None:
    found = survey(folders)
    assert [item.id for item in found if isinstance(item, Installed)] == ["trial@10", "trial@2"]
    assert [item.location.name for item in found if isinstance(item, Unusable)] == ["damaged"]
    assert [item.id for item in installed(folders)] == ["trial@10", "trial@2"]
    assert survey([folders[0] / "missing"]) == ()


def ordered(*arguments: str) -> Said:
    return commanded(models_command, *arguments)


def test_a_bundle_goes_round_by_the_command(bundle: ModelBundle, tmp_path: Path) -> None:
    archive = str(tmp_path / "trial.zip")
    assert ordered("export", str(bundle.location), archive)[0] == 0
    status, said, _ = ordered("import", archive)
    assert (status, user_models_folder().joinpath("trial@1").is_dir()) == (0, True)
    assert "trial@1 is installed" in said
    assert "trial@1\tTrial\tOPACITY\t" in ordered("list")[1]
    assert "not checked at your site" in ordered("show", "trial")[1]
    assert json.loads(ordered("show", "trial", "--json")[1])["name"] == "trial"
    assert "trial@1 is whole" in ordered("verify", "trial")[1]
    assert ordered("verify", archive)[0] == 0


def test_a_damaged_bundle_is_refused_by_every_verb(bundle: ModelBundle, tmp_path: Path) -> None:
    damaged = Path(shutil.copytree(bundle.location, tmp_path / "damaged"))
    (damaged / "graph.onnx").write_bytes(b"x")
    for arguments in (["import"], ["verify"], ["show"], ["export"]):
        rest = [str(tmp_path / "out.zip")] if arguments == ["export"] else []
        status, said, complaint = ordered(*arguments, str(damaged), *rest)
        assert (status, said) == (3, "")
        assert complaint == "The model's file graph.onnx was changed after it was written.\n"
    assert not user_models_folder().exists()


def test_damaged_models_are_listed(bundle: ModelBundle) -> None:
    damaged = Path(shutil.copytree(bundle.location, user_models_folder() / "trial@1"))
    (damaged / "card.json").write_text("{}")
    assert "can't be used: The model card is damaged." in ordered("list")[1]


def test_a_place_that_can_not_be_written_is_said(bundle: ModelBundle, tmp_path: Path) -> None:
    status, _, complaint = ordered("export", str(bundle.location), str(tmp_path / "missing" / "trial.zip"))
    assert status == 2
    assert complaint.startswith("The model can't be written")


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no device that is always full here")
def test_a_device_is_written_to_and_not_replaced(bundle: ModelBundle, tmp_path: Path) -> None:
    (tmp_path / "full").symlink_to("/dev/full")
    for place in (tmp_path / "full", Path("/dev/full")):
        status, _, complaint = ordered("export", str(bundle.location), str(place))
        assert (status, complaint) == (2, "The model can't be written: No space left on device.\n")
        assert place.is_char_device()


@pytest.mark.parametrize(
    "words", [("show", "nope"), ("show", "n" * 300), ("verify", "nope"), ("export", "nope", "nope.zip")]
)
def test_a_name_that_no_model_has_is_a_mistake_in_the_command(words: tuple[str, ...]) -> None:
    status, _, complaint = ordered(*words)
    assert status == 2
    assert "There is no model" in complaint


@pytest.mark.skipif(os.name == "nt", reason="no such rights there")
def test_an_exported_model_can_be_read_by_others(bundle: ModelBundle, tmp_path: Path) -> None:
    (tmp_path / "new").touch()
    assert ordered("export", str(bundle.location), str(tmp_path / "trial.zip"))[0] == 0
    assert (tmp_path / "trial.zip").stat().st_mode == (tmp_path / "new").stat().st_mode
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "trial.zip"]


def test_a_model_of_the_programs_own_is_not_imported_beside_it(tmp_path: Path) -> None:
    """It would never be used: the program's own comes first."""
    assert ordered("export", "practice", str(tmp_path / "same.zip"))[0] == 0
    assert ordered("import", str(tmp_path / "same.zip"))[:2] == (0, "practice@1 comes with the program already\n")
    write_trial_bundle(tmp_path / "other", card_of(name="practice", version=1))
    status, _, complaint = ordered("import", str(tmp_path / "other"))
    assert status == 3
    assert "raise the version" in complaint
    assert not user_models_folder().exists()


@pytest.fixture
def no_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data folder that can't be made: a file stands where it would go."""
    (tmp_path / "file").touch()
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "file" / "data"))


@pytest.mark.usefixtures("no_data_folder")
def test_bundled_models_need_no_data_folder() -> None:
    assert model_folders() == (resource_path("models"),)
    assert ordered("list")[0] == 0


@pytest.mark.usefixtures("no_data_folder")
def test_a_model_is_not_imported_without_a_data_folder(bundle: ModelBundle) -> None:
    status, said, complaint = ordered("import", str(bundle.location))
    assert (status, said) == (2, "")
    assert complaint.startswith("The model can't be written")


def test_a_folder_of_models_that_can_not_be_listed_is_said(tmp_path: Path) -> None:
    (tmp_path / "models").touch()
    (found,) = survey([tmp_path / "models"])
    assert isinstance(found, Unusable)
    assert found.reason == "This folder of models can't be read."


def test_the_doctor_reports_by_its_schema(bundle: ModelBundle) -> None:
    shutil.copytree(bundle.location, user_models_folder() / "trial@1")
    status, said, _ = commanded(doctor, "--json")
    report = json.loads(said)
    schema = json.loads(resource_path("schemas", "doctor.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(report)
    assert status == 0
    assert {"trial@1"} <= {model["id"] for model in report["models"] if not model["problem"]}
    assert report["engine"] in ("onnx-cpu", "torch-cuda", "torch-mps")
    assert report["libraries"]["onnxruntime"]
    assert report["omp_wait_policy"] == os.environ.get("OMP_WAIT_POLICY", "")


def test_the_doctor_finds_a_damaged_model(bundle: ModelBundle) -> None:
    damaged = Path(shutil.copytree(bundle.location, user_models_folder() / "trial@1"))
    (damaged / "weights.safetensors").write_bytes(b"x")
    status, said, _ = commanded(doctor)
    assert status == 3
    assert "model trial@1: The model's file weights.safetensors was changed after it was written." in said


@pytest.mark.usefixtures("no_data_folder")
def test_the_doctor_says_that_the_data_folder_can_not_be_made() -> None:
    status, said, _ = commanded(doctor, "--json")
    assert status == 3
    assert json.loads(said)["folder_problem"] == "Not a directory"


def test_a_site_shares_its_models(
    folders: tuple[Path, Path], user_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, own = folders
    (tmp_path / "site.json").write_text(json.dumps({"schema": 1, "models_folder": str(own)}), encoding="utf-8")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "site.json"))
    assert model_folders() == (resource_path("models"), own, user_data / "models")
    assert find("trial").location == own / "trial@10"
    assert f"site: {tmp_path / 'site.json'}: 0 settings, locked: none" in doctor_words()


def doctor_words() -> str:
    out = io.StringIO()
    doctor.run(argparse.Namespace(json=False, bundle=None), out, io.StringIO())
    return out.getvalue()
