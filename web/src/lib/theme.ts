import { createStore, useStore } from "~/lib/store";

export type Theme = "dark" | "light";

const KEY = "bitebyte.theme"; // Also read by public/theme.js, before the first paint.

function readTheme(): Theme {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "dark" || chosen === "light") return chosen;
  return matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
}

const theme = createStore<Theme>(readTheme());

export function useTheme(): Theme {
  return useStore(theme);
}

/** Shows the other theme and remembers it on this device. */
export function toggleTheme(): void {
  const next: Theme = theme.get() === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // It then lasts until the page is closed.
  }
  theme.set(next);
}
