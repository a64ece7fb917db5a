// Hive Gateway over one subgraph, documents compiled (jit).
import { createServer } from "node:http";
import { createGatewayRuntime } from "@graphql-hive/gateway";
import { HOST, ready } from "./serving.js";
import { supergraph } from "./supergraph.js";

const gateway = createGatewayRuntime({
  supergraph: supergraph(),
  jit: true,
  graphiql: false,
  landingPage: false,
  logging: false,
});
const server = createServer(gateway);
server.listen(0, HOST, () => ready(server.address().port));
