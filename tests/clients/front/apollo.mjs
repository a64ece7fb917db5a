// Asks the gateway as a page with Apollo Client does, and prints every state that the page would see.
// Arguments: the address, the protocol of deferred parts, the document; variables as JSON.
import { ApolloClient, gql, HttpLink, InMemoryCache } from "@apollo/client/core";
import { Defer20220824Handler, GraphQL17Alpha9Handler } from "@apollo/client/incremental";

const [address, protocol, document, variables = "{}"] = process.argv.slice(2);
const [READY, FAILED] = [7, 8]; // of NetworkStatus
const handlers = { deferSpec: Defer20220824Handler, incrementalSpec: GraphQL17Alpha9Handler };
const client = new ApolloClient({
  cache: new InMemoryCache(),
  link: new HttpLink({ uri: address }),
  incrementalHandler: new handlers[protocol](),
});
const tell = state => console.log(JSON.stringify(state));
const asked = { variables: JSON.parse(variables) };
const query = gql(document);
const kind = query.definitions.find(one => one.kind === "OperationDefinition").operation;

if (kind === "mutation") {
  tell(await client.mutate({ mutation: query, ...asked }));
} else {
  const states = kind === "subscription"
    ? client.subscribe({ query, ...asked })
    : client.watchQuery({ query, errorPolicy: "all", fetchPolicy: "network-only", ...asked });
  await new Promise(done => states.subscribe({
    next: ({ data, error, dataState, networkStatus }) => {
      if (kind !== "subscription" && data === undefined && !error) return;
      tell({ data, dataState, error: error?.message });
      if (kind !== "subscription" && [READY, FAILED].includes(networkStatus)) done();
    },
    error: error => { tell({ error: error.message }); done(); },
    complete: done,
  }));
}
process.exit(0);
