// Hive Gateway over the REST upstreams themselves (transport "rest"), prices and stock joined by
// batched resolvers, documents compiled (jit).
import { createServer } from "node:http";
import { createGatewayRuntime } from "@graphql-hive/gateway";
import { getComposedSchemaFromConfig } from "@graphql-mesh/compose-cli";
import { buildASTSchema, parse, visit } from "graphql";
import { HOST, asked, ready, typeDefs } from "./serving.js";

const JOINED = { price: "Price", availability: "[Availability!]!" };
const quiet = { child: () => quiet, debug() {}, info() {}, warn: console.error, error: console.error };

const DIRECTIVES = `
  directive @httpOperation(
    subgraph: String, path: String, httpMethod: HTTPMethod, queryParamArgMap: ObjMap
  ) on FIELD_DEFINITION
  directive @transport(
    subgraph: String, kind: String, location: String, headers: [[String]]
  ) repeatable on SCHEMA
  enum HTTPMethod { GET POST }
  scalar ObjMap
`;

/** The schema of all peers, as far as one call answers it, and the calls that answer the rest. */
function restSchema() {
  const shared = visit(parse(typeDefs()), {
    ObjectTypeDefinition(node) {
      if (node.name.value === "Query") return null;
      if (node.name.value !== "ProductVariant") return undefined;
      return { ...node, fields: node.fields.filter((field) => !(field.name.value in JOINED)) };
    },
  });
  const calls = parse(`
    schema @transport(
      subgraph: "shop", kind: "rest", location: "${asked.url}"
      headers: [["content-type", "application/json"]]
    ) { query: Query }
    type Query {
      products(first: Int, after: String): ProductConnection
        @httpOperation(
          subgraph: "shop", path: "/products", httpMethod: GET
          queryParamArgMap: { first: "first", after: "after" }
        )
      lookup(input: Lookup): Products
        @httpOperation(subgraph: "shop", path: "/products/lookup", httpMethod: POST)
      prices(input: Batch): Prices
        @httpOperation(subgraph: "shop", path: "/prices", httpMethod: POST)
      levels(input: Batch): Levels
        @httpOperation(subgraph: "shop", path: "/levels?expand=location", httpMethod: POST)
    }
    input Lookup { handles: [String!]! }
    input Batch { skus: [String!]! }
    type Products { items: [Product!]! }
    type Prices { items: [Price]! }
    type Levels { items: [LevelsOfSku]! }
    type LevelsOfSku { levels: [Availability!]! }
  `);
  const definitions = [...parse(DIRECTIVES).definitions, ...shared.definitions, ...calls.definitions];
  return buildASTSchema({ kind: "Document", definitions }, { assumeValidSDL: true });
}

const field = (name, selectionSet) => ({
  kind: "Field",
  name: { kind: "Name", value: name },
  selectionSet,
});
const within = (...names) => (selectionSet) =>
  names.reduceRight((inner, name) => ({ kind: "SelectionSet", selections: [field(name, inner)] }), selectionSet);

const batched = (call, path, values) => ({
  selectionSet: "{ sku }",
  resolve: (root, _, context, info) =>
    context.shop.Query[call]({
      root,
      context,
      info,
      key: root.sku,
      argsFromKeys: (skus) => ({ input: { skus } }),
      selectionSet: within(...path),
      valuesFromResults: values,
    }),
});

const gateway = createGatewayRuntime({
  supergraph: await getComposedSchemaFromConfig(
    {
      subgraphs: [{ sourceHandler: () => ({ name: "shop", schema$: restSchema() }) }],
      additionalTypeDefs: `
        extend type ProductVariant { price: Price availability(first: Int): [Availability!]! }
        extend type Query { product(handle: String): Product }
      `,
    },
    quiet,
  ),
  additionalResolvers: {
    Query: {
      product: (root, { handle }, context, info) =>
        context.shop.Query.lookup({
          root,
          context,
          info,
          args: { input: { handles: [handle] } },
          selectionSet: within("items"),
          valuesFromResults: (found) => found.items[0] ?? null,
        }),
    },
    ProductVariant: {
      price: batched("prices", ["items"], (found) => found.items),
      availability: batched("levels", ["items", "levels"], (found) => found.items.map((one) => one.levels)),
    },
  },
  jit: true,
  graphiql: false,
  landingPage: false,
  logging: false,
});
const server = createServer(gateway);
server.listen(0, HOST, () => ready(server.address().port));
