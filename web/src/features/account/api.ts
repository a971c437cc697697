import { useMutation } from "@tanstack/react-query";
import { registerAccount, signIn as openSession, signOut as closeSession, updateProfile } from "~/client/sdk.gen";
import { forgetAccount, rememberAccount } from "~/lib/account-store";
import { unwrap } from "~/lib/api";

export type Role = "customer" | "merchant";

export interface Credentials {
  email: string;
  password: string;
}

export interface Registration extends Credentials {
  display_name: string;
  role: Role;
}

async function signIn(credentials: Credentials): Promise<void> {
  const { account } = await unwrap(openSession({ body: credentials }));
  rememberAccount(account);
}

export function useSignIn() {
  return useMutation({ mutationFn: signIn });
}

/** Registers and signs in: one form, one tap. */
export function useRegister() {
  return useMutation({
    mutationFn: async (registration: Registration) => {
      await unwrap(registerAccount({ body: registration }));
      await signIn({ email: registration.email, password: registration.password });
    },
  });
}

export function useSignOut() {
  return useMutation({
    mutationFn: () => unwrap(closeSession()),
    // Loading the site anew leaves nothing in memory of what the account could see.
    onSuccess: () => {
      forgetAccount();
      location.assign("/");
    },
  });
}

export function useRename() {
  return useMutation({
    mutationFn: (displayName: string) => unwrap(updateProfile({ body: { display_name: displayName } })),
    onSuccess: rememberAccount,
  });
}
