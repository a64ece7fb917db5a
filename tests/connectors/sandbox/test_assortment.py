from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlsplit

from connectors.sandbox.fields import valid_gtin
from connectors.sandbox.retailer.catalogue import Article, assortment

SEED = 7
SOLD = assortment(SEED)


def articles() -> list[Article]:
    return [article for model in SOLD.models for article in model.articles]


def test_there_are_three_hundred_products_with_about_a_thousand_variants() -> None:
    assert len(SOLD.models) == 300
    assert len(articles()) == 1080


def test_no_two_products_or_variants_share_a_key() -> None:
    assert len({model.id for model in SOLD.models}) == 300
    assert len({model.handle for model in SOLD.models}) == 300
    assert len({article.sku for article in articles()}) == 1080
    assert len({article.gtin for article in articles()}) == 1080


def test_every_gtin_is_a_valid_gtin_13_for_use_inside_a_company() -> None:
    wrong = [
        article.gtin
        for article in articles()
        if len(article.gtin) != 13 or article.gtin[0] != "2" or not valid_gtin(article.gtin)
    ]
    assert wrong == []


def test_a_gtin_with_one_digit_changed_is_not_valid() -> None:
    assert valid_gtin("4006381333931")
    assert not valid_gtin("4006381333932")
    assert not valid_gtin("4006381333932x")
    assert not valid_gtin("")


def test_every_variant_has_a_price_of_its_own_in_each_currency() -> None:
    for article in articles():
        assert set(article.tags) == {"EUR", "GBP"}
        assert all(tag.now.as_tuple().exponent == -2 for tag in article.tags.values())
        assert all(tag.now > 0 for tag in article.tags.values())
    rates = {article.tags["GBP"].now / article.tags["EUR"].now for article in articles()}
    assert len(rates) > 100


def test_a_marked_down_price_is_below_the_one_it_was() -> None:
    for currency in ("EUR", "GBP"):
        tags = [article.tags[currency] for article in articles()]
        reduced = [tag for tag in tags if tag.was is not None]
        assert 0.1 < len(reduced) / len(tags) < 0.3
        assert all(tag.now < (tag.was or Decimal(0)) for tag in reduced)


def test_names_are_in_four_languages_and_descriptions_in_three() -> None:
    for model in SOLD.models:
        assert set(model.names) == {"en", "it", "de", "fr"}
        assert set(model.descriptions) == {"en", "it", "de"}
        assert set(model.collection.names) == {"en", "it", "de", "fr"}
        assert all([*model.names.values(), *model.descriptions.values()])


def test_there_are_fifteen_categories_of_twenty_products() -> None:
    handles = [model.collection.handle for model in SOLD.models]
    assert {handles.count(handle) for handle in handles} == {20}
    assert len(set(handles)) == 15


def test_options_tell_the_variants_of_a_product_apart() -> None:
    for model in SOLD.models:
        chosen = [
            tuple((axis["en"], value["en"]) for axis, value in article.choices)
            for article in model.articles
        ]
        assert len(chosen) == len(set(chosen))
        assert {axis for choice in chosen for axis, _ in choice} <= {"Colour", "Size"}


def test_pictures_point_to_a_reserved_domain() -> None:
    pictures = [picture for model in SOLD.models for picture in model.pictures]
    pictures += [picture for article in articles() for picture in article.pictures]
    assert {urlsplit(picture.url).hostname for picture in pictures} == {"images.example.com"}
    assert all(picture.alt["de"] and picture.width and picture.height for picture in pictures)


def test_products_were_published_and_changed_in_the_past() -> None:
    for model in SOLD.models:
        assert model.published <= model.changed < datetime(2026, 2, 1, tzinfo=UTC)


def test_the_seed_decides_the_assortment() -> None:
    assortment.cache_clear()
    assert assortment(SEED) == SOLD
    assert assortment(8) != SOLD
