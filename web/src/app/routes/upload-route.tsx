import { getRouteApi } from "@tanstack/react-router";
import { Page } from "~/components/page";
import { UploadView } from "~/features/menu-upload/upload-view";

const route = getRouteApi("/work/$bar");

export function UploadRoute() {
  const { bar } = route.useParams();
  return <Page title="Menu file" width="middle"><UploadView bar={bar} /></Page>;
}
