from __future__ import annotations

import dataclasses
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from imaging.paths import resource_path
from inference.bundles.bundle import CARD, ModelBundle
from inference.bundles.card import BundleError, Calibration, CurvePoint, ModelCard, OperatingRow, StartRecord
from inference.bundles.card_check import check_card
from inference.bundles.card_text import card_text, parse_card
from inference.networks.head_spec import HeadSpec
from inference.scoring.preprocess import PreprocessSpec
from tests.bundles import card_of, multi_label_card


def test_a_card_survives_its_text() -> None:
    for card in (card_of(), multi_label_card()):
        assert parse_card(card_text(card).encode()) == card


def test_written_cards_fit_the_schema(bundle: ModelBundle, multi_bundle: ModelBundle) -> None:
    schema = json.loads(resource_path("schemas", "card.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    for written in (bundle, multi_bundle):
        validator.validate(json.loads((written.location / CARD).read_bytes()))


def test_the_schema_refuses_what_the_loader_refuses() -> None:
    schema = json.loads(resource_path("schemas", "card.schema.json").read_text(encoding="utf-8"))
    body = json.loads(card_text(card_of(files={})))
    assert not jsonschema.Draft202012Validator(schema).is_valid(body)


def test_a_card_of_schema_1_is_migrated() -> None:
    """The card of a model that was written before heads, curves and optional files, byte by byte as it was."""
    card = parse_card((Path(__file__).parent / "card_schema_1.json").read_bytes())
    assert card.schema == 2
    assert card.start == StartRecord("scratch", "none: trained from scratch")
    assert card.head == HeadSpec()
    assert (card.gate, card.reference, card.quantised) == (None, None, None)
    assert card.calibration["OPACITY"].curve == ()
    assert parse_card(card_text(card).encode()) == card


@pytest.mark.parametrize("field", ["head", "pretrained", "calibration"])
def test_a_card_of_schema_1_that_does_not_fit_it_is_refused(field: str) -> None:
    body = json.loads((Path(__file__).parent / "card_schema_1.json").read_bytes())
    for key in ("card_sha256", field):
        body.pop(key)
    text = _canonical(body)
    with pytest.raises(BundleError, match="does not fit its schema"):
        parse_card(_canonical(json.loads(text) | {"card_sha256": sha256(text.encode()).hexdigest()}).encode())


def _canonical(body: dict[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, sort_keys=True, indent=1) + "\n"


def test_every_changed_byte_is_found() -> None:
    text = card_text(card_of()).encode()
    for position in range(0, len(text), 7):
        changed = bytearray(text)
        changed[position] ^= 1
        with pytest.raises(BundleError):
            parse_card(bytes(changed))


def test_a_newer_schema_asks_for_an_update() -> None:
    body = json.loads(card_text(card_of()))
    with pytest.raises(BundleError, match="newer Negatoscope"):
        parse_card(json.dumps(body | {"schema": 3, "future": True}).encode())


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"[]", b"{}", b'{"schema": true}', b'{"schema": 1}', b"[" * 100_000, b'{"schema": 1, "x": NaN}'],
)
def test_damage_is_one_sentence(content: bytes) -> None:
    with pytest.raises(BundleError) as caught:
        parse_card(content)
    assert caught.value.message.endswith(".")
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"name": "Trial One"}, "its name is not made of small letters"),
        ({"name": "../trial"}, "its name is not made of small letters"),
        ({"version": 0}, "its version is below 1"),
        ({"backbone": "unheard_of"}, "no such backbone"),
        ({"labels": ("NORMAL", "NORMAL")}, "its labels repeat"),
        ({"labels": ("NORMAL", "OPACITY", "MASS")}, "one logit needs a normal label and one finding"),
        ({"labels": ("NORMAL",)}, "hold no finding"),
        ({"labels": ("NORMAL", "")}, "a label is empty"),
        ({"labels": ("NORMAL", "M" * 65)}, "a label is empty or too long"),
        ({"normal_label": "HEALTHY"}, "its normal label is none of its labels"),
        ({"normal_label": None}, "one logit needs a normal label and one finding"),
        ({"activation": "softmax", "labels": ("OPACITY",), "normal_label": None}, "a softmax needs two labels"),
        ({"calibration": {}}, "its calibration does not name its findings"),
        ({"calibration": {"OPACITY": Calibration(0.0)}}, "a temperature is not above zero"),
        ({"calibration": {"OPACITY": Calibration(curve=(CurvePoint(1, 0.5), CurvePoint(0, 0.6)))}}, "does not rise"),
        ({"calibration": {"OPACITY": Calibration(curve=(CurvePoint(0, 0.5),))}}, "does not rise"),
        ({"calibration": {"OPACITY": Calibration(curve=(CurvePoint(0, 0.5), CurvePoint(1, 0.4)))}}, "does not rise"),
        ({"calibration": {"OPACITY": Calibration(curve=(CurvePoint(0, 0.5), CurvePoint(1, 1.1)))}}, "does not rise"),
        ({"head": HeadSpec((0,))}, "its head is none"),
        ({"head": HeadSpec(dropout=1.0)}, "its head is none"),
        ({"operating": {"MASS": card_of().operating["OPACITY"]}}, "its operating points do not name its findings"),
        ({"heat_scale": {"OPACITY": 0.0}}, "a heat scale is not above zero"),
        ({"heat_scale": {"OPACITY": 1.0, "NORMAL": 1.0}}, "its heat scales do not name its findings"),
        ({"metrics": {"NORMAL": {}}}, "its metrics name other labels"),
        ({"preprocess": PreprocessSpec(size_px=4, mean=(0.5,), std=(0.25,))}, "does not suit its backbone"),
        ({"preprocess": PreprocessSpec(size_px=4096, mean=(0.5,), std=(0.25,))}, "does not suit its backbone"),
        ({"preprocess": PreprocessSpec(size_px=64, mean=(0.5,), std=(0.0,))}, "its normalisation is not above zero"),
        ({"preprocess": PreprocessSpec(size_px=64)}, "does not suit its backbone"),
        ({"files": {"graph.onnx": "abc"}}, "a hash of its files is none"),
    ],
)
def test_a_card_that_contradicts_itself_is_refused_for_that(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BundleError, match=complaint):
        check_card(card_of(**changes))


@pytest.mark.parametrize(
    "rows",
    [
        (OperatingRow(0.5, 10, 1), OperatingRow(0.4, 9, 1)),
        (OperatingRow(0.4, 9, 1), OperatingRow(0.5, 10, 1)),
        (OperatingRow(0.4, 9, 1), OperatingRow(0.5, 9, 2)),
        (OperatingRow(0.4, 21, 1),),
        (OperatingRow(0.4, 1, 31),),
        (OperatingRow(1.4, 1, 1),),
    ],
)
def test_counts_that_can_not_be_are_refused(rows: tuple[OperatingRow, ...]) -> None:
    points = dataclasses.replace(card_of().operating["OPACITY"], rows=rows)
    with pytest.raises(BundleError, match="OPACITY"):
        check_card(card_of(operating={"OPACITY": points}))


def test_findings_and_logits_follow_from_the_labels() -> None:
    def seen(card: ModelCard) -> tuple[tuple[str, ...], int]:
        return card.findings, card.outputs

    assert seen(card_of()) == (("OPACITY",), 1)
    assert seen(card_of(activation="softmax")) == (("OPACITY",), 2)
    assert seen(multi_label_card()) == (("EFFUSION", "MASS", "NODULE"), 3)
