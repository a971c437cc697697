import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { createBar } from "~/client/sdk.gen";
import { Button } from "~/components/button";
import { Field, Select } from "~/components/field";
import { Notice } from "~/components/states";
import { unwrap } from "~/lib/api";
import { fold } from "~/lib/fold";
import { ApiProblem, describeError, isProblem } from "~/lib/problem";
import styles from "./bar-setup.module.css";

const CURRENCIES = ["EUR", "USD", "GBP", "AUD", "CAD", "CHF", "CNY", "DKK", "JPY", "NOK", "NZD", "PLN", "SEK", "SGD"] as const;

/** A name in addresses: lower case, digits, single hyphens. */
export function slugify(name: string): string {
  return fold(name).replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-|-$/g, "").slice(0, 40).replace(/-$/, "");
}

/** Opens a bar: a name, an address, the money it counts in. The profile then names the bar. */
export function CreateBarForm() {
  const queryClient = useQueryClient();
  const [name, setName] = useState("");
  const [ownSlug, setOwnSlug] = useState<string | null>(null);
  const [currency, setCurrency] = useState<string>("EUR");
  const slug = ownSlug ?? slugify(name);
  const create = useMutation({
    mutationFn: () =>
      unwrap(createBar({ body: { name: name.trim(), slug, currency, timezone: Intl.DateTimeFormat().resolvedOptions().timeZone } })),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: ["bars"] });
      return queryClient.invalidateQueries({ queryKey: ["me"] });
    },
  });
  const problem = create.error instanceof ApiProblem ? create.error : undefined;
  const slugError = isProblem(problem, "slug_taken") ? "Another bar has this address." : problem?.messageAt("/slug");

  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };

  return (
    <form className={styles.form} onSubmit={submit}>
      <Field label="Name of the bar" placeholder="The Late Lime" required maxLength={120} value={name} error={problem?.messageAt("/name")} onChange={(event) => setName(event.currentTarget.value)} />
      <Field
        label="Address" hint={`Guests find it at /bars/${slug === "" ? "…" : slug}`} required minLength={3} maxLength={40} pattern="[a-z0-9](-?[a-z0-9])+" value={slug}
        error={slugError} autoCapitalize="none" spellCheck={false} onChange={(event) => setOwnSlug(event.currentTarget.value)}
      />
      <Select label="Currency" value={currency} options={CURRENCIES.map((code) => [code, code] as const)} onChange={setCurrency} />
      {create.isError && slugError === undefined && problem?.messageAt("/name") === undefined && <Notice tone="bad">{describeError(create.error)}</Notice>}
      <Button type="submit" look="primary" large wide disabled={create.isPending}>{create.isPending ? "Opening…" : "Open the bar"}</Button>
    </form>
  );
}
