import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { RequireSession } from "~/app/require-session";
import { Page } from "~/components/page";
import { Redirect } from "~/components/redirect";
import { ProfileForm } from "~/features/account/profile-form";
import { RegisterForm } from "~/features/account/register-form";
import { SignInForm } from "~/features/account/sign-in-form";
import { useAccount } from "~/lib/session";

const signInRoute = getRouteApi("/sign-in");
const registerRoute = getRouteApi("/register");

/** Back to where somebody was asked to sign in; otherwise to their side of the bar. */
function useGoOn(next: string | undefined) {
  const navigate = useNavigate();
  return (role?: string) => void navigate({ to: next ?? (role === "merchant" ? "/work" : "/"), replace: true });
}

export function SignInRoute() {
  const search = signInRoute.useSearch();
  const account = useAccount();
  // `next` is some path of this site, which the route has checked; the router wants one that it knows.
  if (account !== null) return <Redirect to={(search.next ?? (account.role === "merchant" ? "/work" : "/")) as "/"} />;
  return (
    <Page title="Welcome back" eyebrow={search.next !== undefined && "Sign in to go on. Your order is kept."} width="narrow">
      <SignInForm onDone={() => undefined} />
      <p className="aside">New here? <Link to="/register" search={search}>Create an account</Link></p>
    </Page>
  );
}

export function RegisterRoute() {
  const search = registerRoute.useSearch();
  const goOn = useGoOn(search.next);
  return (
    <Page title="Pull up a stool" eyebrow="An account remembers your orders and calls your name." width="narrow">
      <RegisterForm onDone={goOn} />
      <p className="aside">Been here before? <Link to="/sign-in" search={search}>Sign in</Link></p>
    </Page>
  );
}

export function ProfileRoute() {
  return <RequireSession>{(account) => <Page title="Profile" width="narrow"><ProfileForm account={account} /></Page>}</RequireSession>;
}
