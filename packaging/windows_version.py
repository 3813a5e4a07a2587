"""What Windows shows of an executable under 'Details'."""

from __future__ import annotations

from flavours import VERSION

_TEXT = """VSVersionInfo(
  ffi=FixedFileInfo(filevers={numbers}, prodvers={numbers}, mask=0x3F, flags=0, OS=0x40004, fileType=1, subtype=0),
  kids=[
    StringFileInfo([StringTable("040904B0", [
      StringStruct("FileDescription", "Negatoscope, a viewer for chest radiographs"),
      StringStruct("FileVersion", "{version}"),
      StringStruct("ProductName", "Negatoscope"),
      StringStruct("ProductVersion", "{version}"),
      StringStruct("LegalCopyright", "Apache License 2.0"),
      StringStruct("Comments", "Research use, not a medical device."),
    ])]),
    VarFileInfo([VarStruct("Translation", [0x409, 1200])]),
  ],
)
"""


def version_text(version: str = VERSION) -> str:
    """The version resource in the words that PyInstaller reads; Windows wants four numbers."""
    numbers = [int(part) for part in version.split(".")]
    return _TEXT.format(numbers=tuple([*numbers, 0, 0, 0, 0][:4]), version=version)
