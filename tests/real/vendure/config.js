// What the live Vendure of the tests is: one process, a SQLite in memory, no disk but its start state.
const { DefaultLogger, DefaultSearchPlugin, LanguageCode, LogLevel, dummyPaymentHandler } = require('@vendure/core');

const setting = name => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
};

exports.config = ({ populating }) => ({
  defaultLanguageCode: LanguageCode.en,
  logger: new DefaultLogger({ level: LogLevel.Error, timestamp: false }),
  apiOptions: {
    port: Number(setting('VENDURE_PORT')), hostname: '127.0.0.1',
    adminApiPath: 'admin-api', shopApiPath: 'shop-api', cors: false,
  },
  authOptions: {
    tokenMethod: ['bearer', 'api-key'], requireVerification: false,
    superadminCredentials: { identifier: setting('VENDURE_USERNAME'), password: setting('VENDURE_PASSWORD') },
  },
  dbConnectionOptions: {
    // autoSave would write the whole file again after every statement.
    type: 'sqljs', location: setting('VENDURE_DATABASE'), autoSave: false,
    synchronize: populating, logging: false,
  },
  customFields: { ProductVariant: [{ name: 'gtin', type: 'string', nullable: true }] },
  paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
  plugins: [DefaultSearchPlugin.init({ bufferUpdates: false })],
});
