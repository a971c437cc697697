// Refuses a committed client that the committed `openapi.json` would not generate.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const committed = "src/client";
const fresh = mkdtempSync(join(tmpdir(), "bitebyte-client-"));

/** @param {string} root */
function listFiles(root) {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .toSorted();
}

/** @param {string} root @param {string} name */
function read(root, name) {
  try {
    return readFileSync(join(root, name), "utf8");
  } catch {
    return undefined;
  }
}

try {
  execFileSync(process.execPath, ["node_modules/@hey-api/openapi-ts/bin/run.js"], {
    env: { ...process.env, CODEGEN_OUTPUT: fresh },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const names = [...new Set([...listFiles(committed), ...listFiles(fresh)])];
  const drifted = names.filter((name) => read(committed, name) !== read(fresh, name));
  if (drifted.length > 0) {
    process.stderr.write(
      `The generated client differs from openapi.json in ${drifted.join(", ")}.\nRun: npm run codegen\n`,
    );
    process.exitCode = 1;
  }
} finally {
  rmSync(fresh, { recursive: true });
}
