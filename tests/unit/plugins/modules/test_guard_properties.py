# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A protected service is disabled only with a valid reason in that very task or policy, whatever the other options say.

The real module runs for each combination of its options; policies run through plan, task of the role, and module. With
the guard taken out at any of its places the same checks fail.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from ansible_collections.hyperv.integration.plugins.module_utils._components import KEYS, PROTECTED, service_key
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.plan import make_plan
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.profiles import PROFILES
from module_process import FLEET, ModuleProcess, module_process
from override_cases import ACCEPTED, REFUSED
from thinning import fewer
from workspace import CHECKOUT

TODAY = datetime.now(UTC).date()
# As many as hypothesis takes by default, 15 times over. Mutants got caught within the first 110 (seen), and have more.
CASES = settings.default.max_examples if settings.default else 100
COMBINATIONS = fewer("random combinations of options for the guard", full=15 * CASES, sample=3 * CASES)
POLICIES = fewer("random policies for the guard", full=5 * CASES, sample=3 * CASES)
WITHOUT_SHRINKING = settings(
    max_examples=7 * CASES, phases=(Phase.generate,), database=None, suppress_health_check=list(HealthCheck)
)

VALID = [
    *(value for value, read in ACCEPTED if read.until is None),
    *({"reason": "appliance without agent", "until": day} for day in (str(TODAY), "2999-12-31")),
]
ENDED = {"reason": "appliance without agent", "until": "2020-01-01"}
# What is no override, by what is wrong with it: each kind is as likely, however many there are of it.
INVALID: list[list[Any]] = [
    [ENDED],
    [value for value, _said in REFUSED if isinstance(value, str)],
    [value for value, _said in REFUSED if not isinstance(value, str | dict)],
    [value for value, _said in REFUSED if isinstance(value, dict) and set(value) <= {"reason", "until"}],
    [value for value, _said in REFUSED if isinstance(value, dict) and not set(value) <= {"reason", "until"}],
]
# Options that select, and which virtual machines.
SELECTIONS: list[tuple[dict[str, Any], set[str]]] = [
    ({"all": True}, set(FLEET)),
    ({"name": ["WEB01"]}, {"web01"}),
    ({"name": "web01,dc01", "all": False}, {"web01", "dc01"}),
    ({"pattern": ["web*"], "exclude": ["web02"]}, {"web01"}),
    ({"group": ["tier1"], "id": []}, {"web01", "web02"}),
    *(({option: []}, set()) for option in ("name", "id", "pattern", "group")),
    *(({option: nothing}, set()) for option, nothing in (("all", False), ("name", ""), ("all", None))),
]


class Sought(NamedTuple):
    """What one entry of a task or policy asks for. overrides: key to whether the reason is valid."""

    machines: set[str]
    off: set[str]
    overrides: dict[str, bool]


class Case(NamedTuple):
    """Options, and what they ask for. common: overrides that stand for entries without their own."""

    options: dict[str, Any]
    sought: list[Sought]
    common: dict[str, bool]
    protected: set[str]

    def licensed(self, machine: str, key: str) -> bool:
        """Tell whether the options ask for a service to be off, with a valid reason if it is protected."""
        asking = [entry for entry in self.sought if machine in entry.machines and key in entry.off]
        if key not in self.protected:
            return bool(asking)
        return any(entry.overrides.get(key, self.common.get(key, False)) for entry in asking)


words = st.sampled_from(("shutdown", "time_synchronization", "timesync", "vss"))
overrides: st.SearchStrategy[tuple[Any, bool]] = st.one_of(
    st.tuples(st.sampled_from(VALID), st.just(True)),
    st.tuples(st.one_of(*map(st.sampled_from, INVALID)), st.just(False)),
)
protections = st.sampled_from((None, [], ["vss"], ["heartbeat", "vss"], ["shutdown"], list(PROTECTED), list(KEYS)))


def by_key(words: Any) -> dict[str, Any]:
    return {service_key(word) or word: value for word, value in words.items()}


@st.composite
def reasons(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, bool]]:
    """Overrides as they are written, and which are valid."""
    drawn = draw(st.dictionaries(words, overrides, max_size=2).filter(lambda each: len(by_key(each)) == len(each)))
    return {word: value for word, (value, _valid) in drawn.items()}, {
        key: valid for key, (_value, valid) in by_key(drawn).items()
    }


@st.composite
def entries(draw: st.DrawFn) -> tuple[dict[str, Any], Sought]:
    selection, machines = draw(st.sampled_from(SELECTIONS))
    values = st.sampled_from((False, False, "no", True, None))
    services = draw(
        st.dictionaries(words, values, min_size=1, max_size=2).filter(lambda each: len(by_key(each)) == len(each))
    )
    written, valid = draw(reasons())
    off = {key for key, value in by_key(services).items() if value in (False, "no") and value is not None}
    entry: dict[str, Any] = {**selection, "services": services}
    empty = draw(st.booleans())
    if written or empty:
        entry["overrides"] = written
    return entry, Sought(machines, off, valid)


@st.composite
def tasks(draw: st.DrawFn) -> Case:
    """Draw all options of the module at once."""
    common: dict[str, bool] = {}
    if draw(st.booleans()):
        options, sought = draw(entries())
        parts = [sought]
    else:
        drawn = draw(st.lists(entries(), max_size=3))
        options, parts = {"plan": [entry for entry, _sought in drawn]}, [sought for _entry, sought in drawn]
        options["overrides"], common = draw(reasons())
    protected = draw(protections)
    if protected is not None or draw(st.booleans()):
        options["protected"] = protected
    options["verify"] = draw(st.sampled_from(("none", "switch", "contact")))
    options["result"] = draw(st.sampled_from(("all", "changed", "summary")))
    options["_ansible_check_mode"] = draw(st.sampled_from((False, False, False, True)))
    return Case(options, parts, common, {*PROTECTED, *(protected or ())})


def wrong_in_task(case: Case, process: ModuleProcess, source: Path | None = None) -> list[str]:
    """Run the module, and return what it must not have done."""
    done = process.run(case.options, source)
    wrong = [f"{key} of {vm} is off without reason" for vm, key in done.disabled if not case.licensed(vm, key)]
    if case.options["_ansible_check_mode"]:
        wrong += [f"check mode disabled {each}" for each in done.disabled]
        wrong += ["check mode speaks of changes"] if "was changed" in done.result.get("msg", "") else []
    elif not done.result.get("failed") and "msg" not in done.result:
        wanted = {(vm, key) for entry in case.sought for vm in entry.machines for key in entry.off}
        wrong += [f"{each} was left on" for each in wanted - done.disabled]
    return wrong


@pytest.fixture(scope="module")
def process(pwsh: str) -> Iterator[ModuleProcess]:
    with module_process(pwsh) as running:
        yield running


def test_task_disables_no_protected_service_without_reason(
    process: ModuleProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    tried: Counter[str] = Counter()

    @settings(max_examples=COMBINATIONS, suppress_health_check=list(HealthCheck))
    @given(tasks())
    def check(case: Case) -> None:
        assert wrong_in_task(case, process) == []
        off = {key for entry in case.sought for key in entry.off & case.protected if entry.machines}
        tried["all"] += 1
        tried["that ask for a protected service to be off"] += bool(off)

    check()
    with capsys.disabled():
        print(f"\nCombinations of the module's options: {dict(tried)}")
    assert tried["that ask for a protected service to be off"] > tried["all"] / 10


# What each rule may match: every virtual machine has one name, and groups of FLEET.
MATCHES: list[tuple[dict[str, Any], set[str]]] = [
    ({"pattern": "*"}, set(FLEET)),
    ({"name": "Web01"}, {"web01"}),
    ({"group": "tier1"}, {"web01", "web02"}),
    ({"isolation": True}, set()),
]


@st.composite
def policies(draw: st.DrawFn) -> Case:
    """Draw all options of the role that the plan depends on."""
    rules, sought = [], []
    for _rule in range(draw(st.integers(1, 2))):
        match, machines = draw(st.sampled_from(MATCHES))
        services = draw(
            st.dictionaries(st.sampled_from(KEYS), st.sampled_from((False, False, True, None)), min_size=1, max_size=3)
        )
        off = {key for key, wanted in services.items() if wanted is False}
        written = {key: draw(overrides) for key in sorted(off) if draw(st.booleans())}
        rule = {
            "match": match,
            "services": services,
            "overrides": {key: value for key, (value, _valid) in written.items()},
        }
        profile = draw(st.sampled_from((None, *PROFILES)))
        kept = PROFILES[profile].services if profile else {}
        off |= {key for key, wanted in kept.items() if wanted is False and key not in services}
        rules.append({**rule, "profile": profile})
        sought.append(Sought(machines, off, {key: valid for key, (_value, valid) in written.items()}))
    written, common = draw(reasons())
    protected = draw(protections)
    default = draw(st.sampled_from(tuple(PROFILES)))
    off = {key for key, wanted in PROFILES[default].services.items() if wanted is False}
    options = {
        "rules": rules,
        "overrides": written,
        "merge": draw(st.booleans()),
        "protected": protected or [],
        "default": default,
    }
    return Case(options, [*sought, Sought(set(FLEET), off, {})], common, {*PROTECTED, *(protected or ())})


FACTS = [
    {
        "id": f"00000000-0000-0000-0000-00000000000{number}",
        "name": name,
        "groups": list(groups),
        "isolation": None,
        "services": {key: {"enabled": True, "verdict": "ok"} for key in KEYS},
    }
    for number, (name, groups) in enumerate(FLEET.items(), start=1)
]
NAMES = {str(facts["id"]): str(facts["name"]) for facts in FACTS}


def planned(case: Case, make: Callable[..., Any] = make_plan) -> dict[str, Any] | None:
    """Return the plan of a policy, None for one that is refused."""
    try:
        plan: dict[str, Any] = make(FACTS, case.options, TODAY)
    except Exception as error:
        if type(error).__name__ != "PolicyError":
            raise
        return None
    return plan


def wrong_in_plan(case: Case, make: Callable[..., Any] = make_plan) -> list[str]:
    """Return what the plan of a policy must not want."""
    plan = planned(case, make)
    return [
        f"{key} of {NAMES[id]} is to be off without reason"
        for entry in (plan or {}).get("module_plan", ())
        for id in entry["id"]
        for key, wanted in entry["services"].items()
        if not wanted and not case.licensed(NAMES[id], key)
    ]


def arguments_of_role(plan: dict[str, Any], tasks_file: Path = CHECKOUT / "roles/host_policy/tasks/main.yml") -> Any:
    """Return what the role passes to the module."""
    loader = DataLoader()
    (task,) = [
        task["hyperv.integration.vm_integration_service"]
        for task in loader.load_from_file(str(tasks_file), trusted_as_template=True)
        if "hyperv.integration.vm_integration_service" in task
    ]
    variables = {"host_policy_plan": plan, "__host_policy_options": {"verify": "switch", "verify_timeout": 1}}
    return Templar(loader, variables=variables).template(task)


def test_policy_disables_no_protected_service_without_reason(
    process: ModuleProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    tried: Counter[str] = Counter()

    @settings(max_examples=POLICIES, suppress_health_check=list(HealthCheck))
    @given(policies())
    def check(case: Case) -> None:
        assert wrong_in_plan(case) == []
        tried["all"] += 1
        plan = planned(case)
        if plan and plan["module_plan"]:
            done = process.run(arguments_of_role(plan))
            assert [each for each in done.disabled if not case.licensed(*each)] == []
            tried["that reach the module"] += 1
            tried["that disable a protected service"] += bool({key for _vm, key in done.disabled} & case.protected)

    check()
    with capsys.disabled():
        print(f"\nCombinations of the role's options: {dict(tried)}")
    assert tried["that disable a protected service"]


FORCED = {
    "module_plan": [{"all": True, "services": {"vss": False}}],
    "protected": ["shutdown", "time_synchronization", "vss"],
}


def test_plan_from_elsewhere_is_refused_by_the_module(process: ModuleProcess) -> None:
    """What the policy protects further is protected in the module, too, whatever the plan says."""
    assert process.run(arguments_of_role(FORCED)).disabled == set()


# Name -> file, and the text that is replaced there by another.
MODULE_MUTANTS: dict[str, tuple[str, str, str]] = {
    "shutdown is not protected by itself": (
        "_Components.psm1",
        "Guid = '9F8233AC-BE49-4C79-8EE3-E7E1985B2077'\n        Protected = $true",
        "Guid = '9F8233AC-BE49-4C79-8EE3-E7E1985B2077'\n        Protected = $false",
    ),
    "time is not protected by itself": (
        "_Components.psm1",
        "Guid = '2497F4DE-E9FA-4204-80E4-4B75C46419C0'\n        Protected = $true",
        "Guid = '2497F4DE-E9FA-4204-80E4-4B75C46419C0'\n        Protected = $false",
    ),
    "the option protects nothing": ("_Guard.psm1", " -or $Added -ccontains $component.Key", ""),
    "the option is not handed on": ("module.ps1", "-Protected $module.Params.protected", "-Protected @()"),
    "any type is a reason": ("_Guard.psm1", "$override.Reason -isnot [string] -or ", ""),
    "any length is a reason": ("_Guard.psm1", "$script:MinimumReasonLength = 8", "$script:MinimumReasonLength = 0"),
    "any field is taken": ("_Guard.psm1", "$script:OverrideFields -cnotcontains $field", "$false"),
    "any day is taken": ("_Guard.psm1", "-not (Test-Day -Value $override.Until)", "$false"),
    "no override ends": ("_Guard.psm1", "$ended = $override -and", "$ended = $false -and"),
    "a bad override is not told": (
        "_Guard.psm1",
        "if ($override.Problem) {\n            $Problems",
        "if ($false) {\n            $Problems",
    ),
    "nothing is refused": ("_Guard.psm1", "if ($Entry.Services[$key] -ne $false -or", "if ($true -or"),
    "a refusal is not told": ("_Plan.psm1", "$Problems.Add($refusal)", "$null = $refusal"),
    "a refusal does not stop": ("module.ps1", "Assert-NoProblem -Problems $problems\n\n$targets", "$targets"),
    "the task's override wins": ("_Plan.psm1", "-First $own -Second $common", "-First $common -Second $own"),
    "check mode is none": (
        "module.ps1",
        "$verified = 'none'\nif (-not $module.CheckMode) {",
        "$verified = 'none'\nif ($true) {",
    ),
}


def caught(strategy: st.SearchStrategy[Case], is_wrong: Callable[[Case], bool]) -> bool:
    try:
        find(strategy, is_wrong, settings=WITHOUT_SHRINKING)
    except NoSuchExample:
        return False
    return True


@st.composite
def narrow_tasks(draw: st.DrawFn) -> Case:
    """Draw tasks that ask for one protected service to be off: few of them find what is missing."""
    word = draw(st.sampled_from(("shutdown", "timesync", "vss")))
    key = service_key(word) or word
    protected = draw(st.sampled_from((None, ["vss"])))
    entry: dict[str, Any] = {"all": True, "services": {word: False}}
    valid: dict[str, bool] = {}
    common: dict[str, bool] = {}
    options: dict[str, Any] = {
        "protected": protected,
        "_ansible_check_mode": draw(st.sampled_from((False, False, True))),
    }
    if draw(st.sampled_from((True, True, False))):
        value, valid[key] = draw(overrides)
        entry["overrides"] = {word: value}
    if draw(st.booleans()):
        value, common[key] = draw(overrides)
        options |= {"plan": [entry], "overrides": {word: value}}
    else:
        options |= entry
    return Case(options, [Sought(set(FLEET), {key}, valid)], common, {*PROTECTED, *(protected or ())})


def test_module_without_its_guard_is_caught(process: ModuleProcess) -> None:
    """Every place of the guard in the module is needed: without any one of them the property does not hold."""
    survived = []
    for name, (file, old, new) in MODULE_MUTANTS.items():
        source = process.copy(name, file, old, new)
        if not caught(narrow_tasks(), lambda case, source=source: bool(wrong_in_task(case, process, source))):  # type: ignore[misc]
            survived.append(name)
    assert survived == []


POLICY_MUTANTS: dict[str, tuple[str, str, str]] = {
    "nothing is protected by itself": ("rules.py", "frozenset((*PROTECTED, *protected))", "frozenset(protected)"),
    "the option protects nothing": ("rules.py", "frozenset((*PROTECTED, *protected))", "frozenset(PROTECTED)"),
    "any type is a reason": ("guard.py", "if not isinstance(reason, str) or", "reason = str(reason)\n    if"),
    "any length is a reason": ("guard.py", "MINIMUM_REASON = 8", "MINIMUM_REASON = 0"),
    "any field is taken": ("guard.py", "if field not in _OVERRIDE_FIELDS:", "if not field:"),
    "any day is taken": (
        "guard.py",
        'raise ValueError(f"until {raw!r}: write',
        'return date.max\n    raise ValueError(f"until {raw!r}: write',
    ),
    "no override ends": ("guard.py", "today > self.until", "today < self.until"),
    "nothing is refused": ("rules.py", "return refuse(service, rule.label)\n", "return None\n"),
    "an ended override is not refused": ("rules.py", "if override.expired(self.today) else None", "if False else None"),
    "a refusal is not obeyed": ("plan.py", "policy.refusal(rule, service) for", "None for"),
}


@pytest.mark.parametrize("name", POLICY_MUTANTS)
def test_policy_without_its_guard_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Every place of the guard in the policy is needed."""
    file, old, new = POLICY_MUTANTS[name]
    package = f"mutant{list(POLICY_MUTANTS).index(name)}"
    sources = CHECKOUT / "plugins"
    for path in (
        *sources.glob("plugin_utils/*.py"),
        *sources.glob("plugin_utils/policy/*.py"),
        sources / "module_utils/_components.py",
    ):
        text = path.read_text(encoding="utf-8").replace("ansible_collections.hyperv.integration.plugins", package)
        if path.name == file and path.parent.name == "policy":
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        copy = tmp_path / package / path.relative_to(sources)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    make = importlib.import_module(f"{package}.plugin_utils.policy.plan").make_plan

    def is_wrong(case: Case) -> bool:
        try:
            return bool(wrong_in_plan(case, make))
        except KeyError:  # the reason that a protected service must have
            return True

    assert caught(policies(), is_wrong)


def test_role_that_hands_on_no_protection_is_caught(process: ModuleProcess, tmp_path: Path) -> None:
    text = (CHECKOUT / "roles/host_policy/tasks/main.yml").read_text(encoding="utf-8")
    old = "{{ ['shutdown', 'time_synchronization'] | union(host_policy_plan.protected) }}"
    assert text.count(old) == 1
    mutant = tmp_path / "main.yml"
    mutant.write_text(text.replace(old, "{{ [] }}"), encoding="utf-8")
    assert process.run(arguments_of_role(FORCED, mutant)).disabled
