// Asks the gateway as a page with urql does, and prints every state that the page would see.
// Arguments: the address, the document; variables as JSON.
import { cacheExchange, Client, fetchExchange } from "@urql/core";

const [address, document, variables = "{}"] = process.argv.slice(2);
const client = new Client({
  url: address,
  preferGetMethod: false,
  exchanges: [cacheExchange, fetchExchange],
  fetchSubscriptions: true,
});
const subscription = document.trimStart().startsWith("subscription");
const states = client[subscription ? "subscription" : "query"](document, JSON.parse(variables));
await new Promise(done => states.subscribe(({ data, error, hasNext }) => {
  console.log(JSON.stringify({ data, error: error?.message, hasNext }));
  if (!hasNext) done();
}));
process.exit(0);
