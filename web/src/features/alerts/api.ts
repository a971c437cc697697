import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { acknowledgeAlert, listAlerts } from "~/client/sdk.gen";
import type { AlertAnswer } from "~/client/types.gen";
import { unwrap } from "~/lib/api";
import { useLive } from "~/lib/live";

export type Alert = AlertAnswer;

const SHOWN_MAX = 100; // At most one per ingredient is not resolved; the rest is history.

/** The latest alerts, newest first. Follows the bar's stream only where `isLive`. */
export function useAlerts(bar: string, isLive: boolean) {
  const queryClient = useQueryClient();
  const queryKey = ["alerts", bar];
  const refresh = () => void queryClient.invalidateQueries({ queryKey });
  useLive(isLive ? `/api/v1/bars/${encodeURIComponent(bar)}/events` : null, {
    onEvent: ({ kind }) => {
      if (kind.startsWith("stock.")) refresh();
    },
    onResync: refresh,
  });
  return useQuery({
    queryKey,
    queryFn: async () => (await unwrap(listAlerts({ path: { bar }, query: { limit: SHOWN_MAX } }))).items,
    refetchInterval: 30_000,
  });
}

export function useAcknowledge(bar: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (alert: Alert) => unwrap(acknowledgeAlert({ path: { alert_id: alert.id } })),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["alerts", bar] }),
  });
}

/** How many alerts nobody has looked at. */
export function countOpen(alerts: readonly Alert[] | undefined): number {
  return alerts?.filter(({ state }) => state === "open").length ?? 0;
}
