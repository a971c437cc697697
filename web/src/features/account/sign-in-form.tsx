import { useState, type FormEvent } from "react";
import { Button } from "~/components/button";
import { Field } from "~/components/field";
import { Notice } from "~/components/states";
import { ApiProblem, describeError, isProblem } from "~/lib/problem";
import { useSignIn } from "./api";
import styles from "./account.module.css";

function describe(error: unknown): string {
  if (isProblem(error, "invalid_credentials")) return "That e-mail and password don’t belong together.";
  if (error instanceof ApiProblem && error.status === 429) return "Too many tries. Wait a little, then try again.";
  return describeError(error);
}

export function SignInForm({ onDone }: { onDone(): void }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const signIn = useSignIn();

  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate({ email: email.trim(), password }, { onSuccess: onDone });
  };

  return (
    <form className={styles.form} onSubmit={submit}>
      <Field label="E-mail" type="email" name="email" autoComplete="username" required value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
      <Field label="Password" type="password" name="password" autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
      {signIn.isError && <Notice tone="bad">{describe(signIn.error)}</Notice>}
      <Button type="submit" look="primary" large wide disabled={signIn.isPending}>
        {signIn.isPending ? "Signing in…" : "Sign in"}
      </Button>
    </form>
  );
}
