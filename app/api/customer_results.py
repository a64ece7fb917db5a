"""What may come of what is asked of customers: one success, or one of some refusals."""

from typing import Annotated

import strawberry

from app.api.cart_problems import IdempotencyKeyRefused, InvalidInput
from app.api.customer_problems import (
    CustomerNotFound,
    CustomerNotMerged,
    CustomersNotMergeable,
    CustomerVersionConflict,
    IdentityLinked,
    IdentityNotFound,
)
from app.api.customers import Customer
from app.api.hints import NOBODY_KEEPS
from app.api.privacy import PrivacyRequest


@strawberry.type(description="It was done.", directives=NOBODY_KEEPS)
class CustomerChanged:
    """The success of most."""

    customer: Customer = strawberry.field(description="The customer after it.")
    silent: list[str] = strawberry.field(
        description="Connections that could not be asked whether they know the customer."
    )


@strawberry.type(description="It is being done, until every system has.", directives=NOBODY_KEEPS)
class PrivacyRequested:
    """Look at it from time to time."""

    request: PrivacyRequest = strawberry.field(description="The request as it stands.")


CustomerRegisterResult = Annotated[
    CustomerChanged | InvalidInput | CustomerNotFound | IdempotencyKeyRefused,
    strawberry.union("CustomerRegisterResult", description="What came of customerRegister."),
]
CustomerUpdateResult = Annotated[
    CustomerChanged | InvalidInput | CustomerNotFound | CustomerVersionConflict,
    strawberry.union("CustomerUpdateResult", description="What came of customerUpdate."),
]
CustomerLinkResult = Annotated[
    CustomerChanged | InvalidInput | CustomerNotFound | IdentityNotFound | IdentityLinked,
    strawberry.union("CustomerLinkResult", description="What came of customerLink."),
]
CustomerUnlinkResult = Annotated[
    CustomerChanged | InvalidInput | CustomerNotFound | IdentityNotFound,
    strawberry.union("CustomerUnlinkResult", description="What came of customerUnlink."),
]
CustomerMergeResult = Annotated[
    CustomerChanged | CustomerNotFound | CustomersNotMergeable,
    strawberry.union("CustomerMergeResult", description="What came of customerMerge."),
]
CustomerUnmergeResult = Annotated[
    CustomerChanged | CustomerNotFound | CustomerNotMerged,
    strawberry.union("CustomerUnmergeResult", description="What came of customerUnmerge."),
]
CustomerGroupsSetResult = Annotated[
    CustomerChanged | InvalidInput | CustomerNotFound | CustomerVersionConflict,
    strawberry.union("CustomerGroupsSetResult", description="What came of customerGroupsSet."),
]
ConsentSetResult = Annotated[
    CustomerChanged | InvalidInput | CustomerNotFound,
    strawberry.union("ConsentSetResult", description="What came of consentSet."),
]
WishlistAddResult = Annotated[
    CustomerChanged | InvalidInput | CustomerNotFound,
    strawberry.union("WishlistAddResult", description="What came of wishlistAdd."),
]
WishlistRemoveResult = Annotated[
    CustomerChanged | InvalidInput | CustomerNotFound,
    strawberry.union("WishlistRemoveResult", description="What came of wishlistRemove."),
]
CustomerExportResult = Annotated[
    PrivacyRequested | InvalidInput | CustomerNotFound,
    strawberry.union("CustomerExportResult", description="What came of customerExport."),
]
CustomerEraseResult = Annotated[
    PrivacyRequested | InvalidInput | CustomerNotFound,
    strawberry.union("CustomerEraseResult", description="What came of customerErase."),
]
