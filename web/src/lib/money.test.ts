import { expect, it } from "vitest";
import { formatMoney } from "~/lib/money";

it.each([
  [1250, "EUR", "12.50"],
  [1250, "JPY", "1,250"],
  [1250, "KWD", "1.250"],
  [0, "USD", "0.00"],
])("writes %i of %s with the digits of that currency", (amountMinor, currency, digits) => {
  expect(formatMoney(amountMinor, currency)).toContain(digits);
});
