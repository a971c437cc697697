import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getMenu, listBars } from "~/client/sdk.gen";
import type { MenuAnswer, MenuProductAnswer } from "~/client/types.gen";
import { collectPages, unwrap } from "~/lib/api";
import { useLive } from "~/lib/live";

export type Menu = MenuAnswer;
export type Drink = MenuProductAnswer;

const NOTHING: readonly string[] = [];
const BAR_PAGES_MAX = 5; // 500 bars; a longer list wants a search of its own.

export function useBars() {
  return useQuery({
    queryKey: ["bars"],
    queryFn: () => collectPages((cursor) => unwrap(listBars({ query: { limit: 100, cursor } })), BAR_PAGES_MAX),
    meta: { isPublic: true },
  });
}

const menuOptions = (bar: string) => ({
  queryKey: ["menu", bar],
  queryFn: () => unwrap(getMenu({ path: { bar } })),
  meta: { isPublic: true },
});

/** What is in a drink, by the menu as it was last seen; nothing while that is not known. */
export function useIngredientsOf(bar: string, productId: string): readonly string[] {
  const { data } = useQuery({ ...menuOptions(bar), staleTime: Number.POSITIVE_INFINITY });
  return data?.sections.flatMap(({ products }) => products).find(({ id }) => id === productId)?.ingredients ?? NOTHING;
}

/** The bar's menu, kept true by its live stream. */
export function useMenu(bar: string) {
  const queryClient = useQueryClient();
  const { queryKey } = menuOptions(bar);
  const refresh = () => void queryClient.invalidateQueries({ queryKey });
  useLive(`/api/v1/bars/${encodeURIComponent(bar)}/events`, {
    onEvent: ({ kind }) => {
      if (kind.startsWith("menu.") || kind.startsWith("stock.")) refresh();
    },
    onResync: refresh,
  });
  return useQuery({
    ...menuOptions(bar),
    refetchInterval: 60_000, // The stream is the news; this is for a stream that is silent.
  });
}
