// Refuses a build whose guest entry is heavier than its budget.
//
// The guest entry is what a browser must load to show a menu: the entry chunk, the menu's route
// chunk and everything that those import statically.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET_JS_BYTES = 90 * 1024;
const BUDGET_ALL_BYTES = 150 * 1024;

/** @type {Record<string, { file: string, imports?: string[], css?: string[] }>} */
const manifest = JSON.parse(readFileSync("dist/.vite/manifest.json", "utf8"));
const roots = ["index.html", "src/app/routes/menu-route.tsx"];
const chunks = new Set();
const files = new Set();
const pending = [...roots];
while (pending.length > 0) {
  const name = pending.pop();
  if (name === undefined || chunks.has(name)) continue;
  chunks.add(name);
  const chunk = manifest[name];
  if (chunk === undefined) throw new Error(`The build has no chunk ${name}.`);
  files.add(chunk.file);
  for (const css of chunk.css ?? []) files.add(css);
  pending.push(...(chunk.imports ?? []));
}

const sizes = [...files].map((file) => ({ file, bytes: gzipSync(readFileSync(`dist/${file}`)).length }));
const total = (/** @type {string} */ suffix) =>
  sizes.filter(({ file }) => file.endsWith(suffix)).reduce((sum, { bytes }) => sum + bytes, 0);
const js = total(".js");
const css = total(".css");
const html = gzipSync(readFileSync("dist/index.html")).length;
for (const { file, bytes } of sizes) process.stdout.write(`${String(bytes).padStart(8)}  ${file}\n`);
process.stdout.write(`guest entry: JS ${js} of ${BUDGET_JS_BYTES}, all ${js + css + html} of ${BUDGET_ALL_BYTES} bytes gzip\n`);
if (js > BUDGET_JS_BYTES || js + css + html > BUDGET_ALL_BYTES) process.exitCode = 1;
