// What every gateway in Node.js asks over HTTP: the upstreams of `upstream.js`, in batches, through
// undici. Locations are reference data and kept, as Tessera keeps them.
import { Pool } from "undici";

export async function upstreams(url) {
  const pool = new Pool(url, { connections: 64 });
  async function ask(method, path, body) {
    const answer = await pool.request({
      method,
      path,
      body: body && JSON.stringify(body),
      headers: body && { "content-type": "application/json" },
    });
    if (answer.statusCode !== 200) throw new Error(`${path} answered ${answer.statusCode}`);
    return answer.body.json();
  }
  const bySku = (items, skus, what) => {
    const found = new Map(items.map((item) => [item.sku, item]));
    return skus.map((sku) => what(found.get(sku)));
  };
  const { items } = await ask("GET", "/locations");
  const locations = new Map(items.map((location) => [location.code, location]));
  return {
    async product(handle) {
      const found = await ask("POST", "/products/lookup", { handles: [handle] });
      return found.items[0] ?? null;
    },
    products(first, after) {
      const from = after == null ? "" : `&after=${encodeURIComponent(after)}`;
      return ask("GET", `/products?first=${first}${from}`);
    },
    async prices(skus) {
      const found = await ask("POST", "/prices", { skus, currency: "EUR" });
      return bySku(found.items, skus, (price) => price ?? null);
    },
    async levels(skus) {
      const found = await ask("POST", "/levels", { skus, locations: [...locations.keys()] });
      return bySku(found.items, skus, (item) => item.levels);
    },
    location: (code) => locations.get(code),
  };
}
