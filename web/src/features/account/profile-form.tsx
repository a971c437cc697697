import { useState, type FormEvent } from "react";
import { Button } from "~/components/button";
import { Field } from "~/components/field";
import { Notice } from "~/components/states";
import { showToast } from "~/components/toasts";
import { ApiProblem, describeError } from "~/lib/problem";
import type { Account } from "~/lib/account-store";
import { useRename, useSignOut } from "./api";
import styles from "./account.module.css";

export function ProfileForm({ account }: { account: Account }) {
  const [displayName, setDisplayName] = useState(account.display_name);
  const rename = useRename();
  const signOut = useSignOut();
  const nameError = rename.error instanceof ApiProblem ? rename.error.messageAt("/display_name") : undefined;

  const submit = (event: FormEvent) => {
    event.preventDefault();
    rename.mutate(displayName.trim(), { onSuccess: () => showToast("Your name is saved.") });
  };

  return (
    <div className={styles.profile}>
      <p className={styles.identity}>
        Signed in as <strong>{account.email}</strong>
        {account.role === "merchant" && ", who runs a bar"}.
      </p>
      <form className={styles.form} onSubmit={submit}>
        <Field
          label="Your name" hint="The bar calls it when your drink is ready. Orders that you placed keep the name they had."
          name="display_name" autoComplete="nickname" required maxLength={120} value={displayName} error={nameError}
          onChange={(event) => setDisplayName(event.currentTarget.value)}
        />
        {rename.isError && nameError === undefined && <Notice tone="bad">{describeError(rename.error)}</Notice>}
        <Button type="submit" look="primary" disabled={rename.isPending || displayName.trim() === "" || displayName.trim() === account.display_name}>
          {rename.isPending ? "Saving…" : "Save name"}
        </Button>
      </form>
      <hr className={styles.rule} />
      {signOut.isError && <Notice tone="bad">{describeError(signOut.error)}</Notice>}
      <Button look="secondary" onClick={() => signOut.mutate()} disabled={signOut.isPending}>Sign out</Button>
    </div>
  );
}
