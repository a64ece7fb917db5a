// Asks the gateway at the address given with the reference client of GraphQL over SSE, and prints
// what it was told.
import { createClient } from "graphql-sse";
import { all, first, NEWS } from "./asking.mjs";

const url = process.argv[2];
const client = createClient({ url, retryAttempts: 0 });
const results = {};

results.query = await all(client, "query($n: String!) { hello(name: $n) }", { n: "Ada" });
results.mutation = await all(client, 'mutation { change(to: "blue") }');
results.count = await all(client, "subscription { count(to: 3) { number twice } }");
results.stopped = await first(client, NEWS);
results.invalid = await all(client, "{ nothing }");
results.refused = await all(client, "subscription { refused }");
results.malformed = await all(client, undefined);
const many = Array.from({ length: 30 }, (_, number) => number);
results.many = (
  await Promise.all(many.map((n) => all(client, "query($n: String!) { hello(name: $n) }", { n: `${n}` })))
).map(({ told }) => told[0].data.hello);

let connected = 0;
const restless = createClient({
  url,
  retryAttempts: 100,
  retry: () => new Promise((resolve) => setTimeout(resolve, 20)),
  on: { connected: () => (connected += 1) },
});
results.again = await all(restless, 'subscription { news(of: "second") { number } }');
results.reconnected = connected;

console.log(JSON.stringify(results));
