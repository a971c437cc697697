import { expect, it } from "vitest";
import { describeUnfit, mediaTypeOf } from "./api";

it.each([
  ["Menu.CSV", "text/csv"],
  ["export.json", "application/json"],
  ["menu.xlsx", null],
])("takes %s for %s", (name, type) => {
  expect(mediaTypeOf(name)).toBe(type);
});

it("refuses what no menu is before sending it", () => {
  expect(describeUnfit({ name: "menu.pdf", size: 10 })).toContain(".csv");
  expect(describeUnfit({ name: "menu.csv", size: 3_000_000 })).toContain("2 MB");
  expect(describeUnfit({ name: "menu.csv", size: 0 })).toContain("empty");
  expect(describeUnfit({ name: "menu.csv", size: 10 })).toBeNull();
});
