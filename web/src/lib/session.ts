import { useQuery, type QueryClient } from "@tanstack/react-query";
import { getProfile } from "~/client/sdk.gen";
import { accountStore, rememberAccount, type Account } from "~/lib/account-store";
import { unwrap } from "~/lib/api";
import { useStore } from "~/lib/store";

/** The account that is signed in, or null for a guest. */
export function useAccount(): Account | null {
  return useStore(accountStore);
}

/** Forgets what the account that left could see. */
export function forgetOnSignOut(queryClient: QueryClient): void {
  let previousId = accountStore.get()?.id;
  accountStore.subscribe(() => {
    const id = accountStore.get()?.id;
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
