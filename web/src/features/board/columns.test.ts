import { expect, it } from "vitest";
import type { Order } from "./api";
import { COLUMNS, findArrivals, urgencyOf } from "./columns";

const order = (id: string) => ({ id }) as Order;
const now = Date.parse("2026-01-01T12:00:00Z");

it("has one column for each state that is at work", () => {
  const statuses = COLUMNS.flatMap(({ statuses }) => Array.from(statuses));
  expect(statuses.toSorted()).toEqual(["accepted", "placed", "preparing", "ready"]);
});

it("finds the orders that came in since the last look, and none at the first", () => {
  expect(findArrivals([order("a")], null)).toEqual([]);
  expect(findArrivals([order("a"), order("b")], new Set(["a"]))).toEqual(["b"]);
});

it.each([
  ["2026-01-01T11:58:00Z", "fresh"],
  ["2026-01-01T11:55:00Z", "waiting"],
  ["2026-01-01T11:50:00Z", "late"],
])("calls an order of %s %s at noon", (placed_at, urgency) => {
  expect(urgencyOf({ placed_at }, now)).toBe(urgency);
});
