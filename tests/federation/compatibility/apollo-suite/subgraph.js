// Serves one of the suite's own subgraphs, `users` or `inventory`, on a free port.
const { createServer } = require("node:net");

const name = process.argv[2];
const home = require.resolve("@apollo/federation-subgraph-compatibility-tests");
const free = createServer().listen(0, () => {
  const { port } = free.address();
  process.env[`${name.toUpperCase()}_PORT`] = port; // it takes no 0
  process.send = () => console.log(`READY http://localhost:${port}/`); // it says "ready" this way
  free.close(() => require(`${home}/../subgraphs/${name}/index.js`));
});

process.stdin.resume(); // whoever started this holds the other end: when it is gone, so is this
process.stdin.on("end", () => process.exit());
process.on("SIGTERM", () => process.exit());
