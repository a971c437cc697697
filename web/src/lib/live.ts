import { useEffect, useRef } from "react";
import { endSession } from "~/lib/account-store";
import { reportFound, reportLost } from "~/lib/connection";
import { followEventStream, type StreamEvent } from "~/lib/event-stream";
import { useAccount } from "~/lib/session";

export interface LiveOptions {
  onEvent(event: StreamEvent): void;
  /** Something may have been missed: ask again. */
  onResync(): void;
  /** Keep the stream while the tab is in the background. Off: it resumes when it is looked at. */
  staysInBackground?: boolean;
}

/**
 * Follows the live stream at `path` while the component is on the page; null follows nothing.
 *
 * One stream a page at most: over HTTP/1.1 a browser has six connections for all its tabs.
 */
export function useLive(path: string | null, options: LiveOptions): void {
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });
  const accountId = useAccount()?.id; // Another account sees another stream.
  const staysInBackground = options.staysInBackground ?? false;

  useEffect(() => {
    if (path === null) return undefined;
    let stream: AbortController | undefined;
    const start = () => {
      stream = new AbortController();
      const handlers = {
        onEvent: (event: StreamEvent) => latest.current.onEvent(event),
        onResync: () => latest.current.onResync(),
        onOpen: () => reportFound(path),
        onLost: () => reportLost(path),
        onUnauthorized: endSession,
      };
      void followEventStream(path, handlers, { signal: stream.signal, credentials: accountId === undefined ? "omit" : "same-origin" });
    };
    const stop = () => {
      stream?.abort();
      stream = undefined;
      reportFound(path);
    };
    const onVisibility = () => {
      if (staysInBackground) return;
      if (document.hidden) stop();
      else if (stream === undefined) {
        start();
        latest.current.onResync();
      }
    };
    start();
    document.addEventListener("visibilitychange", onVisibility);
    return () => {
      document.removeEventListener("visibilitychange", onVisibility);
      stop();
    };
  }, [path, staysInBackground, accountId]);
}
