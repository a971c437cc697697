import { useEffect, useRef, useState } from "react";
import type { Order } from "./api";
import { findArrivals } from "./columns";

const HIGHLIGHT_MS = 6_000;

/** The ids of the orders that have just come in, each for six seconds. */
export function useArrivals(orders: readonly Order[] | undefined): ReadonlySet<string> {
  const seen = useRef<Set<string> | null>(null);
  const [arrivals, setArrivals] = useState<ReadonlySet<string>>(new Set());

  useEffect(() => {
    if (orders === undefined) return;
    const arrived = findArrivals(orders, seen.current);
    // Ids of orders that have left the board are forgotten, so the memory stays as small as it.
    seen.current = new Set(orders.map(({ id }) => id));
    if (arrived.length === 0) return;
    setArrivals((known) => new Set([...known, ...arrived]));
    setTimeout(() => setArrivals((known) => new Set([...known].filter((id) => !arrived.includes(id)))), HIGHLIGHT_MS);
  }, [orders]);

  return arrivals;
}
