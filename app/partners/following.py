"""How does a partner follow its assortment? By what is told of it, after what is in it now."""

from sqlalchemy import Connection

from app.events.model import Rows, Stream, Topic
from app.partners import repository
from app.partners.events import KINDS
from app.partners.model import Item

PAGE = 100  # items of one page of what there is


def _there(connection: Connection, topic: Topic, key: str) -> Rows[Item]:
    assert topic.entity is not None  # noqa: S101  nobody follows all assortments
    found = repository.page(connection, topic.entity, after=key, first=PAGE + 1)
    return Rows(found[:PAGE], found[PAGE - 1].sku if len(found) > PAGE else None)


ASSORTMENTS: Stream[Item] = Stream(name="assortments", kinds=KINDS, snapshot=_there)
