// The array builder's comfort: choosing without a page load, arrow keys, and a filter of serials.
// Everything it does is a link or a button of the page; without it they load the page anew.

const builder = () => document.getElementById("builder");
const CELL = /^m-(.+)-R(\d+)C(\d+)$/;
const inField = (element) => element.matches("input, textarea, select, [contenteditable]");
const shortcutsOn = () => document.body.dataset.shortcuts !== "off";

// ---------------------------------------------------------------- only what changed is drawn anew
// The answer is the whole builder. Of a plan of 600 modules a step changes one or two, and the
// browser needs several times as long to draw all of them as the server to answer.
const KEPT = "#builder, .builder, .builder__canvas, .roofscroll, svg.roof, svg.roof g";

function redraw(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("builder");
  if (!fresh || !builder()) return false;
  const focused = document.activeElement;
  const label = focused?.getAttribute("aria-label") || focused?.textContent.trim();
  const list = builder().querySelector(".picklist")?.scrollTop || 0;
  // What was opened stays open.
  for (const old of builder().querySelectorAll("details[id][open]")) {
    fresh.querySelector(`#${old.id}`)?.setAttribute("open", "");
  }
  patch(builder(), fresh);
  if (list) builder().querySelector(".picklist")?.scrollTo(0, list);
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
  return true;
}

function patch(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (!old.matches(KEPT) || old.tagName !== fresh.tagName) {
    put(old, fresh);
    return;
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const before = [...old.children];
  const after = [...fresh.children];
  if (before.length === after.length) {
    before.forEach((one, at) => patch(one, after[at]));
    return;
  }
  const keep = before.find((one) => one.matches(KEPT));
  const successor = keep && after.find((one) => one.tagName === keep.tagName && one.className === keep.className);
  if (!successor || old.matches("svg, g")) {
    put(old, fresh);
    return;
  }
  // Sentences and bars around the plan come and go; the plan between them stays where it is.
  for (const one of before) if (one !== keep) one.remove();
  const at = after.indexOf(successor);
  after.forEach((one, place) => {
    if (place < at) old.insertBefore(one, keep);
    else if (place > at) old.append(one);
  });
  after.forEach((one) => one !== successor && window.htmx?.process(one));
  patch(keep, successor);
}

function put(old, fresh) {
  old.replaceWith(fresh);
  if (!fresh.matches("svg *")) window.htmx?.process(fresh);
}

document.body.addEventListener("htmx:beforeSwap", (event) => {
  const { detail } = event;
  if (detail.target.id !== "builder") return;
  // A plan that somebody else changed is shown as it is now, with what was refused.
  if (detail.xhr.status === 409) {
    detail.shouldSwap = true;
    detail.isError = false;
  }
  if (!detail.shouldSwap || !redraw(detail.xhr.responseText)) return;
  detail.shouldSwap = false;
  const url = detail.xhr.getResponseHeader("HX-Replace-Url");
  if (url) history.replaceState(history.state, "", url);
  sayWhat(detail.requestConfig?.parameters || {}, detail.xhr.status);
});

function sayWhat({ action, cell }, status) {
  const left = builder().querySelector(".tabs--in .n")?.textContent;
  const at = builder().querySelector(`a.m[id$="-${cell}"] .m__t`)?.textContent;
  if (status === 200 && /^place/.test(action)) say(`Placed ${at} at ${cell}. ${left} left.`);
}

function say(text) {
  const region = document.getElementById("announce");
  if (region) region.textContent = text;
}

// ---------------------------------------------------------------- choosing
let asking;

// The cell is chosen at once, for the eye and in the forms; what else depends on it follows.
function mark(link) {
  const [, array, row, column] = CELL.exec(link.id) || [];
  if (!array) return;
  for (const one of builder().querySelectorAll(".m--going")) one.classList.remove("m--going");
  link.classList.add("m--going");
  for (const field of builder().querySelectorAll("input[name=array]")) field.value = array;
  for (const field of builder().querySelectorAll("input[name=cell]")) field.value = `R${row}C${column}`;
  const label = builder().querySelector(".cellbox .label");
  if (label) label.textContent = link.getAttribute("aria-label");
}

async function choose(link) {
  const href = link.getAttribute("href");
  asking?.abort();
  asking = new AbortController();
  mark(link);
  try {
    const answer = await fetch(href, { headers: { "HX-Request": "true" }, signal: asking.signal });
    if (!answer.ok || !redraw(await answer.text())) throw new Error("no builder");
    history.replaceState(history.state, "", href);
  } catch (error) {
    if (error.name !== "AbortError") location.assign(href);
  }
}

// What was asked for before a step shows a plan that is older than the answer to it.
document.body.addEventListener("htmx:beforeRequest", () => asking?.abort());

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("#builder a.m, #builder a[data-choose]");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  choose(link);
});

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
  document.getElementById(again ? "redo" : "undo")?.click();
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
  } else if (shortcutsOn() && event.key === "Delete" && at.matches("a.m[data-state=sel]")) {
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
const HANDLE = "#builder .roof--all .arr--on, #builder .roof--all .arr__tag--on, #builder .roof--all .arr__label--on";
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
