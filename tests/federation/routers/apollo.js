// Serves a supergraph file with Apollo Gateway on a free loopback port.
import { readFileSync } from "node:fs";
import { ApolloGateway } from "@apollo/gateway";
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";

const gateway = new ApolloGateway({ supergraphSdl: readFileSync(process.argv[2], "utf8") });
const server = new ApolloServer({ gateway });
const { url } = await startStandaloneServer(server, { listen: { host: "127.0.0.1", port: 0 } });
console.log(`READY ${url}`);

process.stdin.resume(); // whoever started this holds the other end: when it is gone, so is this
process.stdin.on("end", () => process.exit());
process.on("SIGTERM", () => process.exit());
