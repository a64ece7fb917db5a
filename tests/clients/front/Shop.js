// What a page of a shop asks with Relay: a connection, a fragment that can be asked again, a later part.
import { graphql } from "relay-runtime";

graphql`
  fragment ShopProduct on Product
  @refetchable(queryName: "ShopProductRefetchQuery")
  @argumentDefinitions(most: { type: "Int", defaultValue: 2 }) {
    name
    variants(first: $most) {
      sku
    }
  }
`;

graphql`
  fragment ShopStock on Product {
    first: variants(first: 1) {
      availability(first: 1) {
        status
        availableToSell
      }
    }
  }
`;

graphql`
  fragment ShopListing on Query
  @refetchable(queryName: "ShopListingPageQuery")
  @argumentDefinitions(first: { type: "Int", defaultValue: 2 }, after: { type: "String" }) {
    products(first: $first, after: $after) @connection(key: "Shop_products") {
      edges {
        node {
          id
          ...ShopProduct
          ...ShopStock @defer(label: "stock")
        }
      }
    }
  }
`;

graphql`
  query ShopQuery {
    ...ShopListing
  }
`;
