"""What do we ask Vendure about customers? `key_field` holds our key of an order."""

from connectors.vendure.api import Operation

WHO = """id createdAt firstName lastName emailAddress phoneNumber user { verified } groups { name }
      addresses {
        streetLine1 streetLine2 city province postalCode phoneNumber company country { code }
      }"""

CUSTOMERS = Operation(
    name="Customers",
    call="customers",
    document=f"""
query Customers($customers: CustomerListOptions) {{
  customers(options: $customers) {{
    totalItems
    items {{ {WHO} }}
  }}
}}""",
)

ERASE = Operation(
    name="EraseCustomer",
    call="erase",
    safe=False,
    document="mutation EraseCustomer($id: ID!) { eraseCustomer(id: $id) }",
)


def bought(key_field: str | None) -> Operation:
    """The orders of customers, and of those we handed over our key."""
    custom = "" if key_field is None else f"customFields {{ {key_field} }}"
    return Operation(
        name="CustomerOrders",
        call="customer-orders",
        document=f"""
query CustomerOrders($customers: CustomerListOptions, $orders: OrderListOptions) {{
  globalSettings {{ serverConfig {{ moneyStrategyPrecision }} }}
  customers(options: $customers) {{
    totalItems
    items {{
      id
      orders(options: $orders) {{
        items {{
          code state orderPlacedAt totalWithTax currencyCode {custom}
          lines {{ quantity linePriceWithTax productVariant {{ sku name }} }}
        }}
      }}
    }}
  }}
}}""",
    )
