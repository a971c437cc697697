import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getOrder, listMyOrders, moveOrder } from "~/client/sdk.gen";
import type { OrderAnswer } from "~/client/types.gen";
import { unwrap } from "~/lib/api";
import { useLive } from "~/lib/live";
import { hasEnded } from "./order-status";

export type Order = OrderAnswer;

const POLL_MS = 30_000; // Beside the stream, for the case that it is silent.

/** Asks again for this account's orders whenever the live stream says that one of them moved. */
function useMyLiveOrders(): void {
  const queryClient = useQueryClient();
  const refresh = () => {
    void queryClient.invalidateQueries({ queryKey: ["order"] });
    void queryClient.invalidateQueries({ queryKey: ["orders"] });
  };
  useLive("/api/v1/me/events", {
    onEvent: ({ kind }) => {
      if (kind.startsWith("order.")) refresh();
    },
    onResync: refresh,
    staysInBackground: true,
  });
}

export function useOrder(orderId: string) {
  useMyLiveOrders();
  return useQuery({
    queryKey: ["order", orderId],
    queryFn: () => unwrap(getOrder({ path: { order_id: orderId } })),
    refetchInterval: ({ state }) => (state.data !== undefined && hasEnded(state.data.status) ? false : POLL_MS),
  });
}

/** This account's orders, newest first, page by page. */
export function useMyOrders() {
  useMyLiveOrders();
  return useInfiniteQuery({
    queryKey: ["orders"],
    queryFn: ({ pageParam }) => unwrap(listMyOrders({ query: { limit: 20, cursor: pageParam } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
  });
}

/** Takes an order back that nobody has started to make. */
export function useCancelOrder() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ id, version }: Order) =>
      unwrap(moveOrder({ path: { order_id: id }, headers: { "If-Match": `"${version}"` }, body: { to: "cancelled" } })),
    onSuccess: (order) => queryClient.setQueryData(["order", order.id], order),
    onSettled: () => {
      void queryClient.invalidateQueries({ queryKey: ["order"] });
      void queryClient.invalidateQueries({ queryKey: ["orders"] });
    },
  });
}
