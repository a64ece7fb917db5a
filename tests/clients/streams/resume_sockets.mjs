// Follows an order with the reference client of graphql-transport-ws through cuts, as
// docs/events.md says: the variables of the operation get the last cursor.
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { FOLLOW, mirrored } from "./following.mjs";

const [url, order, accessToken, last] = process.argv.slice(2);
let current;
let sockets = 0;
const client = createClient({
  url,
  webSocketImpl: WebSocket,
  retryAttempts: 100,
  retryWait: () => new Promise((resolve) => setTimeout(resolve, 20)),
  on: {
    connected: (socket) => {
      sockets += 1;
      current = socket;
    },
  },
});
const payload = { query: FOLLOW, variables: { order, accessToken } };
const mirror = mirrored(last, () => current.terminate());
await new Promise((resolve, reject) => {
  const stop = client.subscribe(payload, {
    next: ({ data }) => {
      const event = data.orderEvents;
      const over = mirror.take(event);
      payload.variables.after = event.cursor; // once it is processed, not before
      if (over) {
        stop();
        resolve();
      }
    },
    error: reject,
    complete: resolve,
  });
});
await client.dispose();
console.log(JSON.stringify({ ...mirror.told, connections: sockets }));
