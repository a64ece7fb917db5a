// Composes the subgraphs of a JSON file, `[{name, url, sdl}]`, with two independent libraries.
import { readFileSync } from "node:fs";
import { composeServices } from "@apollo/composition";
import { composeServices as composeByGuild } from "@theguild/federation-composition";
import { parse } from "graphql";

const subgraphs = JSON.parse(readFileSync(process.argv[2], "utf8")).map(({ name, url, sdl }) => ({
  name,
  url,
  typeDefs: parse(sdl),
}));
const told = [composeServices(subgraphs), composeByGuild(subgraphs)].map((result) => ({
  supergraph: result.supergraphSdl ?? null,
  errors: (result.errors ?? []).map((error) => error.message),
}));
process.stdout.write(JSON.stringify({ apollo: told[0], guild: told[1] }));
