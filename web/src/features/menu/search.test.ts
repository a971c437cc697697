import { describe, expect, it } from "vitest";
import type { Drink } from "./api";
import { countDrinks, describeAvailability, searchMenu } from "./search";

const drink = (name: string, ingredients: string[], description = ""): Drink => ({
  id: name, name, description, ingredients, price_minor: 900, currency: "EUR", available: true, servings_left: null,
});
const sections = [
  { name: "Sours", products: [drink("Daiquiri", ["White rum", "Lime juice"]), drink("Pisco sour", ["Pisco", "Lemon juice"])] },
  { name: "After dinner", products: [drink("Grasshopper", ["Crème de menthe", "Crème de cacao"], "Mint, cold and green")] },
];
const names = (query: string) => searchMenu(sections, query).flatMap(({ products }) => products.map(({ name }) => name));

describe("the menu's search", () => {
  it("finds by name, by ingredient and by description", () => {
    expect(names("daiq")).toEqual(["Daiquiri"]);
    expect(names("lemon")).toEqual(["Pisco sour"]);
    expect(names("cold")).toEqual(["Grasshopper"]);
  });

  it("wants every word, in any order, and ignores case and accents", () => {
    expect(names("LIME rum")).toEqual(["Daiquiri"]);
    expect(names("creme")).toEqual(["Grasshopper"]);
    expect(names("lime pisco")).toEqual([]);
  });

  it("leaves out sections without a match, and shows all for nothing", () => {
    expect(searchMenu(sections, "mint")).toHaveLength(1);
    expect(countDrinks(searchMenu(sections, "  "))).toBe(3);
  });
});

it.each([
  [true, null, null],
  [true, 12, null],
  [true, 3, "Last 3"],
  [false, 0, "Sold out"],
])("says of a drink that is available: %s, servings: %s → %s", (available, servings, text) => {
  expect(describeAvailability({ available, servings_left: servings })).toBe(text);
});
