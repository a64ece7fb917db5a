// Asks servers and says how long they took. Each line of the input is a job, each line of the
// output what came of it: `{milliseconds: [p50, p99], answered, unanswered, seconds, bytes}`.
//
// closed: so many connections, each asking again as soon as it is answered (autocannon).
// open:   so many requests a second, whatever comes back; the time of each counts from when it was
//         due, so that waiting for a slow answer is not left out (coordinated omission). autocannon
//         sends the requests of a second in one burst, so these are sent here.
// chain:  so many clients, each making the calls that its answer needs from the upstreams alone.
import { createInterface } from "node:readline";
import { setImmediate as turn } from "node:timers/promises";
import autocannon from "autocannon";
import { Pool } from "undici";

const JSON_BODY = { "content-type": "application/json" };

const told = (times, started, ended, bytes, unanswered = 0) => {
  const sorted = Float64Array.from(times).sort();
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
  return {
    milliseconds: [at(0.5), at(0.99)],
    answered: sorted.length,
    unanswered,
    seconds: (ended - started) / 1000,
    bytes: bytes / Math.max(1, sorted.length),
  };
};

function closed({ url, bodies, connections, amount }) {
  return new Promise((done, fail) => {
    const times = [];
    let bytes = 0;
    let started = 0;
    let ended = 0;
    let place = 0;
    const run = autocannon(
      {
        url,
        connections,
        amount,
        method: "POST",
        headers: JSON_BODY,
        timeout: 60,
        sampleInt: 10,
        setupClient: (client) => client.setBody(bodies[place++ % bodies.length]),
      },
      (error, result) => {
        const { errors, non2xx } = result ?? {};
        if (error || errors || non2xx) fail(error ?? new Error(`${url}: ${errors} cut, ${non2xx} refused`));
        else done(told(times, started, ended, bytes));
      },
    );
    run.on("start", () => (started = performance.now()));
    run.on("response", (_client, _status, size, took) => {
      times.push(took);
      bytes += size;
      ended = performance.now();
    });
  });
}

/** The number of bytes that came back. */
async function asked(pool, path, body) {
  const answer = await pool.request({ method: body ? "POST" : "GET", path, body, headers: JSON_BODY });
  if (answer.statusCode !== 200) throw new Error(`${path} answered ${answer.statusCode}`);
  let size = 0;
  for await (const chunk of answer.body) size += chunk.length;
  return size;
}

async function open({ url, bodies, connections, rate, seconds }) {
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections });
  const [times, fired] = [[], []];
  let bytes = 0;
  const started = performance.now();
  for (let sent = 0; sent < rate * seconds; sent++) {
    const due = started + (sent * 1000) / rate;
    while (performance.now() < due) await turn();
    const one = asked(pool, pathname, bodies[sent % bodies.length]);
    fired.push(
      one.then((size) => {
        times.push(performance.now() - due);
        bytes += size;
      }),
    );
  }
  const patience = new Promise((late) => setTimeout(late, Math.max(1, seconds) * 1000).unref());
  await Promise.race([Promise.all(fired), patience]);
  const ended = performance.now();
  const unanswered = fired.length - times.length;
  const result = told(times, started, ended, bytes, unanswered);
  await Promise.all([pool.destroy(), Promise.allSettled(fired)]);
  return result;
}

async function chain({ url, calls, clients, seconds }) {
  const pool = new Pool(url, { connections: 4 * clients });
  const times = [];
  let bytes = 0;
  const started = performance.now();
  const worker = async (steps) => {
    while (performance.now() - started < seconds * 1000) {
      const since = performance.now();
      for (const together of steps) {
        const sizes = await Promise.all(together.map(({ path, body }) => asked(pool, path, body)));
        for (const size of sizes) bytes += size;
      }
      times.push(performance.now() - since);
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, place) => worker(calls[place % calls.length])));
  const result = told(times, started, performance.now(), bytes);
  await pool.close();
  return result;
}

const kinds = { closed, open, chain };
for await (const line of createInterface({ input: process.stdin })) {
  const { kind, ...job } = JSON.parse(line);
  try {
    console.log(JSON.stringify(await kinds[kind](job)));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error?.message ?? error) }));
  }
}
process.exit();
