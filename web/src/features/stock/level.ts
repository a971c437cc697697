import type { Ingredient } from "./api";

export type Level = "out" | "low" | "fine" | "uncounted";

/** How an ingredient stands, in one word. */
export function levelOf({ tracking, is_out, is_low, stock }: Pick<Ingredient, "tracking" | "is_out" | "is_low" | "stock">): Level {
  if (tracking !== "exact") return is_out ? "out" : "uncounted";
  if (stock.available.base <= 0) return "out";
  return is_low ? "low" : "fine";
}

export const LEVEL_WORDS: Record<Level, string> = { out: "Out", low: "Low", fine: "In stock", uncounted: "Not counted" };

/** The filled part of the level bar, 0 to 1: full at four times the threshold. */
export function levelRatio({ low_stock_threshold, stock }: Pick<Ingredient, "low_stock_threshold" | "stock">): number {
  const threshold = low_stock_threshold?.base ?? 0;
  const full = threshold > 0 ? threshold * 4 : Math.max(1, stock.on_hand.base);
  return Math.max(0, Math.min(1, stock.available.base / full));
}
