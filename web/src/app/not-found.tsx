import { ButtonLink } from "~/components/button";
import { Page } from "~/components/page";
import { EmptyState } from "~/components/states";

export function NotFound() {
  return (
    <Page title="Page not found">
      <EmptyState title="This glass is empty" action={<ButtonLink look="primary" to="/">To the menu</ButtonLink>}>
        <p>There is no page at this address.</p>
      </EmptyState>
    </Page>
  );
}
