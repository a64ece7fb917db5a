// mercurius on fastify: documents are compiled on first sight (graphql-jit).
import fastify from "fastify";
import mercurius from "mercurius";
import { makeExecutableSchema } from "@graphql-tools/schema";
import { loadersOver, resolvers } from "./resolvers.js";
import { HOST, ready, source, typeDefs } from "./serving.js";

const app = fastify({ logger: false });
app.register(mercurius, {
  schema: makeExecutableSchema({ typeDefs: typeDefs(), resolvers }),
  context: loadersOver(await source()),
  jit: 1,
  graphiql: false,
});
await app.listen({ host: HOST, port: 0 });
ready(app.server.address().port);
