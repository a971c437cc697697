import { BarList } from "~/features/menu/bar-list";

export function HomeRoute() {
  return <BarList />;
}
