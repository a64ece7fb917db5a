// The copy of an assortment, and how far it goes: both in one file, which changes as a whole.

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { Item, Message } from "./messages.js";

/** An item, and the number of the event or the snapshot that it is as of. */
export interface Kept extends Item {
  seq: number;
}

interface State {
  cursor: string | null;
  last: number | null; // the number of the last event; null before the first snapshot
  items: Record<string, Kept>;
}

/** Something was lost on this side: the copy and its cursor do not belong together. */
export class Torn extends Error {}

export class Mirror {
  readonly #path: string | null;
  #state: State = { cursor: null, last: null, items: {} };

  /** Without a path it is kept in memory. */
  constructor(path: string | null) {
    this.#path = path;
    if (path !== null && existsSync(path)) this.#state = JSON.parse(readFileSync(path, "utf8")) as State;
  }

  get cursor(): string | null {
    return this.#state.cursor;
  }

  get last(): number | null {
    return this.#state.last;
  }

  /** Status and units by SKU, in the order of SKUs. */
  get items(): [string, string, number | null][] {
    const all = Object.values(this.#state.items).sort((a, b) => (a.sku < b.sku ? -1 : 1));
    return all.map(({ sku, status, availableToSell }) => [sku, status, availableToSell]);
  }

  /** Do what a message says and keep its cursor with it, or do nothing. */
  take(message: Message): void {
    const next = this.#after(message);
    if (this.#path !== null) replaceFile(this.#path, JSON.stringify(next));
    this.#state = next;
  }

  #after(message: Message): State {
    const { last, items } = this.#state;
    switch (message.__typename) {
      case "AssortmentSnapshot": {
        const there = message.items.map((item) => [item.sku, { ...item, seq: message.seq }] as const);
        return { cursor: message.cursor, last: message.lastSeq, items: { ...items, ...Object.fromEntries(there) } };
      }
      case "AssortmentDelta":
      case "Removed": {
        if (message.prevSeq !== last) throw new Torn(`${message.prevSeq} is missing after ${last}`);
        return { cursor: message.cursor, last: message.seq, items: changed(items, message) };
      }
      case "Gap": // what is kept may be wrong: begin anew
        return { cursor: message.resyncFrom, last: null, items: {} };
      default: // a heartbeat, or a kind that is not known yet
        return { cursor: (message as Message).cursor, last, items };
    }
  }
}

function changed(
  items: Record<string, Kept>,
  message: Extract<Message, { prevSeq: number }>,
): Record<string, Kept> {
  const sku = message.__typename === "Removed" ? message.entity : message.item.sku;
  if ((items[sku]?.seq ?? 0) >= message.seq) return items; // it came with a snapshot already
  const { [sku]: _, ...others } = items;
  if (message.__typename === "Removed") return others;
  return { ...others, [sku]: { ...message.item, seq: message.seq } };
}

/** Whoever reads the file, also after a power cut, finds it as it was or as it is. */
function replaceFile(path: string, text: string): void {
  const beside = `${path}.new`;
  const file = openSync(beside, "w");
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
