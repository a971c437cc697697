import { getRouteApi } from "@tanstack/react-router";
import { Page } from "~/components/page";
import { StockView } from "~/features/stock/stock-view";

const route = getRouteApi("/work/$bar");

export function StockRoute() {
  const { bar } = route.useParams();
  return <Page title="Stock" width="middle"><StockView bar={bar} /></Page>;
}
