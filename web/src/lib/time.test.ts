import { expect, it } from "vitest";
import { formatAge, formatRelative } from "~/lib/time";

const now = Date.parse("2026-01-01T12:00:00Z");

it.each([
  ["2026-01-01T11:59:58Z", "0:02"],
  ["2026-01-01T11:55:53Z", "4:07"],
  ["2026-01-01T10:47:00Z", "1h 13m"],
  ["2026-01-01T12:00:05Z", "0:00"],
])("counts the age of %s", (time, age) => {
  expect(formatAge(time, now)).toBe(age);
});

it.each([
  ["2026-01-01T11:59:30Z", "just now"],
  ["2026-01-01T11:57:00Z", "3 minutes ago"],
  ["2026-01-01T09:00:00Z", "3 hours ago"],
  ["2025-12-31T11:00:00Z", "yesterday"],
  ["2026-01-01T12:05:00Z", "just now"],
])("says when %s was", (time, words) => {
  expect(formatRelative(time, now)).toBe(words);
});
