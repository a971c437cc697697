import { useMatchRoute } from "@tanstack/react-router";
import { destinationsOf, type Destination } from "~/app/destinations";
import { useAccount } from "~/lib/session";

export function useDestinations(): Destination[] {
  const account = useAccount();
  const match = useMatchRoute()({ to: "/work/$bar", fuzzy: true });
  return destinationsOf(account, match === false ? null : match.bar);
}
