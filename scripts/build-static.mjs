// Builds what the browser gets into static/build/ (not committed): style sheet, script, icons, font.
// Django's manifest storage adds the hashes to the names, so nothing is named by its content here.
import { copyFile, mkdir, rm, stat } from "node:fs/promises";
import { build } from "esbuild";

const out = "static/build";
// Latin for everybody, the two others are fetched only by pages that show such letters.
const subsets = ["latin", "latin-ext", "vietnamese"];

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });

await build({
  // arrays.js and scan.js are loaded by the array builder alone; scan.js brings the decoder.
  entryPoints: [
    "static/src/app.css",
    "static/src/portal.js",
    "static/src/arrays.js",
    "static/src/scan.js",
  ],
  outdir: out,
  bundle: true,
  minify: true,
  external: ["*.woff2"],
  // Says nothing about style sheets on purpose: app.css brings its own fallbacks.
  target: "es2022",
  logLevel: "warning",
});
for (const name of ["icons.svg", "icon.svg"]) {
  await copyFile(`static/src/${name}`, `${out}/${name}`);
}
for (const subset of subsets) {
  await copyFile(
    `node_modules/@fontsource-variable/inter/files/inter-${subset}-wght-normal.woff2`,
    `${out}/inter-${subset}.woff2`,
  );
}

for (const name of ["app.css", "portal.js", "arrays.js", "scan.js", "icons.svg"]) {
  const { size } = await stat(`${out}/${name}`);
  process.stdout.write(`${out}/${name} ${(size / 1024).toFixed(1)} kB\n`);
}
