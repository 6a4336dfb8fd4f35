"""List the members of an archive, or stream one of them.

Arguments: `list PATH MOST_MEMBERS` prints one JSON object a line; `read PATH NUMBER` prints the
member's bytes. Exit status 3: no archive of a known form, 4: encrypted, 5: damaged, 6: unknown
method of compression, 7: more members than are wanted.
"""

import json
import lzma
import shutil
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

UNKNOWN, LOCKED, DAMAGED, METHOD, MANY = 3, 4, 5, 6, 7
READ_BYTES = 1 << 18
NAME_CHARS = 4_096
_ENCRYPTED = 0x1  # bit of a zip member's flags


def main(mode: str, path: str, number: str) -> int:
    """Do what is asked; return the exit status."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return _list(_of_zip(archive), number) if mode == "list" else _read(archive, number)
        with tarfile.open(path, "r:*") as tar:
            return _list(_of_tar(tar), number) if mode == "list" else _read_tar(tar, number)
    except NotImplementedError:
        return METHOD
    except RuntimeError:  # zipfile's word for a missing password
        return LOCKED
    except tarfile.ReadError:
        return UNKNOWN
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, ValueError):
        return DAMAGED
    except OSError:  # bz2 and gzip say so of damaged bytes
        return DAMAGED


def _of_zip(archive: zipfile.ZipFile) -> Iterator[dict[str, Any]]:
    for member in archive.infolist():
        is_link = (member.external_attr >> 16) & 0o170000 == 0o120000
        kind = "folder" if member.is_dir() else "other" if is_link else "file"
        yield {
            "name": member.filename[:NAME_CHARS],
            "size": member.file_size,
            "packed": member.compress_size,
            "kind": "locked" if kind == "file" and member.flag_bits & _ENCRYPTED else kind,
            "version": f"{member.CRC:08x}-{member.file_size}",
        }


def _of_tar(archive: tarfile.TarFile) -> Iterator[dict[str, Any]]:
    for member in archive:
        kind = "file" if member.isreg() else "folder" if member.isdir() else "other"
        yield {
            "name": member.name[:NAME_CHARS],
            "size": member.size,
            "packed": None,
            "kind": kind,
            "version": f"{int(member.mtime)}-{member.size}",
        }


def _list(members: Iterator[dict[str, Any]], most: str) -> int:
    for number, member in enumerate(members):
        if number >= int(most):
            return MANY
        sys.stdout.write(json.dumps({"number": number, **member}) + "\n")
    return 0


def _read(archive: zipfile.ZipFile, number: str) -> int:
    with archive.open(archive.infolist()[int(number)]) as file:
        shutil.copyfileobj(file, sys.stdout.buffer, READ_BYTES)
    sys.stdout.buffer.flush()
    return 0


def _read_tar(archive: tarfile.TarFile, number: str) -> int:
    for place, member in enumerate(archive):
        if place == int(number):
            file = archive.extractfile(member) if member.isreg() else None
            if file is None:
                return DAMAGED
            shutil.copyfileobj(file, sys.stdout.buffer, READ_BYTES)
            sys.stdout.buffer.flush()
            return 0
    return DAMAGED


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
