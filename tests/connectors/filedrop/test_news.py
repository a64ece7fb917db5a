"""What is known depends on which files have come, not on when or how often."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from connectors.filedrop.dating import Version
from connectors.filedrop.documents import Level, StockList
from connectors.filedrop.news import News

START = datetime(2026, 11, 20, tzinfo=UTC)
SKUS, PLACES = ("A", "B", "C", "D"), ("P1", "P2")
KEYS = [(sku, place) for sku in SKUS for place in PLACES]


def levels(figures: dict[tuple[str, str], int]) -> StockList:
    rows = tuple(Level(sku, place, units) for (sku, place), units in figures.items())
    return StockList(levels=rows)


def known(news: News) -> dict[tuple[str, str], int]:
    told = news.levels(SKUS, PLACES)
    return {(one.level.sku, one.level.place): one.level.on_hand for one in told}


figures = st.dictionaries(st.sampled_from(KEYS), st.integers(-5, 500), max_size=len(KEYS))
versions = st.builds(
    lambda hour, sequence, name: Version(START + timedelta(hours=hour), sequence, name),
    st.integers(0, 3),
    st.integers(0, 2),
    st.sampled_from(["one", "two", "three"]),
)
files = st.dictionaries(versions, st.tuples(figures, st.booleans()), max_size=12)


@given(files=files, data=st.data())
def test_files_in_any_order_and_again_tell_the_newest_news_of_each_sku(
    files: dict[Version, tuple[dict[tuple[str, str], int], bool]], data: st.DataObject
) -> None:
    repeats = data.draw(
        st.lists(st.sampled_from(sorted(files)), max_size=6) if files else st.just([])
    )
    arrivals = data.draw(st.permutations([*files, *repeats]))

    news = News()
    for version in arrivals:
        told, full = files[version]
        news.take(version, levels(told), full=full)

    wanted: dict[tuple[str, str], int] = {}
    for version in sorted(files):
        told, full = files[version]
        wanted = {**({} if full else wanted), **told}
    assert known(news) == wanted
    assert news.newest == max(files, default=None)


@given(whole=figures, data=st.data())
def test_a_list_that_is_cut_into_files_is_the_same_list(
    whole: dict[tuple[str, str], int], data: st.DataObject
) -> None:
    piece = {key: data.draw(st.integers(0, 4)) for key in whole}
    parts = [{key: whole[key] for key in whole if piece[key] == one} for one in range(5)]
    arrivals = data.draw(st.permutations([*enumerate(parts), *enumerate(parts)]))

    news = News()
    for count, part in arrivals:
        news.take(Version(START, count, "part"), levels(part), full=False)

    assert known(news) == whole


def test_the_share_that_a_full_file_lacks_is_of_skus_that_are_older() -> None:
    news = News()
    news.take(Version(START, 1, "x"), levels({(sku, "P1"): 1 for sku in SKUS}), full=True)
    later = Version(START, 3, "x")
    news.take(Version(START, 4, "x"), levels({("D", "P1"): 2}), full=False)

    assert news.lost(later, levels({("A", "P2"): 1})) == 2 / 3  # of A, B and C; D is newer
    assert news.lost(later, levels({(sku, "P1"): 0 for sku in SKUS})) == 0
    assert News().lost(later, levels({})) == 0
