# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The servers that the site gave systemd-timesyncd. Source: timesyncd.conf(5)."""

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.files import Root

_FOLDERS = ("/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd")  # in the order of precedence


def read_servers(root: Root) -> "list[str]":
    """`NTP=` of timesyncd.conf and its drop-ins. `FallbackNTP=` is the distribution's, and no choice of the site."""
    main = next((f"{folder}/timesyncd.conf" for folder in _FOLDERS if root.exists(f"{folder}/timesyncd.conf")), None)
    drop_ins: dict[str, str] = {}
    for folder in (f"{folder}/timesyncd.conf.d" for folder in _FOLDERS):
        for name in root.names(folder):
            if name.endswith(".conf"):
                drop_ins.setdefault(name, f"{folder}/{name}")
    servers: list[str] = []
    for path in [*([main] if main else []), *(drop_ins[name] for name in sorted(drop_ins))]:
        for line in (root.text(path) or "").splitlines():
            name, _equals, value = (part.strip() for part in line.partition("="))
            if name == "NTP":  # an empty one takes back those before it
                servers = servers + value.split() if value else []
    return list(dict.fromkeys(servers))
