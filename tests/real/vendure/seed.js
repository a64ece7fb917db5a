// Tell a fresh Vendure, through its own API, what the retailer sells and where it stands.
const LANGUAGES = ['en', 'it'];
const CATEGORIES = {
  footwear: { en: 'Footwear', it: 'Calzature' },
  outerwear: { en: 'Outerwear', it: 'Capispalla' },
  accessories: { en: 'Accessories', it: 'Accessori' },
};
const CATEGORY_OF = { 'trail-runner': 'footwear', 'rain-jacket': 'outerwear' };
// Never to be shown: a variant that is switched off, and a product that is.
const WITHDRAWN = { line: 'rain-jacket', sku: 'JACKET-XXL', option: 'XXL' };
const UNRELEASED = {
  handle: 'secret-boot', name: { en: 'Secret Boot', it: 'Scarpone segreto' },
  description: { en: 'Not yet for sale.', it: 'Non ancora in vendita.' },
  articles: [{ sku: 'SECRET-42', gtin: null, option: '42', minor: 25000, depot: 9 }],
};
const OTHER_LOCATIONS = ['Outlet Noventa', 'Pop-up Milano'];

const slugged = text => text.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');
const translated = make => LANGUAGES.map(languageCode => ({ languageCode, ...make(languageCode) }));

const client = async (url, username, password) => {
  let token = '';
  const ask = async (query, variables = {}) => {
    const response = await fetch(`${url}/admin-api`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = await response.json();
    if (errors) throw new Error(JSON.stringify(errors));
    token = response.headers.get('vendure-auth-token') || token;
    return data;
  };
  await ask('mutation($u: String!, $p: String!) { login(username: $u, password: $p) { __typename } }',
    { u: username, p: password });
  return ask;
};

const globals = async ask => {
  await ask(`mutation { updateGlobalSettings(input: {
    availableLanguages: [en, it], trackInventory: true, outOfStockThreshold: 0
  }) { __typename } }`);
  const { activeChannel: main, zones } = await ask('{ activeChannel { id } zones { items { id name } } }');
  const zone = zones.items.find(each => each.name === 'Europe').id;
  await ask('mutation($i: UpdateChannelInput!) { updateChannel(input: $i) { __typename } }', { i: {
    id: main.id, defaultLanguageCode: 'en', availableLanguageCodes: LANGUAGES, pricesIncludeTax: false,
    defaultCurrencyCode: 'EUR', availableCurrencyCodes: ['EUR', 'JPY'],
    defaultTaxZoneId: zone, defaultShippingZoneId: zone,
  } });
  const { createChannel: retail } = await ask(
    'mutation($i: CreateChannelInput!) { createChannel(input: $i) { ... on Channel { id } } }', { i: {
      code: 'retail', token: 'retail-channel', defaultLanguageCode: 'it', availableLanguageCodes: LANGUAGES,
      pricesIncludeTax: true, defaultCurrencyCode: 'EUR', availableCurrencyCodes: ['EUR'],
      defaultTaxZoneId: zone, defaultShippingZoneId: zone,
    } });
  return { retail: retail.id };
};

const locations = async ask => {
  const { stockLocations } = await ask('{ stockLocations { items { id } } }');
  const depot = stockLocations.items[0].id;
  await ask('mutation($i: UpdateStockLocationInput!) { updateStockLocation(input: $i) { id } }',
    { i: { id: depot, name: 'E-commerce depot' } });
  const others = [];
  for (const name of OTHER_LOCATIONS) {
    const { createStockLocation } = await ask(
      'mutation($i: CreateStockLocationInput!) { createStockLocation(input: $i) { id } }', { i: { name } });
    others.push(createStockLocation.id);
  }
  return { depot, others };
};

const facets = async ask => {
  const create = async (code, values) => {
    const { createFacet } = await ask(
      'mutation($i: CreateFacetInput!) { createFacet(input: $i) { values { id code } } }', { i: {
        code, isPrivate: false, translations: translated(() => ({ name: code })),
        values: Object.entries(values).map(([key, names]) =>
          ({ code: key, translations: translated(language => ({ name: names[language] })) })),
      } });
    return Object.fromEntries(createFacet.values.map(value => [value.code, value.id]));
  };
  const brands = await create('brand', { northway: { en: 'Northway', it: 'Northway' } });
  return { ...brands, ...await create('category', CATEGORIES) };
};

const collection = (ask, slug, names, facetValueIds, isPrivate = false) => ask(
  'mutation($i: CreateCollectionInput!) { createCollection(input: $i) { id } }', { i: {
    isPrivate,
    translations: translated(language => ({
      name: names[language], slug: language === 'en' ? slug : slugged(names[language]), description: '',
    })),
    filters: [{ code: 'facet-value-filter', arguments: [
      { name: 'facetValueIds', value: JSON.stringify(facetValueIds) }, { name: 'containsAny', value: 'true' },
    ] }],
  } });

const product = async (ask, line, { enabled, facetValueIds }) => {
  const { createProduct } = await ask(
    'mutation($i: CreateProductInput!) { createProduct(input: $i) { id } }', { i: {
      enabled, facetValueIds,
      translations: translated(language => ({
        name: line.name[language], description: line.description[language],
        slug: language === 'en' ? line.handle : slugged(line.name[language]),
      })),
    } });
  const { createProductOptionGroup: group } = await ask(
    `mutation($i: CreateProductOptionGroupInput!) {
       createProductOptionGroup(input: $i) { id options { id code } } }`, { i: {
      code: `${line.handle}-size`,
      translations: translated(language => ({ name: language === 'it' ? 'Taglia' : 'Size' })),
      options: line.articles.map(article => ({
        code: slugged(article.option), translations: translated(() => ({ name: article.option })),
      })),
    } });
  await ask('mutation($p: ID!, $g: ID!) { addOptionGroupToProduct(productId: $p, optionGroupId: $g) { id } }',
    { p: createProduct.id, g: group.id });
  return { id: createProduct.id, optionOf: article => group.options.find(o => o.code === slugged(article.option)).id };
};

const variants = (ask, line, { id, optionOf }, { depot, others }) => ask(
  'mutation($i: [CreateProductVariantInput!]!) { createProductVariants(input: $i) { id } }', {
    i: line.articles.map((article, index) => ({
      productId: id, sku: article.sku, price: article.minor, enabled: article.enabled ?? true,
      optionIds: [optionOf(article)], customFields: { gtin: article.gtin },
      translations: translated(language => ({ name: `${line.name[language]} ${article.option}` })),
      stockLevels: [
        { stockLocationId: depot, stockOnHand: article.depot },
        ...others.map((location, place) =>
          ({ stockLocationId: location, stockOnHand: article.depot + 100 * (place + 1) + index })),
      ],
    })),
  });

exports.seed = async (url, assortment) => {
  const ask = await client(url, process.env.VENDURE_USERNAME, process.env.VENDURE_PASSWORD);
  const { retail } = await globals(ask);
  const places = await locations(ask);
  const values = await facets(ask);
  const made = [];
  for (const line of [...assortment, UNRELEASED]) {
    const articles = line.handle === WITHDRAWN.line
      ? [...line.articles, { ...line.articles[0], ...WITHDRAWN, gtin: null, enabled: false }]
      : line.articles;
    const whole = { ...line, articles };
    const category = values[CATEGORY_OF[line.handle] ?? 'accessories'];
    const created = await product(ask, whole, {
      enabled: line !== UNRELEASED, facetValueIds: [values.northway, category],
    });
    await variants(ask, whole, created, places);
    made.push(created.id);
  }
  await ask('mutation($i: AssignProductsToChannelInput!) { assignProductsToChannel(input: $i) { id } }',
    { i: { productIds: made, channelId: retail, priceFactor: 1 } });
  for (const [slug, names] of Object.entries(CATEGORIES)) await collection(ask, slug, names, [values[slug]]);
  await collection(ask, 'staff-picks', { en: 'Staff picks', it: 'Scelti da noi' }, [values.northway], true);
  await ask('mutation { reindex { id } }');
};
