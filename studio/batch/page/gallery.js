"use strict";
(() => {
  const FILES = "gallery_files/";
  const STATES = ["done", "held", "failed", "running", "pending"];
  const natural = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const $ = (id) => document.getElementById(id);
  const make = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false && value != null) node.setAttribute(name, value);
    }
    node.append(...children.filter((child) => child != null));
    return node;
  };
  const svg = (tag, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };

  // -- what is known ---------------------------------------------------------------------------------
  let state = null;
  const chunks = new Map();
  const loaded = new Map();
  let items = [];
  let shown = [];
  let columns = [];
  const wish = { q: "", s: "", sort: "index", down: false, view: "grid", size: 220, output: "", k: "", f: {} };

  const link = (path) => path.split("/").map(encodeURIComponent).join("/");
  const thumb = (file) => (file.m ? FILES + "thumbs/" + link(file.m) : null);
  const text = (value) => value === null || value === undefined ? "" : typeof value === "string" ? value : isFile(value) ? baseName(value.file) : JSON.stringify(value);
  const isFile = (value) => typeof value === "object" && value !== null && Object.keys(value).length === 1 && typeof value.file === "string";
  const baseName = (path) => path.slice(path.lastIndexOf("/") + 1);
  const seconds = (value) => value == null ? "" : value < 0.095 ? Math.round(value * 1000) + " ms" : value < 60 ? value.toFixed(value < 10 ? 2 : 1) + " s" : Math.floor(value / 60) + " min " + Math.round(value % 60) + " s";
  const clock = (value) => Math.floor(value / 60) + ":" + String(Math.floor(value % 60)).padStart(2, "0");
  const bytes = (value) => { for (const unit of ["B", "KB", "MB", "GB"]) { if (value < 1000 || unit === "GB") return (unit === "B" ? value : value.toFixed(1)) + " " + unit; value /= 1000; } };
  const count = (value, one, many) => value.toLocaleString("en") + " " + (value === 1 ? one : many);
  const haystack = (item) => item.find || (item.find = [item.n, item.s, ...Object.values(item.v).map(text), ...(item.e ? Object.values(item.e).map(text) : []), ...(item.k || []).map((one) => text(one.sentence)), ...(item.f || []).map((file) => file.x || "")].join("\n").toLowerCase());

  // -- loading ---------------------------------------------------------------------------------------
  const load = (name) => new Promise((done) => {
    const script = make("script", { src: FILES + name + "?" + Date.now() });
    script.onload = script.onerror = () => { script.remove(); done(); };
    document.head.append(script);
  });
  window.studioState = (found) => { state = found; };
  window.studioItems = (number, found) => { chunks.set(number, found); };
  const refresh = async () => {
    await load("state.js");
    if (!state) { $("nothing").hidden = false; $("nothing").textContent = "The files beside this page are missing: gallery_files belongs to it."; return; }
    const wanted = state.chunks.filter(([number, revision]) => loaded.get(number) !== state.stamp + revision);
    const gone = [...chunks.keys()].filter((number) => !state.chunks.some(([known]) => known === number));
    for (const number of gone) { chunks.delete(number); loaded.delete(number); }
    await Promise.all(wanted.map(async ([number, revision]) => { await load(`items-${number}.js`); loaded.set(number, state.stamp + revision); }));
    const changed = wanted.length || gone.length || !layout;
    if (changed) collect();
    showHead();
    if (changed && !playing) choose();
  };
  const watch = async () => {
    await refresh();
    document.documentElement.dataset.ready = "yes";
    if (state && state.running && Date.now() / 1000 - state.written < 600) setTimeout(watch, 3000);
  };

  const collect = () => {
    items = [...chunks.entries()].sort((a, b) => a[0] - b[0]).flatMap(([, found]) => found);
    const names = new Map();
    for (const item of items) for (const [name, value] of Object.entries(item.v)) {
      const column = names.get(name) || names.set(name, { name, values: new Map(), numeric: true }).get(name);
      if (typeof value !== "number") column.numeric = false;
      if (column.values && column.values.size <= 24) column.values.set(text(value), (column.values.get(text(value)) || 0) + 1);
    }
    columns = [...names.values()];
    for (const column of columns) column.varies = column.values.size > 1;
    fillPicks();
  };

  // -- the head --------------------------------------------------------------------------------------
  const options = (select, entries, value) => {
    select.replaceChildren(...entries.map(([key, label]) => make("option", { value: key }, label)));
    select.value = entries.some(([key]) => key === value) ? value : entries[0][0];
  };
  const failed = (item, check) => (item.k || []).some((one) => !one.passed && (!check || one.check === check));
  const VERDICTS = { "": ["Checks", () => true], passed: ["passed", (item) => item.k && !failed(item)], failed: ["not passed", (item) => failed(item)], reseeded: ["passed with another seed", (item) => item.r > 1 && !failed(item)], none: ["not checked", (item) => !item.k] };
  const judge = (key) => Object.hasOwn(VERDICTS, key) ? VERDICTS[key][1] : (item) => failed(item, key);
  const pickVerdicts = () => {
    if (!items.some((item) => item.k)) return [];
    const checks = [...new Set(items.flatMap((item) => (item.k || []).filter((one) => !one.passed).map((one) => text(one.check))))].sort();
    const keys = [...Object.keys(VERDICTS), ...checks];
    const select = make("select", { "aria-label": "Checks", id: "verdicts" });
    options(select, keys.map((key) => [key, key ? `${Object.hasOwn(VERDICTS, key) ? VERDICTS[key][0] : "not passed: " + key} (${items.filter(judge(key)).length})` : "Checks"]), wish.k);
    select.addEventListener("change", () => { wish.k = select.value; choose(); });
    return [select];
  };
  const fillPicks = () => {
    options($("sort"), [["index", "order of the table"], ["name", "name"], ["state", "state"], ["seconds", "time taken"], ["finished", "finished last"], ...columns.filter((c) => c.varies).map((c) => ["v:" + c.name, c.name])], wish.sort);
    const outputs = state.outputs;
    options($("output"), [["", "the first picture"], ...outputs.map((name) => [name, name])], wish.output);
    $("output").parentElement.hidden = outputs.length < 2;
    const facets = columns.filter((column) => column.varies && column.values.size <= 12 && column.values.size < items.length * 0.6).slice(0, 4);
    $("facets").replaceChildren(...pickVerdicts(), ...facets.map((column) => {
      const select = make("select", { "aria-label": column.name, "data-facet": column.name });
      const values = [...column.values.entries()].sort((a, b) => natural.compare(a[0], b[0]));
      options(select, [["", column.name], ...values.map(([value, number]) => ["=" + value, `${value || "(empty)"} (${number})`])], wish.f[column.name] === undefined ? "" : "=" + wish.f[column.name]);
      select.addEventListener("change", () => { if (select.value) wish.f[column.name] = select.value.slice(1); else delete wish.f[column.name]; choose(); });
      return select;
    }));
  };
  const showHead = () => {
    const total = STATES.reduce((sum, name) => sum + (state.counts[name] || 0), 0);
    const facts = [count(total, "item", "items")];
    if (state.bytes) facts.push(bytes(state.bytes));
    if (state.calls) facts.push(Math.round(100 * state.cached / state.calls) + " % from the cache");
    facts.push(state.running ? "running" : "as of " + new Date(state.written * 1000).toLocaleString());
    $("facts").textContent = facts.join(" · ");
    $("progress").replaceChildren(...STATES.slice(0, 4).map((name) => { const part = make("i", { class: name }); part.style.width = (100 * (state.counts[name] || 0) / (total || 1)) + "%"; return part; }));
    $("progress").setAttribute("aria-label", STATES.map((name) => `${state.counts[name] || 0} ${name}`).join(", "));
    const chip = (key, label, number) => make("button", { class: key, "aria-pressed": String(wish.s === key), onclick: () => { wish.s = wish.s === key ? "" : key; choose(); showHead(); } }, key ? make("i", { class: "dot " + key }) : null, label, make("small", {}, number.toLocaleString("en")));
    $("states").replaceChildren(chip("", "All", total), ...STATES.filter((name) => state.counts[name]).map((name) => chip(name, name[0].toUpperCase() + name.slice(1), state.counts[name])));
    for (const view of ["grid", "table"]) $(view).setAttribute("aria-pressed", String(wish.view === view));
    $("order").textContent = wish.down ? "↓" : "↑";
    $("size").hidden = wish.view !== "grid";
  };

  // -- choosing and sorting --------------------------------------------------------------------------
  const matches = () => {
    const tests = [];
    if (wish.k) tests.push(judge(wish.k));
    if (wish.s) tests.push((item) => item.s === wish.s);
    for (const [name, value] of Object.entries(wish.f)) tests.push((item) => text(item.v[name]) === value);
    for (const word of wish.q.toLowerCase().split(/\s+/).filter(Boolean)) {
      const [, name, rest] = /^([^:]+):(.+)$/.exec(word) || [];
      const column = name && columns.find((c) => c.name.toLowerCase() === name);
      tests.push(column ? (item) => text(item.v[column.name]).toLowerCase().includes(rest) : (item) => haystack(item).includes(word));
    }
    return (item) => tests.every((test) => test(item));
  };
  const compare = () => {
    const key = wish.sort;
    const order = { index: (a, b) => a.i - b.i, name: (a, b) => natural.compare(a.n, b.n), state: (a, b) => STATES.indexOf(a.s) - STATES.indexOf(b.s), seconds: (a, b) => (b.t ?? -1) - (a.t ?? -1), finished: (a, b) => (b.u ?? -1) - (a.u ?? -1) }[key];
    const name = key.slice(2);
    const first = order || ((a, b) => typeof a.v[name] === "number" && typeof b.v[name] === "number" ? a.v[name] - b.v[name] : natural.compare(text(a.v[name]), text(b.v[name])));
    return (a, b) => (wish.down ? -1 : 1) * first(a, b) || a.i - b.i;
  };
  const choose = () => {
    shown = items.filter(matches()).sort(compare());
    $("nothing").hidden = shown.length > 0 || !state;
    $("nothing").textContent = items.length ? "No item is like that." : "No items yet.";
    remember();
    draw(true);
    if ($("item").open) turnTo(current);
  };
  const remember = () => {
    const parts = new URLSearchParams();
    for (const key of ["q", "s", "k", "output"]) if (wish[key]) parts.set(key, wish[key]);
    if (wish.sort !== "index") parts.set("sort", wish.sort);
    if (wish.down) parts.set("down", "1");
    if (wish.view !== "grid") parts.set("view", wish.view);
    for (const [name, value] of Object.entries(wish.f)) parts.set("f." + name, value);
    try { history.replaceState(null, "", "#" + parts); } catch { /* a page that may not, such as one in a frame */ }
  };
  const recall = () => {
    for (const [key, value] of new URLSearchParams(location.hash.slice(1))) {
      if (["q", "s", "k", "sort", "output"].includes(key)) wish[key] = value;
      if (key === "view" && value === "table") wish.view = value;
      if (key === "down") wish.down = true;
      if (key.startsWith("f.")) wish.f[key.slice(2)] = value;
    }
    $("search").value = wish.q;
  };

  // -- cards and rows: only those in sight are there ---------------------------------------------------
  const alive = new Map();
  const RANK = { image: 0, video: 1, audio: 2, text: 3, file: 4 };
  const face = (item) => {
    const files = item.f || [];
    const wanted = wish.output && files.find((file) => file.o === wish.output);
    return wanted || [...files].sort((a, b) => RANK[a.k] - RANK[b.k])[0];
  };
  const wave = (peaks, ratio = 2.4) => {
    const width = peaks.length * 3, height = width / ratio;
    const picture = svg("svg", { class: "wave", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    peaks.forEach((peak, index) => { const size = Math.max(height * peak / 100, height / 60); picture.append(svg("rect", { x: index * 3 + 0.5, y: (height - size) / 2, width: 2, height: size, rx: 0.8 })); });
    return picture;
  };
  const summary = (item) => {
    const told = columns.filter((column) => column.varies && item.v[column.name] != null && text(item.v[column.name]) !== item.n);
    return told.slice(0, 3).map((column) => text(item.v[column.name])).join(" · ") || (item.t != null ? seconds(item.t) : item.src || "");
  };
  const error = (item) => make("div", { class: "oops", dir: "auto" }, make("b", {}, `${item.e.code || "failed"}${item.e.node ? " at " + item.e.node : ""}`), item.e.message || "");

  const drawFace = (item) => {
    const box = make("div", { class: "pic" });
    const file = face(item);
    if (!file) {
      if (item.e) box.append(error(item));
      else box.append(make("span", { class: "waiting " + item.s }, item.s === "done" ? "no files" : item.s));
      return box;
    }
    if (file.k === "audio") {
      if (Array.isArray(file.w)) box.append(wave(file.w));
      box.append(player(file, box), make("span", { class: "badge" }, clock(file.d || 0)));
    } else if (thumb(file)) {
      box.append(make("img", { src: thumb(file), loading: "lazy", decoding: "async", alt: "", draggable: "false" }));
      if (file.k === "video") { box.append(make("span", { class: "badge" }, clock(file.d || 0)), make("span", { class: "play" })); preview(file, box); }
    } else if (file.x != null) box.append(make("div", { class: "words", dir: "auto" }, file.x));
    else box.append(make("span", { class: "waiting" }, baseName(file.p)));
    if (item.e) box.append(make("span", { class: "badge left" }, item.e.code || "failed"));
    else if (item.f.length > 1 && file.k !== "video" && file.k !== "audio") box.append(make("span", { class: "badge" }, count(item.f.length, "file", "files")));
    return box;
  };
  const preview = (file, box) => {
    let timer = 0, film = null;
    box.addEventListener("mouseenter", () => { timer = setTimeout(() => { film = make("video", { src: link(file.p), loop: true, playsinline: true }); film.muted = true; film.style.cssText = "position:absolute;inset:0"; film.onplaying = () => box.querySelector(".play")?.style.setProperty("display", "none"); film.onerror = () => film.remove(); box.append(film); film.play().catch(() => {}); }, 250); });
    box.addEventListener("mouseleave", () => { clearTimeout(timer); if (film) { film.pause(); film.removeAttribute("src"); film.remove(); film = null; } box.querySelector(".play")?.style.removeProperty("display"); });
  };
  let playing = null;
  const player = (file, box) => {
    const button = make("button", { class: "play", "aria-label": "Play" });
    button.addEventListener("click", (event) => {
      event.stopPropagation();
      if (playing && playing.button === button) { stop(); return; }
      stop();
      const sound = new Audio(link(file.p));
      playing = { sound, button, box };
      button.classList.add("on");
      sound.ontimeupdate = () => mark(box, sound.currentTime / (sound.duration || file.d || 1));
      sound.onended = sound.onerror = () => { if (playing && playing.sound === sound) stop(); };
      sound.play().catch(stop);
    });
    return button;
  };
  const mark = (box, share) => { const bars = box.querySelectorAll(".wave rect"); bars.forEach((bar, index) => bar.classList.toggle("past", index < share * bars.length)); };
  const stop = () => { if (!playing) return; playing.sound.pause(); playing.sound.removeAttribute("src"); playing.button.classList.remove("on"); mark(playing.box, 0); playing = null; };

  const drawCard = (item, index) => make("div", { class: "card " + item.s, role: "button", tabindex: "0", "data-name": item.n, onclick: () => open(index), onkeydown: (event) => { if (event.key === "Enter") open(index); } },
    drawFace(item), make("div", { class: "cap" }, make("b", { dir: "auto", title: item.n }, item.n), make("span", { dir: "auto" }, summary(item))));

  const tableColumns = () => ["", "name", "state", ...columns.map((column) => "v:" + column.name), "seconds", "note"];
  const tableGrid = () => ["60px", "minmax(140px, 1.2fr)", "84px", ...columns.map((column) => column.numeric ? "minmax(80px, .6fr)" : "minmax(110px, 1fr)"), "90px", "minmax(180px, 1.6fr)"].join(" ");
  const drawRow = (item, index) => {
    const file = face(item);
    const row = make("div", { class: "row " + item.s, role: "button", tabindex: "0", "data-name": item.n, onclick: () => open(index), onkeydown: (event) => { if (event.key === "Enter") open(index); } },
      make("span", { class: "tiny" }, file && thumb(file) ? make("img", { src: thumb(file), loading: "lazy", alt: "" }) : null), make("b", { dir: "auto" }, item.n), make("span", { class: "state" }, item.s),
      ...columns.map((column) => make("span", { dir: "auto", class: column.numeric ? "num" : null, title: text(item.v[column.name]).slice(0, 300) }, text(item.v[column.name]))),
      make("span", { class: "num" }, seconds(item.t)), make("span", { dir: "auto" }, item.e ? `${item.e.code || ""} ${item.e.message || ""}` : (item.f || []).map((made) => made.p).join(", ")));
    row.style.gridTemplateColumns = tableGrid();
    return row;
  };
  const drawTop = () => {
    const sortable = (key) => ({ "": "", note: "files or error", seconds: "time" }[key] ?? key.replace(/^v:/, ""));
    const top = make("div", { class: "row top" }, ...tableColumns().map((key) => make("span", { class: key === "seconds" || columns.some((c) => c.numeric && "v:" + c.name === key) ? "num" : null, onclick: () => { if (!key || key === "note") return; if (wish.sort === key) wish.down = !wish.down; else { wish.sort = key; wish.down = false; } $("sort").value = key; showHead(); choose(); } }, sortable(key) + (key && wish.sort === key ? (wish.down ? " ↓" : " ↑") : ""))));
    top.style.gridTemplateColumns = tableGrid();
    return top;
  };

  const measure = () => {
    const width = $("sheet").clientWidth;
    if (wish.view === "table") return { columns: 1, width: 0, height: 44, gap: 0, top: 36 };
    const gap = 14, across = Math.max(1, Math.floor((width + gap) / (wish.size + gap)));
    const side = (width - gap * (across - 1)) / across;
    return { columns: across, width: side, height: Math.round(side * 0.78) + 52, gap, top: 0 };
  };
  let layout = null;
  const draw = (anew) => {
    const sheet = $("sheet"), main = $("main");
    if (anew) { stop(); alive.clear(); layout = measure(); sheet.replaceChildren(...(wish.view === "table" && shown.length ? [drawTop()] : [])); const rows = Math.ceil(shown.length / layout.columns); sheet.style.height = rows * (layout.height + layout.gap) + layout.top + "px"; sheet.style.minWidth = wish.view === "table" ? (500 + columns.length * 110) + "px" : ""; }
    const step = layout.height + layout.gap;
    const from = Math.max(0, Math.floor((main.scrollTop - layout.top) / step) - 2) * layout.columns;
    const to = Math.min(shown.length, (Math.ceil((main.scrollTop + main.clientHeight) / step) + 2) * layout.columns);
    for (const [index, node] of alive) if (index < from || index >= to) { if (playing && node.contains(playing.box)) continue; node.remove(); alive.delete(index); }
    for (let index = from; index < to; index++) {
      if (alive.has(index)) continue;
      const node = wish.view === "table" ? drawRow(shown[index], index) : drawCard(shown[index], index);
      const line = Math.floor(index / layout.columns);
      node.style.top = line * step + layout.top + "px";
      if (wish.view === "grid") { node.style.left = (index % layout.columns) * (layout.width + layout.gap) + "px"; node.style.width = layout.width + "px"; node.style.height = layout.height + "px"; }
      sheet.append(node);
      alive.set(index, node);
    }
  };

  // -- one item --------------------------------------------------------------------------------------
  let current = null, part = 0;
  const open = (index) => { stop(); current = shown[index]; part = Math.max(0, (current.f || []).indexOf(face(current))); $("item").showModal(); showItem(); };
  const turnTo = (item) => { const fresh = item && items.find((other) => other.i === item.i); if (fresh && fresh !== item) { current = fresh; showItem(); } };
  const turn = (step) => { const index = shown.indexOf(current) + step; if (index >= 0 && index < shown.length) { current = shown[index]; part = Math.max(0, (current.f || []).indexOf(face(current))); showItem(); } };
  const showFile = (file) => {
    if (file.k === "image") return make("img", { src: link(file.p), alt: file.o });
    if (file.k === "video") return make("video", { src: link(file.p), controls: true, playsinline: true, loop: true, poster: thumb(file) });
    if (file.k === "audio") {
      const sound = make("audio", { src: link(file.p), controls: true }), box = make("div", { class: "sound" });
      if (Array.isArray(file.w)) { box.append(wave(file.w, 4)); sound.ontimeupdate = () => mark(box, sound.currentTime / (sound.duration || file.d || 1)); }
      box.append(sound);
      return box;
    }
    if (file.x != null) return make("pre", { class: "words", dir: "auto" }, file.x);
    return make("a", { href: link(file.p) }, baseName(file.p));
  };
  const quote = (path) => /^[\w./@%+=:-]+$/.test(path) && !path.startsWith("-") ? path : "'" + path.replaceAll("'", "'\\''") + "'";
  const copy = async (button, words) => { try { await navigator.clipboard.writeText(words); button.textContent = "copied"; setTimeout(() => { button.textContent = "copy"; }, 1200); } catch { /* not allowed here: the text can be marked by hand */ } };
  const showItem = () => {
    const item = current, files = item.f || [], file = files[part];
    $("view").replaceChildren(file ? showFile(file) : item.e ? error(item) : make("span", { class: "waiting " + item.s }, item.s));
    $("strip").replaceChildren(...(files.length > 1 ? files.map((other, index) => make("button", { "aria-pressed": String(index === part), title: other.p, onclick: () => { part = index; showItem(); } }, make("div", { class: "mini" }, thumb(other) ? make("img", { src: thumb(other), alt: "" }) : Array.isArray(other.w) ? wave(other.w, 3) : other.k), make("span", { dir: "auto" }, other.o))) : []));
    const side = [make("h2", { dir: "auto" }, item.n), make("p", { class: "where" }, item.src || `item ${item.i}`), make("span", { class: "pill " + item.s }, item.s)];
    if (item.e) {
      side.push(make("h3", {}, "Error"), files.length ? error(item) : null);
      if (item.e.hint) side.push(make("p", { class: "quiet" }, "hint: " + item.e.hint));
      for (const key of [item.e.node ? "" : "where", "inputs", "details"]) if (item.e[key]) side.push(make("div", { class: "quiet" }, key), make("pre", {}, text(item.e[key])));
    }
    if (Object.keys(item.v).length) side.push(make("h3", {}, "Values"), make("dl", {}, ...Object.entries(item.v).flatMap(([name, value]) => [make("dt", { dir: "auto" }, name), make("dd", { dir: "auto" }, isFile(value) ? value.file : text(value) || "(empty)")])));
    if (files.length) side.push(make("h3", {}, "Files"), make("ul", {}, ...files.map((made) => make("li", {}, make("a", { href: link(made.p), target: "_blank", rel: "noopener" }, made.p), make("br"), make("small", {}, [made.o, Number.isFinite(made.w) && made.h ? `${made.w} × ${made.h}` : "", made.d ? seconds(made.d) : "", bytes(made.b)].filter(Boolean).join(" · "))))));
    if (item.k) side.push(make("h3", {}, "Checks"), ...item.k.map((one) => make("p", { class: one.passed ? "quiet" : "unpassed", dir: "auto" }, `${one.passed ? "✓" : "✗"} ${text(one.check)}: ${text(one.sentence)}`)));
    if (item.w) side.push(make("h3", {}, "Warnings"), ...item.w.map((line) => make("p", { class: "quiet", dir: "auto" }, text(line))));
    const facts = [item.t != null ? `took ${seconds(item.t)}` : "", item.c ? `${item.h || 0} of ${item.c} calls from the cache` : "", item.a > 1 ? `${item.a} attempts` : "", item.r > 1 ? `try ${item.r}, ${Object.entries(item.sd || {}).map(([name, seed]) => `${name} ${seed}`).join(", ")}` : "", item.u ? new Date(item.u * 1000).toLocaleString() : ""].filter(Boolean);
    if (facts.length) side.push(make("h3", {}, "Made"), ...facts.map((fact) => make("div", { class: "quiet" }, fact)));
    if (file) { const words = "studio rerun " + quote(file.p); side.push(make("h3", {}, "Make it again"), make("pre", {}, words), make("button", { class: "copy", onclick: (event) => copy(event.target, words) }, "copy")); }
    $("side").replaceChildren(...side.filter(Boolean));
    $("side").scrollTop = 0;
    const index = shown.indexOf(item);
    $("before").disabled = index <= 0;
    $("after").disabled = index < 0 || index >= shown.length - 1;
  };

  // -- hands -----------------------------------------------------------------------------------------
  const setTheme = (name) => { document.documentElement.dataset.theme = name; $("theme").textContent = name === "dark" ? "☀" : "☾"; };
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let keepsTheme = false;
  setTheme(dark.matches ? "dark" : "light");
  dark.addEventListener("change", () => { if (!keepsTheme) setTheme(dark.matches ? "dark" : "light"); });
  $("theme").onclick = () => { keepsTheme = true; setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"); };
  let typing = 0;
  $("search").oninput = () => { clearTimeout(typing); typing = setTimeout(() => { wish.q = $("search").value; $("main").scrollTop = 0; choose(); }, 120); };
  $("sort").onchange = () => { wish.sort = $("sort").value; choose(); };
  $("order").onclick = () => { wish.down = !wish.down; showHead(); choose(); };
  $("output").onchange = () => { wish.output = $("output").value; choose(); };
  $("size").oninput = () => { wish.size = Number($("size").value); draw(true); };
  for (const view of ["grid", "table"]) $(view).onclick = () => { wish.view = view; $("main").scrollTop = 0; showHead(); choose(); };
  let waiting = false;
  $("main").addEventListener("scroll", () => { if (!waiting) { waiting = true; requestAnimationFrame(() => { waiting = false; if (layout) draw(false); }); } }, { passive: true });
  new ResizeObserver(() => { if (layout && (wish.view === "table" || Math.abs(measure().width - layout.width) > 0.5)) draw(true); else if (layout) draw(false); }).observe($("main"));
  $("before").onclick = () => turn(-1);
  $("after").onclick = () => turn(1);
  $("close").onclick = () => $("item").close();
  $("item").addEventListener("click", (event) => { if (event.target === $("item")) $("item").close(); });
  $("item").addEventListener("close", () => { $("view").replaceChildren(); current = null; });
  addEventListener("keydown", (event) => {
    if ($("item").open) {
      if (event.target.closest && event.target.closest("audio, video")) return;
      if (event.key === "ArrowLeft") turn(-1);
      if (event.key === "ArrowRight") turn(1);
    } else if (event.key === "/" && document.activeElement !== $("search")) { event.preventDefault(); $("search").focus(); }
  });
  recall();
  watch();
})();
