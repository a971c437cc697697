import { useNavigate, type NavigateOptions } from "@tanstack/react-router";
import { useEffect, useRef } from "react";

/**
 * Goes elsewhere, once, instead of showing something here.
 *
 * The router's own Navigate goes again for every render with new properties, and the page that is
 * being left renders again on the way: the two would chase each other.
 */
export function Redirect(options: NavigateOptions) {
  const navigate = useNavigate();
  const destination = useRef(options);
  useEffect(() => {
    void navigate({ ...destination.current, replace: true });
  }, [navigate]);
  return null;
}
