import type { LinkProps } from "@tanstack/react-router";
import type { IconName } from "~/components/icon";
import type { Account } from "~/lib/account-store";

export interface Destination {
  label: string;
  icon: IconName;
  link: Pick<LinkProps, "to" | "params" | "search" | "activeOptions">;
}

/** Where this person can go: the same places in the header and in the tabs at the thumb. */
export function destinationsOf(account: Account | null, workBar: string | null): Destination[] {
  const menu: Destination = { label: "Menu", icon: "glass", link: { to: "/" } };
  if (account === null) return [menu, { label: "Sign in", icon: "person", link: { to: "/sign-in" } }];
  const profile: Destination = { label: "Profile", icon: "person", link: { to: "/profile" } };
  if (workBar !== null) {
    const params = { bar: workBar };
    return [
      { label: "Board", icon: "board", link: { to: "/work/$bar", params, activeOptions: { exact: true } } },
      { label: "Stock", icon: "stock", link: { to: "/work/$bar/stock", params } },
      { label: "Menu file", icon: "upload", link: { to: "/work/$bar/menu", params } },
      { label: "Alerts", icon: "bell", link: { to: "/work/$bar/alerts", params } },
    ];
  }
  const orders: Destination = { label: "Orders", icon: "receipt", link: { to: "/orders" } };
  const work: Destination = { label: "My bar", icon: "store", link: { to: "/work" } };
  return account.role === "merchant" ? [menu, orders, work, profile] : [menu, orders, profile];
}
