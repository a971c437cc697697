import { getRouteApi } from "@tanstack/react-router";
import { RequireSession } from "~/app/require-session";
import { Main, Page } from "~/components/page";
import { HistoryView } from "~/features/ordering/history-view";
import { TrackingView } from "~/features/ordering/tracking-view";

const route = getRouteApi("/orders/$orderId");

export function OrdersRoute() {
  return <RequireSession>{() => <Page title="Your orders" width="narrow"><HistoryView /></Page>}</RequireSession>;
}

export function OrderRoute() {
  const { orderId } = route.useParams();
  return <RequireSession>{() => <Main width="narrow"><TrackingView orderId={orderId} /></Main>}</RequireSession>;
}
