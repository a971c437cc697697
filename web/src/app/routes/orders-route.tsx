import { getRouteApi } from "@tanstack/react-router";
import { RequireSession } from "~/app/require-session";
import { Glass } from "~/components/glass";
import { Main, Page } from "~/components/page";
import { useIngredientsOf } from "~/features/menu/api";
import { HistoryView } from "~/features/ordering/history-view";
import { TrackingView } from "~/features/ordering/tracking-view";

const route = getRouteApi("/orders/$orderId");

export function OrdersRoute() {
  return <RequireSession>{() => <Page title="Your orders" width="narrow"><HistoryView /></Page>}</RequireSession>;
}

interface OrderedGlassProps {
  barId: string;
  productId: string;
  name: string;
  level: number;
}

function OrderedGlass({ barId, productId, name, level }: OrderedGlassProps) {
  const ingredients = useIngredientsOf(barId, productId);
  return <Glass name={name} ingredients={ingredients} sizePx={176} level={level} isEmpty={level === 0} />;
}

export function OrderRoute() {
  const { orderId } = route.useParams();
  return <RequireSession>{() => <Main width="narrow"><TrackingView orderId={orderId} Drawing={OrderedGlass} /></Main>}</RequireSession>;
}
