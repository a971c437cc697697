import { Page } from "~/components/page";
import { ErrorState } from "~/components/states";

/** A page that failed to load or to draw. A new version of the site is the usual reason: the old
 * page asks for files that are gone, and loading it anew helps. */
export function RouteError({ error }: { error: unknown }) {
  return (
    <Page title="Oh no">
      <ErrorState error={error} onRetry={() => location.reload()} />
    </Page>
  );
}
