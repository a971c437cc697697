import { onlineManager } from "@tanstack/react-query";
import { createStore, useStore } from "~/lib/store";

/**
 * Whether this page can reach the bar.
 *
 * Two things can be lost: the answers to requests, and the live stream. Either shows the banner.
 * While answers are lost, queries pause (`onlineManager`) and keep what is on the screen; a probe
 * of `/livez` brings them back, and they then ask again by themselves.
 */

const BANNER_DELAY_MS = 400; // A stream that moves to another node at once is nobody's business.
const PROBE_DELAY_MS_MIN = 500;
const PROBE_DELAY_MS_MAX = 3_000;

const lost = new Set<string>();
const isLost = createStore(false);
let bannerTimer: ReturnType<typeof setTimeout> | undefined;
let probeTimer: ReturnType<typeof setTimeout> | undefined;
let probeDelayMs = PROBE_DELAY_MS_MIN;

export function useIsConnectionLost(): boolean {
  return useStore(isLost);
}

/** `part` is out of reach: `"answers"`, or the address of a stream. */
export function reportLost(part: string): void {
  if (lost.has(part)) return;
  lost.add(part);
  bannerTimer ??= setTimeout(() => isLost.set(true), BANNER_DELAY_MS);
  if (part === "answers") {
    onlineManager.setOnline(false);
    probeDelayMs = PROBE_DELAY_MS_MIN;
    scheduleProbe();
  }
}

/** `part` is in reach again, or nobody wants it any more. */
export function reportFound(part: string): void {
  if (!lost.delete(part)) return;
  if (part === "answers") {
    clearTimeout(probeTimer);
    onlineManager.setOnline(true);
  }
  if (lost.size > 0) return;
  clearTimeout(bannerTimer);
  bannerTimer = undefined;
  isLost.set(false);
}

function scheduleProbe(): void {
  clearTimeout(probeTimer);
  probeTimer = setTimeout(probe, probeDelayMs * (0.75 + Math.random() / 2));
  probeDelayMs = Math.min(PROBE_DELAY_MS_MAX, probeDelayMs * 1.6);
}

async function probe(): Promise<void> {
  try {
    const answer = await fetch("/livez", { cache: "no-store", signal: AbortSignal.timeout(3_000) });
    if (answer.ok) reportFound("answers");
    else scheduleProbe();
  } catch {
    scheduleProbe();
  }
}

/** Lets the browser's own news of the network shorten the wait. Called once, at the start. */
export function followNetwork(): void {
  onlineManager.setEventListener(() => () => undefined); // `reportLost` decides, not the browser.
  addEventListener("offline", () => reportLost("answers"));
  addEventListener("online", () => {
    if (lost.has("answers")) void probe();
  });
}
