// A partner that keeps a copy of its assortment, and loses nothing when it is cut off or killed.
//
//   TESSERA_KEY=tsk_… node dist/main.js http://127.0.0.1:8000/graphql mirror.json sockets
//
// `sockets` or `events` says over what. Interrupted, it goes as far as there is anything to be told
// by plain HTTP, reads the whole assortment anew, and says whether its copy is equal to that.

import { setTimeout as pause } from "node:timers/promises";
import { Mirror } from "./mirror.js";
import { CutOff, overEvents, overSockets, page, type Follow, type Gateway } from "./transports.js";

const LONGEST_PAUSE = 30_000; // milliseconds between two tries
const TRANSPORTS: Record<string, Follow> = { sockets: overSockets, events: overEvents };

const [url, path, over = "sockets"] = process.argv.slice(2);
const follow = TRANSPORTS[over];
const key = process.env["TESSERA_KEY"];
if (!url || !path || !follow || !key) {
  console.error("TESSERA_KEY=… node dist/main.js URL FILE [sockets|events]");
  process.exit(2);
}
const gateway: Gateway = { url, key };
const mirror = new Mirror(path);
const leaving = new AbortController();
process.once("SIGINT", () => leaving.abort());
process.once("SIGTERM", () => leaving.abort());

let connections = 0;
const gaps: string[] = [];
await keep(follow);
const equal = await proved();
console.log(JSON.stringify({ equal, items: mirror.items, connections, gaps }));
process.exit(equal ? 0 : 1);

/** Follow until interrupted, over as many connections as it takes. */
async function keep(follow: Follow): Promise<void> {
  let wait = 500;
  while (!leaving.signal.aborted) {
    connections += 1;
    try {
      for await (const message of follow(gateway, mirror.cursor, leaving.signal)) {
        mirror.take(message);
        if (message.__typename === "Gap") gaps.push(message.code);
        wait = 500;
      }
    } catch (error) {
      if (!(error instanceof CutOff)) throw error;
      console.error(`cut off (${error.message}): again in a while`);
    }
    // At another time than all others who were cut off with us.
    await pause(wait * (0.5 + Math.random()), undefined, { signal: leaving.signal }).catch(() => {});
    wait = Math.min(LONGEST_PAUSE, wait * 2);
  }
}

/** Whether the copy is what somebody has who reads everything anew, at the same event. */
async function proved(): Promise<boolean> {
  const anew = new Mirror(null);
  do {
    await caughtUp(anew);
    await caughtUp(mirror);
  } while (anew.last !== mirror.last); // something happened in between
  return JSON.stringify(anew.items) === JSON.stringify(mirror.items);
}

/** Take all that there is to be told now, page by page. */
async function caughtUp(mirror: Mirror): Promise<void> {
  for (;;) {
    const { cursor, events } = await page(gateway, mirror.cursor);
    events.forEach((event) => mirror.take(event));
    if (events.length === 0) {
      mirror.take({ __typename: "Heartbeat", cursor });
      return;
    }
  }
}
