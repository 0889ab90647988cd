/* Copyright: (c) 2026, hyperv.integration contributors
   GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
   SPDX-License-Identifier: GPL-3.0-or-later */
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const text = (number) => (number < 0 ? "" : data.texts[number]);
  const byId = (id) => document.getElementById(id);
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const ROW = 48; // height of a row in pixels
  const cards = matchMedia("(max-width: 1080px)"); // where rows become cards, as in the style sheet
  const PRINTED = 2000; // findings on paper, at most

  /** Make an element. Texts become text nodes, whatever they look like. */
  function el(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children.filter((child) => child !== null && child !== ""));
    return made;
  }
  /** A text of strangers, isolated from the direction of what is around it. */
  const bdi = (value) => (value === "" ? "" : el("bdi", {}, value));
  const mark = (kind) => el("i", { class: `mark ${kind}`, "aria-hidden": "true" });
  const chip = (kind, label) => el("span", { class: "chip" }, mark(kind), label);

  const kept = {
    get(name) { try { return localStorage.getItem(`audit.${name}`); } catch { return null; } },
    set(name, value) { try { localStorage.setItem(`audit.${name}`, value); } catch { /* not allowed here */ } },
  };

  // ---- what the tables show -------------------------------------------------------------------------------------------

  const findings = data.findings.map((f) => ({
    id: text(f[0]), rank: f[1], severity: data.severities[f[1]], status: text(f[2]), rule: text(f[3]), title: text(f[4]),
    vm: text(f[5]), vmId: text(f[6]), host: text(f[7]), guest: text(f[8]), service: text(f[9]), side: text(f[10]),
    packed: f,
  }));
  const facts = data.facts.map((s) => ({
    wanted: s[0], offered: s[1], enabled: s[2], verdict: text(s[3]), reason: text(s[4]), guest: text(s[5]), side: text(s[6]),
    explanation: text(s[7]), remedy: text(s[8]), override: text(s[9]), until: text(s[10]),
  }));
  const machines = data.machines.map((m) => ({
    id: text(m[0]), name: text(m[1]), host: text(m[2]), state: text(m[3]), error: text(m[9]),
    services: m[10].map((number) => (number < 0 ? null : facts[number])),
    packed: m,
  }));
  const machineKey = (host, id) => `${host}/${id}`;
  for (const machine of machines) machine.key = machineKey(machine.host, machine.id);
  const isOpen = (finding) => finding.status === "open" || finding.status === "new";
  const serviceName = (key) => data.services[data.keys.indexOf(key)] ?? key;

  const verdictName = (verdict) => (Object.hasOwn(data.verdicts, verdict) ? data.verdicts[verdict] : verdict);

  const onOff = (value) => (value === null ? "–" : value ? "on" : "off");
  function verdictCell(service, number) {
    const label = el("small", {}, data.services[number]); // shown where the heads are far away
    if (!service) return el("div", { role: "gridcell", class: "verdict" }, label, "–");
    const wrong = service.side ? ` wrong ${service.side}` : "";
    const drifted = service.side && service.wanted !== null && service.enabled !== null && service.wanted !== service.enabled;
    const says = drifted ? `${onOff(service.enabled)}, wanted ${onOff(service.wanted)}` : verdictName(service.verdict);
    const fault = !service.side || (drifted && service.side === "host") ? null
      : el("b", {}, service.side === "unknown" ? "side unknown" : `${service.side} at fault`);
    return el("div", { role: "gridcell", class: `verdict ${service.verdict}${wrong}`.replace(/[^\w -]/g, "") }, label, el("span", {}, says), fault);
  }
  const cell = (...children) => el("div", { role: "gridcell" }, ...children);
  const pair = (...children) => el("div", { role: "gridcell", class: "pair" }, ...children);
  const named = (value) => el("div", { role: "gridcell", title: value || null }, bdi(value));
  const badness = (service) => (!service ? 9 : service.side ? data.sides.indexOf(service.side)
    : 5 + Object.keys(data.verdicts).indexOf(service.verdict) / 10);

  const views = [
    {
      id: "findings", prefix: "f", noun: "findings", kind: "finding", rows: findings, key: (row) => row.id,
      start: { status: "open" }, card: () => 142,
      columns: [
        { id: "severity", title: "Severity", by: (row) => row.rank, cell: (row) => pair(mark(row.severity), row.severity) },
        { id: "rule", title: "Finding", by: (row) => row.title, cell: (row) => named(row.title) },
        { id: "vm", title: "Virtual machine", by: (row) => row.vm || row.guest, cell: (row) => named(row.vm || row.guest) },
        { id: "host", title: "Host", by: (row) => row.host, cell: (row) => named(row.host) },
        { id: "service", title: "Service", by: (row) => row.service, cell: (row) => named(row.service && serviceName(row.service)) },
        { id: "side", title: "Side", by: (row) => row.side, cell: (row) => cell(row.side) },
        { id: "status", title: "Status", by: (row) => row.status, cell: (row) => cell(row.status === "new" ? el("b", {}, "new") : row.status) },
      ],
      filters: {
        severity: { title: "Severity", values: data.severities, of: (row) => [row.severity] },
        status: { title: "Status", values: ["open", "new", "waived", "fixed"], of: (row) => (row.status === "new" ? ["new", "open"] : [row.status]) },
        side: { title: "Faulty side", values: data.sides, of: (row) => [row.side] },
        service: { title: "Service", label: serviceName, of: (row) => [row.service] },
        host: { title: "Host", of: (row) => [row.host] },
        rule: { title: "Rule", of: (row) => [row.rule] },
      },
      words: (row) => [row.title, row.rule, row.vm, row.vmId, row.host, row.guest, row.service, row.side, row.severity,
        text(row.packed[11]), ...row.packed[13].map((item) => text(item[2]))],
    },
    {
      id: "machines", prefix: "m", noun: "virtual machines", kind: "vm", rows: machines, key: (row) => row.key, start: {},
      card: (across) => 48 + 52 * Math.ceil(data.keys.length / across),
      columns: [
        { id: "name", title: "Virtual machine", by: (row) => row.name, cell: (row) => named(row.name) },
        { id: "host", title: "Host", by: (row) => row.host, cell: (row) => named(row.host) },
        { id: "state", title: "State", by: (row) => row.state, cell: (row) => named(row.error ? "not read" : row.state) },
        ...data.keys.map((key, number) => ({
          id: key, title: data.services[number], by: (row) => badness(row.services[number]),
          cell: (row) => verdictCell(row.services[number], number),
        })),
      ],
      filters: {
        verdict: {
          title: "A service is", values: Object.keys(data.verdicts), label: verdictName,
          of: (row) => row.services.map((service) => service?.verdict),
        },
        side: {
          title: "Faulty side", values: ["any", ...data.sides],
          of: (row) => row.services.flatMap((service) => (service?.side ? ["any", service.side] : [])),
        },
        host: { title: "Host", of: (row) => [row.host] },
        state: { title: "State", of: (row) => [row.state] },
      },
      words: (row) => [row.name, row.id, row.host, row.state, text(row.packed[5]), row.error],
    },
  ];
  const viewOf = new Map(views.map((view) => [view.kind, view]));
  let current = views[0];
  let opened = ""; // kind:key of the row in the dialog

  // ---- a table of which only the rows in sight exist ------------------------------------------------------------------

  function build(view) {
    view.state = { q: "", sort: "", ...view.start };
    view.active = 0;
    const tools = el("div", { class: "tools", role: "search", "aria-label": `Filter ${view.noun}` });
    view.search = el("input", { type: "search", autocomplete: "off", spellcheck: "false", oninput: () => change(view, { q: view.search.value }) });
    view.search.addEventListener("keydown", (event) => searchKey(view, event));
    tools.append(el("label", {}, "Search", view.search));
    view.selects = {};
    for (const [name, filter] of Object.entries(view.filters)) {
      const present = new Set();
      for (const row of view.rows) for (const value of filter.of(row)) if (value) present.add(value);
      const ordered = (filter.values ?? []).filter((value) => present.has(value) || name === "severity" || name === "status");
      const others = [...present].filter((value) => !ordered.includes(value)).sort(collator.compare);
      const options = [...ordered, ...others].map((value) => el("option", { value, dir: "auto" }, filter.label ? filter.label(value) : value));
      const select = el("select", { onchange: () => change(view, { [name]: select.value }) }, el("option", { value: "" }, "all"), ...options);
      view.selects[name] = select;
      tools.append(el("label", {}, filter.title, select));
    }
    view.clear = el("button", { type: "button", onclick: () => clear(view) }, "Clear");
    view.count = el("output", { "aria-live": "polite" });
    tools.append(view.clear, view.count);

    view.heads = view.columns.map((column, number) => el("div", { role: "columnheader", "aria-colindex": number + 1 },
      el("button", { type: "button", onclick: () => sortBy(view, column.id) }, column.title)));
    view.body = el("div", { class: "body", role: "rowgroup" });
    view.grid = el("div", {
      class: "grid", role: "grid", tabindex: "0", "aria-labelledby": `${view.id}-title`, "aria-colcount": view.columns.length,
      "aria-readonly": "true",
      onscroll: () => requestAnimationFrame(() => paint(view)),
      onfocus: () => { current = view; },
      onkeydown: (event) => gridKey(view, event),
    }, el("div", { role: "rowgroup", class: "head-group" }, el("div", { role: "row", class: "row head", "aria-rowindex": "1" }, ...view.heads)), view.body);
    view.grid.style.setProperty("--services", data.keys.length);
    view.body.addEventListener("click", (event) => {
      const row = event.target.closest("[data-index]");
      if (row) { current = view; move(view, Number(row.dataset.index)); openRow(view, view.shown[view.active]); }
    });
    byId(view.id).querySelector(".view").append(tools, view.grid);
    fit(view);
  }

  /** Set the height of a row, and in a card how many of the twelve columns a service takes. */
  function fit(view) {
    const across = [6, 4, 3].find((number) => view.grid.clientWidth >= 140 * number) ?? 2;
    view.row = cards.matches ? view.card(across) : ROW;
    view.grid.style.setProperty("--row", `${view.row}px`);
    view.grid.style.setProperty("--span", 12 / across);
  }

  /** Work out which rows are shown in which order, and show them. */
  function refresh(view) {
    const { q, sort, ...filters } = view.state;
    const words = q.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = Object.entries(filters).filter(([, value]) => value);
    view.shown = view.rows.filter((row) => {
      for (const [name, value] of wanted) if (!view.filters[name].of(row).includes(value)) return false;
      if (!words.length) return true;
      row.haystack ??= view.words(row).join("\n").toLowerCase();
      return words.every((word) => row.haystack.includes(word));
    });
    const column = view.columns.find((candidate) => candidate.id === sort.replace("-", ""));
    if (column) {
      const keyed = view.shown.map((row) => [column.by(row), row]);
      const compare = keyed.length && typeof keyed[0][0] === "number" ? (a, b) => a - b : collator.compare;
      const direction = sort.startsWith("-") ? -1 : 1;
      view.shown = keyed.sort((a, b) => direction * compare(a[0], b[0])).map((pairOf) => pairOf[1]);
    }
    for (const [number, head] of view.heads.entries()) {
      const id = view.columns[number].id;
      if (sort.replace("-", "") === id) head.setAttribute("aria-sort", sort.startsWith("-") ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    if (view.search.value !== q) view.search.value = q;
    view.search.classList.toggle("set", Boolean(q));
    for (const [name, select] of Object.entries(view.selects)) {
      select.value = filters[name] ?? "";
      select.classList.toggle("set", Boolean(filters[name]));
    }
    view.count.textContent = `${view.shown.length.toLocaleString("en")} of ${view.rows.length.toLocaleString("en")} ${view.noun}`;
    view.grid.setAttribute("aria-rowcount", view.shown.length + 1);
    view.body.style.height = `${Math.max(view.shown.length, 1) * view.row}px`;
    view.active = Math.min(view.active, Math.max(view.shown.length - 1, 0));
    view.painted = new Map();
    view.range = "";
    paint(view);
  }

  function paint(view) {
    const first = Math.max(0, Math.floor(view.grid.scrollTop / view.row) - 8);
    const last = Math.min(view.shown.length, first + Math.ceil((view.grid.clientHeight || 700) / view.row) + 16);
    const range = `${first}-${last}`;
    if (range !== view.range) {
      view.range = range;
      const painted = new Map();
      for (let index = first; index < last; index++) painted.set(index, view.painted.get(index) ?? rowOf(view, index));
      view.painted = painted;
      view.body.replaceChildren(...(painted.size ? painted.values() : [emptyRow(view)]));
    }
    for (const [index, row] of view.painted) {
      row.classList.toggle("active", index === view.active);
      row.setAttribute("aria-selected", String(index === view.active));
    }
    if (view.painted.has(view.active)) view.grid.setAttribute("aria-activedescendant", `${view.id}-row-${view.active}`);
    else view.grid.removeAttribute("aria-activedescendant");
  }

  function rowOf(view, index) {
    const cells = view.columns.map((column, number) => {
      const made = column.cell(view.shown[index]);
      made.setAttribute("aria-colindex", number + 1);
      return made;
    });
    const row = el("div", { role: "row", class: "row", id: `${view.id}-row-${index}`, "aria-rowindex": index + 2, "data-index": index }, ...cells);
    row.style.top = `${index * view.row}px`;
    return row;
  }

  function emptyRow(view) {
    const why = view.rows.length ? `No ${view.noun} match these filters.` : `There are no ${view.noun}.`;
    return el("div", { role: "row", class: "row", "aria-rowindex": "2" }, el("div", { role: "gridcell", class: "quiet", "aria-colindex": "1", "aria-colspan": view.columns.length }, why));
  }

  function move(view, index) {
    view.active = Math.max(0, Math.min(index, view.shown.length - 1));
    const top = view.active * view.row;
    const head = view.heads[0].parentElement.offsetHeight;
    const room = view.grid.clientHeight - head;
    if (top < view.grid.scrollTop) view.grid.scrollTop = top;
    else if (top + view.row > view.grid.scrollTop + room) view.grid.scrollTop = top + view.row - room;
    paint(view);
  }

  function change(view, changes) {
    Object.assign(view.state, changes);
    current = view;
    view.active = 0;
    view.grid.scrollTop = 0;
    refresh(view);
    writeHash();
  }
  const clear = (view) => change(view, Object.fromEntries(["q", "sort", ...Object.keys(view.filters)].map((name) => [name, ""])));
  function sortBy(view, id) {
    const now = view.state.sort;
    change(view, { sort: now === id ? `-${id}` : now === `-${id}` ? "" : id });
  }

  // ---- one row in full ------------------------------------------------------------------------------------------------

  const definition = (title, ...values) => (values.some((value) => value !== "" && value !== null) ? [el("dt", {}, title), el("dd", {}, ...values)] : []);
  const linkTo = (kind, key, label) => el("a", { href: `#${new URLSearchParams({ open: `${kind}:${key}` })}` }, bdi(label));
  const listed = (numbers) => numbers.flatMap((number, position) => [position ? ", " : "", bdi(text(number))]);

  function findingParts(row, level) {
    const f = row.packed;
    const waiver = f[15].map(text);
    const references = f[14].map((number) => data.references[number]);
    const heading = (title) => el(level, {}, title);
    return [
      el("dl", {},
        ...definition("Virtual machine", row.vm ? (machineOf(row) ? linkTo("vm", machineKey(row.host, row.vmId), row.vm) : bdi(row.vm)) : ""),
        ...definition("Id", bdi(row.vmId)), ...definition("Host", bdi(row.host)), ...definition("Guest", bdi(row.guest)),
        ...definition("Service", row.service ? bdi(serviceName(row.service)) : ""), ...definition("Side at fault", row.side),
        ...definition("Rule", bdi(row.rule)), ...definition("Finding", row.id)),
      ...(waiver.length ? [heading("Waived"), el("p", { class: "waiver" }, "Until ", bdi(waiver[3]), " by ", bdi(waiver[1]), ": ", bdi(waiver[2]), " (", bdi(waiver[0]), ")")] : []),
      heading("What is wrong"), el("p", {}, bdi(text(f[11]))),
      heading("What to do"), el("p", { class: "remedy" }, bdi(text(f[12]))),
      ...(f[13].length ? [heading("Evidence"), el("table", {},
        el("thead", {}, el("tr", {}, ...["Seen on", "What", "Value"].map((title) => el("th", { scope: "col" }, title)))),
        el("tbody", {}, ...f[13].map((item) => el("tr", {}, ...item.map((number) => el("td", {}, bdi(text(number))))))))] : []),
      ...(references.length ? [heading("References"), el("ul", {}, ...references.map(([title, url]) =>
        el("li", {}, url ? el("a", { href: url, rel: "noopener noreferrer" }, bdi(title)) : bdi(title))))] : []),
    ];
  }
  const byKey = new Map(machines.map((machine) => [machine.key, machine]));
  const machineOf = (finding) => byKey.get(machineKey(finding.host, finding.vmId));

  function machineParts(row) {
    const m = row.packed;
    const own = findings.filter((finding) => finding.vmId === row.id && finding.host === row.host);
    return [
      el("dl", {}, ...definition("Id", bdi(row.id)), ...definition("Host", bdi(row.host)), ...definition("State", bdi(row.state)),
        ...definition("Isolation", bdi(text(m[4]))), ...definition("Guest looked into", m[5] < 0 ? "no" : bdi(text(m[5]))),
        ...definition("Profiles", ...listed(m[6])), ...definition("Policy rules", ...listed(m[7])),
        ...definition("Reason", bdi(text(m[8]))), ...definition("Not read", bdi(row.error))),
      el("h3", {}, "Services"),
      el("table", { class: "services" }, el("thead", {}, el("tr", {}, ...["Service", "Wanted", "Switch", "Host sees", "Guest's half", "Side"].map((title) => el("th", { scope: "col" }, title)))),
        el("tbody", {}, ...row.services.flatMap((service, number) => (service ? [serviceRow(service, number), whyRow(service)] : [])))),
      el("h3", {}, "Findings"),
      own.length ? el("ul", {}, ...own.map((finding) => el("li", {}, mark(finding.severity), linkTo("finding", finding.id, finding.title), ` ${finding.status}`))) : el("p", {}, "None."),
    ];
  }
  const serviceRow = (service, number) => el("tr", {}, el("th", { scope: "row" }, data.services[number]),
    ...[onOff(service.wanted), service.offered === false ? "not offered" : onOff(service.enabled), verdictName(service.verdict),
      service.guest.replace(/_/g, " "), service.side || "–"].map((value) => el("td", {}, value)));
  const whyRow = (service) => el("tr", {}, el("td", { colspan: "6" }, el("small", {}, bdi(service.explanation),
    service.remedy && service.side ? el("b", {}, " Remedy: ") : "", service.side ? bdi(service.remedy) : "",
    service.override ? el("b", {}, " Off because: ") : "", bdi(service.override), service.until ? ` (until ${service.until})` : "")));

  const detail = byId("detail");
  function openRow(view, row) {
    if (!row) return;
    opened = `${view.kind}:${view.key(row)}`;
    const position = view.shown.indexOf(row);
    if (position >= 0) move(view, position);
    const step = (by, label) => el("button", { type: "button", disabled: !view.shown[position + by] || position < 0, onclick: () => stepBy(by) }, label);
    const isFinding = view.kind === "finding";
    detail.replaceChildren(
      el("div", { class: "bar" }, step(-1, "Previous"), step(1, "Next"), el("button", { type: "button", class: "close", onclick: closeRow }, "Close")),
      ...(isFinding ? [el("p", {}, chip(row.severity, row.severity), " ", el("span", { class: "chip" }, row.status))] : []),
      el("h2", { id: "detail-title", tabindex: "-1" }, bdi(isFinding ? row.title : row.name)),
      ...(isFinding ? findingParts(row, "h3") : machineParts(row)));
    if (!detail.open) detail.showModal();
    detail.scrollTop = 0;
    byId("detail-title").focus();
    writeHash();
  }
  function stepBy(by) {
    const view = viewOf.get(opened.split(":", 1)[0]);
    const next = view.shown[view.active + by];
    if (next) openRow(view, next);
  }
  // At once, where the browser lets us: its event comes in a task of its own, when the reader may be elsewhere already.
  function closeRow() {
    detail.close();
    closed();
  }
  function closed() {
    if (detail.open || !opened) return;
    current = viewOf.get(opened.split(":", 1)[0]);
    opened = "";
    writeHash();
    current.grid.focus({ preventScroll: true });
  }
  detail.addEventListener("cancel", (event) => { event.preventDefault(); closeRow(); });
  detail.addEventListener("close", closed);
  function openByName(name) {
    const view = viewOf.get(name.split(":", 1)[0]);
    const key = name.slice(name.indexOf(":") + 1);
    const row = view?.rows.find((candidate) => view.key(candidate) === key);
    if (row) { current = view; openRow(view, row); }
    return Boolean(row);
  }

  // ---- the address: filters, order and the open row -------------------------------------------------------------------

  let written = "";
  function writeHash() {
    const parameters = new URLSearchParams();
    for (const view of views) {
      for (const [name, value] of Object.entries(view.state)) {
        if (value !== (view.start[name] ?? "")) parameters.set(`${view.prefix}.${name}`, value);
      }
    }
    if (opened) parameters.set("open", opened);
    written = parameters.toString() ? `#${parameters}` : "#";
    if (written === (location.hash || "#")) return;
    try { history.replaceState(null, "", written); } catch { location.replace(written); }
  }
  function readHash() {
    if (location.hash === written || (location.hash && !location.hash.includes("="))) return;
    written = location.hash;
    const parameters = new URLSearchParams(location.hash.slice(1));
    let target = null;
    for (const view of views) {
      const own = [...parameters].filter(([name]) => name.startsWith(`${view.prefix}.`));
      // A link of the page that only opens a row leaves the filters alone.
      if (!own.length && parameters.has("open")) continue;
      for (const name of Object.keys(view.state)) view.state[name] = view.start[name] ?? "";
      for (const name of Object.keys(view.filters)) view.state[name] ??= "";
      for (const [name, value] of own) if (Object.hasOwn(view.state, name.slice(2))) view.state[name.slice(2)] = value;
      view.active = 0;
      refresh(view);
      if (own.length) target ??= view;
    }
    const name = parameters.get("open");
    if (name && openByName(name)) return;
    if (detail.open) closeRow();
    if (target) { current = target; byId(target.id).scrollIntoView(); target.grid.focus({ preventScroll: true }); }
  }

  // ---- keys -----------------------------------------------------------------------------------------------------------

  function gridKey(view, event) {
    if (event.target !== view.grid || event.ctrlKey || event.altKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(view.grid.clientHeight / view.row) - 2);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.key in steps) move(view, view.active + steps[event.key]);
    else if (event.key === "Enter" || event.key === " ") openRow(view, view.shown[view.active]);
    else return;
    event.preventDefault();
  }
  function searchKey(view, event) {
    if (event.key === "Escape") { if (view.search.value) change(view, { q: "" }); else view.grid.focus(); }
    else if (event.key === "Enter" || event.key === "ArrowDown") view.grid.focus();
    else return;
    event.preventDefault();
  }
  const shortcuts = {
    "/": () => { current.search.focus(); current.search.select(); },
    1: () => go("summary"),
    2: () => goView(views[0]),
    3: () => goView(views[1]),
    s: () => {
      const now = current.columns.findIndex((column) => column.id === current.state.sort.replace("-", ""));
      change(current, { sort: current.columns[now + 1]?.id ?? "" });
    },
    r: () => { const now = current.state.sort; if (now) change(current, { sort: now.startsWith("-") ? now.slice(1) : `-${now}` }); },
    c: () => clear(current),
    t: () => nextTheme(),
    "?": () => keys.showModal(),
  };
  const go = (id) => byId(id).scrollIntoView();
  const goView = (wanted) => { current = wanted; go(wanted.id); wanted.grid.focus({ preventScroll: true }); };
  const keys = byId("keys");
  const single = byId("single-keys");
  single.checked = kept.get("single-keys") !== "off";
  single.addEventListener("change", () => kept.set("single-keys", single.checked ? "on" : "off"));
  keys.querySelector(".close").addEventListener("click", () => keys.close());
  document.addEventListener("keydown", (event) => {
    if (!single.checked || event.ctrlKey || event.altKey || event.metaKey || keys.open) return;
    if (event.target.closest("input, select, textarea")) return;
    if (detail.open) {
      if (event.key === "j") stepBy(1);
      else if (event.key === "k") stepBy(-1);
      return;
    }
    if (Object.hasOwn(shortcuts, event.key)) { event.preventDefault(); shortcuts[event.key](); }
  });

  // ---- light and dark, paper ------------------------------------------------------------------------------------------

  const themes = { "": "As the system", light: "Light", dark: "Dark" };
  const themeButton = el("button", { type: "button", onclick: () => nextTheme() });
  function setTheme(theme) {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    themeButton.textContent = `Colours: ${themes[theme].toLowerCase()}`;
    kept.set("theme", theme);
  }
  function nextTheme() {
    const names = Object.keys(themes);
    setTheme(names[(names.indexOf(document.documentElement.dataset.theme ?? "") + 1) % names.length]);
  }
  setTheme(Object.hasOwn(themes, kept.get("theme") ?? "") ? kept.get("theme") ?? "" : "");
  byId("switches").append(themeButton, el("button", { type: "button", onclick: () => keys.showModal() }, "Keys"));

  const paper = byId("print");
  const catalog = byId("rules").querySelector("details");
  addEventListener("beforeprint", () => {
    paper.wasOpen = catalog.open;
    catalog.open = true;
    const rows = views[0].shown.slice(0, PRINTED);
    const left = views[0].shown.length - rows.length;
    paper.replaceChildren(
      el("h2", {}, `Findings: ${views[0].count.textContent}`),
      ...rows.map((row) => el("article", {}, el("h3", {}, mark(row.severity), `${row.severity}, ${row.status}: `, bdi(row.title)), ...findingParts(row, "h4"))),
      left ? el("p", {}, `${left.toLocaleString("en")} more are left out on paper.`) : "");
  });
  addEventListener("afterprint", () => { catalog.open = paper.wasOpen; paper.replaceChildren(); });

  for (const each of views) { build(each); refresh(each); }
  readHash();
  addEventListener("hashchange", readHash);
  addEventListener("resize", () => { for (const each of views) { fit(each); refresh(each); move(each, each.active); } });
  document.documentElement.dataset.ready = "";
})();
