// The subgraph behind the federation gateways (`mercurius.js` over the upstreams), as they know it.
import { composeServices } from "@apollo/composition";
import { parse } from "graphql";
import { asked, typeDefs } from "./serving.js";

export const url = `${asked.url}/graphql`;
export const subgraph = () =>
  `extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@key"])\n${typeDefs()}`;

export function supergraph() {
  const { supergraphSdl, errors } = composeServices([
    { name: "shop", url, typeDefs: parse(subgraph()) },
  ]);
  if (errors?.length) throw new Error(errors.map((error) => error.message).join("\n"));
  return supergraphSdl;
}
