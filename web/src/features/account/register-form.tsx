import { useState, type FormEvent } from "react";
import { Button } from "~/components/button";
import { Choice, Field } from "~/components/field";
import { Notice } from "~/components/states";
import { ApiProblem, describeError, isProblem } from "~/lib/problem";
import { useRegister, type Role } from "./api";
import styles from "./account.module.css";

export function RegisterForm({ onDone }: { onDone(role: Role): void }) {
  const [displayName, setDisplayName] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [role, setRole] = useState<Role>("customer");
  const register = useRegister();
  const problem = register.error instanceof ApiProblem ? register.error : undefined;
  const isEmailTaken = isProblem(problem, "email_taken");
  const isAtField = isEmailTaken || (problem?.errors.length ?? 0) > 0;

  const submit = (event: FormEvent) => {
    event.preventDefault();
    register.mutate(
      { display_name: displayName.trim(), email: email.trim(), password, role },
      { onSuccess: () => onDone(role) },
    );
  };

  return (
    <form className={styles.form} onSubmit={submit}>
      <Field
        label="Your name" hint="The bar calls it when your drink is ready." name="display_name" autoComplete="nickname" required maxLength={120}
        value={displayName} error={problem?.messageAt("/display_name")} onChange={(event) => setDisplayName(event.currentTarget.value)}
      />
      <Field
        label="E-mail" type="email" name="email" autoComplete="username" required maxLength={254} value={email}
        error={isEmailTaken ? "This e-mail already has an account. Sign in instead." : problem?.messageAt("/email")}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <Field
        label="Password" hint="At least 8 characters." type="password" name="password" autoComplete="new-password" required minLength={8} maxLength={128}
        value={password} error={problem?.messageAt("/password")} onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <Choice
        legend="I am here to" name="role" value={role} onChange={setRole}
        options={[["customer", "Order drinks", "as a guest"], ["merchant", "Run a bar", "menu, stock, orders"]]}
      />
      {register.isError && !isAtField && <Notice tone="bad">{describeError(register.error)}</Notice>}
      <Button type="submit" look="primary" large wide disabled={register.isPending}>
        {register.isPending ? "Creating your account…" : "Create account"}
      </Button>
    </form>
  );
}
