"""GraphQL face of what can be done with customers: one input, one result."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import strawberry

from app.api import customer_inputs as given
from app.api import identity_inputs as who
from app.api.context import Context, Info
from app.api.customer_problems import customer_problem
from app.api.customer_results import (
    ConsentSetResult,
    CustomerChanged,
    CustomerGroupsSetResult,
    CustomerLinkResult,
    CustomerMergeResult,
    CustomerRegisterResult,
    CustomerUnlinkResult,
    CustomerUnmergeResult,
    CustomerUpdateResult,
    WishlistAddResult,
    WishlistRemoveResult,
)
from app.api.customers import Customer, customer_key, whose
from app.api.identities import identity_of
from app.customers import model
from app.customers.consents import SaidBy
from app.customers.profiles import ProfileChange
from app.customers.refusals import CustomerNotFound as NotFound
from app.customers.service import proved
from app.errors import Refusal
from app.ports import CustomerKey
from app.values import CustomerId, PrincipalKind

Input = strawberry.argument(description="All that it takes.")


async def _changed(
    act: Callable[[], Awaitable[model.Customer]], context: Context, *, match: bool = False
) -> Any:
    """What came of an act: the customer, or why not; `match`: with whom they are elsewhere."""
    try:
        customer = await act()
        silent: tuple[str, ...] = ()
        if match:
            silent = await context.services.people.linking.matched(customer)
            customer = await _found(context, customer.id)
        return CustomerChanged(customer=Customer.of(customer), silent=list(silent))
    except Refusal as refusal:
        return customer_problem(refusal)


async def _found(context: Context, customer: CustomerId) -> model.Customer:
    found = (await context.services.customers.find([customer])).get(customer)
    if found is None:
        raise NotFound
    return found


def _staff(context: Context) -> bool:
    return context.principal.kind is PrincipalKind.STAFF


async def _wished(context: Context, asked: given.WishInput, *, wanted: bool) -> Any:
    async def act() -> model.Customer:
        sku = asked.wished()
        customer = await whose(context, asked.customer_id)
        await context.services.people.profiles.wish(customer, sku, wanted=wanted)
        return await _found(context, customer)

    return await _changed(act, context)


@strawberry.type
class CustomerMutations:
    """The root fields that change customers."""

    @strawberry.mutation(
        description=(
            "Let somebody be known: whoever has signed in, or, by staff, a new person. Customers of"
            " other systems who certainly are the same one are linked."
        )
    )
    async def customer_register(
        self,
        info: Info,
        input: Annotated[given.CustomerRegisterInput, Input],  # noqa: A002
    ) -> CustomerRegisterResult:
        """Register."""
        context = info.context
        profiles, principal = context.services.people.profiles, context.principal

        async def act() -> model.Customer:
            change = input.profile.change(staff=_staff(context))
            once = input.once(principal.pseudonym)
            if _staff(context):
                return await profiles.add(change, once)
            own = ProfileChange(
                fields=change.fields,
                contacts=(*proved(principal), *change.contacts),
                without=change.without,
            )
            return await profiles.register(principal.pseudonym, own)

        done: CustomerRegisterResult = await _changed(act, context, match=True)
        return done

    @strawberry.mutation(description="Say something else of a customer.")
    async def customer_update(
        self,
        info: Info,
        input: Annotated[given.CustomerUpdateInput, Input],  # noqa: A002
    ) -> CustomerUpdateResult:
        """Update."""
        context = info.context

        async def act() -> model.Customer:
            change = input.profile.change(staff=_staff(context))
            customer = await whose(context, input.customer_id)
            return await context.services.people.profiles.update(customer, input.version, change)

        match = bool(input.profile.contacts_add)
        done: CustomerUpdateResult = await _changed(act, context, match=match)
        return done

    @strawberry.mutation(description="Somebody in another system is this customer. For staff.")
    async def customer_link(
        self,
        info: Info,
        input: Annotated[who.CustomerLinkInput, Input],  # noqa: A002
    ) -> CustomerLinkResult:
        """Link."""

        async def act() -> model.Customer:
            system, external = identity_of(input.identity_id)
            linking = info.context.services.people.linking
            customer = customer_key(input.customer_id)
            return await linking.link(customer, system, CustomerKey(external))

        done: CustomerLinkResult = await _changed(act, info.context)
        return done

    @strawberry.mutation(
        description=(
            "Somebody in another system is not this customer, and is not linked again by itself."
            " For staff."
        )
    )
    async def customer_unlink(
        self,
        info: Info,
        input: Annotated[who.CustomerUnlinkInput, Input],  # noqa: A002
    ) -> CustomerUnlinkResult:
        """Unlink."""

        async def act() -> model.Customer:
            system, external = identity_of(input.identity_id)
            linking = info.context.services.people.linking
            return await linking.unlink(customer_key(input.customer_id), system, external)

        done: CustomerUnlinkResult = await _changed(act, info.context)
        return done

    @strawberry.mutation(description="Two customers are one person. For staff.")
    async def customer_merge(
        self,
        info: Info,
        input: Annotated[who.CustomerMergeInput, Input],  # noqa: A002
    ) -> CustomerMergeResult:
        """Merge."""

        async def act() -> model.Customer:
            linking = info.context.services.people.linking
            return await linking.merge(customer_key(input.customer_id), customer_key(input.into_id))

        done: CustomerMergeResult = await _changed(act, info.context)
        return done

    @strawberry.mutation(
        description="Take a merger back: everything is whose it was before. For staff."
    )
    async def customer_unmerge(
        self,
        info: Info,
        input: Annotated[who.CustomerUnmergeInput, Input],  # noqa: A002
    ) -> CustomerUnmergeResult:
        """Unmerge."""

        async def act() -> model.Customer:
            linking = info.context.services.people.linking
            return await linking.unmerge(customer_key(input.customer_id))

        done: CustomerUnmergeResult = await _changed(act, info.context)
        return done

    @strawberry.mutation(
        description=(
            "Say which groups a customer is in, in the place of what staff has said before. Groups"
            " that a system puts them into stay: they are changed there. For staff."
        )
    )
    async def customer_groups_set(
        self,
        info: Info,
        input: Annotated[who.CustomerGroupsSetInput, Input],  # noqa: A002
    ) -> CustomerGroupsSetResult:
        """Put into groups."""

        async def act() -> model.Customer:
            groups = info.context.services.people.groups
            customer = customer_key(input.customer_id)
            return await groups.set(customer, input.version, input.wanted())

        done: CustomerGroupsSetResult = await _changed(act, info.context)
        return done

    @strawberry.mutation(
        description="A customer agrees to something, or does not any more. All of it is kept."
    )
    async def consent_set(
        self,
        info: Info,
        input: Annotated[given.ConsentSetInput, Input],  # noqa: A002
    ) -> ConsentSetResult:
        """Agree."""
        context = info.context

        async def act() -> model.Customer:
            by = SaidBy.STAFF if _staff(context) else SaidBy.CUSTOMER
            consent = input.consent(by, context.now)
            customer = await whose(context, input.customer_id)
            await context.services.people.profiles.agree(customer, consent)
            return await _found(context, customer)

        done: ConsentSetResult = await _changed(act, context)
        return done

    @strawberry.mutation(description="A customer wishes for something.")
    async def wishlist_add(
        self,
        info: Info,
        input: Annotated[given.WishlistAddInput, Input],  # noqa: A002
    ) -> WishlistAddResult:
        """Wish."""
        done: WishlistAddResult = await _wished(info.context, input, wanted=True)
        return done

    @strawberry.mutation(description="A customer does not wish for something any more.")
    async def wishlist_remove(
        self,
        info: Info,
        input: Annotated[given.WishlistRemoveInput, Input],  # noqa: A002
    ) -> WishlistRemoveResult:
        """Do not wish."""
        done: WishlistRemoveResult = await _wished(info.context, input, wanted=False)
        return done
