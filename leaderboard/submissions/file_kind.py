"""Kinds of files that are not plain text, by their first bytes."""

from __future__ import annotations

from typing import Final

_MAGIC: Final = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"\x1f\x8b", "compressed by gzip"),
    (b"BZh", "compressed by bzip2"),
    (b"\xfd7zXZ", "compressed by xz"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd"),
    (b"PAR1", "a Parquet file"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
)
_BOM: Final = b"\xef\xbb\xbf"


def kind_of(start: bytes) -> str | None:
    """Return the kind of a file that is not plain text, by its first bytes; None for plain text."""
    if start.startswith(_BOM):
        return "text with a byte order mark"
    return next((kind for magic, kind in _MAGIC if start.startswith(magic)), None)
