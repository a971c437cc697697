import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { NotFound } from "~/app/not-found";
import { RootLayout } from "~/app/root-layout";
import { RouteError } from "~/app/route-error";

// One chunk a page: a guest loads the menu and nothing of the bar's side.
const rootRoute = createRootRoute({ component: RootLayout, notFoundComponent: NotFound, errorComponent: RouteError });

const homeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  component: lazyRouteComponent(() => import("~/app/routes/home-route"), "HomeRoute"),
});

const menuRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/bars/$bar",
  component: lazyRouteComponent(() => import("~/app/routes/menu-route"), "MenuRoute"),
});

const cartRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/bars/$bar/cart",
  component: lazyRouteComponent(() => import("~/app/routes/cart-route"), "CartRoute"),
});

const ordersRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/orders",
  component: lazyRouteComponent(() => import("~/app/routes/orders-route"), "OrdersRoute"),
});

const orderRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/orders/$orderId",
  component: lazyRouteComponent(() => import("~/app/routes/orders-route"), "OrderRoute"),
});

interface AccountSearch {
  /** The path to return to. */
  next?: string;
}

/** Only a path of this site: an address from elsewhere must not be able to send people away. */
function parseAccountSearch({ next }: Record<string, unknown>): AccountSearch {
  return typeof next === "string" && /^\/(?![/\\])/.test(next) ? { next } : {};
}

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-in",
  validateSearch: parseAccountSearch,
  component: lazyRouteComponent(() => import("~/app/routes/account-route"), "SignInRoute"),
});

const registerRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/register",
  validateSearch: parseAccountSearch,
  component: lazyRouteComponent(() => import("~/app/routes/account-route"), "RegisterRoute"),
});

const profileRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/profile",
  component: lazyRouteComponent(() => import("~/app/routes/account-route"), "ProfileRoute"),
});

const workRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/work",
  component: lazyRouteComponent(() => import("~/app/routes/work-route"), "WorkRoute"),
});

const workBarRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/work/$bar",
  component: lazyRouteComponent(() => import("~/app/routes/work-route"), "WorkBarLayout"),
});

const boardRoute = createRoute({
  getParentRoute: () => workBarRoute,
  path: "/",
  component: lazyRouteComponent(() => import("~/app/routes/work-route"), "BoardRoute"),
});

const stockRoute = createRoute({
  getParentRoute: () => workBarRoute,
  path: "/stock",
  component: lazyRouteComponent(() => import("~/app/routes/stock-route"), "StockRoute"),
});

const uploadRoute = createRoute({
  getParentRoute: () => workBarRoute,
  path: "/menu",
  component: lazyRouteComponent(() => import("~/app/routes/upload-route"), "UploadRoute"),
});

const alertsRoute = createRoute({
  getParentRoute: () => workBarRoute,
  path: "/alerts",
  component: lazyRouteComponent(() => import("~/app/routes/alerts-route"), "AlertsRoute"),
});

const routeTree = rootRoute.addChildren([
  homeRoute,
  menuRoute,
  cartRoute,
  ordersRoute,
  orderRoute,
  signInRoute,
  registerRoute,
  profileRoute,
  workRoute,
  workBarRoute.addChildren([boardRoute, stockRoute, uploadRoute, alertsRoute]),
]);

export const router = createRouter({ routeTree, scrollRestoration: true, defaultPreload: "intent" });

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
