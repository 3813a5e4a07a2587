"""Words for a log without anything that may name a patient or a place.

What the program logs is chosen word by word; but the details of an error may quote what the system or a library said of
a file. This is the net below: every line of the log goes through it (`imaging.log_files`), and every line of a log once
more before it goes to support (`inference.support_bundle`).
"""

from __future__ import annotations

import re

HIDDEN = "…"
# Patterns as text: they are compiled when the first line is logged, not on the way to the first window.
_LOG_LINE = r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ [\w.]+: )(.*)"
_FRAME = r'\s*File "(?:[^"]*[\\/])?([\w.]+\.py)", line (\d+),? in ([\w<>]+)'
_OURS = r"\s*[\w.]+\.py:\d+ in [\w<>]+"  # a frame that went through here before
_PLAIN = r"(Fatal Python error: [\w ]+|(Current t|T)hread 0x[0-9a-f]+ .*:|Windows fatal exception: [\w ]+)"
_SECRETS = (
    r"“[^”]*”?|\"[^\"]*\"?|(?:\bb|(?<!\w))'[^']*'",  # whatever is quoted; not what stands between two apostrophes
    r"(?:[A-Za-z]:)?[^\s]*[\\/].*",  # a path may hold blanks: nothing behind its beginning stays
    r"\S*\^\S*",  # a DICOM name
    r"\S*\d+(?:\.\d+){3,}\S*",  # a UID
    r"\S*\d{5,}\S*",  # a patient's number, a date
    r"(?i)\S+\.(?:dcm|dicom|png|jpe?g|tiff?|zip|csv|json|txt|onnx|safetensors)\b",
)
_SIGNS = frozenset("“\"'\\/^.")  # without one of them, or five digits, there is none of the secrets
# Of the standard itself: how a picture is packed, and of what kind it is.
_STANDARD = r"\W*1\.2\.840\.10008(?:\.\d{1,3})+\W*"


def scrubbed(line: str) -> str:
    """A line of a log without anything that may name a patient or a place; '' for a line of no known shape."""
    logged = re.fullmatch(_LOG_LINE, line)
    if logged:
        return logged[1] + scrubbed_words(logged[2])
    frame = re.match(_FRAME, line)
    if frame:
        return f"  {frame[1]}:{frame[2]} in {frame[3]}"
    if re.fullmatch(_OURS, line):
        return line
    plain = re.match(_PLAIN, line)
    return scrubbed_words(plain[0]) if plain else ""


def scrubbed_words(text: str) -> str:
    """A sentence without quotations, paths, DICOM names, UIDs, long numbers and names of files."""
    if not _SIGNS & set(text) and sum(map(str.isdigit, text)) < 5:
        return text  # nothing to look for: compiling the patterns takes as long as showing a film
    for secret in _SECRETS:
        text = re.sub(secret, _hidden, text)
    return text


def _hidden(found: re.Match[str]) -> str:
    return found[0] if re.fullmatch(_STANDARD, found[0]) else HIDDEN
