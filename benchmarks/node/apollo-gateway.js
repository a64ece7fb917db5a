// Apollo Gateway in Apollo Server on fastify, over one subgraph.
import fastify from "fastify";
import { ApolloGateway } from "@apollo/gateway";
import { ApolloServer } from "@apollo/server";
import fastifyApollo from "@as-integrations/fastify";
import { HOST, ready } from "./serving.js";
import { supergraph } from "./supergraph.js";

const app = fastify({ logger: false });
const server = new ApolloServer({ gateway: new ApolloGateway({ supergraphSdl: supergraph() }) });
await server.start();
await app.register(fastifyApollo(server));
await app.listen({ host: HOST, port: 0 });
ready(app.server.address().port);
