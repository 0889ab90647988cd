# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What disks of the virtual machine are made of, and when they are made anew."""

from __future__ import annotations

from pathlib import Path

from guests.kernel_modules import digest, kernel_version
from guests.machine_image import IMAGE_PACKAGES, offered


def test_fresh_image_has_apparmor_and_neither_daemons_nor_a_time_daemon() -> None:
    assert "apparmor" in IMAGE_PACKAGES
    assert not {"hyperv-daemons", "chrony", "systemd-timesyncd"} & set(IMAGE_PACKAGES)


def test_offer_names_class_and_instance() -> None:
    assert offered(["vss"]) == "offer 35fa2e29-ea23-4236-96ae-3a6ebacba440 2450ee40-33bf-4fbd-892e-9fb06e9214cf\n"
    assert offered([]) == ""


def test_digest_changes_with_a_file_and_not_with_compiled_python(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.c").write_text("1", encoding="utf-8")
    first = digest(tmp_path)
    (tmp_path / "a.pyc").write_text("1", encoding="utf-8")
    assert digest(tmp_path) == first
    (tmp_path / "deep" / "a.c").write_text("2", encoding="utf-8")
    assert digest(tmp_path) != first
    assert digest(tmp_path / "deep" / "a.c") == digest(tmp_path)


def test_kernel_version_is_that_of_its_modules(tmp_path: Path) -> None:
    (tmp_path / "lib/modules/6.1.0-50-cloud-amd64").mkdir(parents=True)
    assert kernel_version(tmp_path) == "6.1.0-50-cloud-amd64"
