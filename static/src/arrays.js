// The array builder's comfort: choosing without a page load, arrow keys, and a filter of serials.
// Everything it does is a link or a button of the page; without it they load the page anew.

const builder = () => document.getElementById("builder");
const CELL = /^m-(.+)-R(\d+)C(\d+)$/;
const inField = (element) => element.matches("input, textarea, select, [contenteditable]");
const shortcutsOn = () => document.body.dataset.shortcuts !== "off";

// ---------------------------------------------------------------- only what changed is drawn anew
// A page says what it shows already (X-Drawn); the answer then leaves out the modules that stay as
// they are. What stays in the page comes as an empty element of the same id with data-same.
const KEPT = "#builder, .builder, .builder__canvas";

let staying;

function redraw(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("builder");
  if (!fresh || !builder()) return false;
  takeBack();
  staying = new Map();
  for (const { id } of fresh.querySelectorAll("[data-same]")) {
    const live = document.getElementById(id);
    if (!live) return false;
    staying.set(id, live);
  }
  const focused = document.activeElement;
  const label = focused?.getAttribute("aria-label") || focused?.textContent.trim();
  const list = builder().querySelector(".picklist")?.scrollTop || 0;
  const typed = document.getElementById("typed")?.value;
  const cells = [...fresh.querySelectorAll("#roofs[data-same] a.m")];
  // What was opened stays open.
  for (const old of builder().querySelectorAll("details[id][open]")) {
    fresh.querySelector(`#${old.id}`)?.setAttribute("open", "");
  }
  const changed = cells.map((cell) => {
    const old = document.getElementById(cell.id);
    old.replaceWith(cell);
    return { id: cell.id, before: plain(old), after: plain(cell) };
  });
  const whole = !fresh.querySelector("#roofs[data-same]");
  patch(builder(), fresh);
  settle();
  if (list) builder().querySelector(".picklist")?.scrollTo(0, list);
  // What was typed while the answer was on its way.
  const field = document.getElementById("typed");
  if (field && typed && !field.value && typed !== sent?.typed) field.value = typed;
  refocus(focused, label);
  return { whole, changed };
}

// A cell as it looks when it is not the chosen one.
function plain(cell) {
  const copy = cell.cloneNode(true);
  copy.removeAttribute("aria-current");
  copy.querySelector(".m__ring")?.remove();
  return copy.outerHTML;
}

function refocus(focused, label) {
  const summary = document.getElementById("error-summary");
  if (summary) {
    summary.focus();
  } else if (focused && !focused.isConnected) {
    const buttons = [...builder().querySelectorAll("button, a[data-choose]")];
    const same = (focused.id && document.getElementById(focused.id)) || buttons.find((one) => one.textContent.trim() === label);
    if (same && !same.disabled) same.focus({ preventScroll: true });
    else {
      builder().tabIndex = -1;
      builder().focus({ preventScroll: true });
    }
  }
}

function patch(old, fresh) {
  if ("same" in fresh.dataset || old.isEqualNode(fresh)) return;
  if (!old.matches(KEPT) || !fresh.matches(KEPT)) {
    put(old, fresh);
    return;
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const before = [...old.children];
  const after = [...fresh.children];
  const keep = before.find((one) => one.matches(`${KEPT}, #roofs`));
  const successor = after.find((one) => one.matches(`${KEPT}, #roofs`));
  if (!keep || !successor) {
    if (before.length === after.length) before.forEach((one, at) => patch(one, after[at]));
    else put(old, fresh);
    return;
  }
  // Sentences and bars around the plan come and go; the plan between them stays where it is.
  for (const one of before) if (one !== keep) one.remove();
  const at = after.indexOf(successor);
  after.forEach((one, place) => {
    if (place === at) return;
    stay(one);
    if (place < at) old.insertBefore(one, keep);
    else old.append(one);
    window.htmx?.process(one);
  });
  patch(keep, successor);
}

// What is the same is moved over from the page.
function stay(fresh) {
  for (const same of fresh.querySelectorAll("[data-same]")) {
    same.replaceWith(staying.get(same.id));
  }
}

function put(old, fresh) {
  stay(fresh);
  old.replaceWith(fresh);
  if (!fresh.matches("svg *")) window.htmx?.process(fresh);
}

// After each answer: what is chosen, in the picture and in every form.
function settle() {
  const { array, cell, revision } = builder().dataset;
  for (const field of builder().querySelectorAll("input[name=revision]")) field.value = revision;
  point(array, cell);
  const first = builder().querySelector(".picklist input[type=radio]");
  if (first) first.checked = true;
  name();
}

// Marks a cell as the chosen one, and its array.
function point(array, cell) {
  for (const field of builder().querySelectorAll("input[name=array]")) field.value = array;
  for (const field of builder().querySelectorAll("input[name=cell]")) field.value = cell;
  for (const old of builder().querySelectorAll("a.m[aria-current]")) {
    old.removeAttribute("aria-current");
    old.querySelector(".m__ring")?.remove();
  }
  for (const group of builder().querySelectorAll("#roof g[data-array]")) {
    const on = group.dataset.array === array;
    group.querySelector(".arr").classList.toggle("arr--on", on);
    group.querySelector(".arr__tag").classList.toggle("arr__tag--on", on);
    group.querySelector(".arr__label").classList.toggle("arr__label--on", on);
  }
  const link = document.getElementById(`m-${array}-${cell}`);
  if (link) {
    const box = link.querySelector(".m__b");
    const ring = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const more = { x: -4, y: -4, width: 8, height: 8 };
    for (const key of Object.keys(more)) ring.setAttribute(key, Number(box.getAttribute(key)) + more[key]);
    ring.setAttribute("rx", 6);
    ring.setAttribute("class", "m__ring");
    link.prepend(ring);
    link.setAttribute("aria-current", "true");
  }
  mirror(array);
}

// On a phone the chosen array is drawn alone, as a copy of what the whole roof shows.
const phone = matchMedia("(width < 48rem)");
function mirror(array = builder()?.dataset.array) {
  const one = document.getElementById("roof-one");
  const group = builder()?.querySelector(`#roof g[data-array="${CSS.escape(array)}"]`);
  if (!one || !group || !phone.matches) return;
  const copy = group.cloneNode(true);
  for (const link of copy.querySelectorAll("a.m")) link.removeAttribute("id");
  const focused = one.contains(document.activeElement) && document.activeElement.getAttribute("href");
  one.replaceChildren(copy);
  if (focused) [...copy.querySelectorAll("a.m")].find((link) => link.getAttribute("href") === focused)?.focus({ preventScroll: true });
  const [, , width, height] = group.dataset.box.split(" ");
  one.setAttribute("viewBox", group.dataset.box);
  one.setAttribute("width", width);
  one.setAttribute("height", height);
}
phone.addEventListener("change", () => mirror());

// The button says what it would place.
function name() {
  const typed = document.getElementById("typed")?.value.replace(/\D/g, "");
  const chosen = builder()?.querySelector(".picklist input[type=radio]:checked:not(:disabled)");
  const end = (typed || chosen?.value || "").slice(-4);
  for (const one of builder()?.querySelectorAll("[data-end]") || []) one.textContent = end ? ` ${end}` : "";
}
document.addEventListener("input", () => name());
document.addEventListener("change", () => name());

// ---------------------------------------------------------------- a step is shown before it is answered
// What a step will do is guessed and shown at once; the answer takes the guess back and shows what
// is. Steps of this page are remembered as the cells they changed, for undo and redo.
let guess = [];
let sent;
let waiting = [];
let past = [];
let future = [];

function takeBack() {
  for (const back of guess.reverse()) back();
  guess = [];
}

function showCell(id, markup) {
  const old = document.getElementById(id);
  if (!old) return;
  const parsed = new DOMParser().parseFromString(`<svg>${markup}</svg>`, "text/html");
  const fresh = parsed.querySelector("a");
  old.replaceWith(fresh);
  guess.push(() => fresh.replaceWith(old));
}

function showText(link, text, state) {
  const words = link.querySelector(".m__t");
  const before = [words.textContent, link.dataset.state];
  const mark = link.querySelector(".m__ok, .m__warn");
  const beside = mark?.previousSibling;
  words.textContent = text;
  link.dataset.state = state;
  mark?.remove();
  guess.push(() => {
    [words.textContent, link.dataset.state] = before;
    if (mark) beside.after(mark);
  });
}

function foresee({ action, array, cell, serial, typed }) {
  const before = { array, cell };
  const link = document.getElementById(`m-${array}-${cell}`);
  if (/^place/.test(action) && link) {
    const digits = (typed || "").replace(/\D/g, "");
    const rows = [...builder().querySelectorAll(".picklist input[type=radio]")];
    const row = rows.find((one) => (digits ? one.value.endsWith(digits) && digits.length > 2 : one.value === serial));
    const number = row?.value || (digits.length === 12 ? digits : "");
    if (!number) return;
    showText(link, number.slice(-4), row?.closest("li").dataset.state || "ok");
    const field = document.getElementById("typed");
    if (field) field.value = "";
    if (row) {
      const line = row.closest("li");
      line.hidden = true;
      row.disabled = true;
      const next = rows.find((one) => one !== row && !one.disabled);
      if (next) next.checked = true;
      guess.push(() => {
        line.hidden = false;
        row.disabled = false;
      });
    }
    const next = action === "place_next" && nextEmpty(link);
    if (next) {
      const [, ref, down, right] = CELL.exec(next.id);
      point(ref, `R${down}C${right}`);
      guess.push(() => point(before.array, before.cell));
    }
    name();
  } else if (action === "clear" && link) {
    showText(link, cell, "empty");
  } else if (action === "undo" && past.length) {
    for (const { id, before: markup } of past.at(-1)) showCell(id, markup);
  } else if (action === "redo" && future.length) {
    for (const { id, after: markup } of future.at(-1)) showCell(id, markup);
  }
  mirror(document.querySelector("#builder input[name=array]")?.value);
}

function nextEmpty(link) {
  const own = [...link.closest("g[data-array]").querySelectorAll("a.m")];
  const at = own.indexOf(link);
  return [...own.slice(at + 1), ...own.slice(0, at)].find((one) => one.dataset.state === "empty");
}

function remember(action, { whole, changed }) {
  if (whole) [past, future] = [[], []];
  else if (action === "undo" && past.length) future.push(past.pop());
  else if (action === "redo" && future.length) past.push(future.pop());
  else if (changed.length) [past, future] = [[...past, changed], []];
}

const isBusy = () => builder()?.getAttribute("aria-busy") === "true";
const toBuilder = ({ detail }) => detail.target?.id === "builder";

document.body.addEventListener("htmx:configRequest", (event) => {
  if (!toBuilder(event)) return;
  const { detail } = event;
  detail.headers["X-Drawn"] = builder().dataset.drawn;
  sent = Object.fromEntries(["action", "array", "cell", "serial", "typed"].map((key) => [key, detail.parameters[key]]));
});

document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (!toBuilder(event)) return;
  // What was asked for before a step shows a plan that is older than the answer to it.
  asking?.abort();
  builder().setAttribute("aria-busy", "true");
  foresee(sent);
});

// One step at a time: what is pressed meanwhile is done afterwards.
document.addEventListener("click", (event) => {
  const press = event.target.closest?.("#builder form[hx-post] button, #builder .actionbar button");
  if (!press || !isBusy()) return;
  event.preventDefault();
  event.stopPropagation();
  const picked = builder().querySelector(".picklist input[type=radio]:checked")?.value;
  const typed = document.getElementById("typed")?.value;
  if (waiting.length < 20) waiting.push({ id: press.id, value: press.value, text: press.textContent.trim(), picked, typed });
}, true);

document.body.addEventListener("htmx:afterRequest", (event) => {
  if (!toBuilder(event)) return;
  builder()?.removeAttribute("aria-busy");
  if (event.detail.failed && guess.length) takeBack();
  const next = event.detail.successful ? waiting.shift() : (waiting = [], undefined);
  if (!next) return;
  const presses = [...builder().querySelectorAll("button")];
  const press = (next.id && document.getElementById(next.id)) || presses.find((one) => one.value === next.value && one.textContent.trim() === next.text);
  const radio = builder().querySelector(`.picklist input[value="${CSS.escape(next.picked || "")}"]`);
  if (radio) radio.checked = true;
  const field = document.getElementById("typed");
  if (field && next.typed) field.value = next.typed;
  press?.click();
});

document.body.addEventListener("htmx:beforeSwap", (event) => {
  const { detail } = event;
  if (detail.target.id !== "builder") return;
  // A plan that somebody else changed is shown as it is now, with what was refused.
  if (detail.xhr.status === 409) {
    detail.shouldSwap = true;
    detail.isError = false;
  }
  if (!detail.shouldSwap) return;
  detail.shouldSwap = false;
  const drawn = redraw(detail.xhr.responseText);
  if (!drawn) {
    location.reload();
    return;
  }
  if (detail.xhr.status === 200) remember(sent?.action, drawn);
  const url = detail.xhr.getResponseHeader("HX-Replace-Url");
  if (url) history.replaceState(history.state, "", url);
  sayWhat(sent || {}, detail.xhr.status);
});

function sayWhat({ action, array, cell }, status) {
  const left = builder().querySelector(".tabs--in .n")?.textContent;
  const at = document.getElementById(`m-${array}-${cell}`)?.querySelector(".m__t")?.textContent;
  if (status === 200 && at && /^place/.test(action)) say(`Placed ${at} at ${cell}. ${left} left.`);
}

function say(text) {
  const region = document.getElementById("announce");
  if (region) region.textContent = text;
}

// ---------------------------------------------------------------- choosing
let asking;

// The cell is chosen at once, for the eye and in the forms; what else depends on it follows.
async function choose(link) {
  const href = link.getAttribute("href");
  const asked = new URL(href, location.href).searchParams;
  asking?.abort();
  const mine = (asking = new AbortController());
  if (link.matches("a.m")) {
    point(asked.get("array"), asked.get("cell"));
    const label = builder().querySelector(".cellbox .label");
    if (label) label.textContent = link.getAttribute("aria-label").split(", ").slice(0, 3).join(", ");
  }
  try {
    const headers = { "HX-Request": "true", "X-Drawn": builder().dataset.drawn };
    const answer = await fetch(href, { headers, signal: mine.signal });
    const text = await answer.text();
    // A step that began meanwhile is answered with what is chosen then.
    if (mine.signal.aborted) return;
    if (!answer.ok || !redraw(text)) throw new Error("no builder");
    history.replaceState(history.state, "", href);
  } catch (error) {
    if (error.name !== "AbortError") location.assign(href);
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("#builder a.m, #builder a[data-choose]");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  choose(link);
});

if (builder()) settle();

// ---------------------------------------------------------------- keys on the plan
// Arrows go from cell to cell, n to the next empty one, Delete clears the one that is chosen.
const STEPS = {
  ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0],
};

document.addEventListener("keydown", (event) => {
  const at = event.target;
  if (!shortcutsOn() || inField(at) || !builder()) return;
  const control = (event.ctrlKey || event.metaKey) && !event.altKey;
  const again = control && (event.key === "y" || (event.key === "Z" && event.shiftKey));
  const back = (control && event.key === "z") || (event.key === "u" && !control && !event.altKey);
  if (!again && !back) return;
  event.preventDefault();
  const id = again ? "redo" : "undo";
  // What the button may do is known with the answer.
  if (isBusy()) waiting.push({ id });
  else document.getElementById(id)?.click();
});

document.addEventListener("keydown", (event) => {
  const at = event.target;
  if (!builder()?.contains(at) || inField(at) || event.altKey || event.ctrlKey || event.metaKey) return;
  const here = CELL.exec(at.id || "");
  if (here && STEPS[event.key]) {
    const [down, right] = STEPS[event.key];
    const next = document.getElementById(`m-${here[1]}-R${+here[2] + down}C${+here[3] + right}`);
    if (next) next.focus();
    event.preventDefault();
  } else if (shortcutsOn() && event.key === "n") {
    const empty = builder().querySelectorAll("a.m[id][data-state=empty]");
    const after = [...empty].find((cell) => at.compareDocumentPosition(cell) & 4);
    (after || empty[0])?.focus();
  } else if (shortcutsOn() && event.key === "Delete" && at.matches("a.m[aria-current]")) {
    document.getElementById("clear")?.click();
  }
});

// ---------------------------------------------------------------- last digits find a serial
document.addEventListener("input", (event) => {
  if (!event.target.matches?.("#builder [data-filter]")) return;
  const digits = event.target.value.replace(/\D/g, "");
  const found = [];
  builder().querySelectorAll(".picklist li").forEach((row) => {
    const radio = row.querySelector("input[type=radio]");
    row.hidden = Boolean(digits) && !radio?.value.includes(digits);
    if (radio && !row.hidden) found.push(radio);
  });
  // The only one that fits is meant.
  if (digits && found.length === 1) found[0].checked = true;
});

// ---------------------------------------------------------------- a pasted list goes down the table
document.addEventListener("paste", (event) => {
  const field = event.target.closest?.("#builder input[name^=cell-]");
  const pasted = event.clipboardData.getData("text").split(/[\n,;]+/).map((one) => one.replace(/\D/g, "")).filter(Boolean);
  if (!field || pasted.length < 2) return;
  event.preventDefault();
  const fields = [...field.form.querySelectorAll("input[name^=cell-]")];
  const from = fields.indexOf(field);
  const fitting = pasted.slice(0, fields.length - from);
  fitting.forEach((serial, at) => (fields[from + at].value = serial));
  fields[from + fitting.length - 1].focus();
  const rest = pasted.length - fitting.length;
  say(`${fitting.length} serials entered.${rest ? ` ${rest} found no cell.` : ""}`);
});

// ---------------------------------------------------------------- dragging the chosen array
// An extra beside the arrows and the fields: it fills in those and sends them.
const HANDLE = "#roof .arr--on, #roof .arr__tag--on, #roof .arr__label--on";
// Units of the picture and of Enphase for one module, across and upwards.
const ACROSS = { picture: 50, units: 100 };
const UPWARDS = { picture: 76, units: 200 };
let drag;

document.addEventListener("pointerdown", (event) => {
  const handle = event.target.closest?.(HANDLE);
  const form = builder()?.querySelector("#position form:has([name=x])");
  if (!handle || !form || event.button) return;
  const svg = handle.ownerSVGElement;
  drag = { form, svg, group: handle.closest("g[role=group]"), x: event.clientX, y: event.clientY };
  event.preventDefault();
});

function modules(event) {
  const scale = drag.svg.getScreenCTM().a;
  return {
    right: Math.round((event.clientX - drag.x) / scale / ACROSS.picture),
    up: Math.round((drag.y - event.clientY) / scale / UPWARDS.picture),
  };
}

document.addEventListener("pointermove", (event) => {
  if (!drag) return;
  const { right, up } = modules(event);
  drag.group.setAttribute("transform", `translate(${right * ACROSS.picture} ${-up * UPWARDS.picture})`);
});

document.addEventListener("pointerup", (event) => {
  if (!drag) return;
  const { right, up } = modules(event);
  const { form, group } = drag;
  drag = undefined;
  if (!right && !up) {
    group.removeAttribute("transform");
    return;
  }
  form.elements.x.value = Number(form.elements.x.value) + right * ACROSS.units;
  form.elements.y.value = Number(form.elements.y.value) + up * UPWARDS.units;
  form.requestSubmit();
});

document.addEventListener("pointercancel", () => {
  drag?.group.removeAttribute("transform");
  drag = undefined;
});
