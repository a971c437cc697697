import type { AccountAnswer } from "~/client/types.gen";
import { readStored, writeStored } from "~/lib/storage";
import { createStore } from "~/lib/store";

/**
 * The account that this browser is signed in with, or null for a guest.
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

export const accountStore = createStore<Account | null>(readStored(STORED_AS, parseAccount));

export function rememberAccount({ id, email, display_name, role }: Account): void {
  const kept = { id, email, display_name, role };
  writeStored(STORED_AS, kept);
  accountStore.set(kept);
}

/** Makes the next page that is loaded a guest's. */
export function forgetAccount(): void {
  writeStored(STORED_AS, null);
}

/** The session is over, by wish or by the server's word. Pages that need one ask for it. */
export function endSession(): void {
  forgetAccount();
  accountStore.set(null);
}

/** How a request that only reads is to be sent. A guest leaves the cookie out: one of a session
 * that has ended would be refused even where anybody may read. */
export function credentialsOfReader(): RequestCredentials {
  return accountStore.get() === null ? "omit" : "same-origin";
}
