// Serve the database named by VENDURE_DATABASE; what happens to it is forgotten at the end.
const { JobQueueService, bootstrap } = require('@vendure/core');
const { config } = require('./config');

// Whoever started us holds our standard input open: when they are gone, so are we.
process.stdin.on('end', () => process.exit(0)).resume();

bootstrap(config({ populating: false }))
  .then(app => app.get(JobQueueService).start())
  .then(() => console.log('READY'))
  .catch(error => { console.error(error); process.exit(1); });
