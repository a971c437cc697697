import { expect, it } from "vitest";
import { describeUnfit, mediaTypeOf, sizesParameter } from "./api";

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

it("states only the sizes that were typed", () => {
  expect(sizesParameter({})).toBeUndefined();
  expect(sizesParameter({ shot: " 4 cl ", part: " ", top: "100 ml" })).toBe("shot:4 cl;top:100 ml");
});
