// What every server in memory answers from: the data file, read once.
import { readFileSync } from "node:fs";

export function memory(file) {
  const data = JSON.parse(readFileSync(file, "utf8"));
  const byHandle = new Map(data.products.map((product) => [product.handle, product]));
  const places = new Map(data.products.map((product, place) => [product.key, place]));
  const locations = new Map(data.locations.map((location) => [location.code, location]));
  const prices = new Map(Object.entries(data.prices));
  const levels = new Map(Object.entries(data.levels));
  const edges = data.products.map((product) => ({ cursor: product.key, node: product }));
  return {
    product: (handle) => byHandle.get(handle) ?? null,
    products(first, after) {
      const start = after == null ? 0 : places.get(after) + 1;
      const page = edges.slice(start, start + first);
      return {
        totalCount: edges.length,
        pageInfo: {
          hasNextPage: start + page.length < edges.length,
          endCursor: page.length ? page[page.length - 1].cursor : null,
        },
        edges: page,
      };
    },
    prices: async (skus) => skus.map((sku) => prices.get(sku) ?? null),
    levels: async (skus) => skus.map((sku) => levels.get(sku)),
    location: (code) => locations.get(code),
  };
}
