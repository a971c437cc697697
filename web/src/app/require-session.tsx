import { useLocation } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { ButtonLink } from "~/components/button";
import { Page } from "~/components/page";
import { Redirect } from "~/components/redirect";
import { EmptyState } from "~/components/states";
import type { Account } from "~/lib/account-store";
import { useAccount } from "~/lib/session";

interface RequireSessionProps {
  /** Only accounts that were registered as this. */
  only?: Account["role"];
  children(account: Account): ReactNode;
}

/** What needs somebody to be signed in; sends a guest to sign in and then back here. */
export function RequireSession({ only, children }: RequireSessionProps) {
  const account = useAccount();
  const { pathname } = useLocation();
  if (account === null) return <Redirect to="/sign-in" search={{ next: pathname }} />;
  if (only !== undefined && account.role !== only) {
    return (
      <Page title="Staff only">
        <EmptyState title="This side of the bar is for staff" action={<ButtonLink look="primary" to="/">Back to the menu</ButtonLink>}>
          <p>You are signed in as a guest. To run a bar, register another account for it.</p>
        </EmptyState>
      </Page>
    );
  }
  return children(account);
}
