"""The text of a card: canonical JSON with a hash of its own. Cards of earlier schemas are migrated on reading."""

from __future__ import annotations

import functools
import hashlib
import json
from typing import Any

from inference.bundles.card import BundleError, ModelCard
from inference.bundles.card_check import check_card
from inference.networks.head_spec import HeadSpec
from inference.scoring.records import RecordError, from_json, to_json

SCHEMA = 2
CARD_HASH = "card_sha256"


def card_text(card: ModelCard) -> str:
    """The card as it is stored: canonical JSON, with the sha256 of that same text without the hash."""
    body = to_json(card)
    return _canonical(body | {CARD_HASH: _hash(_canonical(body))})


@functools.lru_cache(maxsize=64)
def parse_card(content: bytes) -> ModelCard:
    """The card held by a `card.json`. Raises BundleError in one sentence; a single changed byte is found.

    Kept by content: whoever looks for a model reads all cards, and that is among what the first film waits for.
    """
    try:
        text = content.decode("utf-8")
        body = json.loads(text)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise BundleError("The model card is damaged.", detail=str(error)) from error
    if not isinstance(body, dict) or not isinstance(body.get("schema"), int):
        raise BundleError("The model card is damaged.", detail="no schema number")
    if body["schema"] > SCHEMA:
        raise BundleError("The model was made by a newer Negatoscope; update the program to use it.")
    if not _is_unchanged(text, body):
        raise BundleError("The model card was changed after it was written.")
    del body[CARD_HASH]
    try:
        card = from_json(ModelCard, _migrated(body))
    except RecordError as error:
        raise BundleError("The model card does not fit its schema.", detail=str(error)) from error
    check_card(card)
    return card


def may_be_named(content: bytes, name: str) -> bool:
    """Whether the card held by a `card.json`, if it is whole, bears this name: told by its line, without parsing."""
    return f'\n "name": {json.dumps(name, ensure_ascii=False)},\n'.encode(errors="replace") in content


def _migrated(body: dict[str, Any]) -> dict[str, Any]:
    """A card's body in the present schema. Schema 1 knew linear heads and Platt calibration only, and no optional file.

    Whatever else does not fit is left as it is, for the reader of records to name.
    """
    if body["schema"] != 1:
        return body
    start, calibration = body.pop("pretrained", None), body.get("calibration")
    if isinstance(start, str):
        body["start"] = {
            "kind": "scratch" if start.startswith("none") else "imported",
            "described": start,
            "sha256": "",
        }
    if isinstance(calibration, dict):
        body["calibration"] = {
            label: item | {"curve": []} if isinstance(item, dict) else item for label, item in calibration.items()
        }
    if body.get("head") == "linear":
        body["head"] = to_json(HeadSpec())
    return body | {"quantised": None, "schema": SCHEMA}


def _canonical(body: dict[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False) + "\n"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _is_unchanged(text: str, body: dict[str, Any]) -> bool:
    """Whether a card's text is the canonical one of its body, with the hash of the rest in a line of its own.

    Survives only what JSON can hold; NaN in a hostile card is refused as damage.
    """
    stated = body.get(CARD_HASH)
    try:
        if text != _canonical(body):
            return False
    except (ValueError, RecursionError) as error:
        raise BundleError("The model card is damaged.", detail=str(error)) from error
    return stated == _hash(text.replace(f'\n "{CARD_HASH}": "{stated}",\n', "\n", 1))
