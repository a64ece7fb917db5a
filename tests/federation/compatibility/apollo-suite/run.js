// Runs the suite against a subgraph and the router over it: what each check came to, as JSON.
const suite = require("@apollo/federation-subgraph-compatibility-tests/dist/testRunner.js");

const [subgraph, router] = process.argv.slice(2);
process.env.ROUTER = router;
process.env.NODE_OPTIONS = `--require=${require.resolve("./router.js")}`;

suite.runJest(subgraph).then(({ assertionPassed, rawResults }) => {
  const checks = suite.TESTS.map(({ assertion }) => [assertion, assertionPassed(assertion)]);
  const told = rawResults.testResults.map(({ message }) => message).filter(Boolean);
  const ran = rawResults.numTotalTests;
  process.stdout.write(JSON.stringify({ checks: Object.fromEntries(checks), ran, told }));
});
