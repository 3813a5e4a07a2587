"""Compressed bytes read as if they were plain, as far as anybody reads, and never beyond a bound."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING, BinaryIO

from imaging.read import refuse

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

RAW = -zlib.MAX_WBITS  # deflate as ZIP members and deflated DICOM files have it
GZIP = zlib.MAX_WBITS | 16
_CHUNK = 1 << 16


class Inflated(io.BufferedIOBase):
    """A seekable view of deflated bytes. What was inflated once is kept, so that reading back costs nothing.

    `source` stands at the first packed byte and is not closed with this; `packed_bytes` is how many there are, None
    for all that follow. `wbits` is RAW, GZIP, or None for bytes that are merely stored. A source that ends early gives
    what it holds, and `is_cut` says so. Reading raises FilmError: TOO_LARGE beyond `most_bytes`, CORRUPT for damaged
    data or, once the end is reached, for a sum (CRC-32) other than `crc`. Raises OSError of the source.
    """

    def __init__(
        self, source: BinaryIO, *, wbits: int | None, most_bytes: int, packed_bytes: int | None = None, crc: int = -1
    ) -> None:
        self._source = source
        self._left = packed_bytes
        self._wbits = wbits
        self._inflater = None if wbits is None else zlib.decompressobj(wbits)
        self._waiting = b""  # packed bytes that were read and are not inflated yet
        self._most_bytes = most_bytes
        self._crc, self._wanted_crc = 0, crc
        self._held = io.BytesIO()
        self._ended = False
        self.is_cut = False

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._held.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END:
            self._inflate_up_to(None)
            return self._held.seek(offset, io.SEEK_END)
        return self._held.seek(offset, whence)

    def read(self, size: int | None = -1) -> bytes:
        position = self._held.tell()
        self._inflate_up_to(None if size is None or size < 0 else position + size)
        return self._held.read(size)

    def read1(self, size: int = -1) -> bytes:
        return self.read(_CHUNK if size < 0 else size)

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def _inflate_up_to(self, end: int | None) -> None:
        """Inflate until `end` bytes are held, or to the end of the data; the position stays."""
        position = self._held.tell()
        held = self._held.seek(0, io.SEEK_END)
        while not self._ended and (end is None or held < end):
            held += self._held.write(self._next())
            if held > self._most_bytes:
                raise refuse.needs_too_much_memory("inflated beyond the bound")
        self._held.seek(position)

    def _next(self) -> bytes:
        """Another piece of plain bytes; notes when the data are at their end."""
        packed = self._waiting or self._from_source()
        self._waiting = b""
        piece = packed if self._inflater is None else self._inflated(self._inflater, packed)
        self._crc = zlib.crc32(piece, self._crc)
        if not packed and not self._ended:
            self._ended = True
            self.is_cut = self._inflater is not None or bool(self._left)
        if self._ended and not self.is_cut and self._wanted_crc not in (-1, self._crc):
            raise refuse.corrupt("the archive's sum is another one")
        return piece

    def _from_source(self) -> bytes:
        packed = self._source.read(_CHUNK if self._left is None else min(_CHUNK, self._left))
        if self._left is not None:
            self._left -= len(packed)
        return packed

    def _inflated(self, inflater: zlib._Decompress, packed: bytes) -> bytes:
        try:
            piece = inflater.decompress(packed, 16 * _CHUNK)
        except zlib.error as error:
            raise refuse.corrupt("deflated data") from error
        self._waiting = inflater.unconsumed_tail
        if inflater.eof:
            rest = inflater.unused_data
            if self._wbits == GZIP and rest.startswith(b"\x1f\x8b"):  # gzip files may be several, one behind the other
                self._waiting, self._inflater = rest, zlib.decompressobj(GZIP)
            else:
                self._ended = True
        return piece
