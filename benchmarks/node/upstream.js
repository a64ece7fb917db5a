// The systems behind every gateway: products, prices, stock levels and locations as JSON over HTTP,
// answered in batches. Every row is JSON before it is asked for, the same at every asking; only the
// time of an answer is new. `POST /delay` says how many milliseconds later everything is answered
// from then on, `GET /calls` what was asked since.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { HOST, asked, ready } from "./serving.js";

const data = JSON.parse(readFileSync(asked.data, "utf8"));
let delay = 0;
let calls = {};
const asOf = () => `"asOf":"${new Date().toISOString()}"`;

const places = new Map(data.products.map((product, place) => [product.key, place]));
const rows = data.products.map((product) => JSON.stringify(product));
const edges = data.products.map(({ key }, place) => `{"cursor":"${key}","node":${rows[place]}}`);
const names = { keys: new Map(), handles: new Map(), skus: new Map() };
data.products.forEach((product, place) => {
  names.keys.set(product.key, rows[place]);
  names.handles.set(product.handle, rows[place]);
  for (const variant of product.variants) names.skus.set(variant.sku, rows[place]);
});
const written = (table, row) =>
  new Map(Object.entries(table).map(([sku, one]) => [sku, JSON.stringify({ sku, ...row(one) })]));
const prices = written(data.prices, (price) => price);
const levels = written(data.levels, (ones) => ({ levels: ones }));
const located = new Map(data.locations.map((location) => [location.code, location]));
const expanded = written(data.levels, (ones) => ({
  levels: ones.map((level) => ({ ...level, location: located.get(level.location) })),
}));
const locations = data.locations.map((location) => JSON.stringify(location));

const items = (ones) => `{${asOf()},"items":[${ones.filter(Boolean).join(",")}]}`;

function page(first, after) {
  const start = after == null ? 0 : places.get(after) + 1;
  const end = Math.min(start + first, edges.length);
  const endCursor = JSON.stringify(end > start ? data.products[end - 1].key : null);
  const pageInfo = `{"hasNextPage":${end < edges.length},"endCursor":${endCursor}}`;
  const listed = edges.slice(start, end).join(",");
  return `{${asOf()},"totalCount":${edges.length},"pageInfo":${pageInfo},"edges":[${listed}]}`;
}

function answer(path, query, body) {
  switch (path) {
    case "/products":
      return page(Number(query.get("first")), query.get("after"));
    case "/products/lookup":
      return items(Object.entries(names).flatMap(([by, rows]) => (body[by] ?? []).map((one) => rows.get(one))));
    case "/prices":
      return items(body.skus.map((sku) => prices.get(sku)));
    case "/levels": {
      const table = query.get("expand") === "location" ? expanded : levels;
      return items(body.skus.map((sku) => table.get(sku)));
    }
    case "/locations":
      return items(locations);
    case "/delay":
      delay = body.milliseconds;
      return "{}";
    case "/calls": {
      const before = JSON.stringify(calls);
      calls = {};
      return before;
    }
  }
}

function send(response, text) {
  const told = { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
  response.writeHead(200, told).end(text);
}

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const { pathname, searchParams } = new URL(request.url, "http://upstream");
    const body = chunks.length ? JSON.parse(Buffer.concat(chunks)) : {};
    if (pathname !== "/calls") calls[pathname] = (calls[pathname] ?? 0) + 1;
    const text = answer(pathname, searchParams, body);
    if (delay) setTimeout(send, delay, response, text);
    else send(response, text);
  });
});
server.listen(0, HOST, () => ready(server.address().port));
