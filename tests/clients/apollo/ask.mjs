// Asks the same question three times with Apollo Client and its link for persisted queries, as the
// JSON given says, and prints every request that was made for it and every answer that was got.
import { createHash } from "node:crypto";
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";

const { address, query, variables, get } = JSON.parse(process.argv[2]);
const requests = [];

async function fetchAndTell(input, options) {
  const sent = options.method === "GET" ? Object.fromEntries(new URL(input).searchParams) : JSON.parse(options.body);
  const extensions = typeof sent.extensions === "string" ? JSON.parse(sent.extensions) : sent.extensions;
  const response = await fetch(input, options);
  requests.push({
    method: options.method,
    query: sent.query ?? null,
    hashed: extensions?.persistedQuery !== undefined,
    client: options.headers["apollographql-client-name"] ?? null,
    status: response.status,
  });
  return response;
}

const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const client = new ApolloClient({
  cache: new InMemoryCache(),
  clientAwareness: { name: "web", version: "1.0" },
  link: ApolloLink.from([
    new PersistedQueryLink({ sha256, useGETForHashedQueries: get }),
    new HttpLink({ uri: address, fetch: fetchAndTell, headers: { "x-tessera-preflight": "1" } }),
  ]),
});

const answers = [];
for (let turn = 0; turn < 3; turn += 1) {
  const { data, error } = await client.query({
    query: gql(query),
    variables,
    fetchPolicy: "network-only",
    errorPolicy: "all",
  });
  answers.push({ data: data ?? null, error: error?.message ?? null });
}
console.log(JSON.stringify({ requests, answers }));
