// graphql-yoga over Node's own HTTP server; its cache of parsed and validated documents is on.
import { createServer } from "node:http";
import { createSchema, createYoga } from "graphql-yoga";
import { loadersOver, resolvers } from "./resolvers.js";
import { HOST, ready, source, typeDefs } from "./serving.js";

const yoga = createYoga({
  schema: createSchema({ typeDefs: typeDefs(), resolvers }),
  context: loadersOver(await source()),
  graphiql: false,
  landingPage: false,
  logging: false,
  multipart: false,
});
const server = createServer(yoga);
server.listen(0, HOST, () => ready(server.address().port));
