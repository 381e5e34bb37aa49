// The array builder's comfort: choosing without a page load, arrow keys, and a filter of serials.
// Everything it does is a link or a button of the page; without it they load the page anew.

const builder = () => document.getElementById("builder");
const CELL = /^m-(.+)-R(\d+)C(\d+)$/;
const inField = (element) => element.matches("input, textarea, select, [contenteditable]");
const shortcutsOn = () => document.body.dataset.shortcuts !== "off";

// A plan that somebody else changed is shown as it is now, with what was refused.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status !== 409 || event.detail.target.id !== "builder") return;
  event.detail.shouldSwap = true;
  event.detail.isError = false;
});

async function choose(href, keep) {
  if (!window.htmx) {
    location.assign(href);
    return;
  }
  await window.htmx.ajax("GET", href, { target: "#builder", swap: "outerHTML" });
  history.replaceState(history.state, "", href);
  if (keep) document.getElementById(keep)?.focus();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("#builder a.m, #builder a[data-choose]");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  choose(link.getAttribute("href"), link.id);
});

// ---------------------------------------------------------------- keys on the plan
// Arrows go from cell to cell, n to the next empty one, Delete clears the one that is chosen.
const STEPS = {
  ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0],
};

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
