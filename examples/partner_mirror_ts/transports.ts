// The ways to ask. Each gives messages after a cursor until the connection breaks.

import { createClient as createEventsClient } from "graphql-sse";
import { createClient as createSocketClient } from "graphql-ws";
import WebSocket from "ws";
import { FOLLOW, PAGE, type Message, type Page, type Told } from "./messages.js";

const SILENCE = 40_000; // milliseconds; a heartbeat comes every 15 seconds
const HOPELESS = new Set(["BAD_USER_INPUT", "FORBIDDEN", "PARTNER_UNKNOWN", "UNAUTHENTICATED"]);
const REFUSALS = new Set([400, 401, 403, 422]);

/** The gateway refuses: asking again does not help. */
export class Refused extends Error {}

/** It was cut off, or the gateway cannot answer now: ask again, in a while. */
export class CutOff extends Error {}

export interface Gateway {
  url: string;
  key: string;
}

/** Messages after a cursor, until the connection breaks or the signal says that it is enough. */
export type Follow = (gateway: Gateway, after: string | null, enough: AbortSignal) => AsyncGenerator<Message>;

interface Result {
  data?: Told | null;
  errors?: readonly { message: string; extensions?: Record<string, unknown> }[];
}

/** Over a WebSocket. This client could retry by itself; but then with the first cursor again. */
export async function* overSockets(
  gateway: Gateway,
  after: string | null,
  enough: AbortSignal,
): AsyncGenerator<Message> {
  const client = createSocketClient({
    url: gateway.url.replace(/^http/, "ws"),
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${gateway.key}` },
    retryAttempts: 0,
  });
  try {
    yield* messages(client.iterate<Told>({ query: FOLLOW, variables: { after } }), enough);
  } finally {
    await client.dispose();
  }
}

/** As server-sent events. */
export async function* overEvents(
  gateway: Gateway,
  after: string | null,
  enough: AbortSignal,
): AsyncGenerator<Message> {
  const client = createEventsClient({
    url: gateway.url,
    headers: { authorization: `Bearer ${gateway.key}` },
    retryAttempts: 0,
  });
  try {
    yield* messages(client.iterate<Told>({ query: FOLLOW, variables: { after } }), enough);
  } finally {
    client.dispose();
  }
}

async function* messages(
  results: AsyncIterableIterator<unknown>,
  enough: AbortSignal,
): AsyncGenerator<Message> {
  try {
    for (;;) {
      const next = await soon(results.next(), enough);
      if (next === null || next.done) return;
      const { value } = next;
      yield messageOf(value as Result);
    }
  } catch (error) {
    throw understood(error);
  } finally {
    void results.return?.();
  }
}

function messageOf(result: Result): Message {
  if (result.errors?.length) throw result.errors;
  if (!result.data) throw new CutOff("an answer without data");
  return result.data.assortmentEvents;
}

/** A page of the same messages over plain HTTP; the cursor goes on after it. */
export async function page(gateway: Gateway, after: string | null): Promise<NonNullable<Page["assortmentEvents"]>> {
  const response = await fetch(gateway.url, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${gateway.key}` },
    body: JSON.stringify({ query: PAGE, variables: { after } }),
    signal: AbortSignal.timeout(SILENCE),
  }).catch((error: unknown) => {
    throw understood(error);
  });
  if (REFUSALS.has(response.status)) throw new Refused(await response.text());
  if (!response.ok) throw new CutOff(`status ${response.status}`);
  const told = (await response.json()) as { data?: Page | null; errors?: Result["errors"] };
  if (told.errors?.length) throw understood(told.errors);
  if (!told.data?.assortmentEvents) throw new CutOff("an answer without data");
  return told.data.assortmentEvents;
}

/** What is coming; null when it is not waited for any more. */
async function soon<T>(coming: Promise<T>, enough: AbortSignal): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  let leave = () => {};
  const otherwise = new Promise<null>((resolve, reject) => {
    timer = setTimeout(() => reject(new CutOff("silence")), SILENCE);
    leave = () => resolve(null);
    enough.addEventListener("abort", leave);
    if (enough.aborted) leave();
  });
  try {
    return await Promise.race([coming, otherwise]);
  } finally {
    clearTimeout(timer);
    enough.removeEventListener("abort", leave);
  }
}

/** What a failure of a client, of the network or of the gateway means. */
function understood(error: unknown): Error {
  if (error instanceof Refused || error instanceof CutOff) return error;
  const code = closeCode(error);
  if (code === 4401 || code === 4403) return new Refused(`closed with ${code}`);
  if (REFUSALS.has(statusOf(error))) return new Refused(String(error));
  const codes = Array.isArray(error) ? error.map((one) => String(one?.extensions?.code)) : [];
  if (codes.some((one) => HOPELESS.has(one))) return new Refused(JSON.stringify(error));
  return new CutOff(codes.join(", ") || String(error));
}

function closeCode(error: unknown): number {
  return typeof error === "object" && error !== null && "code" in error ? Number(error.code) : 0;
}

function statusOf(error: unknown): number {
  if (typeof error !== "object" || error === null || !("response" in error)) return 0;
  const { response } = error;
  return response instanceof Response ? response.status : 0;
}
