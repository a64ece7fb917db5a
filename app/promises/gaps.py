"""By how much may something be better that was not looked at?"""

from app.promises.problem import Point

MILLION = 1_000_000


def gap_of(points: tuple[Point, ...], opened: list[tuple[int, int, int]], since: int) -> int | None:
    """By how much what was not looked at may be better, in millionths; None: by nothing."""
    worst = 0
    for bound in _lowest(opened):
        worst = max(worst, min((_above(point, bound, since) for point in points), default=MILLION))
    return worst or None


def _lowest(bounds: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Bounds that are not above others."""
    kept: list[tuple[int, int, int]] = []
    for bound in sorted(set(bounds)):
        if not any(one[1] <= bound[1] and one[2] <= bound[2] for one in kept):
            kept.append(bound)
    return kept


def _above(point: Point, bound: tuple[int, int, int], since: int) -> int:
    """The largest share by which a bound is below a point, rounded up."""
    shares = (
        -(-(has - least) * MILLION // has) if has > 0 else 0
        for has, least in (
            (point.cost, bound[0]),
            (point.arrival - since, bound[1] - since),
            (point.co2, bound[2]),
        )
    )
    return max(0, *shares)
