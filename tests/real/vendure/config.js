// What the live Vendure of the tests is: one process, a SQLite in memory, no disk but its start state.
const {
  DefaultLogger, DefaultSearchPlugin, LanguageCode, LogLevel, MultiChannelStockLocationStrategy, dummyPaymentHandler,
} = require('@vendure/core');
const { ErasurePlugin } = require('./erasure');

const setting = name => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
};

// The goods of a line that names a stock location are allocated there.
class NamedLocation extends MultiChannelStockLocationStrategy {
  async forAllocation(ctx, locations, line, quantity) {
    const named = locations.find(location => String(location.id) === line.customFields.location);
    return named ? [{ location: named, quantity }] : super.forAllocation(ctx, locations, line, quantity);
  }
}

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
  customFields: {
    ProductVariant: [{ name: 'gtin', type: 'string', nullable: true }],
    Order: [{ name: 'orderKey', type: 'string', nullable: true, unique: true }],
    OrderLine: [{ name: 'location', type: 'string', nullable: true }],
  },
  catalogOptions: { stockLocationStrategy: new NamedLocation() },
  paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
  plugins: [DefaultSearchPlugin.init({ bufferUpdates: false }), ErasurePlugin],
});
