import { expect, it } from "vitest";
import { levelOf, levelRatio } from "./level";

const ml = (amount: number) => ({ amount: String(amount), unit: "ml", base: amount * 1000, base_unit: "ul" });
const stock = (available: number) => ({ on_hand: ml(available), reserved: ml(0), available: ml(available) });

it.each([
  ["exact", false, false, 500, "fine"],
  ["exact", false, true, 80, "low"],
  ["exact", false, true, 0, "out"],
  ["ample", true, false, 0, "out"],
  ["binary", false, false, 0, "uncounted"],
] as const)("calls %s, out %s, low %s, %i ml: %s", (tracking, is_out, is_low, available, level) => {
  expect(levelOf({ tracking, is_out, is_low, stock: stock(available) })).toBe(level);
});

it("fills the gauge at four times the threshold", () => {
  expect(levelRatio({ low_stock_threshold: ml(100), stock: stock(200) })).toBe(0.5);
  expect(levelRatio({ low_stock_threshold: ml(100), stock: stock(900) })).toBe(1);
});
