import { getRouteApi } from "@tanstack/react-router";
import { Page } from "~/components/page";
import { AlertsView } from "~/features/alerts/alerts-view";

const route = getRouteApi("/work/$bar");

export function AlertsRoute() {
  const { bar } = route.useParams();
  return <Page title="Alerts" width="middle"><AlertsView bar={bar} /></Page>;
}
