# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that somebody could give a virtual machine as its name, or a guest could say, to harm whoever looks at them.

What would run says so: it calls `hostile()`, which a test can define, or asks for an address below example.invalid.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import cycle

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Audit
from audit_samples import make_audit, with_texts

_SCRIPT = "<script>hostile()</script>"
_ESC, _BEL, _CSI8, _OSC8, _ST8 = "\x1b", "\x07", "\x9b", "\x9d", "\x9c"

HTML = (
    _SCRIPT,
    "<img src=x onerror=hostile()>",
    "<svg onload=hostile()>",
    "<svg><script href=//example.invalid/x.js></script></svg>",
    "<iframe src='javascript:hostile()'></iframe>",
    "<a href='javascript:hostile()'>click</a>",
    "<body onload=hostile()>",
    "<style>@import 'https://example.invalid/x.css'; * {display: none}</style>",
    "<link rel=stylesheet href=https://example.invalid/x.css>",
    "<meta http-equiv=refresh content='0;url=https://example.invalid/'>",
    "<base href=https://example.invalid/>",
    "<form action=https://example.invalid/><button autofocus onfocus=hostile()>",
    "<details open ontoggle=hostile()>",
    "<math><mtext></table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=hostile()&gt;'>",
    "<template><script>hostile()</script></template>",
    "<portal src=https://example.invalid/>",
)
BREAK_OUTS = (
    f"</script>{_SCRIPT}",
    f"</script \n>{_SCRIPT}",
    f"</style>{_SCRIPT}",
    f"</noscript>{_SCRIPT}",
    f"</title>{_SCRIPT}",
    f"</textarea>{_SCRIPT}",
    f"</bdi></td></tr></table>{_SCRIPT}",
    f"--><script>hostile()</script><!--{_SCRIPT}",
    "<!--",
    "<!--<script>",
    "]]>",
    "<![CDATA[x]]>",
    "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>",
    "&lt;script&gt;hostile()&lt;/script&gt;",
    "&#x3c;img src=x onerror=hostile()&#x3e;",
    "&undefined;&#0;&#xD800;",
    '" onmouseover="hostile()" x="',
    "' onmouseover='hostile()' x='",
    "` onmouseover=hostile() x=`",
    "\\u003cimg src=x onerror=hostile()\\u003e",
    '\\"};hostile();//',
    "';hostile();//",
    "${hostile()}",
    "javascript:hostile()",
    "data:text/html,<script>hostile()</script>",
    "__proto__",
    "constructor",
    "toString",
)
TEMPLATES = (
    "{{ 7 * 191 }}",
    "{% raw %}",
    "{# gone #}",
    "{{ lookup('pipe', 'touch /tmp/hostile') }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "!!python/object/apply:os.system ['touch /tmp/hostile']",
    "!vault |\n  $ANSIBLE_VAULT;1.1;AES256",
    "!unsafe x",
    "&anchor *anchor <<: *anchor",
    "%s%n%x {0} {name} %(name)s",
)
TERMINAL = (
    f"{_ESC}[2J{_ESC}[H{_ESC}[31mFAKE",
    f"{_ESC}]0;hostile{_BEL}",
    f"{_ESC}]8;;https://example.invalid/{_ESC}\\click{_ESC}]8;;{_ESC}\\",
    f"{_ESC}]52;c;aG9zdGlsZQ=={_BEL}",
    f'{_ESC}P$q"p{_ESC}\\',
    f"{_ESC}c",
    f"{_ESC}[6n",
    f"{_CSI8}31mC1 control",
    f"{_OSC8}0;hostile{_ST8}",
    "\rFAKE LINE",
    "a\b\b\bFAKE",
    "first\nsecond\r\nthird\x0b\x0cfourth\x85fifth\u2028sixth\u2029seventh",
    "tab\tbed",
    "\x0e\x0fshift",
    "nul\0nul",
    "del\x7f\x7f",
)
UNICODE = (
    "\u202egnp.exe",
    "\u2066\u2067\u2068\u2069isolates",
    "\u200e\u200f\u061cmarks",
    "invisible\u200b\u200c\u200d\u2060\ufeffjoins",
    "tags\U000e0041\U000e0042\U000e007f",
    "filler\u3164\u115f\uffa0\u2800",
    "Z\u0310\u0351\u0300\u0301\u0302\u0303" * 3 + "\u0336" * 200,
    "עברית مرحبا (abc) 123",
    "虚拟机-サーバー-서버",
    "👩‍👩‍👧‍👦🏳️‍🌈",
    "bad\udc80\udcff bytes",
    "lone \ud800 high",
    "noncharacter\ufffe\uffff\U0010ffff",
    "private\ue000\U000f0000",
    "ｗｉｄｅ　ｓｐａｃｅ\u00a0\u2003thin\u2009",
    "paypaⅼ-аdmin",
    "\u00adsoft\u00adhyphen",
)
TABLES = (
    '=HYPERLINK("https://example.invalid/","click")',
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "  =1+1",
    '"=1+1","=2+2"',
    "＝1+1",
    'a,b;c"d"',
    "[click](https://example.invalid/)",
    "![x](https://example.invalid/x.png)",
    "[x]: https://example.invalid/ 'x'",
    "<https://example.invalid/>",
    "https://example.invalid/ www.example.invalid hostile@example.invalid",
    "@everyone #1 GH-1 deadbeefdeadbeef",
    "| cell | cell |",
    "# heading",
    "> quote",
    "- [ ] task",
    "```\ncode",
    "`` ` ``",
    "***bold*** ~~gone~~ _x_ $x$",
    "\\",
    "ends with backslash\\",
    "[0](sarif:/runs/0/results/0)",
    "{0} {{0}} [1](2)",
)
ODD = (
    "",
    " ",
    "   leading and trailing   ",
    "x" * 20_000,
    "W" * 300 + " " + "i" * 300,
    "CON",
    "NUL.txt",
    "COM1:",
    "..\\..\\..\\windows\\system32",
    "../../../etc/passwd",
    "/dev/null",
    "null",
    "true",
    "NaN",
    "1e999",
    "-0",
    "2026-11-27T09:30:00Z",
    "; rm -rf ~",
    "$(touch /tmp/hostile)",
    "`touch /tmp/hostile`",
    "' OR 1=1 --",
)
HOSTILE = (*HTML, *BREAK_OUTS, *TEMPLATES, *TERMINAL, *UNICODE, *TABLES, *ODD)
# What has to stay the same text wherever it appears.
_NAMES = ("vm", "host", "guest")


def hostile_audit() -> Audit:
    """Return an audit in which each of HOSTILE is a name of a virtual machine, an explanation, a remedy, evidence."""
    texts: defaultdict[str, cycle[str]] = defaultdict(lambda: cycle(HOSTILE))
    known: dict[tuple[str, str], str] = {}

    def change(kind: str, text: str) -> str:
        if kind not in _NAMES:
            return next(texts[kind])
        if (kind, text) not in known:
            known[kind, text] = next(texts[kind])
        return known[kind, text]

    return with_texts(make_audit(machines=len(HOSTILE), defects=1.0), change)
