// Compiles Shop.js against a schema, asks the gateway with what came out, and prints what a page sees.
// Arguments: the address, the schema, a folder to write to.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { meros } from "meros/browser";
import runtime from "relay-runtime";

const { createOperationDescriptor, Environment, getRequest, getSelector } = runtime;
const { Network, Observable, RecordSource, Store } = runtime;
const [address, schema, folder] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const artifacts = join(folder, "src", "artifacts");

mkdirSync(artifacts, { recursive: true });
copyFileSync("Shop.js", join(folder, "src", "Shop.js"));
copyFileSync(schema, join(folder, "schema.graphql"));
symlinkSync(join(process.cwd(), "node_modules"), join(folder, "node_modules"));
writeFileSync(join(folder, "relay.config.json"), JSON.stringify({
  src: "./src",
  schema: "./schema.graphql",
  language: "javascript",
  eagerEsModules: false,
  artifactDirectory: "./src/artifacts",
}));
execFileSync(require("relay-compiler"), ["relay.config.json"], { cwd: folder });
const made = name => require(join(artifacts, `${name}.graphql.js`));

const fetchParts = (operation, variables) => Observable.create(sink => {
  (async () => {
    const response = await fetch(address, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "multipart/mixed;deferSpec=20220824, application/json",
      },
      body: JSON.stringify({ query: operation.text, variables }),
    });
    const parts = await meros(response);
    if (parts instanceof Response) {
      sink.next(await parts.json());
    } else {
      for await (const { body } of parts) {
        const { incremental = [body], hasNext } = body;
        for (const part of incremental) {
          if ("data" in part) sink.next({ ...part, extensions: { ...part.extensions, is_final: !hasNext } });
        }
      }
    }
    sink.complete();
  })().catch(error => sink.error(error));
});
const environment = new Environment({
  network: Network.create(fetchParts),
  store: new Store(new RecordSource()),
});
const ask = (request, variables, seen) => new Promise((done, failed) => {
  const operation = createOperationDescriptor(getRequest(request), variables);
  environment.execute({ operation }).subscribe({
    next: () => seen?.(operation),
    error: failed,
    complete: () => done(operation),
  });
});
const tell = state => console.log(JSON.stringify(state));
const read = (fragment, reference) => environment.lookup(getSelector(fragment, reference)).data;

const [query, page, refetch] = ["ShopQuery", "ShopListingPageQuery", "ShopProductRefetchQuery"].map(made);
const [listing, product, stock] = ["ShopListing", "ShopProduct", "ShopStock"].map(made);
const products = operation => read(listing, environment.lookup(operation.fragment).data).products;
const shown = operation => products(operation).edges.map(({ node }) => ({
  ...read(product, node),
  stock: read(stock, node).first?.[0].availability,
}));

const first = await ask(query, {}, operation => tell({ listing: shown(operation) }));
const { endCursor, hasNextPage } = products(first).pageInfo;
tell({ hasNextPage });
const second = await ask(page, { first: 1, after: endCursor });
tell({ page: products(second).edges.length });
const [{ node }] = products(first).edges;
const again = await ask(refetch, { id: node.id, most: 1 });
tell({ refetched: environment.lookup(again.fragment).data.node !== null });
