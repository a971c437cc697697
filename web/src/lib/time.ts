import { useEffect, useState } from "react";

const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "long" });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** "3 minutes ago", as of `nowMs`. A time that lies ahead by clock skew counts as now. */
export function formatRelative(time: string, nowMs: number): string {
  const ageMs = Math.max(0, nowMs - Date.parse(time));
  if (ageMs < MINUTE_MS) return "just now";
  if (ageMs < HOUR_MS) return relative.format(-Math.floor(ageMs / MINUTE_MS), "minute");
  if (ageMs < DAY_MS) return relative.format(-Math.floor(ageMs / HOUR_MS), "hour");
  return relative.format(-Math.floor(ageMs / DAY_MS), "day");
}

/** Minutes and seconds since `time`, for a board that is read at a glance: `4:07`, `1h 12m`. */
export function formatAge(time: string, nowMs: number): string {
  const seconds = Math.max(0, Math.floor((nowMs - Date.parse(time)) / 1000));
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)}h ${Math.floor((seconds % 3600) / 60)}m`;
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

export function formatClock(time: string): string {
  return clock.format(new Date(time));
}

export function formatDay(time: string): string {
  return day.format(new Date(time));
}

/** The time now, again every `intervalMs`, so that ages on the page stay true. */
export function useNow(intervalMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), intervalMs);
    return () => clearInterval(timer);
  }, [intervalMs]);
  return now;
}
