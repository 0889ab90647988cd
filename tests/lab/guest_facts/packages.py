# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads packages without installing them: deb, rpm and apk, with nothing but the standard library (zstd: see below)."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import shutil
import struct
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


class PackageError(ValueError):
    """A file is no package that can be read; the text names the file and says why."""


@dataclass(frozen=True)
class Package:
    """A package.

    files: path -> content of regular files, paths as on a merged /usr. links: path -> target of symbolic links.
    scripts: name -> text of maintainer scripts. relations: depends, provides and conflicts -> names without versions.
    """

    name: str
    version: str
    architecture: str
    form: str
    files: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    scripts: dict[str, str] = field(default_factory=dict)
    relations: dict[str, list[str]] = field(default_factory=dict)


def read_package(path: Path) -> Package:
    """Read a package of whatever kind.  Raises PackageError."""
    data = path.read_bytes()
    readers = {b"!<arch>\n": _deb, b"\xed\xab\xee\xdb": _rpm, b"\x1f\x8b": _apk}
    for magic, reader in readers.items():
        if data.startswith(magic):
            try:
                return reader(data)
            except (KeyError, ValueError, struct.error, tarfile.TarError, EOFError, OSError, lzma.LZMAError) as error:
                raise PackageError(f"{path} cannot be read as {reader.__name__[1:]}: {error!r}") from error
    raise PackageError(f"{path} is neither deb, rpm nor apk (of apk-tools 2)")


def unpack(data: bytes) -> bytes:
    """Unpack what gzip, xz, bzip2 or zstd packed; anything else is returned as it is."""
    if data.startswith(b"\x1f\x8b"):
        return gzip.decompress(data)
    if data.startswith((b"\xfd7zXZ", b"]\0\0")):
        return lzma.decompress(data)
    if data.startswith(b"BZh"):
        return bz2.decompress(data)
    return _zstd(data) if data.startswith(b"\x28\xb5\x2f\xfd") else data


def _zstd(data: bytes) -> bytes:
    """Python has zstd from 3.14 on; before, the program of that name does it."""
    try:
        from compression import zstd  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        program = shutil.which("zstd")
        if program is None:
            raise ValueError("it is packed with zstd: install the program zstd, or use Python 3.14") from None
        return subprocess.run([program, "-dc"], input=data, capture_output=True, check=True).stdout
    unpacked: bytes = zstd.decompress(data)
    return unpacked


def on_merged_usr(path: str) -> str:
    """Return a path as it is where /bin, /sbin and /lib are links into /usr."""
    path = "/" + path.removeprefix("./").lstrip("/")
    return f"/usr{path}" if path.startswith(("/lib/", "/bin/", "/sbin/")) else path


def _tar(data: bytes) -> tuple[dict[str, bytes], dict[str, str]]:
    files, links = {}, {}
    # apk is several tar files one after the other: those that end a part are no end.
    with tarfile.open(fileobj=io.BytesIO(unpack(data)), ignore_zeros=True) as archive:
        for member in archive:
            path = on_merged_usr(member.name)
            if member.issym():
                links[path] = member.linkname
            elif member.isfile() or member.islnk():
                content = archive.extractfile(member)
                files[path] = content.read() if content else b""
    return files, links


# --- deb


def _deb(data: bytes) -> Package:
    parts = {name.partition(".tar")[0]: content for name, content in _ar(data)}
    control, _links = _tar(parts["control"])
    text = re.sub(r"\n[ \t]", " ", control["/control"].decode())
    fields = dict(re.findall(r"(?m)^([\w-]+): *(.*)$", text))
    files, links = _tar(parts["data"])
    kinds = {"depends": ("Pre-Depends", "Depends"), "provides": ("Provides",), "conflicts": ("Conflicts", "Breaks")}
    relations = {kind: sorted({n for f in names for n in _named(fields.get(f, ""))}) for kind, names in kinds.items()}
    scripts = {name: control[f"/{name}"].decode() for name in SCRIPTS if f"/{name}" in control}
    return Package(
        fields["Package"], fields["Version"], fields["Architecture"], "deb", files, links, scripts, relations
    )


SCRIPTS = ("preinst", "postinst", "prerm", "postrm")


def _ar(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The members of an ar archive. Source: deb(5)."""
    at = 8
    while at + 60 <= len(data):
        name, size = data[at : at + 16].decode().strip().rstrip("/"), int(data[at + 48 : at + 58])
        yield name, data[at + 60 : at + 60 + size]
        at += 60 + size + size % 2


def _named(relation: str) -> list[str]:
    """The names in a relation, alternatives included: `a (>= 1), b:any | c` names a, b and c."""
    return [word for part in re.split(r"[,|]", relation) if (word := re.sub(r"[\s(:\[].*", "", part.strip()))]


# --- rpm

# Source: rpmtag.h of rpm.
_NAME, _VERSION, _RELEASE, _ARCHITECTURE = 1000, 1001, 1002, 1022
_DEPENDS, _PROVIDES, _CONFLICTS = 1049, 1047, 1054
_RPM_SCRIPTS = {"prein": 1023, "postin": 1024, "preun": 1025, "postun": 1026, "posttrans": 1152}


def _rpm(data: bytes) -> Package:
    """Lead, signature (padded to 8 bytes), header, cpio archive. Source: rpm's docs/manual/format_v4.md."""
    _signature, at = _header(data, 96)
    header, at = _header(data, at + -at % 8)
    files, links = _cpio(unpack(data[at:]))
    return Package(
        str(header[_NAME]),
        f"{header[_VERSION]}-{header[_RELEASE]}",
        str(header[_ARCHITECTURE]),
        "rpm",
        files,
        links,
        {name: str(header[tag]) for name, tag in _RPM_SCRIPTS.items() if tag in header},
        {
            kind: sorted({name for name in header.get(tag, []) if "(" not in name})
            for kind, tag in (("depends", _DEPENDS), ("provides", _PROVIDES), ("conflicts", _CONFLICTS))
        },
    )


def _header(data: bytes, at: int) -> tuple[dict[int, str | list[str]], int]:
    """The texts in a header structure, and where it ends."""
    if data[at : at + 3] != b"\x8e\xad\xe8":
        raise ValueError(f"no header at byte {at}")
    count, size = struct.unpack(">II", data[at + 8 : at + 16])
    store = at + 16 + 16 * count
    found: dict[int, str | list[str]] = {}
    for index in range(count):
        tag, kind, offset, number = struct.unpack_from(">IIII", data, at + 16 + 16 * index)
        if kind in (6, 8, 9):  # a text, texts, texts in several languages
            texts = data[store + offset : store + size].split(b"\0", number)[:number]
            found[tag] = [text.decode() for text in texts] if kind == 8 else texts[0].decode()
    return found, store + size


def _cpio(data: bytes) -> tuple[dict[str, bytes], dict[str, str]]:
    """An archive in the format newc. Source: cpio(5)."""
    files: dict[str, bytes] = {}
    links: dict[str, str] = {}
    at = 0
    while data[at : at + 6] in (b"070701", b"070702"):
        numbers = [int(data[at + 6 + 8 * index : at + 14 + 8 * index], 16) for index in range(13)]
        mode, size, length = numbers[1], numbers[6], numbers[11]
        name = data[at + 110 : at + 110 + length - 1].decode()
        start = at + 110 + length + -(110 + length) % 4
        if name == "TRAILER!!!":
            return files, links
        content = data[start : start + size]
        if mode >> 12 == 0o12:
            links[on_merged_usr(name)] = content.decode()
        elif mode >> 12 == 0o10:
            files[on_merged_usr(name)] = content
        at = start + size + -size % 4
    raise ValueError(f"the cpio archive breaks off at byte {at}")


# --- apk


def _apk(data: bytes) -> Package:
    """Signature, control and data, each a tar file of its own. Source: apk-package(5), version 2."""
    files, links = _tar(data)
    if "/.PKGINFO" not in files:
        raise ValueError("no .PKGINFO: it is no package of apk-tools 2")
    entries = re.findall(r"(?m)^(\w+) = (.*)$", files["/.PKGINFO"].decode())
    fields = dict(entries)
    inside = {path: content for path, content in files.items() if not path.startswith("/.")}
    scripts = {
        path[2:]: content.decode() for path, content in files.items() if re.match(r"/\.(pre|post)-|/\.trigger", path)
    }
    relations = {
        kind: sorted({re.split(r"[<>=~]", value)[0] for name, value in entries if name == entry})
        for kind, entry in (("depends", "depend"), ("provides", "provides"), ("conflicts", "conflicts"))
    }
    return Package(fields["pkgname"], fields["pkgver"], fields["arch"], "apk", inside, links, scripts, relations)
