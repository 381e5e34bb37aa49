// The only script of ours. Every page works without it; it adds comfort, never permission.

const byId = (id) => document.getElementById(id);
const inField = (element) =>
  element.isContentEditable || /^(input|textarea|select)$/i.test(element.tagName);

// ---------------------------------------------------------------- times in the viewer's own zone
// The server renders them; it learns the zone from this cookie on the next page.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.split("; ").includes(`tz=${zone}`)) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `tz=${zone}; path=/; max-age=31536000; samesite=lax${secure}`;
}

// ---------------------------------------------------------------- errors in forms get the focus
function focusErrors(root) {
  const summary = root.querySelector(".errors[role=alert]") || (root.matches?.(".errors[role=alert]") ? root : null);
  if (summary) summary.focus();
}

document.addEventListener("DOMContentLoaded", () => {
  focusErrors(document);
  document.querySelectorAll(".tabs [aria-current]").forEach(showTab);
  if (byId("toasts")) document.body.addEventListener("htmx:afterSettle", afterSettle);
});

// Tabs scroll sideways on a phone; the one that is open must not lie outside.
const TAB_MARGIN = 48;

function showTab(tab) {
  const row = tab.closest(".tabs");
  const hidden = tab.getBoundingClientRect().right + TAB_MARGIN - row.getBoundingClientRect().right;
  if (hidden > 0) row.scrollLeft += hidden;
}

function afterSettle(event) {
  const root = event.detail.elt;
  focusErrors(root);
  announceProgress(root);
}

// The link of an error leads to its field; a group of choices takes the focus at its first one.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.(".errors a[href^='#']");
  const field = link && byId(link.hash.slice(1));
  if (!field) return;
  event.preventDefault();
  const control = field.matches("fieldset") ? field.querySelector("input, select, textarea") : field;
  (control || field).focus();
  field.scrollIntoView({ block: "center" });
});

// ---------------------------------------------------------------- a form is sent once
// Only for the eye: the server recognises the second arrival of the same form by itself.
const SENT_MS = 15000;

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
  setTimeout(() => forgetSent(form), SENT_MS);
});

// Back from the next page: the form may be sent again.
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(forgetSent));

function forgetSent(form) {
  delete form.dataset.sent;
  document.querySelectorAll("[aria-busy=true]:is(button, .btn)").forEach((button) => button.removeAttribute("aria-busy"));
}

// ---------------------------------------------------------------- buttons that only work with script
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-print]").forEach((button) => (button.hidden = false));
});
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-print]")) window.print();
});

// ---------------------------------------------------------------- htmx
const isPoll = (element) => /\bevery\b/.test(element.getAttribute?.("hx-trigger") || "");

document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && isPoll(event.detail.elt)) {
    event.preventDefault();
    return;
  }
  if (event.detail.elt.matches?.("form")) {
    event.detail.elt.querySelectorAll("button:not([type=button])").forEach((button) => button.setAttribute("aria-busy", "true"));
  }
});

document.addEventListener("htmx:afterRequest", (event) => {
  event.detail.elt.querySelectorAll?.("button[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
  if (event.detail.successful) byId("notice-network")?.remove();
});

// The sign-in page must not land inside a panel when the session has ended meanwhile.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (/\/accounts\/(login|reauthenticate)\//.test(xhr.responseURL) && !/\/accounts\//.test(location.pathname)) {
    event.detail.shouldSwap = false;
    location.reload();
  }
});

// A form that redraws itself keeps what was typed while the answer was on its way.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, requestConfig, shouldSwap } = event.detail;
  if (!shouldSwap || requestConfig.parameters?.do !== "redraw" || !target.matches("form")) return;
  const sent = requestConfig.formData || new FormData();
  const typed = [...target.elements].filter((field) => field.name && isTextual(field) && sent.get(field.name) !== field.value);
  if (!typed.length) return;
  document.addEventListener("htmx:afterSwap", () => {
    for (const old of typed) {
      const field = byId(old.id);
      if (field && field.name === old.name) field.value = old.value;
    }
  }, { once: true });
});
const isTextual = (field) => field.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=hidden], [type=submit])");

// A part that draws itself anew keeps the focus: on the successor of what had it, or on the part.
// (htmx itself knows only successors with the same id.)
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, shouldSwap } = event.detail;
  const at = document.activeElement;
  if (!shouldSwap || !target.id || !target.contains(at)) return;
  const same = (other) => other.getAttribute("href") === at.getAttribute("href") && other.textContent.trim() === at.textContent.trim();
  document.addEventListener("htmx:afterSwap", () => {
    if (document.activeElement !== document.body) return;
    const part = byId(target.id);
    if (!part) return;
    const successor = [...part.querySelectorAll("a[href], button, summary")].find(same);
    if (!successor) part.tabIndex = -1;
    (successor || part).focus({ preventScroll: true });
  }, { once: true });
});

document.addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  if (status === 404) notice("This is not there any more. Reload the page to see what is.");
  else if (status === 403) notice("You may not do this. Reload the page, then ask an admin of your company.");
  else notice("The portal could not answer. Nothing was changed. Try again in a moment.");
});
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, () => notice("No connection to the portal. What you typed is still here.", "network"));
}

function notice(text, key = "error") {
  const toasts = byId("toasts");
  if (!toasts) return;
  byId(`notice-${key}`)?.remove();
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.id = `notice-${key}`;
  toast.dataset.tone = "bad";
  const words = document.createElement("span");
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn btn--quiet btn--sm";
  close.textContent = "Close";
  close.addEventListener("click", () => toast.remove());
  toast.append(icon("xcirc"), words, close);
  toasts.append(toast);
}

function icon(name) {
  const sprite = document.querySelector("use")?.getAttribute("href")?.split("#")[0] || "";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "i");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite}#i-${name}`);
  svg.append(use);
  return svg;
}

// Passkeys: cancelled, not allowed, or none on this device.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  notice("The passkey was not used. Try again, or sign in another way.");
});

// ---------------------------------------------------------------- progress is said at quarters
const said = new Map();

function announceProgress(root) {
  for (const bar of root.querySelectorAll?.("progress[value]") || []) {
    const id = bar.closest("[id]")?.id || "";
    const quarter = Math.floor((bar.value / bar.max) * 4);
    if (!bar.max || said.get(id) === quarter) continue;
    const first = !said.has(id);
    said.set(id, quarter);
    if (!first) announce(bar.textContent || bar.getAttribute("aria-label") || "");
  }
}

function announce(text) {
  const region = byId("announce");
  if (region) region.textContent = text;
}

// ---------------------------------------------------------------- menus, copying
document.addEventListener("click", (event) => {
  document.querySelectorAll("details.menu[open]").forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  const button = event.target.closest?.("[data-copy]");
  if (button) {
    navigator.clipboard?.writeText(button.dataset.copy).then(() => announce("Copied"), () => {});
  }
});

// A serial number is shown in groups and copied as one number.
document.addEventListener("copy", (event) => {
  const selection = document.getSelection();
  const node = selection?.rangeCount ? selection.getRangeAt(0).commonAncestorContainer : null;
  const element = node?.nodeType === Node.TEXT_NODE ? node.parentElement : node;
  if (!element?.closest?.(".serial")) return;
  event.clipboardData.setData("text/plain", String(selection).replace(/\s+/g, ""));
  event.preventDefault();
});

// ---------------------------------------------------------------- shortcuts
let waitsForGoto = 0;

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeMenus();
  if (document.body.dataset.shortcuts !== "on") return;
  if (event.key === "Enter" && event.ctrlKey) {
    event.target.closest?.("form")?.requestSubmit();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || inField(event.target)) return;
  if (waitsForGoto > Date.now()) {
    waitsForGoto = 0;
    const url = document.body.getAttribute(`data-go-${event.key}`);
    if (url) location.assign(url);
    return;
  }
  shortcut(event);
});

function shortcut(event) {
  if (event.key === "/") {
    const fields = [...document.querySelectorAll("input[type=search]")];
    const field = fields.find((each) => each.offsetParent && !each.closest(".topbar")) || fields.find((each) => each.offsetParent);
    if (!field) return;
    event.preventDefault();
    field.focus();
    field.select();
  } else if (event.key === "?") {
    const url = document.body.getAttribute("data-go-help");
    if (url) location.assign(url);
  } else if (event.key === "g") {
    waitsForGoto = Date.now() + 1500;
  } else if (event.key === "j" || event.key === "k") {
    moveCursor(event.key === "j" ? 1 : -1);
  } else if (event.key === "x") {
    document.querySelector("tr.is-cursor .box")?.click();
  }
}

function moveCursor(step) {
  const rows = [...document.querySelectorAll("main tbody tr")].filter((row) => row.querySelector("a"));
  if (!rows.length) return;
  const now = rows.findIndex((row) => row.classList.contains("is-cursor"));
  const next = rows[Math.min(rows.length - 1, Math.max(0, now + step))];
  rows[now]?.classList.remove("is-cursor");
  next.classList.add("is-cursor");
  next.querySelector("a").focus();
  next.scrollIntoView({ block: "nearest" });
}

function closeMenus() {
  const open = document.querySelector("details.menu[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
}
