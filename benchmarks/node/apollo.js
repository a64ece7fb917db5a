// Apollo Server on fastify, which is faster than its own standalone server, without the plugin for
// cache hints, which would look at every field.
import fastify from "fastify";
import { ApolloServer } from "@apollo/server";
import { ApolloServerPluginCacheControlDisabled } from "@apollo/server/plugin/disabled";
import fastifyApollo from "@as-integrations/fastify";
import { loadersOver, resolvers } from "./resolvers.js";
import { HOST, ready, source, typeDefs } from "./serving.js";

const app = fastify({ logger: false });
const server = new ApolloServer({
  typeDefs: typeDefs(),
  resolvers,
  plugins: [ApolloServerPluginCacheControlDisabled()],
});
await server.start();
const loaders = loadersOver(await source());
await app.register(fastifyApollo(server), { context: async () => loaders() });
await app.listen({ host: HOST, port: 0 });
ready(app.server.address().port);
