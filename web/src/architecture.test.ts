import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const root = import.meta.dirname;

interface Import {
  from: string;
  to: string;
}

/** Every import between files of ours, both ends as paths below `src`. */
function listImports(): Import[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .flatMap((entry) => {
      const path = join(entry.parentPath, entry.name);
      const from = relative(root, path);
      return [...readFileSync(path, "utf8").matchAll(/(?:from|import\(?)\s*"(~\/|\.\.?\/)([^"]+)"/g)].map(([, prefix, target]) => ({
        from,
        to: prefix === "~/" ? (target ?? "") : relative(root, join(entry.parentPath, `${prefix}${target}`)),
      }));
    });
}

const imports = listImports();
const layerOf = (path: string) => path.split("/")[0] ?? "";
const featureOf = (path: string) => path.split("/").slice(0, 2).join("/");

describe("the map of the site", () => {
  it("is read from files that do import each other", () => {
    expect(imports.length).toBeGreaterThan(50);
  });

  it("lets no feature import another", () => {
    const crossing = imports.filter(({ from, to }) => layerOf(from) === "features" && layerOf(to) === "features" && featureOf(from) !== featureOf(to));
    expect(crossing).toEqual([]);
  });

  it.each([
    ["features", ["app"]],
    ["components", ["app", "features", "client"]],
    ["lib", ["app", "features", "components"]],
    ["client", ["app", "features", "components", "lib"]],
  ])("keeps %s below %s", (layer, above) => {
    expect(imports.filter(({ from, to }) => layerOf(from) === layer && above.includes(layerOf(to)))).toEqual([]);
  });
});
