import { ApiProblem } from "~/lib/problem";
import { formatQuantity } from "~/lib/quantity";

/** An ingredient that an order needs more of than there is. */
export interface Shortage {
  name: string;
  needed: string;
  available: string;
}

function describeQuantity(value: unknown): string {
  const { amount, unit } = (value ?? {}) as { amount?: unknown; unit?: unknown };
  return typeof amount === "string" && typeof unit === "string" ? formatQuantity({ amount, unit }) : "";
}

/** The shortages that a refusal names; none where it was refused for something else. */
export function shortagesOf(error: unknown): Shortage[] {
  if (!(error instanceof ApiProblem) || error.code !== "insufficient_stock") return [];
  const { shortages } = error.body;
  if (!Array.isArray(shortages)) return [];
  return shortages.flatMap((item: unknown) => {
    const shortage = item as { name?: unknown; needed?: unknown; available?: unknown } | null;
    if (typeof shortage?.name !== "string") return [];
    return [{ name: shortage.name, needed: describeQuantity(shortage.needed), available: describeQuantity(shortage.available) }];
  });
}

/** Which of a drink's ingredients are short. */
export function shortIngredients(ingredients: readonly string[], shortages: readonly Shortage[]): string[] {
  const short = new Set(shortages.map(({ name }) => name));
  return ingredients.filter((ingredient) => short.has(ingredient));
}
