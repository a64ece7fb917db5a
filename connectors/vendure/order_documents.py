"""What do we ask Vendure about orders? `key_field` is the custom field that holds our key."""

from connectors.vendure.api import Operation

TOLD = "id code state totalWithTax currencyCode"
FAILED = "... on ErrorResult { errorCode }"
LINES = "... on Order { id lines { id quantity productVariant { id } %s } }"

CREATE = Operation(
    name="CreateDraft",
    call="create-draft",
    safe=False,
    document="mutation CreateDraft { createDraftOrder { id } }",
)

DELETE = Operation(
    name="DeleteDraft",
    call="delete-draft",
    safe=False,
    document="mutation DeleteDraft($order: ID!) { deleteDraftOrder(orderId: $order) { result } }",
)

CANCEL = Operation(
    name="CancelOrder",
    call="cancel-order",
    safe=False,
    document=f"""
mutation CancelOrder($input: CancelOrderInput!) {{
  cancelOrder(input: $input) {{ __typename {FAILED} }}
}}""",
)

ARRANGE = Operation(
    name="Arrange",
    call="arrange",
    safe=False,
    document=f"""
mutation Arrange($order: ID!, $payment: ManualPaymentInput!) {{
  transitionOrderToState(id: $order, state: "ArrangingPayment") {{ __typename {FAILED} }}
  addManualPaymentToOrder(input: $payment) {{ __typename {FAILED} }}
}}""",
)


def find(key_field: str) -> Operation:
    """The order of a key, and all that is needed to begin one."""
    return Operation(
        name="FindOrder",
        call="find-order",
        document=f"""
query FindOrder(
  $orders: OrderListOptions, $variants: ProductVariantListOptions,
  $customers: CustomerListOptions, $methods: ShippingMethodListOptions,
  $locations: StockLocationListOptions
) {{
  globalSettings {{ serverConfig {{ moneyStrategyPrecision }} }}
  orders(options: $orders) {{ totalItems items {{ {TOLD} customFields {{ {key_field} }} }} }}
  productVariants(options: $variants) {{ totalItems items {{ id sku }} }}
  customers(options: $customers) {{ totalItems items {{ id emailAddress }} }}
  shippingMethods(options: $methods) {{ totalItems items {{ id code }} }}
  stockLocations(options: $locations) {{ totalItems items {{ id name }} }}
}}""",
    )


def orders(key_field: str) -> Operation:
    """Orders by our keys."""
    return Operation(
        name="Orders",
        call="orders",
        document=f"""
query Orders($orders: OrderListOptions) {{
  globalSettings {{ serverConfig {{ moneyStrategyPrecision }} }}
  orders(options: $orders) {{ totalItems items {{ {TOLD} customFields {{ {key_field} }} }} }}
}}""",
    )


def claim(key_field: str) -> Operation:
    """Write our key on a draft; the field is unique, so only one order ever gets it."""
    return Operation(
        name="Claim",
        call="claim",
        safe=False,
        document=f"""
mutation Claim($order: ID!, $key: String!) {{
  setOrderCustomFields(input: {{ id: $order, customFields: {{ {key_field}: $key }} }}) {{ id }}
}}""",
    )


def fill(lines: int, location_field: str | None) -> Operation:
    """Put lines, customer, address and way of delivery into a draft; the last step tells lines."""
    declared = "".join(f", $line{number}: AddItemToDraftOrderInput!" for number in range(lines))
    told = LINES % _custom(location_field)
    steps = "\n".join(
        f"  line{number}: addItemToDraftOrder(orderId: $order, input: $line{number}) "
        f"{{ __typename {FAILED} {told if number == lines - 1 else ''} }}"
        for number in range(lines)
    )
    return Operation(
        name="FillDraft",
        call="fill-draft",
        safe=False,
        document=f"""
mutation FillDraft(
  $order: ID!, $customer: ID, $buyer: CreateCustomerInput, $address: CreateAddressInput!,
  $addressed: Boolean!, $method: ID!{declared}
) {{
  setCustomerForDraftOrder(orderId: $order, customerId: $customer, input: $buyer) {{
    __typename {FAILED}
  }}
  setDraftOrderShippingAddress(orderId: $order, input: $address) @include(if: $addressed) {{ id }}
{steps}
  setDraftOrderShippingMethod(orderId: $order, shippingMethodId: $method) {{
    __typename {FAILED}
  }}
}}""",
    )


def adjust(lines: int, location_field: str | None) -> Operation:
    """Give lines of a draft the quantities that were meant."""
    declared = "".join(f", $line{number}: AdjustDraftOrderLineInput!" for number in range(lines))
    told = LINES % _custom(location_field)
    steps = "\n".join(
        f"  line{number}: adjustDraftOrderLine(orderId: $order, input: $line{number}) "
        f"{{ __typename {FAILED} {told if number == lines - 1 else ''} }}"
        for number in range(lines)
    )
    return Operation(
        name="AdjustDraft",
        call="adjust-draft",
        safe=False,
        document=f"mutation AdjustDraft($order: ID!{declared}) {{\n{steps}\n}}",
    )


def _custom(location_field: str | None) -> str:
    return "" if location_field is None else f"customFields {{ {location_field} }}"
