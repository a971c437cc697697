import { ApiProblem } from "~/lib/problem";

/** An ingredient that an order needs more of than there is. */
export interface Shortage {
  name: string;
  needed: string;
  available: string;
}

function formatQuantity(value: unknown): string {
  const quantity = value as { amount?: unknown; unit?: unknown } | null;
  return typeof quantity?.amount === "string" && typeof quantity.unit === "string" ? `${quantity.amount} ${quantity.unit}` : "";
}

/** The shortages that a refusal names; none where it was refused for something else. */
export function shortagesOf(error: unknown): Shortage[] {
  if (!(error instanceof ApiProblem) || error.code !== "insufficient_stock") return [];
  const { shortages } = error.body;
  if (!Array.isArray(shortages)) return [];
  return shortages.flatMap((item: unknown) => {
    const shortage = item as { name?: unknown; needed?: unknown; available?: unknown } | null;
    if (typeof shortage?.name !== "string") return [];
    return [{ name: shortage.name, needed: formatQuantity(shortage.needed), available: formatQuantity(shortage.available) }];
  });
}

/** Which of a drink's ingredients are short. */
export function shortIngredients(ingredients: readonly string[], shortages: readonly Shortage[]): string[] {
  const short = new Set(shortages.map(({ name }) => name));
  return ingredients.filter((ingredient) => short.has(ingredient));
}
