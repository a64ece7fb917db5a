// Serves a supergraph file with Hive Gateway on a free loopback port.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createGatewayRuntime } from "@graphql-hive/gateway";

const gateway = createGatewayRuntime({ supergraph: readFileSync(process.argv[2], "utf8") });
const server = createServer(gateway);
server.listen(0, "127.0.0.1", () => {
  console.log(`READY http://127.0.0.1:${server.address().port}/graphql`);
});

process.stdin.resume(); // whoever started this holds the other end: when it is gone, so is this
process.stdin.on("end", () => process.exit());
process.on("SIGTERM", () => process.exit());
