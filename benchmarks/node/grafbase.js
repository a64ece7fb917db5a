// Grafbase's gateway, a native program, over one subgraph. This process only starts and ends it.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HOST, ready } from "./serving.js";
import { subgraph, url } from "./supergraph.js";

const program = createRequire(import.meta.url).resolve(
  "@grafbase/cli-x86_64-unknown-linux-musl/grafbase",
);

const freePort = () =>
  new Promise((found) => {
    const probe = createServer().listen(0, HOST, () => {
      const { port } = probe.address();
      probe.close(() => found(port));
    });
  });

async function answers(address) {
  try {
    const body = JSON.stringify({ query: "{ __typename }" });
    const headers = { "content-type": "application/json" };
    return (await fetch(address, { method: "POST", body, headers })).ok;
  } catch {
    return false;
  }
}

const home = mkdtempSync(join(tmpdir(), "grafbase-"));
const port = await freePort();
writeFileSync(join(home, "shop.graphql"), subgraph());
writeFileSync(
  join(home, "grafbase.toml"),
  `[graph]\nintrospection = false\n[subgraphs.shop]\nurl = "${url}"\nschema_path = "shop.graphql"\n`,
);
const child = spawn(program, ["dev", "-c", "grafbase.toml", "--listen-address", `${HOST}:${port}`], {
  cwd: home,
  env: { ...process.env, HOME: home },
  stdio: "ignore",
});
child.on("exit", () => process.exit(1));
process.on("exit", () => {
  child.kill("SIGKILL");
  rmSync(home, { recursive: true, force: true });
});
while (!(await answers(`http://${HOST}:${port}/graphql`))) {
  await new Promise((again) => setTimeout(again, 50));
}
ready(port, child.pid);
