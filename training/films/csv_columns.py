"""What the columns of a CSV of labelled films say, told by their names: those of several public collections are known.

Signs and spaces in a name count for nothing: `patient_id`, `PatientID` and `Patient ID` are one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from training.films.data_error import DataError, shown

# Of each role the names in tiers: a column of an earlier tier is taken before one of a later tier.
_TIERS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "path": (
        *(("path",), ("filepath",), ("imagepath",), ("imgpath",), ("dicompath",), ("filename",), ("file",)),
        *(("imagename",), ("imagefile",), ("imgname",), ("xrayimagename",), ("image",), ("img",)),
        *(("imageindex",), ("imageid",), ("dicomid",), ("id",)),
    ),
    "labels": (
        ("labels", "label", "findinglabels", "findinglabel"),
        ("class", "classes", "classname", "target", "diagnosis", "finding", "findings", "category"),
    ),
    "patient": (("patient", "patientid"), ("subjectid",), ("subject",), ("pid",)),
    "split": (("split",), ("part",), ("partition",), ("subset",), ("datasettype",), ("phase",)),
    "sex": (("sex",), ("gender",), ("patientsex",), ("patientgender",)),
    "age": (("age",), ("patientage",)),
    "view": (("view",), ("viewposition",), ("projection",), ("appa",), ("frontallateral",)),
    "source": (("source",), ("institution",), ("hospital",), ("site",)),
}
_MOST_NAMED = 6
# Columns of 0 and 1 that are no findings.
_NO_FINDINGS = frozenset({"", "id", "index", "unnamed0", "fold", "followup", "portable", "train", "val", "test"})
_MARKED, _NOT_MARKED, _UNCERTAIN = (
    frozenset({"1", "1.0", "true", "yes"}),
    frozenset({"", "0", "0.0", "false", "no"}),
    frozenset({"-1", "-1.0"}),
)


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each role stands in a row. `findings` are name and place of columns that mark one finding each; they are
    there only where no column holds labels.
    """

    roles: Mapping[str, int]
    findings: tuple[tuple[str, int], ...] = ()

    @property
    def needed(self) -> int:
        """The cells that every row must have."""
        places = [place for role, place in self.roles.items() if role in ("path", "labels", "patient")]
        return 1 + max([*places, *(place for _, place in self.findings)])


def columns_of(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Columns:
    """The columns of a file, by their names and, for findings that have a column each, by what stands in them. Raises
    DataError.
    """
    names = [_bare(cell) for cell in header]
    roles = {role: place for role in _TIERS if (place := _place_of(role, names)) is not None}
    if "path" not in roles and "patientid" in names:
        roles["path"] = names.index("patientid")  # files that are called after their patients, as in RSNA's list
    findings: tuple[tuple[str, int], ...] = ()
    if "labels" not in roles:
        free = [place for place, name in enumerate(names) if place not in roles.values() and name not in _NO_FINDINGS]
        findings = tuple((header[place].strip(), place) for place in free if _marks(place, rows))
    if "path" not in roles or ("labels" not in roles and not findings):
        raise DataError(
            "The CSV file needs one column “path” and one column “label” or “labels”, or columns of 0 and 1 that are "
            f"called after the findings{_said_of(header)}."
        )
    return Columns(roles, findings)


def marked(cell: str) -> bool | None:
    """Whether a cell of a finding's column says that the film has it; None where it says that this is uncertain."""
    word = cell.strip().casefold()
    return None if word in _UNCERTAIN else word in _MARKED


def _said_of(header: Sequence[str]) -> str:
    named = [shown(cell.strip()) for cell in header if cell.strip()]
    more = ", …" if len(named) > _MOST_NAMED else ""
    return f"; it has {', '.join(named[:_MOST_NAMED])}{more}" if named else ""


def _marks(place: int, rows: Sequence[Sequence[str]]) -> bool:
    """Whether a column says of every film whether it has something, and of some that they do."""
    words = {row[place].strip().casefold() for row in rows if place < len(row)}
    return bool(words & _MARKED) and words <= _MARKED | _NOT_MARKED | _UNCERTAIN


def _place_of(role: str, names: Sequence[str]) -> int | None:
    for tier in _TIERS[role]:
        places = [place for place, name in enumerate(names) if name in tier]
        if len(places) > 1 and role in ("path", "labels"):
            raise DataError("The CSV file needs one column “path” and one column “label” or “labels”, not several.")
        if len(places) > 1:
            raise DataError(f"The CSV file has more than one column “{role}”.")
        if places:
            return places[0]
    return None


def _bare(cell: str) -> str:
    return re.sub(r"[\W_]+", "", cell.casefold())
