// Follows an order with the reference client of GraphQL over SSE through cuts, as docs/events.md
// says: the last cursor comes back as Last-Event-ID.
import { createClient } from "graphql-sse";
import { FOLLOW, mirrored } from "./following.mjs";

const [url, order, accessToken, last] = process.argv.slice(2);
let cursor;
let connections = 0;
let cut = () => {};
const client = createClient({
  url,
  retryAttempts: 100,
  retry: () => new Promise((resolve) => setTimeout(resolve, 20)),
  headers: () => (cursor === undefined ? {} : { "last-event-id": cursor }),
  // A connection that can be cut from outside, as a network does it.
  fetchFn: (address, init) => {
    const controller = new AbortController();
    init.signal?.addEventListener("abort", () => controller.abort());
    cut = () => controller.abort();
    connections += 1;
    return fetch(address, { ...init, signal: controller.signal });
  },
});
const mirror = mirrored(last, () => cut());
await new Promise((resolve, reject) => {
  const stop = client.subscribe({ query: FOLLOW, variables: { order, accessToken } }, {
    next: ({ data }) => {
      const over = mirror.take(data.orderEvents);
      cursor = data.orderEvents.cursor; // once it is processed, not before
      if (over) {
        stop();
        resolve();
      }
    },
    error: reject,
    complete: resolve,
  });
});
console.log(JSON.stringify({ ...mirror.told, connections }));
