import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useState } from "react";
import { router } from "~/app/router";
import { ApiProblem } from "~/lib/problem";
import { forgetOnSignOut, noticeUnauthorized } from "~/lib/session";

const RETRIES_MAX = 4; // With the delays below some eight seconds: an election and then some.

function createQueryClient(): QueryClient {
  const queryClient = new QueryClient({
    queryCache: new QueryCache({ onError: noticeUnauthorized }),
    mutationCache: new MutationCache({ onError: noticeUnauthorized }),
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        refetchOnReconnect: "always",
        // A refusal stays one; a node that restarts or has no leader yet is worth waiting for.
        retry: (failures, error) => failures < RETRIES_MAX && !(error instanceof ApiProblem && !error.isIndefinite),
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
