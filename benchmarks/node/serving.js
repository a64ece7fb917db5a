// What all servers have in common: what they are asked to be, a free port, and how they end.
import { readFileSync } from "node:fs";
import { memory } from "./memory.js";
import { upstreams } from "./upstreams.js";

export const HOST = "127.0.0.1";
export const asked = JSON.parse(process.argv[2] ?? "{}");

export const typeDefs = () => readFileSync(asked.schema, "utf8");
export const source = () => (asked.data ? memory(asked.data) : upstreams(asked.url));

/** Say that the server is up; `pid` if another process is the server. */
export function ready(port, pid = process.pid) {
  console.log(`READY http://${HOST}:${port} ${pid}`);
}

process.stdin.resume(); // whoever started this holds the other end: when it is gone, so is this
process.stdin.on("end", () => process.exit());
process.on("SIGTERM", () => process.exit());
