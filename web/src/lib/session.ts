import { useQuery, type QueryClient } from "@tanstack/react-query";
import { getProfile } from "~/client/sdk.gen";
import type { AccountAnswer } from "~/client/types.gen";
import { unwrap } from "~/lib/api";
import { ApiProblem } from "~/lib/problem";
import { readStored, writeStored } from "~/lib/storage";
import { createStore, useStore } from "~/lib/store";

/**
 * Who is signed in at this browser.
 *
 * The session itself is a cookie that scripts cannot read. What is kept here is the account that
 * it was last seen with, so that a guest's page asks nothing and a signed-in page shows at once.
 */

export type Account = Pick<AccountAnswer, "id" | "email" | "display_name" | "role">;

const STORED_AS = "account";

function parseAccount(value: unknown): Account | null {
  const account = value as Partial<Account> | null;
  return typeof account?.id === "string" && typeof account.display_name === "string" ? (account as Account) : null;
}

const account = createStore<Account | null>(readStored(STORED_AS, parseAccount));

/** The account that is signed in, or null for a guest. */
export function useAccount(): Account | null {
  return useStore(account);
}

export function rememberAccount({ id, email, display_name, role }: Account): void {
  const kept = { id, email, display_name, role };
  writeStored(STORED_AS, kept);
  account.set(kept);
}

/** The session is over, by wish or by the server's word. Pages that need one ask for it. */
export function endSession(): void {
  writeStored(STORED_AS, null);
  account.set(null);
}

/** Forgets what the account that left could see. */
export function forgetOnSignOut(queryClient: QueryClient): void {
  let previousId = account.get()?.id;
  account.subscribe(() => {
    const id = account.get()?.id;
    if (previousId !== undefined && id !== previousId) queryClient.removeQueries({ predicate: ({ meta }) => meta?.isPublic !== true });
    previousId = id;
  });
}

/** The signed-in account with the bars that it works at. Also notices that the session ended
 * while this browser was away. Asks nothing for a guest. */
export function useProfile() {
  const known = useAccount();
  return useQuery({
    queryKey: ["me", known?.id],
    queryFn: async () => {
      const me = await unwrap(getProfile());
      rememberAccount(me);
      return me;
    },
    enabled: known !== null,
    staleTime: 60_000,
  });
}

/** Ends the remembered session where a request was refused for want of one. */
export function noticeUnauthorized(error: unknown): void {
  if (error instanceof ApiProblem && error.status === 401 && error.code !== "invalid_credentials") endSession();
}
