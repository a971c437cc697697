import type { OrderAnswer } from "~/client/types.gen";

export type OrderStatus = OrderAnswer["status"];

export interface StatusText {
  /** The answer to "what is happening?". */
  headline: string;
  detail: string;
  short: string;
  tone: "good" | "warn" | "bad" | "accent" | "plain";
  /** How full the drawn glass is, 0 to 1. */
  level: number;
}

export const STATUS_TEXTS: Record<OrderStatus, StatusText> = {
  placed: { headline: "Your order is in", detail: "The bar has it. You don’t need to do anything.", short: "Placed", tone: "accent", level: 0.12 },
  accepted: { headline: "The bartender has seen it", detail: "It will be made in its turn.", short: "Accepted", tone: "accent", level: 0.32 },
  preparing: { headline: "Being made right now", detail: "Ice, shaker, glass: it won’t be long.", short: "Being made", tone: "warn", level: 0.66 },
  ready: { headline: "Ready for you", detail: "Come to the bar and say your number.", short: "Ready", tone: "good", level: 1 },
  completed: { headline: "Enjoy!", detail: "This order has been handed over.", short: "Handed over", tone: "plain", level: 1 },
  rejected: { headline: "The bar couldn’t take it", detail: "Nothing is owed for this order.", short: "Refused", tone: "bad", level: 0 },
  cancelled: { headline: "Cancelled", detail: "Nothing is being made for this order.", short: "Cancelled", tone: "bad", level: 0 },
  abandoned: { headline: "Nobody picked it up", detail: "Ask at the bar if this was you.", short: "Not picked up", tone: "bad", level: 1 },
};

/** The way of an order that goes well. */
export const STEPS: readonly OrderStatus[] = ["placed", "accepted", "preparing", "ready"];

const ENDED: ReadonlySet<OrderStatus> = new Set<OrderStatus>(["completed", "rejected", "cancelled", "abandoned"]);

export function hasEnded(status: OrderStatus): boolean {
  return ENDED.has(status);
}

/** A guest may still change their mind until the bartender starts. */
export function isCancellable(status: OrderStatus): boolean {
  return status === "placed" || status === "accepted";
}
