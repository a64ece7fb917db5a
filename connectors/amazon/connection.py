"""What does Amazon know of a seller's orders and listings?"""

from app.ports import Wiring
from connectors.amazon.api import Api
from connectors.amazon.listing_mapping import Shelf
from connectors.amazon.listings import Listings
from connectors.amazon.orders import MarketOrders
from connectors.amazon.settings import Settings


class AmazonConnection:
    """Fulfils OrderSource and ListingSink, as far as the settings say how to."""

    def __init__(self, settings: Settings, wiring: Wiring, api: Api | None = None) -> None:
        api = api or Api(settings, wiring)
        if settings.orders is not None:
            source = MarketOrders(settings.orders, wiring, api)
            self.orders, self.numbered = source.orders, source.numbered
            self.acknowledge, self.confirm_shipment = source.acknowledge, source.confirm_shipment
            self.changed_orders = source.changed_orders
        if (told := settings.listings) is not None:
            shelf = Shelf(told.marketplace, told.currency, told.channel)
            sink = Listings(settings, shelf, wiring, api)
            self.publish, self.listings = sink.publish, sink.listings
