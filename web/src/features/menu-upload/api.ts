import { useMutation, useQueryClient } from "@tanstack/react-query";
import { commitMenuImport, uploadMenu } from "~/client/sdk.gen";
import type { ImportAnswer } from "~/client/types.gen";
import { unwrap } from "~/lib/api";

export type MenuImport = ImportAnswer;

/** How a file is to be read, beside what is in it. */
export interface ReadingOptions {
  /** What measures without a size hold at this bar, as typed; empty ones are not stated. */
  sizes: Readonly<Record<string, string>>;
  leavesOutFaulty: boolean;
}

export const AS_IT_IS: ReadingOptions = { sizes: {}, leavesOutFaulty: false };

/** What the API takes for stated sizes: `shot:4 cl;part:1 oz`. Undefined: none are stated. */
export function sizesParameter(sizes: ReadingOptions["sizes"]): string | undefined {
  const stated = Object.entries(sizes).filter(([, amount]) => amount.trim() !== "");
  return stated.length === 0 ? undefined : stated.map(([measure, amount]) => `${measure}:${amount.trim()}`).join(";");
}

export const FILE_BYTES_MAX = 2 * 1024 * 1024; // The API refuses more.

/** The media type that the API wants for a file, by its name. Null: neither CSV nor JSON. */
export function mediaTypeOf(fileName: string): "text/csv" | "application/json" | null {
  const name = fileName.toLowerCase();
  if (name.endsWith(".csv")) return "text/csv";
  return name.endsWith(".json") ? "application/json" : null;
}

/** Why a file cannot be a menu, before anything is sent; null where it may be one. */
export function describeUnfit(file: Pick<File, "name" | "size">): string | null {
  if (mediaTypeOf(file.name) === null) return "That is neither a .csv nor a .json file.";
  if (file.size > FILE_BYTES_MAX) return "That file is larger than 2 MB, which no menu is.";
  return file.size === 0 ? "That file is empty." : null;
}

/** Sends a file and gets back what it would do. Nothing changes yet. */
export function usePreview(bar: string) {
  return useMutation({
    mutationFn: async ({ file, options }: { file: File; options: ReadingOptions }) =>
      unwrap(
        uploadMenu({
          path: { bar },
          query: { sizes: sizesParameter(options.sizes), faulty: options.leavesOutFaulty ? "leave_out" : "refuse" },
          body: (await file.text()) as never, // Sent as it is: the API reads the file, not a form.
          bodySerializer: null,
          headers: { "Content-Type": mediaTypeOf(file.name) ?? "text/csv" },
        }),
      ),
  });
}

/** Makes the uploaded menu the menu, all or nothing. Safe to repeat. */
export function useCommit(bar: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ id }: MenuImport) => unwrap(commitMenuImport({ path: { bar, import_id: id } })),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: ["menu"] });
      void queryClient.invalidateQueries({ queryKey: ["stock"] });
    },
  });
}

export function exportAddress(bar: string, format: "csv" | "json"): string {
  return `/api/v1/bars/${encodeURIComponent(bar)}/menu-export?format=${format}`;
}
