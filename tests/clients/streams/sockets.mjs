// Asks the gateway at the address given with the reference client of graphql-transport-ws, and
// prints what it was told.
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { all, first, NEWS } from "./asking.mjs";

const url = process.argv[2];
const opened = [];
const lasting = (options = {}) =>
  createClient({ url, webSocketImpl: WebSocket, lazyCloseTimeout: 5_000, retryAttempts: 0, ...options });
const results = {};

const client = lasting({ on: { connected: () => opened.push(1) } });
results.query = await all(client, "query($n: String!) { hello(name: $n) }", { n: "Ada" });
results.mutation = await all(client, 'mutation { change(to: "blue") }');
results.count = await all(client, "subscription { count(to: 3) { number twice } }");
results.stopped = await first(client, NEWS);
results.invalid = await all(client, "{ nothing }");
results.broken = await all(client, "{ broken }");
results.refused = await all(client, "subscription { refused }");
const many = Array.from({ length: 20 }, (_, number) => number);
for (const round of [1, 2, 3]) {
  const answers = await Promise.all(
    many.map((n) => all(client, "query($n: String!) { hello(name: $n) }", { n: `${round}.${n}` })),
  );
  results[`many${round}`] = answers.map(({ told }) => told[0].data.hello);
}
results.sockets = opened.length;
await client.dispose();

results.forbidden = await all(lasting({ connectionParams: { authorization: "Bearer wrong" } }), "{ hello }");

const pings = { sent: 0, answered: 0, received: 0 };
await new Promise((resolve) => {
  const talker = lasting({
    lazy: false,
    keepAlive: 20,
    on: {
      ping: (received) => (pings[received ? "received" : "sent"] += 1),
      pong: (received) => {
        pings.answered += received ? 1 : 0;
        if (pings.answered >= 3 && pings.received >= 2) resolve(talker.dispose());
      },
    },
  });
});
results.pings = pings.received >= 2 && pings.answered >= 3;

let sockets = 0;
let current;
const restless = lasting({
  retryAttempts: 5,
  retryWait: async () => {},
  on: {
    connected: (socket) => {
      sockets += 1;
      current = socket;
    },
    message: ({ type }) => type === "next" && sockets === 1 && current.terminate(),
  },
});
results.again = await all(restless, 'subscription { news(of: "second") { number } }');
results.reconnected = sockets;
await restless.dispose();

console.log(JSON.stringify(results));
