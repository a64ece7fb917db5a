"""What does Square know of a seller's places, stock, prices, customers, points and sales?"""

from collections.abc import Collection

from app.ports import Answer, Location, StockLevel, Wiring
from app.values import LocationCode, Sku
from connectors.square.api import Api
from connectors.square.customers import Directory
from connectors.square.loyalty import Loyalty
from connectors.square.places import Places
from connectors.square.prices import PriceList
from connectors.square.purchases import Purchases
from connectors.square.receipts import Receipts
from connectors.square.rewards import Rewards
from connectors.square.settings import Settings
from connectors.square.stock import Stock
from connectors.square.variations import Variations


class SquareConnection:
    """Fulfils LocationSource and StockSource, and what else the settings say how to."""

    def __init__(self, settings: Settings, wiring: Wiring) -> None:
        api = Api(settings, wiring)
        self._now = wiring.now
        self._places = Places(api, wiring, kept=settings.ids_kept)
        variations = Variations(api, now=wiring.now, kept=settings.ids_kept)
        self._stock = Stock(api, self._places, variations)
        if settings.prices is not None:
            self.prices = PriceList(settings.prices, variations, now=wiring.now).prices
        loyalty = None
        if settings.loyalty is not None:
            loyalty = Loyalty(settings, wiring, api, self._places)
            self._take_points(loyalty, api)
        if settings.receipts:
            self.receipts = Receipts(wiring, api, self._places, variations).receipts
        if settings.customers is not None:
            people = Directory(settings.customers, wiring, api, loyalty)
            self.find, self.customers = people.find, people.customers
            self.export, self.erase = people.export, people.erase
            self.purchases = Purchases(api, people, self._places, variations).purchases

    async def locations(self) -> Answer[Location]:
        """See `app.ports.LocationSource`."""
        return await self._places.locations()

    async def stock_levels(
        self, skus: Collection[Sku], locations: Collection[LocationCode]
    ) -> Answer[StockLevel]:
        """See `app.ports.StockSource`."""
        return await self._stock.levels(skus, locations, now=self._now())

    def _take_points(self, loyalty: Loyalty, api: Api) -> None:
        """Fulfil LoyaltyProgram."""
        rewards = Rewards(api, loyalty)
        self.members, self.points_history = loyalty.members, loyalty.points_history
        self.enrol = loyalty.enrol
        self.earn_points, self.adjust_points = loyalty.earn_points, loyalty.adjust_points
        self.hold_points, self.capture_points = rewards.hold, rewards.capture
        self.release_points = rewards.release
