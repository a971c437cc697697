import { expect, it } from "vitest";
import { drawGlass, hashText } from "~/lib/glass";

it("draws the same glass for the same drink", () => {
  const drink = { name: "Corpse Reviver", ingredients: ["Gin", "Lemon juice"] };
  expect(drawGlass(drink)).toEqual(drawGlass({ ...drink }));
});

it.each([
  ["Negroni", ["Gin", "Campari", "Sweet vermouth"], "rocks"],
  ["Dry Martini", ["Gin", "Dry vermouth"], "martini"],
  ["Mojito", ["White rum", "Mint"], "highball"],
  ["Something new", ["Gin", "Soda water"], "highball"],
  ["Daiquiri", ["White rum", "Lime juice"], "coupe"],
])("serves a %s in the right glass", (name, ingredients, shape) => {
  expect(drawGlass({ name, ingredients }).shape).toBe(shape);
});

it("hashes as FNV-1a does", () => {
  expect(hashText("")).toBe(0x811c9dc5);
  expect(hashText("a")).toBe(0xe40c292c);
});
