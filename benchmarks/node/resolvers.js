// The resolvers that every server shares; what needs the outside goes through a DataLoader.
import DataLoader from "dataloader";

export const loadersOver = (source) => () => ({
  source,
  prices: new DataLoader(source.prices, { cache: false }),
  levels: new DataLoader(source.levels, { cache: false }),
});

export const resolvers = {
  Query: {
    product: (_, { handle }, { source }) => source.product(handle),
    products: (_, { first, after }, { source }) => source.products(first ?? 20, after),
  },
  Product: {
    images: (product, { first }) => product.images.slice(0, first ?? 20),
    variants: (product, { first }) => product.variants.slice(0, first ?? 100),
  },
  ProductVariant: {
    price: (variant, _, { prices }) => prices.load(variant.sku),
    availability: async (variant, { first }, { levels }) =>
      (await levels.load(variant.sku)).slice(0, first ?? 20),
  },
  Availability: {
    location: (level, _, { source }) => source.location(level.location),
  },
};
