import { createRoot } from "react-dom/client";
import { App } from "~/app/app";
import { configureClient } from "~/lib/api";
import { followNetwork } from "~/lib/connection";
import "~/styles/tokens.css";
import "~/styles/base.css";

configureClient();
followNetwork();

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
createRoot(root).render(<App />);
