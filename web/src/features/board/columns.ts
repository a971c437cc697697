import type { Order } from "./api";

type Status = Order["status"];

export interface Column {
  id: "new" | "making" | "ready";
  title: string;
  statuses: ReadonlySet<Status>;
  /** What one tap on a card of this column does. */
  bump: { to: Status; label: string };
  empty: string;
}

export const COLUMNS: readonly Column[] = [
  { id: "new", title: "New", statuses: new Set<Status>(["placed", "accepted"]), bump: { to: "preparing", label: "Start" }, empty: "Nobody is waiting. New orders appear here by themselves." },
  { id: "making", title: "Making", statuses: new Set<Status>(["preparing"]), bump: { to: "ready", label: "Ready" }, empty: "Nothing in the shaker." },
  { id: "ready", title: "Ready", statuses: new Set<Status>(["ready"]), bump: { to: "completed", label: "Handed over" }, empty: "Nothing to hand over." },
];

/** How long an order has waited, in the words of the board. */
export type Urgency = "fresh" | "waiting" | "late";

const WAITING_MS = 4 * 60_000;
const LATE_MS = 8 * 60_000;

export function urgencyOf(order: Pick<Order, "placed_at">, nowMs: number): Urgency {
  const ageMs = nowMs - Date.parse(order.placed_at);
  if (ageMs >= LATE_MS) return "late";
  return ageMs >= WAITING_MS ? "waiting" : "fresh";
}

export const URGENCY_WORDS: Record<Urgency, string> = { fresh: "", waiting: "waiting", late: "waiting long" };

/** The ids of `orders` that `seen` does not know. The first look at a board finds nothing new. */
export function findArrivals(orders: readonly Order[], seen: ReadonlySet<string> | null): string[] {
  return seen === null ? [] : orders.map(({ id }) => id).filter((id) => !seen.has(id));
}
