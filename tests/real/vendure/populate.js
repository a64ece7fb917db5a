// Fill an empty database with the retailer of VENDURE_ASSORTMENT and save it as VENDURE_DATABASE.
const fs = require('node:fs');
const { JobQueueService, TransactionalConnection, bootstrap } = require('@vendure/core');
const { populate } = require('@vendure/core/cli');
const { config } = require('./config');
const { seed } = require('./seed');

const INITIAL = {
  defaultLanguage: 'en',
  defaultZone: 'Europe',
  countries: [
    { name: 'Italy', code: 'IT', zone: 'Europe' },
    { name: 'France', code: 'FR', zone: 'Europe' },
  ],
  taxRates: [{ name: 'Standard Tax', percentage: 22 }],
  shippingMethods: [{ name: 'Standard Shipping', price: 500 }],
  paymentMethods: [{
    name: 'Test Payment',
    handler: { code: 'dummy-payment-handler', arguments: [{ name: 'automaticSettle', value: 'true' }] },
  }],
  collections: [],
};
const PATIENCE = 90_000;

const serving = () => bootstrap(config({ populating: true })).then(async app => {
  await app.get(JobQueueService).start();
  return app;
});

// The index is built by jobs; it is whole when every line is found in its category.
const indexed = async (url, expected) => {
  const query = `{ search(input: { groupByProduct: true }) { totalItems collections { count } } }`;
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const response = await fetch(`${url}/shop-api`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query }),
    });
    const { search } = (await response.json()).data;
    const placed = search.collections.length;
    if (search.totalItems === expected && placed >= 3) return;
    if (Date.now() > deadline) throw new Error(`the index holds ${search.totalItems} of ${expected} products`);
    await new Promise(resolve => setTimeout(resolve, 100));
  }
};

const idle = async app => {
  const { jobQueueStrategy } = app.get(JobQueueService);
  const deadline = Date.now() + PATIENCE;
  for (let quiet = 0; quiet < 10; await new Promise(resolve => setTimeout(resolve, 100))) {
    const { items } = await jobQueueStrategy.findMany();
    quiet = items.every(job => job.isSettled) ? quiet + 1 : 0;
    if (Date.now() > deadline) throw new Error('the jobs never settled');
  }
};

const main = async () => {
  const app = await populate(serving, INITIAL);
  const url = `http://127.0.0.1:${process.env.VENDURE_PORT}`;
  const assortment = JSON.parse(fs.readFileSync(process.env.VENDURE_ASSORTMENT, 'utf8'));
  await seed(url, assortment);
  await idle(app);
  await indexed(url, assortment.length);
  await app.get(TransactionalConnection).rawConnection.sqljsManager.saveDatabase(process.env.VENDURE_DATABASE);
  await app.close();
};

main().then(() => { console.log('POPULATED'); process.exit(0); })
  .catch(error => { console.error(error); process.exit(1); });
