# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading packages of each kind, and what is kept of them."""

from __future__ import annotations

import gzip
import io
import lzma
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from guest_facts.extract import extract, rule_lines, unit_lines
from guest_facts.packages import PackageError, read_package, unpack

# Made by rpmbuild of six lines of a spec; its payload is packed with xz.
RPM = Path(__file__).with_name("hypervkvpd.rpm")
UNIT = "/usr/lib/systemd/system/hypervkvpd.service"


def tar(files: dict[str, str], links: dict[str, str] | None = None) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return out.getvalue()


def deb(directory: Path, control: dict[str, str], files: dict[str, str], links: dict[str, str] | None = None) -> Path:
    parts = {
        "debian-binary": b"2.0\n",
        "control.tar.gz": gzip.compress(tar(control)),
        "data.tar.xz": lzma.compress(tar(files, links)),
    }
    data = b"!<arch>\n"
    for name, part in parts.items():
        data += f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(part):<10}`\n".encode() + part + b"\n" * (len(part) % 2)
    path = directory / "package.deb"
    path.write_bytes(data)
    return path


CONTROL = (
    "Package: tools\nVersion: 1:2-3\nArchitecture: amd64\nDepends: libc6 (>= 2.34),\n other:any | third\nProvides: x\n"
)


def test_deb(tmp_path: Path) -> None:
    links = {"./usr/lib/linux-tools/6.8.0-31-generic": "../linux-tools-6.8.0-31"}
    package = read_package(
        deb(tmp_path, {"./control": CONTROL, "./postinst": "#!/bin/sh\n"}, {"./sbin/hv": "x"}, links)
    )
    assert (package.name, package.version, package.architecture) == ("tools", "1:2-3", "amd64")
    assert package.relations == {"depends": ["libc6", "other", "third"], "provides": ["x"], "conflicts": []}
    assert package.files == {"/usr/sbin/hv": b"x"}
    assert package.links == {"/usr/lib/linux-tools/6.8.0-31-generic": "../linux-tools-6.8.0-31"}
    assert package.scripts == {"postinst": "#!/bin/sh\n"}


def test_rpm() -> None:
    package = read_package(RPM)
    assert (package.name, package.version, package.architecture) == ("hypervkvpd", "0-0.42.lab", "x86_64")
    assert package.files["/usr/sbin/hypervkvpd"] == b"\x7fELF"
    assert package.links == {"/usr/sbin/hv_kvp_daemon": "hypervkvpd"}
    assert package.scripts == {"postin": "systemctl --no-reload preset hypervkvpd.service"}
    assert "time-daemon" in package.relations["provides"]
    found = extract(package)
    assert found["units"] == {"hypervkvpd.service": unit_lines(package.files[UNIT].decode())}
    assert found["enables"] == ["hypervkvpd.service"]


def test_rpm_whose_payload_is_packed_otherwise(tmp_path: Path) -> None:
    data = RPM.read_bytes()
    at = data.index(b"\xfd7zXZ")
    content = lzma.decompress(data[at:])
    packed = [gzip.compress(content), lzma.compress(content, lzma.FORMAT_ALONE), content]
    if shutil.which("zstd"):
        packed.append(subprocess.run(["zstd", "-c"], input=content, capture_output=True, check=True).stdout)
    for payload in packed:
        path = tmp_path / "other.rpm"
        path.write_bytes(data[:at] + payload)
        assert read_package(path) == read_package(RPM)


def test_apk(tmp_path: Path) -> None:
    """Three tar files, of which only the last one has an end."""
    info = "pkgname = hvtools\npkgver = 4.11.9-r4\narch = x86_64\ndepend = so:libc.musl\ndepend = other>=1\n"
    streams = [
        {".SIGN.RSA.key": "x"},
        {".PKGINFO": info, ".post-install": "#!/bin/sh\n"},
        {"usr/bin/hv_kvp_daemon": "x"},
    ]
    path = tmp_path / "package.apk"
    parts = [tar(files).rstrip(b"\0") for files in streams]
    path.write_bytes(b"".join(gzip.compress(part + b"\0" * (-len(part) % 512)) for part in parts))
    package = read_package(path)
    assert (package.name, package.version, package.architecture) == ("hvtools", "4.11.9-r4", "x86_64")
    assert list(package.files) == ["/usr/bin/hv_kvp_daemon"]
    assert package.scripts == {"post-install": "#!/bin/sh\n"}
    assert package.relations["depends"] == ["other", "so:libc.musl"]


@pytest.mark.parametrize(
    "data",
    [b"", b"#!/bin/sh\n", b"!<arch>\nbroken", RPM.read_bytes()[:2000], gzip.compress(b"no tar")],
    ids=["nothing", "a script", "a broken deb", "a cut rpm", "no tar"],  # the bytes name the time, or are not readable
)
def test_file_that_is_no_package_is_refused_by_name(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "broken"
    path.write_bytes(data)
    with pytest.raises(PackageError, match=str(path)):
        read_package(path)


def test_what_is_not_packed_stays() -> None:
    assert unpack(b"plain") == b"plain"


# --- scripts of deb

ENABLED = "if deb-systemd-helper --quiet was-enabled 'hv-{}-daemon.service'; then\n\tdeb-systemd-helper enable x\nfi\n"
NOT_AT_FIRST = "if deb-systemd-helper debian-installed 'hv-kvp-daemon.service'; then\n" + ENABLED.format("kvp") + "fi\n"


def test_what_scripts_do(tmp_path: Path) -> None:
    """A unit is enabled at the first installation unless debian-installed is asked first (dh_installsystemd)."""
    postinst = NOT_AT_FIRST + ENABLED.format("vss") + "udevadm trigger || true\ndeb-systemd-invoke start 'a.service'\n"
    preinst = "if [ \"$1\" = upgrade ]; then\n\tdeb-systemd-invoke stop 'hv-kvp-daemon.service'\nfi\n"
    scripts = {"./control": CONTROL, "./postinst": postinst, "./preinst": preinst}
    found = extract(read_package(deb(tmp_path, scripts, {})))
    assert found["triggers"] is True
    assert found["enables"] == ["hv-vss-daemon.service"]
    assert found["starts"] == ["a.service"]
    assert found["stops_on_upgrade"] == ["hv-kvp-daemon.service"]


def test_comment_on_udev_is_no_trigger(tmp_path: Path) -> None:
    scripts = {"./control": CONTROL, "./postinst": "# udevadm trigger is not called\nudevadm control --reload\n"}
    assert extract(read_package(deb(tmp_path, scripts, {})))["triggers"] is False


# --- texts


def test_directives_that_decide_nothing_are_left_out() -> None:
    text = (
        "# why\n[Unit]\nDescription = a daemon\nBindsTo=a.device\n[Service]\nProtectHome=true\nExecStart=/a \\\n  -n\n"
    )
    assert unit_lines(text) == ["BindsTo=a.device", "ExecStart=/a  -n"]


def test_rules_are_compared_without_their_spaces() -> None:
    text = '# why\nKERNEL == "a",   TAG+="systemd", \\\n ENV{X}+="b"\n'
    assert rule_lines(text) == ['KERNEL=="a", TAG+="systemd", ENV{X}+="b"']


def test_binary_of_file_copy_is_marked_by_what_it_calls(tmp_path: Path) -> None:
    files = {"./usr/sbin/hv_fcopy_uio_daemon": "\x7fELF wcstombs", "./usr/sbin/hv_kvp_daemon": "\x7fELF wcstombs"}
    found = extract(read_package(deb(tmp_path, {"./control": CONTROL}, files)))
    assert found["marks"] == {"/usr/sbin/hv_fcopy_uio_daemon": ["wcstombs"]}


def test_what_apparmor_lets_chronyd_read(tmp_path: Path) -> None:
    profile = "/usr/sbin/chronyd {\n  /etc/chrony/{,**} r,\n  /var/lib/chrony/* rw,\n  # /** r,\n  owner /etc/x w,\n}\n"
    found = extract(read_package(deb(tmp_path, {"./control": CONTROL}, {"./etc/apparmor.d/usr.sbin.chronyd": profile})))
    assert found["reads"] == ["/etc/chrony/{,**}"]
