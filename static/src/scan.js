// Camera scanning of barcodes, beside typing and pasting. Loaded by the scan page alone.
import { BrowserMultiFormatReader } from "@zxing/browser";

const start = document.getElementById("camera-start");
const video = document.getElementById("camera");
const said = document.getElementById("camera-said");
const field = document.getElementById("id_text");
const SERIAL = /^\d{12}$/;
// As activations/arrays/serials.py reads them.
const LISTED = /(?<!\d)\d{4}[ \t.-]?\d{4}[ \t.-]?\d{4}(?!\d)/g;
// The same label stays in the picture for a while.
const AGAIN_MS = 3000;

let controls;
const seen = new Map();

function say(text) {
  said.textContent = text;
}

function take(text) {
  const serial = text.replace(/\D/g, "");
  const now = Date.now();
  const last = seen.get(text) || 0;
  seen.set(text, now);
  if (now - last < AGAIN_MS) return;
  if (!SERIAL.test(serial)) {
    say(`${text.slice(0, 24)} is no serial number. It has 12 digits.`);
    return;
  }
  const known = field.value.replace(/[ \t.-]/g, "");
  if (known.includes(serial)) {
    say(`${serial} is in the list already.`);
    return;
  }
  field.value = `${field.value.trimEnd()}${field.value.trim() ? "\n" : ""}${serial}\n`;
  count();
  navigator.vibrate?.(60);
  say(`${serial} taken.`);
}

// How many serials the list holds, on the button that takes it in.
const add = document.getElementById("add");
function count() {
  const found = new Set((field.value.match(LISTED) || []).map((one) => one.replace(/\D/g, "")));
  add.textContent = found.size ? `Add ${found.size} ${found.size === 1 ? "serial" : "serials"}` : "Add to the list";
}
field.addEventListener("input", count);
count();

async function stop() {
  controls?.stop();
  controls = undefined;
  video.hidden = true;
  start.textContent = "Use the camera";
}

async function run() {
  if (controls) {
    await stop();
    return;
  }
  try {
    video.hidden = false;
    say("Hold a label into the picture.");
    controls = await new BrowserMultiFormatReader().decodeFromConstraints(
      { video: { facingMode: "environment" } },
      video,
      (result) => {
        if (result) take(result.getText());
      },
    );
    start.textContent = "Stop the camera";
  } catch (error) {
    await stop();
    say(
      error.name === "NotAllowedError"
        ? "The browser does not allow the camera. Type or paste instead."
        : "No camera can be used here. Type or paste instead.",
    );
  }
}

if (start && navigator.mediaDevices?.getUserMedia) {
  start.hidden = false;
  start.addEventListener("click", run);
  window.addEventListener("pagehide", stop);
}
