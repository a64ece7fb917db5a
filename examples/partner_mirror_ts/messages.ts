// What is asked of the gateway, and what it says.

const EVENT = `
  __typename
  ... on StreamEvent { cursor }
  ... on AssortmentSnapshot { seq lastSeq complete items { sku status availableToSell } }
  ... on AssortmentDelta { seq prevSeq item { sku status availableToSell } }
  ... on Removed { seq prevSeq entity }
  ... on Gap { code resyncFrom }`;

export const FOLLOW = `subscription Mirror($after: Cursor) {
  assortmentEvents(after: $after) {${EVENT} } }`;

export const PAGE = `query Page($after: Cursor) {
  assortmentEvents(after: $after, first: 100) { cursor events {${EVENT} } } }`;

export interface Item {
  sku: string;
  status: string;
  availableToSell: number | null;
}

export interface Snapshot {
  __typename: "AssortmentSnapshot";
  cursor: string;
  seq: number;
  lastSeq: number;
  complete: boolean;
  items: Item[];
}

export interface Delta {
  __typename: "AssortmentDelta";
  cursor: string;
  seq: number;
  prevSeq: number;
  item: Item;
}

export interface Removed {
  __typename: "Removed";
  cursor: string;
  seq: number;
  prevSeq: number;
  entity: string;
}

export interface Gap {
  __typename: "Gap";
  cursor: string;
  code: string; // CURSOR_EXPIRED, EPOCH_CHANGED; treat another one alike
  resyncFrom: string;
}

export interface Heartbeat {
  __typename: "Heartbeat";
  cursor: string;
}

/** More kinds may come: each has a cursor, and means nothing to this mirror. */
export type Message = Snapshot | Delta | Removed | Gap | Heartbeat;

export interface Told {
  assortmentEvents: Message;
}

export interface Page {
  assortmentEvents: { cursor: string; events: Message[] } | null;
}
