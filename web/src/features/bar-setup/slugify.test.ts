import { expect, it } from "vitest";
import { slugify } from "./create-bar-form";

it.each([
  ["The Late Lime", "the-late-lime"],
  ["  Café d’Été!  ", "cafe-d-ete"],
  ["A".repeat(39) + " b", "a".repeat(39)],
])("turns %j into an address", (name, slug) => {
  expect(slugify(name)).toBe(slug);
});
