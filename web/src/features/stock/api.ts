import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { listIngredients, recordStockMovement, updateIngredient } from "~/client/sdk.gen";
import type { IngredientAnswer } from "~/client/types.gen";
import { collectPages, unwrap } from "~/lib/api";
import { useLive } from "~/lib/live";

export type Ingredient = IngredientAnswer;
export type MovementKind = "receive" | "waste" | "count";

const PAGE_SIZE = 200;
const PAGES_MAX = 10; // 2,000 ingredients.

/** All that the bar keeps, by name, kept true by the bar's live stream. */
export function useIngredients(bar: string) {
  const queryClient = useQueryClient();
  const queryKey = ["stock", bar];
  const refresh = () => void queryClient.invalidateQueries({ queryKey });
  useLive(`/api/v1/bars/${encodeURIComponent(bar)}/events`, {
    onEvent: ({ kind }) => {
      if (kind.startsWith("stock.") || kind.startsWith("menu.")) refresh();
    },
    onResync: refresh,
  });
  return useQuery({
    queryKey,
    queryFn: () =>
      collectPages((cursor) => unwrap(listIngredients({ path: { bar }, query: { limit: PAGE_SIZE, cursor } })), PAGES_MAX),
  });
}

export interface Movement {
  ingredient: Ingredient;
  kind: MovementKind;
  amount: string;
  unit: string;
  reason: string;
  /** The Idempotency-Key of this movement: a second tap after a lost answer counts once. */
  key: string;
}

export function useRecordMovement(bar: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ ingredient, key, ...movement }: Movement) =>
      unwrap(recordStockMovement({ path: { bar }, headers: { "Idempotency-Key": key }, body: { ingredient_id: ingredient.id, ...movement } })),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["stock", bar] }),
  });
}

export interface IngredientChange {
  ingredient: Ingredient;
  low_stock_threshold?: { amount: string; unit: string } | null;
  is_out?: boolean;
}

export function useChangeIngredient(bar: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ ingredient, ...change }: IngredientChange) =>
      unwrap(updateIngredient({ path: { ingredient_id: ingredient.id }, headers: { "If-Match": `"${ingredient.version}"` }, body: change })),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["stock", bar] }),
  });
}
