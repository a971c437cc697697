import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { listBarOrders, moveOrder } from "~/client/sdk.gen";
import type { OrderAnswer } from "~/client/types.gen";
import { collectPages, unwrap } from "~/lib/api";
import { useLive } from "~/lib/live";

export type Order = OrderAnswer;
export type Disposition = "release" | "waste";

const PAGE_SIZE = 100;
const PAGES_MAX = 5; // 500 orders at work: more than any bar can look at.
const POLL_MS = 30_000; // Beside the stream, for the case that it is silent.

/** The orders that are not finished yet, oldest first, kept true by the bar's live stream. */
export function useWorkingOrders(bar: string) {
  const queryClient = useQueryClient();
  const queryKey = ["board", bar];
  const refresh = () => void queryClient.invalidateQueries({ queryKey });
  useLive(`/api/v1/bars/${encodeURIComponent(bar)}/events`, {
    onEvent: ({ kind }) => {
      if (kind.startsWith("order.")) refresh();
      if (kind.startsWith("stock.")) void queryClient.invalidateQueries({ queryKey: ["alerts", bar] });
    },
    onResync: refresh,
    staysInBackground: true,
  });
  return useQuery({
    queryKey,
    queryFn: async () => {
      const orders = await collectPages(
        (cursor) => unwrap(listBarOrders({ path: { bar }, query: { status: "placed,accepted,preparing,ready", limit: PAGE_SIZE, cursor } })),
        PAGES_MAX,
      );
      return orders.toSorted((a, b) => a.placed_at.localeCompare(b.placed_at) || a.id.localeCompare(b.id));
    },
    refetchInterval: POLL_MS,
  });
}

export interface Move {
  order: Order;
  to: Order["status"];
  reason?: string;
  disposition?: Disposition;
}

async function move({ order, to, reason = "", disposition }: Move): Promise<Order> {
  const step = (from: Order, status: Order["status"]) =>
    unwrap(
      moveOrder({
        path: { order_id: from.id },
        headers: { "If-Match": `"${from.version}"` },
        body: { to: status, reason, ...(disposition === undefined ? {} : { disposition }) },
      }),
    );
  // Starting an order that nobody has accepted accepts it first: one tap, both steps on record.
  const from = to === "preparing" && order.status === "placed" ? await step(order, "accepted") : order;
  return step(from, to);
}

/** Moves an order on. Refused with `stale_version` if somebody else moved it meanwhile. */
export function useMoveOrder(bar: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: move,
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["board", bar] }),
  });
}
