"""Which network, and which weights it starts from: one of four explicit choices, each with what it means."""

from __future__ import annotations

import dataclasses
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFileDialog, QFormLayout, QPushButton

from gui.panels.box import label, set_tone
from gui.theme import CONTROL_HEIGHT_PX
from gui.training_work import Catalogue
from gui.wizard.card import Card
from gui.wizard.elided_box import ElidedBox

if TYPE_CHECKING:
    from inference.bundles.models_dir import Installed
    from training.films.manifest import Manifest
    from training.plan import StartKind, StartPlan, TrainingPlan

DOWNLOADED, FILES, SCRATCH = "downloaded", "imported", "scratch"
SCRATCH_WORDS = (
    "Random weights know nothing of films: they need thousands of them and many epochs, and end worse than weights "
    "that were trained before."
)
DOWNLOAD_WORDS = "Weights trained on photographs, fetched once from {host} and checked by their hash. Nothing is sent."
HEAD_WORDS = {
    False: "What this model knows of films is kept, and its head is learnt anew.",
    True: "It goes on as it is.",
}
NEXT_WORDS = "It takes the place of {model} only if its AUC is not lower on the same kept films."
CONSENT = "Download them if needed"


class StartCard(Card):
    """Backbone and starting weights. `agreed` is True where the user agreed to a download."""

    backbone_chosen = Signal(str)
    start_chosen = Signal(object)  # StartPlan
    agreed_changed = Signal()
    next_version_asked = Signal(bool)  # whether the model is to be the next version of the one it starts from

    def __init__(self) -> None:
        super().__init__("Network")
        self.backbone, self.start = ElidedBox(), ElidedBox()
        self.backbone.setAccessibleName("Backbone")
        self.start.setAccessibleName("Starting weights")
        for box in (self.backbone, self.start):
            box.setMinimumWidth(120)
            box.setMinimumContentsLength(12)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.about = label(tone="secondary", wrap=True)
        self.consent = QCheckBox(CONSENT)
        self.file = QPushButton("Choose the file…")
        self.keep_head, self.next_version = QCheckBox("Keep its head too"), QCheckBox("Make its next version")
        self._models: tuple[Installed, ...] = ()
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(8)
        for words, box in (("Backbone", self.backbone), ("Starts from", self.start)):
            title = label(words, tone="secondary")
            title.setFixedHeight(CONTROL_HEIGHT_PX)
            form.addRow(title, box)
        self.column.addLayout(form)
        for widget in (self.about, self.consent, self.file, self.keep_head, self.next_version):
            self.column.addWidget(widget)
        self.column.addStretch(1)
        self.backbone.activated.connect(lambda _: self.backbone_chosen.emit(self.backbone.currentData()))
        self.start.activated.connect(lambda _: self._choose(self.start.currentData()))
        self.consent.toggled.connect(lambda _: self.agreed_changed.emit())
        self.keep_head.clicked.connect(lambda kept: self._choose(self.start.currentData(), with_head=kept))
        self.next_version.clicked.connect(self.next_version_asked)
        self.file.clicked.connect(self._ask_for_files)

    def show_catalogue(self, catalogue: Catalogue) -> None:
        from inference.networks.backbones import BACKBONES

        self._models = catalogue.models
        self.backbone.clear()
        for name, spec in BACKBONES.items():
            self.backbone.addItem(spec.title, name)

    def show_plan(self, plan: TrainingPlan) -> None:
        """The network of a plan, and what can be chosen for it."""
        from inference.networks.backbones import BACKBONES
        from training.choose import next_version_of

        network = plan.network
        self.backbone.setCurrentIndex(self.backbone.findData(network.backbone))
        spec = BACKBONES.get(network.backbone)
        self.start.clear()
        for model in self._models:
            if model.card.backbone == network.backbone:
                self.start.addItem(f"Model {model.id}", model.id)
        if spec is not None and all(part.published is not None for part in spec.parts):
            self.start.addItem("Published weights", DOWNLOADED)
        self.start.addItem("A file of mine", FILES)
        self.start.addItem("From scratch", SCRATCH)
        chosen = self._row_of(network.start)
        self.start.setCurrentIndex(self.start.findData(chosen))
        self.consent.setVisible(chosen == DOWNLOADED)
        self.file.setVisible(chosen == FILES)
        goes_on = network.start.kind == "bundle" and self.start.currentIndex() >= 0
        for box in (self.keep_head, self.next_version):
            box.setVisible(goes_on)
        self.keep_head.setEnabled(network.mode != "quick")
        self.keep_head.setToolTip("Quick training fits its head anew" if network.mode == "quick" else "")
        self.keep_head.setChecked(network.start.with_head)
        self.next_version.setChecked(next_version_of(plan, self._models) is not None)
        set_tone(self.about, "amber" if chosen == SCRATCH else "secondary")
        self.about.setText(escape(self._words(plan, chosen)))

    @property
    def agreed(self) -> bool:
        return not self.consent.isHidden() and self.consent.isChecked()

    def missing(self, plan: TrainingPlan, manifest: Manifest) -> str:
        """What still has to be said of the starting weights of a run on these films, in a sentence; '' for nothing."""
        from training.choose import fits_head, started_from

        start = plan.network.start
        if start.kind == "downloaded" and not self.agreed:
            return "Agree to the download of the starting weights, or start from something else."
        if start.kind == "imported" and not start.files:
            return "Choose the file of the starting weights."
        if start.kind == "bundle" and self.start.currentIndex() < 0:
            return f"The model {start.bundle} has another backbone, or is not installed: choose what to start from."
        model = started_from(start, self._models)
        if start.with_head and model is not None and not fits_head(model.card, plan, manifest):
            labels = ", ".join(model.card.labels)
            return (
                f"The head of {model.id} tells {labels} apart, and these films are labelled otherwise: learn it anew."
            )
        return ""

    def _row_of(self, start: StartPlan) -> str:
        if start.kind != "bundle":
            return start.kind
        here = (self.start.itemData(row) for row in range(self.start.count()))
        return next((model for model in here if start.bundle in (model, model.partition("@")[0])), start.bundle)

    def _words(self, plan: TrainingPlan, chosen: str) -> str:
        from inference.networks.backbones import BACKBONES

        match chosen:
            case "scratch":
                return SCRATCH_WORDS
            case "imported":
                names = ", ".join(Path(name).name for name in plan.network.start.files)
                return names or "A .safetensors or .pth file of this backbone."
            case "downloaded":
                spec = BACKBONES[plan.network.backbone]
                hosts = {part.published.url.split("/")[2] for part in spec.parts if part.published is not None}
                return DOWNLOAD_WORDS.format(host=" and ".join(sorted(hosts)))
            case _:
                from training.choose import next_version_of

                old = next_version_of(plan, self._models)
                then = [NEXT_WORDS.format(model=old.id)] if old is not None else []
                return " ".join([HEAD_WORDS[plan.network.start.with_head], *then])

    def _choose(self, chosen: str, *, with_head: bool = False) -> None:
        from training.plan import StartKind, StartPlan

        if chosen in get_args(StartKind):
            self.start_chosen.emit(StartPlan(cast("StartKind", chosen)))
        else:
            self.start_chosen.emit(StartPlan("bundle", chosen, with_head=with_head))

    def _ask_for_files(self) -> None:
        from training.plan import StartPlan

        names, _ = QFileDialog.getOpenFileNames(self, "Starting weights", filter="Weights (*.safetensors *.pth *.pt)")
        if names:
            self.start_chosen.emit(dataclasses.replace(StartPlan("imported"), files=tuple(names)))
