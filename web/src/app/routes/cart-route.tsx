import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { Page } from "~/components/page";
import { ErrorState, Skeleton } from "~/components/states";
import { useMenu } from "~/features/menu/api";
import { CartView } from "~/features/ordering/cart-view";

const route = getRouteApi("/bars/$bar/cart");

export function CartRoute() {
  const { bar } = route.useParams();
  const menu = useMenu(bar);
  const offered = useMemo(
    () => new Map(menu.data?.sections.flatMap(({ products }) => products).map((drink) => [drink.id, drink])),
    [menu.data],
  );
  return (
    <Page title="Your order" eyebrow={menu.data !== undefined && <Link to="/bars/$bar" params={{ bar }}>{menu.data.bar.name}</Link>} width="narrow">
      {menu.isPending && <Skeleton rows={3} label="Loading your order" />}
      {menu.isError && menu.data === undefined && <ErrorState error={menu.error} onRetry={() => void menu.refetch()} />}
      {menu.data !== undefined && <CartView barId={menu.data.bar.id} bar={bar} offered={offered} currency={menu.data.bar.currency} />}
    </Page>
  );
}
