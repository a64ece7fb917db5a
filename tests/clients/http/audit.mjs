// Runs every audit of graphql-http against the address given, and prints what each one found.
// A GET carries the header that the gateway asks of it, as a client of ours would be set up.
import { auditServer } from "graphql-http";

const fetchFn = (address, options = {}) =>
  fetch(address, { ...options, headers: { ...options.headers, "x-tessera-preflight": "1" } });

const results = await auditServer({ url: process.argv[2], fetchFn });
console.log(JSON.stringify(results.map(({ id, name, status, reason }) => ({ id, name, status, reason }))));
