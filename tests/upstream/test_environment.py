"""What the environment decides about calls."""

import pytest
from yarl import URL

from app.upstream.headers import proxy_for


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("https://shop.example/api", "http://proxy.example:3128"),
        ("http://shop.example/api", None),
        ("https://till.internal/", None),
    ],
)
def test_the_proxy_of_the_environment_is_used_but_where_it_says_not_to(
    monkeypatch: pytest.MonkeyPatch, url: str, proxy: str | None
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "till.internal")

    assert proxy_for(URL(url)) == proxy
