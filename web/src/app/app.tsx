import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useState } from "react";
import { router } from "~/app/router";
import { ApiProblem, isProblem } from "~/lib/problem";
import { forgetOnSignOut } from "~/lib/session";

const RETRIES_MAX = 4; // With the delays below some eight seconds: an election and then some.

/** A refusal stays one; a node that restarts or has no leader yet is worth waiting for. Who turns
 * out to be signed out asks once more as a guest. */
function shouldRetry(failures: number, error: Error): boolean {
  if (isProblem(error, "not_authenticated")) return failures < 1;
  return failures < RETRIES_MAX && !(error instanceof ApiProblem && !error.isIndefinite);
}

function createQueryClient(): QueryClient {
  const queryClient = new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        refetchOnReconnect: "always",
        retry: shouldRetry,
        retryDelay: (failures) => Math.min(4_000, 500 * 2 ** failures),
      },
      // A change is sent at once or fails where the person sees it; it never waits in secret.
      mutations: { networkMode: "always", retry: false },
    },
  });
  forgetOnSignOut(queryClient);
  return queryClient;
}

export function App() {
  const [queryClient] = useState(createQueryClient);
  return (
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  );
}
