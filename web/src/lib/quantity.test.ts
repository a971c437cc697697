import { expect, it } from "vitest";
import { formatQuantity } from "~/lib/quantity";

it.each([
  ["899970", "ml", "899,970 ml"],
  ["499957.5", "ml", "499,957.5 ml"],
  ["0.000001", "l", "0.000001 l"],
  ["0", "piece", "0 pieces"],
  ["1", "piece", "1 piece"],
  ["2", "dash", "2 dashes"],
])("writes %s of the unit %s as %s", (amount, unit, text) => {
  expect(formatQuantity({ amount, unit })).toBe(text);
});
